import { ERROR_CODES, type ErrorCode } from './codes.ts'

/** What a `GateError` may carry beside its code and its message. */
export interface GateErrorDetails {
  /** The private cause: goes to the operator's log, never to a client. */
  readonly cause?: unknown
  /** HTTP status for the client, where the code's default does not fit. */
  readonly status?: number
}

/**
 * The one error class of the gate. `message` is public: lower case, without a full stop, input in
 * backticks, and never a secret. `code` is stable and documented in `docs/errors.md`.
 */
export class GateError extends Error {
  readonly code: ErrorCode
  /** HTTP status that a client sees. */
  readonly status: number

  constructor(code: ErrorCode, message: string, details: GateErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'GateError'
    this.code = code
    this.status = details.status ?? ERROR_CODES[code].status
  }

  /** What the one who caused the error can do about it. */
  get advice(): string {
    return ERROR_CODES[this.code].advice
  }
}

/** The error as a `GateError`; anything unexpected becomes `internal` with the original as its cause. */
export function asGateError(error: unknown): GateError {
  if (error instanceof GateError) return error
  return new GateError('internal', 'the gate met an unexpected condition and refused the call', {
    cause: error,
  })
}
