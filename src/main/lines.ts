import type { Clock } from '../core/clock.ts'
import { TokenBucket } from '../gateway/aws/token-bucket.ts'

/** Lines that clients can bring about: so many a second, and so many at once. */
const RATE = { perSecond: 20, burst: 200 } as const

/**
 * A rate for the lines that clients bring about in the operator's log, so that nobody fills its disk.
 * Lines that are left out are counted, and the next one that is written says how many there were.
 */
export class LineRate {
  readonly #bucket: TokenBucket
  #leftOut = 0

  constructor(clock: Clock) {
    this.#bucket = new TokenBucket(clock, RATE.perSecond, RATE.burst)
  }

  /** Calls `write` with how many lines were left out before it, unless this one is left out as well. */
  line(write: (leftOut: { readonly leftOut?: number }) => void): void {
    if (!this.#bucket.take()) {
      this.#leftOut += 1
      return
    }
    const leftOut = this.#leftOut
    this.#leftOut = 0
    write(leftOut === 0 ? {} : { leftOut })
  }
}
