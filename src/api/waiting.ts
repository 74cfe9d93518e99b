import type { Clock } from '../core/clock.ts'
import { GateError } from '../core/errors.ts'

export interface WaitingOptions {
  readonly clock: Clock
  /** Resolves after so long, or as soon as the signal aborts; never rejects. */
  readonly sleep: (delayMs: number, signal: AbortSignal) => Promise<void>
  /** How often is looked for news, ms. */
  readonly everyMs?: number
}

/** Calls that may wait at once: in all, and of one person. */
const MOST = 64
const MOST_EACH = 8

/** Calls that are answered only once there is news. They wait by looking again, so any replica has it. */
export class Waiting {
  readonly #options: WaitingOptions
  readonly #each = new Map<string, number>()
  #all = 0

  constructor(options: WaitingOptions) {
    this.#options = options
  }

  /**
   * What `read` gives as soon as it is news, or what it gives last when the time is over or the client gone.
   * Throws `overloaded` where too many wait already.
   */
  async until<T>(
    { who, waitMs, gone }: { readonly who: string; readonly waitMs: number; readonly gone: AbortSignal },
    read: () => Promise<T>,
    isNews: (value: T) => boolean,
  ): Promise<T> {
    const { clock, sleep, everyMs = 1_000 } = this.#options
    const untilMs = clock.now() + waitMs
    this.#enter(who)
    try {
      for (;;) {
        const value = await read()
        const leftMs = untilMs - clock.now()
        if (isNews(value) || leftMs <= 0 || gone.aborted) return value
        await sleep(Math.min(everyMs, leftMs), gone)
      }
    } finally {
      this.#leave(who)
    }
  }

  #enter(who: string): void {
    const own = this.#each.get(who) ?? 0
    if (own >= MOST_EACH) throw new GateError('overloaded', `${MOST_EACH} calls of one person wait already`)
    if (this.#all >= MOST) throw new GateError('overloaded', `${MOST} calls to the control API wait already`)
    this.#all += 1
    this.#each.set(who, own + 1)
  }

  #leave(who: string): void {
    const own = this.#each.get(who) ?? 0
    this.#all -= 1
    if (own > 1) this.#each.set(who, own - 1)
    else this.#each.delete(who)
  }
}
