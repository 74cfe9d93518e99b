/** The control API of sessions, as JSON. Times are milliseconds since the epoch. */

/** `POST /v1/sessions/kill`: one of `principal` and `role`. */
export interface KillBody {
  /** `ISSUER/SUBJECT`, by the name that the issuer has in the configuration. */
  readonly principal?: string
  /** ARN of a role. */
  readonly role?: string
  readonly reason: string
}

/** The order as it stands: durable in the store and the journal, and known to every process within a second. */
export interface KillReply {
  readonly kind: 'session' | 'principal' | 'role'
  /** What it is about: the session's id, `ISSUER/SUBJECT`, or the ARN. */
  readonly of: string
  /** Of a principal or a role, sessions are ended that were issued until then. */
  readonly issuedUntilMs: number
  /** When it is forgotten: no credentials that it is about live longer. */
  readonly keepUntilMs: number
}
