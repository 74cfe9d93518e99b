import type { Clock } from '../core/clock.ts'
import { GateError } from '../core/errors.ts'
import type { KeptRevocation, RevocationStore } from '../core/revocation.ts'
import type { Revocations } from './revocations.ts'

export interface RevocationFeedOptions {
  readonly store: Pick<RevocationStore, 'revocations'>
  readonly revocations: Revocations
  readonly clock: Clock
  /** A clock that nobody sets, ms from any beginning. */
  readonly steady: Clock
  /** Runs something later; gives what takes it back. */
  after(delayMs: number, run: () => void): () => void
  /** There is news: whoever is in the middle of a call has to be looked at. */
  learnt(): void
  /** For the operator: why they cannot be read, once; undefined when they can again. */
  report(error: unknown): void
}

/** How often the store is asked: what is ordered anywhere holds here within a second. */
export const POLL_MS = 500
/** How old what is known may be, ms. Beyond it a session that was ended could still pass, so none does. */
export const STALE_MS = 30_000
/** Rows of one answer. */
const PAGE = 500

/** Learns of revocations from the store, and knows how old its knowledge is. */
export class RevocationFeed {
  readonly #options: RevocationFeedOptions
  /** The last one that was read; none before the first reading. */
  #last: { readonly number: number; readonly id: string } | undefined
  /** When the last reading that succeeded began: on both clocks, as a machine that slept stops the steady one. */
  #fresh: { readonly atMs: number; readonly steadyMs: number } | undefined
  #reading: Promise<void> | undefined
  #isFailing = false
  #cancel: (() => void) | undefined
  #isStopped = false

  constructor(options: RevocationFeedOptions) {
    this.#options = options
  }

  /** Reads for the first time, then again and again. Rejects with the store's error: no call may pass yet. */
  async begin(): Promise<void> {
    await this.#read()
    this.#later()
  }

  stop(): void {
    this.#isStopped = true
    this.#cancel?.()
  }

  /** Reads now; what was ordered before the call is known when it resolves, or it failed. Never rejects. */
  async look(): Promise<void> {
    // What is being read now may have been asked for before the order was there.
    if (this.#reading !== undefined) await this.#reading
    this.#reading ??= this.#readTold().finally(() => {
      this.#reading = undefined
    })
    await this.#reading
  }

  /** Why nobody can say whether a session was ended; undefined while it is known. */
  get trouble(): string | undefined {
    if (this.#fresh === undefined) return 'it has not been read yet which sessions were ended'
    const { clock, steady } = this.#options
    const { atMs, steadyMs } = this.#fresh
    const ageMs = Math.max(clock.now() - atMs, steady.now() - steadyMs)
    if (ageMs <= STALE_MS) return undefined
    return `for ${Math.round(ageMs / 1000)} s it could not be read which sessions were ended`
  }

  /** Throws `revocations-unknown`. */
  check(): void {
    const { trouble } = this
    if (trouble !== undefined) throw new GateError('revocations-unknown', trouble)
  }

  #later(): void {
    if (this.#isStopped) return
    this.#cancel = this.#options.after(POLL_MS, () => {
      void this.look().then(() => this.#later())
    })
  }

  async #readTold(): Promise<void> {
    try {
      await this.#read()
      if (this.#isFailing) this.#options.report(undefined)
      this.#isFailing = false
    } catch (error) {
      if (!this.#isFailing) this.#options.report(error)
      this.#isFailing = true
    }
  }

  async #read(): Promise<void> {
    const { clock, steady, revocations, learnt } = this.#options
    const fresh = { atMs: clock.now(), steadyMs: steady.now() }
    const rows = await this.#news()
    const last = rows.at(-1)
    if (last !== undefined) this.#last = { number: last.number, id: last.revocation.id }
    const isNew = revocations.learn(
      rows.map(({ revocation }) => revocation),
      clock.now(),
    )
    this.#fresh = fresh
    if (isNew) learnt()
  }

  /**
   * What is new, and the last that is known. Where that one is not there any more, or is another, the store may have
   * been set back (a backup, a standby that took over): then it is everything.
   */
  async #news(): Promise<readonly KeptRevocation[]> {
    const last = this.#last
    if (last === undefined) return this.#from(0)
    const rows = await this.#from(last.number)
    const [first] = rows
    return first?.number === last.number && first.revocation.id === last.id ? rows : this.#from(0)
  }

  async #from(number: number): Promise<readonly KeptRevocation[]> {
    const rows: KeptRevocation[] = []
    for (;;) {
      const next = (rows.at(-1)?.number ?? number - 1) + 1
      const page = await this.#options.store.revocations(next, PAGE)
      rows.push(...page)
      if (page.length < PAGE) return rows
    }
  }
}
