import { GateError } from '../core/errors.ts'
import type { ParentSession, Principal } from '../core/principal.ts'
import type { Revocation, RevocationKind } from '../core/revocation.ts'

/** What of a principal tells whether it was revoked. */
export type Revocable = Pick<
  Principal,
  'sessionId' | 'issuer' | 'subject' | 'roleArn' | 'issuedAtMs' | 'chainedFrom'
>

/**
 * The revocations that this process knows. Asked on every call: a look into a map for the session, its principal, its
 * role, and for each session that it was chained from; there are eight of these at most.
 */
export class Revocations {
  /** By what they are about; a map for each kind, so that a look into an empty one costs nothing. */
  readonly #known: Readonly<Record<RevocationKind, Map<string, Revocation>>> = {
    session: new Map(),
    principal: new Map(),
    role: new Map(),
  }

  get size(): number {
    const { session, principal, role } = this.#known
    return session.size + principal.size + role.size
  }

  /** Adds what is news, in whatever order it comes; forgets what is over at `nowMs`. True if anything was new. */
  learn(news: readonly Revocation[], nowMs: number): boolean {
    let isNew = false
    for (const revocation of news) {
      const { kind, of, issuedUntilMs } = revocation
      const before = this.#known[kind].get(of)
      if (before !== undefined && before.issuedUntilMs >= issuedUntilMs) continue
      this.#known[kind].set(of, revocation)
      isNew = true
    }
    if (isNew) for (const known of Object.values(this.#known)) forget(known, nowMs)
    return isNew
  }

  /** The order that ended the principal's session, or one that it hangs on; undefined where nobody gave one. */
  of(principal: Revocable): Revocation | undefined {
    const { chainedFrom } = principal
    const found = this.#ofOne(principal, principal)
    if (found !== undefined || chainedFrom === undefined) return found
    for (const parent of chainedFrom) {
      const behind = this.#ofOne(parent, principal)
      if (behind !== undefined) return behind
    }
    return undefined
  }

  #ofOne(
    { sessionId, roleArn, issuedAtMs }: ParentSession,
    { issuer, subject }: Pick<Principal, 'issuer' | 'subject'>,
  ): Revocation | undefined {
    const { session, principal, role } = this.#known
    const bySession = session.get(sessionId)
    if (bySession !== undefined) return bySession
    const byPrincipal = principal.size === 0 ? undefined : principal.get(`${issuer}/${subject}`)
    if (byPrincipal !== undefined && issuedAtMs <= byPrincipal.issuedUntilMs) return byPrincipal
    const byRole = role.get(roleArn)
    return byRole !== undefined && issuedAtMs <= byRole.issuedUntilMs ? byRole : undefined
  }
}

/** Nothing that could still be opened depends on what is over. */
function forget(known: Map<string, Revocation>, nowMs: number): void {
  for (const [of, { keepUntilMs }] of known) if (keepUntilMs <= nowMs) known.delete(of)
}

/** What the client of a revoked session is told: neither who it was nor why. */
export function revokedError(principal: Pick<Principal, 'sessionId'>, { kind }: Revocation): GateError {
  const with_ = kind === 'session' ? '' : `, with all of its ${kind} that were issued until then`
  return new GateError(
    'session-revoked',
    `the session \`${principal.sessionId}\` was ended by a person${with_}`,
  )
}
