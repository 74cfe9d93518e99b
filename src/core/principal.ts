import type { JsonObject } from './json.ts'

/**
 * The authenticated actor. Built only by `identity/`, so whoever holds one may rely on it.
 * Source for the ARN's form: IAM User Guide, "IAM identifiers" (assumed-role sessions).
 */
export interface Principal {
  /** `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`: what `aws:PrincipalArn`'s session form says. */
  readonly arn: string
  /** The ARN of the gate role, which is the real role's ARN. */
  readonly roleArn: string
  /** 12 digits. */
  readonly account: string
  readonly sessionName: string
  /** One principal's work in one role: 26 characters, sortable by time. */
  readonly sessionId: string
  /** Name of the configured issuer that vouched for the identity. */
  readonly issuer: string
  /** The verified `sub`. */
  readonly subject: string
  /** Verified claims kept for `gate:Claim/NAME`; scalars and lists of strings only. */
  readonly claims: JsonObject
  /** Session tags, for `aws:PrincipalTag/KEY`. */
  readonly tags: Readonly<Record<string, string>>
  /** `aws:SourceIdentity`, where one is set. */
  readonly sourceIdentity?: string
  /** The principals that it acts for, nearest first; for a chained role: the session before. */
  readonly actingFor: readonly string[]
  /**
   * The inline session policy of the `AssumeRole` call, as JSON text: a further layer that must also
   * allow. Whoever decides must honour it.
   */
  readonly sessionPolicy?: string
  /** Session tags that a chained role inherits. */
  readonly transitiveTagKeys?: readonly string[]
  /** For a chained role: the sessions that it hangs on, nearest first. They end, and it ends. */
  readonly chainedFrom?: readonly ParentSession[]
  /** `aws:FederatedProvider`: ARN of the OIDC provider; absent in a chained session. */
  readonly federatedProvider?: string
  /** When the session's credentials were issued and when they end, ms since the epoch. */
  readonly issuedAtMs: number
  readonly expiresAtMs: number
}

/** A session from which another was chained. */
export interface ParentSession {
  readonly sessionId: string
  readonly roleArn: string
  /** ms since the epoch. */
  readonly issuedAtMs: number
}
