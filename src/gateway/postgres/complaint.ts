import type { Decision } from '../../core/decision.ts'
import type { GateError } from '../../core/errors.ts'
import { type Complaint, complaintFields, writeBackend } from '../../wire/postgres/writer.ts'
import type { Refusal } from '../exchange.ts'

/** SQLSTATEs that the gate says: https://www.postgresql.org/docs/current/errcodes-appendix.html */
export const SQLSTATE = {
  denied: '42501',
  unsupported: '0A000',
  password: '28P01',
  identity: '28000',
  target: '3D000',
  idle: '57P05',
  cancelled: '57014',
  protocol: '08P01',
  upstreamGone: '08006',
  unreachable: '08001',
  rejected: '08004',
  ended: '57P01',
  overloaded: '53300',
  trouble: '58000',
} as const

/** What a client is told of an error: all but how bad it is. */
export type Words = Omit<Complaint, 'severity'>

/** An error for the client, in the form of the server's own. */
export function writeError(words: Words, severity: 'ERROR' | 'FATAL' = 'ERROR'): Buffer {
  return writeBackend({ kind: 'error', fields: complaintFields({ severity, ...words }) })
}

/** Why a statement did not pass: the reason, what decided, and the event under which it is recorded. */
export function refusalError(refusal: Refusal): Buffer {
  return writeError(refusalWords(refusal))
}

export function refusalWords(refusal: Refusal): Words {
  const hint = `event ${refusal.eventId}`
  if ('decision' in refusal) {
    const { message, detail } = wordsOf(refusal.decision)
    const next = hintOf(refusal.decision, hint)
    return { sqlstate: SQLSTATE.denied, message, hint: next, ...(detail === '' ? {} : { detail }) }
  }
  const { error } = refusal
  return { sqlstate: sqlstateOf(error), message: error.message, detail: error.advice, hint }
}

/** Where somebody can say yes, where that is what is missing. */
function hintOf({ denial }: Decision, event: string): string {
  if (denial?.requestUrl === undefined) return event
  return `${event}; access request ${denial.requestId}: ${denial.requestUrl}`
}

function wordsOf({ denial, statements }: Decision): { readonly message: string; readonly detail: string } {
  const message = denial?.reason ?? 'the gate does not let it through'
  return { message, detail: statements.map(({ policy, statement }) => `${policy}: ${statement}`).join(', ') }
}

export function sqlstateOf({ code }: GateError): string {
  switch (code) {
    case 'overloaded':
      return SQLSTATE.overloaded
    case 'session-revoked':
    case 'credentials-expired':
      return SQLSTATE.identity
    case 'database-unreachable':
    case 'database-tls':
      return SQLSTATE.unreachable
    case 'database-refused':
    case 'scram-reply-malformed':
    case 'scram-server-refused':
    case 'scram-server-unproven':
      return SQLSTATE.rejected
    case 'postgres-reply-malformed':
    case 'postgres-reply-too-large':
    case 'postgres-reply-too-wide':
      return SQLSTATE.upstreamGone
    case 'sql-cancelled':
      return SQLSTATE.cancelled
    case 'session-idle':
      return SQLSTATE.idle
    case 'gate-stopping':
      return SQLSTATE.ended
    case 'internal':
    case 'journal-unavailable':
    case 'sql-parser-gone':
      return SQLSTATE.trouble
    default:
      return SQLSTATE.denied
  }
}
