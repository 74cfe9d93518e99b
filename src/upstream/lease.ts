import type { Redacted } from '../core/redacted.ts'

/** A short-lived upstream credential and what is worth knowing of it. Lives in memory only. */
export interface Lease {
  readonly accessKeyId: string
  readonly secretAccessKey: Redacted
  readonly sessionToken?: Redacted
  /** When AWS stops taking it, ms since the epoch; undefined where it does not say. */
  readonly expiresAtMs?: number
  /** For the record: what was left out of it, or generalised. */
  readonly note?: string
}
