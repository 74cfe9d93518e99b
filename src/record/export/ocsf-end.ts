import type { JsonObject } from '../../core/json.ts'
import type { RevocationEvent, SessionEndEvent } from '../event.ts'
import { present } from './call.ts'
import { AUTHENTICATION, cloudOf, ENTITY_MANAGEMENT, headOf, SEVERITY, STATUS } from './ocsf-base.ts'

/** The end of a session as an event of OCSF; an order to end all of a principal or a role, too. */
export function endEvent(event: SessionEndEvent | RevocationEvent): JsonObject {
  return event.type === 'session-end' ? logoff(event) : disabled(event)
}

/**
 * Authentication, Logoff. Whose session it was says the Logon with its `session.uid`: an end has the id alone.
 * https://schema.ocsf.io/1.6.0/classes/authentication
 */
function logoff(event: SessionEndEvent): JsonObject {
  const { id, timeMs, sessionId, why, by, reason, calls, denied, bytesIn, bytesOut } = event
  return present({
    ...headOf({
      class: AUTHENTICATION,
      activity: [2, 'Logoff'],
      severity: why === 'revoked' ? SEVERITY.low : SEVERITY.informational,
      status: STATUS.success,
      id,
      timeMs,
      sessionId,
      message: `a session ended: ${why}`,
    }),
    actor: by === undefined ? { app_name: 'Sallyport' } : { user: { uid: by, name: by } },
    user: { name: 'unknown', type_id: 0, type: 'Unknown' },
    session: present({
      uid: sessionId,
      is_remote: true,
      expiration_reason: why === 'revoked' && reason !== undefined ? reason : why,
    }),
    service: { name: 'Sallyport' },
    is_remote: true,
    cloud: cloudOf(undefined),
    unmapped: present({ why, reason, calls, denied, bytes_in: bytesIn, bytes_out: bytesOut }),
  })
}

/** Entity Management, Disable. https://schema.ocsf.io/1.6.0/classes/entity_management */
function disabled(event: RevocationEvent): JsonObject {
  const { id, timeMs, what, of, by, reason, issuedUntilMs } = event
  const type = what === 'role' ? 'Role' : 'Principal'
  return {
    ...headOf({
      class: ENTITY_MANAGEMENT,
      activity: [9, 'Disable'],
      severity: SEVERITY.low,
      status: STATUS.success,
      id,
      timeMs,
      sessionId: undefined,
      message: `every session of a ${what} was ended`,
    }),
    actor: { user: { uid: by, name: by } },
    entity: { uid: of, name: `sessions of ${of}`, type_id: 99, type },
    comment: reason,
    cloud: cloudOf(undefined),
    unmapped: { what, issued_until: issuedUntilMs },
  }
}
