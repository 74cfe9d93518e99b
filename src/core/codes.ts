/** Who has to act when an error comes. */
export type ErrorParty = 'client' | 'operator' | 'upstream' | 'gate'

/** The public description of an error code; `docs/errors.md` is generated from these. */
export interface ErrorCodeEntry {
  readonly party: ErrorParty
  /** HTTP status that a client sees, where the error reaches one. */
  readonly status: number
  /** What to do about it, in one or two sentences. */
  readonly advice: string
}

const table = {
  // --- the gate itself
  internal: {
    party: 'gate',
    status: 500,
    advice: 'Read the operator log for the event id; report it if it repeats.',
  },
  overloaded: {
    party: 'gate',
    status: 503,
    advice: 'Retry with back-off; raise the limit named in the message if it lasts.',
  },
} as const

/** A stable error code. */
export type ErrorCode = keyof typeof table

/** Every error code that the gate can raise, in the order of the data path. */
export const ERROR_CODES: Readonly<Record<ErrorCode, ErrorCodeEntry>> = table
