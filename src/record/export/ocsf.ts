import type { JsonObject } from '../../core/json.ts'
import type { Entry } from '../calls.ts'
import type { AccessRequestEvent, SessionEvent } from '../event.ts'
import { whyWithheld } from '../seal/withheld.ts'
import { type CallEntry, present, whoFacts } from './call.ts'
import type { ApiFacts } from './facts.ts'
import {
  AUTHENTICATION,
  actorOf,
  type Choice,
  cloudOf,
  ENTITY_MANAGEMENT,
  endpointOf,
  headOf,
  other,
  SEVERITY,
  STATUS,
  userOf,
} from './ocsf-base.ts'
import { callEvent, outcomeEvent } from './ocsf-call.ts'
import { endEvent } from './ocsf-end.ts'
import { statementEvent } from './ocsf-statement.ts'

/** An entry as an event of OCSF 1.6: the Open Cybersecurity Schema Framework. */
export function ocsfEvent(entry: Entry, facts: ApiFacts): JsonObject {
  switch (entry.kind) {
    case 'session':
      return sessionEvent(entry.session)
    case 'call':
      return eventOfCall(entry, facts)
    case 'access-request':
      return accessEvent(entry.event)
    case 'end':
      return endEvent(entry.event)
    case 'outcome':
      return outcomeEvent(entry.outcome)
  }
}

function eventOfCall(entry: CallEntry, facts: ApiFacts): JsonObject {
  const { call } = entry.decision
  return call?.sql === undefined ? callEvent(entry, facts) : statementEvent(entry, call, call.sql)
}

/** Authentication, Logon: a credential was exchanged. https://schema.ocsf.io/1.6.0/classes/authentication */
function sessionEvent(session: SessionEvent): JsonObject {
  const { principal, sessionId, by } = session
  const [protocolId, protocol] = by === 'AssumeRoleWithWebIdentity' ? [4, 'OpenID'] : [99, by]
  return {
    ...headOf({
      class: AUTHENTICATION,
      activity: [1, 'Logon'],
      severity: SEVERITY.informational,
      status: STATUS.success,
      id: session.id,
      timeMs: session.timeMs,
      sessionId,
      message:
        whyWithheld(session) === undefined ? `a session of ${principal.subject} began` : 'a session began',
    }),
    actor: actorOf(principal, sessionId),
    user: userOf(principal),
    session: present({
      uid: sessionId,
      issuer: principal.issuer,
      created_time: session.timeMs,
      expiration_time: session.expiresAtMs,
      is_remote: true,
    }),
    service: { name: 'Sallyport' },
    auth_protocol_id: protocolId,
    auth_protocol: protocol,
    logon_type_id: 3,
    logon_type: 'Network',
    is_remote: true,
    src_endpoint: endpointOf(session.clientAddress),
    cloud: cloudOf(principal),
    unmapped: { principal: whoFacts(principal), role_arn: principal.roleArn, claims: session.claims },
  }
}

const ACCESS_ACTIVITIES: Readonly<Record<AccessRequestEvent['what'], Choice>> = {
  asked: [1, 'Create'],
  shown: [2, 'Read'],
  approved: [10, 'Activate'],
  denied: other('Deny'),
  spent: [3, 'Update'],
  expired: [11, 'Deactivate'],
  revoked: [9, 'Disable'],
  'broke-glass': [1, 'Create'],
}

/** Entity Management of an access request. https://schema.ocsf.io/1.6.0/classes/entity_management */
function accessEvent(event: AccessRequestEvent): JsonObject {
  const { what, requestId, by, name, reason, state, usesLeft, expiresAtMs, decisionId, request } = event
  const entity = { uid: requestId, name: 'access request', type_id: 99, type: 'AccessRequest' }
  return present({
    ...headOf({
      class: ENTITY_MANAGEMENT,
      activity: ACCESS_ACTIVITIES[what],
      severity: what === 'broke-glass' ? SEVERITY.high : SEVERITY.informational,
      status: STATUS.success,
      id: event.id,
      timeMs: event.timeMs,
      sessionId: event.sessionId,
      message: `access request ${requestId}: ${what}`,
    }),
    actor: by === undefined ? { app_name: 'Sallyport' } : { user: present({ uid: by, name: name ?? by }) },
    entity: present({ ...entity, data: request }),
    entity_result: {
      ...entity,
      data: present({ state, uses_left: usesLeft, expires_at: expiresAtMs, decision_uid: decisionId }),
    },
    comment: reason,
    cloud: cloudOf(undefined),
    unmapped: { what },
  })
}
