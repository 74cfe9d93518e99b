import { GateError } from '../core/errors.ts'
import type { Principal } from '../core/principal.ts'
import type { Revocation, RevocationTarget } from '../core/revocation.ts'

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
  readonly #known = new Map<string, Revocation>()

  get size(): number {
    return this.#known.size
  }

  /** Adds what is news, in whatever order it comes; forgets what is over at `nowMs`. True if anything was new. */
  learn(news: readonly Revocation[], nowMs: number): boolean {
    let isNew = false
    for (const revocation of news) {
      const key = keyOf(revocation)
      const known = this.#known.get(key)
      if (known !== undefined && known.issuedUntilMs >= revocation.issuedUntilMs) continue
      this.#known.set(key, revocation)
      isNew = true
    }
    // Nothing that could still be opened depends on these.
    if (isNew)
      for (const [key, { keepUntilMs }] of this.#known) if (keepUntilMs <= nowMs) this.#known.delete(key)
    return isNew
  }

  /** The order that ended the principal's session, or one that it hangs on; undefined where nobody gave one. */
  of(principal: Revocable): Revocation | undefined {
    // Most gates, most of the time.
    if (this.#known.size === 0) return undefined
    const { issuer, subject, chainedFrom = [] } = principal
    const byPrincipal = this.#known.get(`principal ${issuer}/${subject}`)
    for (const { sessionId, roleArn, issuedAtMs } of [principal, ...chainedFrom]) {
      const bySession = this.#known.get(`session ${sessionId}`)
      if (bySession !== undefined) return bySession
      for (const wide of [byPrincipal, this.#known.get(`role ${roleArn}`)]) {
        if (wide !== undefined && issuedAtMs <= wide.issuedUntilMs) return wide
      }
    }
    return undefined
  }
}

/** No id, issuer's name or ARN begins with another kind and a space. */
function keyOf({ kind, of }: RevocationTarget): string {
  return `${kind} ${of}`
}

/** What the client of a revoked session is told: neither who it was nor why. */
export function revokedError(principal: Pick<Principal, 'sessionId'>, { kind }: Revocation): GateError {
  const with_ = kind === 'session' ? '' : `, with all of its ${kind} that were issued until then`
  return new GateError(
    'session-revoked',
    `the session \`${principal.sessionId}\` was ended by a person${with_}`,
  )
}
