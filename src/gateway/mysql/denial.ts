import type { GateError } from '../../core/errors.ts'
import { complaint, writeFailure } from '../../wire/mysql/write-reply.ts'
import type { Refusal } from '../exchange.ts'

/** A number of the server's errors, and its SQLSTATE. */
export type ErrorNumber = readonly [code: number, sqlstate: string]

/** Errors that a session says: https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html */
export const ERRORS: Readonly<
  Record<
    | 'denied'
    | 'unsupported'
    | 'noStatement'
    | 'tooMany'
    | 'noThread'
    | 'trouble'
    | 'ended'
    | 'malformed'
    | 'idle',
    ErrorNumber
  >
> = {
  /** ER_TABLEACCESS_DENIED_ERROR */
  denied: [1142, '42000'],
  /** ER_NOT_SUPPORTED_YET */
  unsupported: [1235, '42000'],
  /** ER_UNKNOWN_STMT_HANDLER */
  noStatement: [1243, 'HY000'],
  /** ER_MAX_PREPARED_STMT_COUNT_REACHED */
  tooMany: [1461, '42000'],
  /** ER_NO_SUCH_THREAD */
  noThread: [1094, 'HY000'],
  /** ER_UNKNOWN_ERROR */
  trouble: [1105, 'HY000'],
  /** ER_SERVER_SHUTDOWN */
  ended: [1053, '08S01'],
  /** ER_MALFORMED_PACKET */
  malformed: [1835, 'HY000'],
  /** ER_CLIENT_INTERACTION_TIMEOUT */
  idle: [4031, 'HY000'],
}

/** Characters of a message: clients keep 512 bytes of it. */
const MAX_MESSAGE = 480

/** The payload of an error of the gate. */
export function writeError([code, sqlstate]: ErrorNumber, message: string): Buffer {
  return writeFailure(complaint(code, sqlstate, message))
}

/** Why a text did not pass: the reason, what decided, and the event under which it is recorded; the payload of an ERR. */
export function denial(refusal: Refusal): Buffer {
  const event = `event ${refusal.eventId}`
  if ('decision' in refusal) {
    const { denial: why, statements } = refusal.decision
    const by = statements.map(({ policy, statement }) => `${policy}: ${statement}`).join(', ')
    return writeError(ERRORS.denied, sentence([why?.reason ?? 'the gate does not let it through', by], event))
  }
  const { error } = refusal
  return writeError(numberOf(error), sentence([error.message, error.advice], event))
}

/** The event stands at the end, whatever has to be cut. */
export function sentence(parts: readonly string[], event: string): string {
  const text = parts.filter(part => part !== '').join('; ')
  const most = MAX_MESSAGE - event.length
  const cut = [...text].length > most ? `${[...text].slice(0, most - 1).join('')}…` : text
  return `${cut} (${event})`
}

export function numberOf({ code }: GateError): ErrorNumber {
  switch (code) {
    case 'session-revoked':
    case 'credentials-expired':
    case 'gate-stopping':
    case 'database-unreachable':
    case 'mysql-reply-malformed':
    case 'mysql-reply-too-large':
    case 'mysql-reply-too-wide':
      return ERRORS.ended
    case 'mysql-malformed':
    case 'mysql-message-too-large':
    case 'mysql-sequence-broken':
      return ERRORS.malformed
    case 'session-idle':
      return ERRORS.idle
    case 'internal':
    case 'journal-unavailable':
    case 'sql-parser-gone':
    case 'overloaded':
      return ERRORS.trouble
    default:
      return ERRORS.denied
  }
}
