import type { Clock } from '../core/clock.ts'

interface Reading<T> {
  readonly atMs: number
  readonly value: Promise<T>
}

/** For so long what was read is given to others who ask the same, ms. */
const RECENT_MS = 900
const MAX_READINGS = 16

/**
 * What many wait for is read once for all of them: everybody on call may have the same list open, and each
 * looks every second.
 */
export class Recent<T> {
  readonly #clock: Clock
  /** Oldest first. */
  readonly #readings = new Map<string, Reading<T>>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** What was read under this key a moment ago, or is being read; a failure is everybody's who waits for it. */
  get(key: string, read: () => Promise<T>): Promise<T> {
    const nowMs = this.#clock.now()
    for (const [old, { atMs }] of this.#readings) {
      if (nowMs - atMs < RECENT_MS && this.#readings.size < MAX_READINGS) break
      this.#readings.delete(old)
    }
    const known = this.#readings.get(key)
    if (known !== undefined) return known.value
    const value = read()
    this.#readings.set(key, { atMs: nowMs, value })
    return value
  }

  /** Something was changed here: what was read before is history. */
  clear(): void {
    this.#readings.clear()
  }
}
