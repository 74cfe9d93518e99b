import type { Clock } from '../core/clock.ts'
import type { Requester } from './model.ts'

/** Those of whom something is used up that are remembered; beyond them the one who asked longest ago is not. */
const MAX_HELD = 10_000

interface Bucket {
  readonly left: number
  readonly filledMs: number
}

/** How often each may do something: so many at once, and one more every so often. Of this process alone. */
export class Rate {
  readonly #clock: Clock
  readonly #burst: number
  readonly #everyMs: number
  /** Who took last stands last. */
  readonly #buckets = new Map<string, Bucket>()

  constructor(clock: Clock, burst: number, everyMs: number) {
    this.#clock = clock
    this.#burst = burst
    this.#everyMs = everyMs
  }

  /** False where nothing is left. */
  take(who: string): boolean {
    const left = this.#left(who)
    const isThere = left >= 1
    this.#buckets.delete(who)
    this.#buckets.set(who, { left: isThere ? left - 1 : left, filledMs: this.#clock.now() })
    for (const first of this.#buckets.keys()) {
      if (this.#buckets.size <= MAX_HELD) break
      this.#buckets.delete(first)
    }
    return isThere
  }

  /** A clock that was set back fills nothing, and fills again from then on. */
  #left(who: string): number {
    const bucket = this.#buckets.get(who)
    if (bucket === undefined) return this.#burst
    const earned = Math.max(0, this.#clock.now() - bucket.filledMs) / this.#everyMs
    return Math.min(this.#burst, bucket.left + earned)
  }
}

/** Whose share it is: the identity, whatever roles it goes through and whichever source identity it sets. */
export function identityOf({ issuer, subject }: Pick<Requester, 'issuer' | 'subject'>): string {
  return JSON.stringify([issuer, subject])
}
