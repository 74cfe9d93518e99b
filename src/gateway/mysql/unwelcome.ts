import { asGateError, type GateError } from '../../core/errors.ts'
import type { Refusal } from '../exchange.ts'
import { denial, type ErrorNumber, sentence, writeError } from './denial.ts'

/** Errors that a client hears before it is in: https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html */
export const GREETING_ERRORS: Readonly<
  Record<
    | 'full'
    | 'handshake'
    | 'password'
    | 'target'
    | 'trouble'
    | 'characterSet'
    | 'targetFull'
    | 'upstream'
    | 'plain',
    ErrorNumber
  >
> = Object.freeze({
  /** ER_CON_COUNT_ERROR */
  full: [1040, '08004'],
  /** ER_HANDSHAKE_ERROR */
  handshake: [1043, '08S01'],
  /** ER_ACCESS_DENIED_ERROR */
  password: [1045, '28000'],
  /** ER_BAD_DB_ERROR */
  target: [1049, '42000'],
  /** ER_UNKNOWN_ERROR */
  trouble: [1105, 'HY000'],
  /** ER_UNKNOWN_CHARACTER_SET */
  characterSet: [1115, '42000'],
  /** ER_TOO_MANY_USER_CONNECTIONS */
  targetFull: [1203, '42000'],
  /** ER_CONNECT_TO_FOREIGN_DATA_SOURCE */
  upstream: [1429, 'HY000'],
  /** ER_SECURE_TRANSPORT_REQUIRED */
  plain: [3159, 'HY000'],
})

/** Why a client is not let in; it is told so. */
export class Unwelcome extends Error {
  override readonly name = 'Unwelcome'
  /** The payload of an ERR. */
  readonly payload: Buffer

  constructor(payload: Buffer) {
    super('a client is not let in')
    this.payload = payload
  }
}

export function unwelcome(number: ErrorNumber, message: string): Unwelcome {
  return new Unwelcome(writeError(number, message))
}

/** What a client is told of what went wrong before it was let in; undefined where it is none of its business. */
export function payloadFor(failure: unknown): Buffer | undefined {
  if (failure instanceof Unwelcome) return failure.payload
  const error = asGateError(failure)
  if (error.code === 'internal') return undefined
  return writeError(numberOf(error), `${error.message}; ${error.advice}`)
}

/** Why a client may not come to a database, or why the gate could not. */
export function refusalOfEntry(refusal: Refusal): Unwelcome {
  if ('decision' in refusal) return new Unwelcome(denial(refusal))
  const { error, eventId } = refusal
  return unwelcome(numberOf(error), sentence([error.message, error.advice], `event ${eventId}`))
}

function numberOf({ code }: GateError): ErrorNumber {
  if (code.startsWith('mysql-reply-') || code.startsWith('database-')) return GREETING_ERRORS.upstream
  if (code.startsWith('mysql-')) return GREETING_ERRORS.handshake
  if (code === 'session-revoked' || code === 'credentials-expired') return GREETING_ERRORS.password
  return GREETING_ERRORS.trouble
}
