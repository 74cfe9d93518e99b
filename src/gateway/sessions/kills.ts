import type { Clock, Random } from '../../core/clock.ts'
import { newId } from '../../core/id.ts'
import type { Revocation, RevocationStore, RevocationTarget } from '../../core/revocation.ts'
import type { Journal, JournalEvent, SessionEndEvent } from '../../record/event.ts'
import type { SessionTotals } from './tracker.ts'

/** A person's order to end sessions; that they may was checked. */
export interface KillOrder {
  readonly target: RevocationTarget
  /** `ISSUER/SUBJECT` */
  readonly by: string
  readonly reason: string
  /** How many orders of this person may stand at once. */
  readonly most: number
}

export interface SessionKillsOptions {
  readonly clock: Clock
  readonly random: Random
  readonly store: Pick<RevocationStore, 'revoke'>
  readonly journal: Pick<Journal, 'append'>
  /** What the session did in this lane until now. */
  take(sessionId: string): SessionTotals
  /** Has it known in this gate at once, not only when its processes look next. */
  tell(): void
  /** Writes it later, where the journal does not take it now. */
  later(end: SessionEndEvent): void
}

/** No credentials of the gate live longer: AWS's own bound for roles, and an hour for clocks that differ. */
const LONGEST_MS = 13 * 3_600_000
/** Clocks of replicas differ: who was given credentials so shortly after an order for all counts as before it. */
export const CLOCKS_MS = 2_000

/** Ends sessions: from when `kill` resolves, every process of every replica knows within a second. */
export class SessionKills {
  readonly #options: SessionKillsOptions

  constructor(options: SessionKillsOptions) {
    this.#options = options
  }

  /**
   * The order as it stands: kept, and durable in the journal. Rejects with `store-unavailable` and
   * `revocations-too-many`, and nothing was done; with `journal-unavailable`, and the sessions are ended all the same:
   * giving the order again is never wrong.
   */
  async kill({ target, by, reason, most }: KillOrder): Promise<Revocation> {
    const { clock, random, store, journal, tell, later } = this.#options
    const atMs = clock.now()
    const revocation: Revocation = {
      ...target,
      id: newId(clock, random),
      issuedUntilMs: atMs + CLOCKS_MS,
      keepUntilMs: atMs + LONGEST_MS,
      by,
      reason,
      atMs,
    }
    await store.revoke(revocation, most)
    const event = this.#event(revocation)
    tell()
    try {
      await journal.append(event)
    } catch (error) {
      if (event.type === 'session-end') later(event)
      throw error
    }
    return revocation
  }

  #event({ kind, of, by, reason, issuedUntilMs }: Revocation): JournalEvent {
    const { clock, random, take } = this.#options
    const head = { id: newId(clock, random), timeMs: clock.now(), by, reason }
    if (kind !== 'session') return { ...head, type: 'revocation', what: kind, of, issuedUntilMs }
    return { ...head, type: 'session-end', sessionId: of, why: 'revoked', ...take(of) }
  }
}
