/** Sessions that a person ended before their credentials do: the words, and the port of what keeps them. */

/** Whose sessions are ended. */
export type RevocationKind = 'session' | 'principal' | 'role'

export interface RevocationTarget {
  readonly kind: RevocationKind
  /** A session's id; `ISSUER/SUBJECT`, where no issuer's name has a slash; or the ARN of a role. */
  readonly of: string
}

/** One order to end sessions, and with them those that were chained from them. */
export interface Revocation extends RevocationTarget {
  /** 26 characters, unique. */
  readonly id: string
  /** A principal's and a role's sessions are ended that were issued until then; of a session, all it ever has. */
  readonly issuedUntilMs: number
  /** No credentials that it is about live longer: then it is forgotten. */
  readonly keepUntilMs: number
  /** `ISSUER/SUBJECT` of who ordered it. */
  readonly by: string
  /** What they gave as the reason. */
  readonly reason: string
  readonly atMs: number
}

/** One as it is kept. */
export interface KeptRevocation {
  /** Grows: whoever knows one number knows all below it. */
  readonly number: number
  readonly revocation: Revocation
}

/** What one store takes; both are far beyond any incident, and keep the memory of each process small. */
export const REVOCATION_LIMITS = {
  /** Orders that stand at once. */
  standing: 20_000,
  /** Of these, one person's. The local administrator is bound by `standing` alone. */
  perPerson: 2_000,
} as const

/** Keeps revocations for all workers and replicas. Rejects with `store-unavailable`, `store-damaged`. */
export interface RevocationStore {
  /**
   * Durable when it resolves. What is over is forgotten; an earlier order for the same target is replaced by one that
   * reaches as far as both. `most` bounds the orders of the same person. Rejects with `revocations-too-many`.
   */
  revoke(revocation: Revocation, most: number): Promise<void>
  /** Those with this number and above, in order, `limit` at most. A number is seen only when all below it are. */
  revocations(from: number, limit: number): Promise<readonly KeptRevocation[]>
}
