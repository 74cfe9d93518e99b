import type { Clock } from '../../core/clock.ts'

/** A rate with a burst: `burst` at once, then `perSecond`. */
export class TokenBucket {
  readonly #clock: Clock
  readonly #perSecond: number
  readonly #burst: number
  #tokens: number
  #filledMs: number

  constructor(clock: Clock, perSecond: number, burst: number) {
    this.#clock = clock
    this.#perSecond = perSecond
    this.#burst = burst
    this.#tokens = burst
    this.#filledMs = clock.now()
  }

  /** Takes one; false when there is none. */
  take(): boolean {
    const nowMs = this.#clock.now()
    const earned = (Math.max(0, nowMs - this.#filledMs) / 1000) * this.#perSecond
    this.#tokens = Math.min(this.#burst, this.#tokens + earned)
    this.#filledMs = nowMs
    if (this.#tokens < 1) return false
    this.#tokens -= 1
    return true
  }
}
