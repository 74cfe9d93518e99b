import type { Clock } from '../../core/clock.ts'
import type { Context } from '../../core/decision.ts'
import { timeContext } from '../context.ts'

type Values = readonly string[]

/**
 * A context whose keys of the time are worked out when somebody looks at them, and that remembers whether anybody has.
 * Invariant: what was found out without a look at them is so at any time, for nothing else of the context changes.
 */
export class TimedContext implements Context {
  readonly #fixed: Context
  readonly #clock: Clock
  #time: Context | undefined
  #whole: Context | undefined

  /** @param fixed all other keys; the time wins over those of its own names */
  constructor(fixed: Context, clock: Clock) {
    this.#fixed = fixed
    this.#clock = clock
  }

  /** Whether anything may hang on the time. */
  get isTimeAsked(): boolean {
    return this.#time !== undefined
  }

  get(key: string): Values | undefined {
    return TIME_KEYS.has(key) ? this.#timed().get(key) : this.#fixed.get(key)
  }

  has(key: string): boolean {
    return this.get(key) !== undefined
  }

  get size(): number {
    return this.#all().size
  }

  keys(): MapIterator<string> {
    return this.#all().keys()
  }

  values(): MapIterator<Values> {
    return this.#all().values()
  }

  entries(): MapIterator<[string, Values]> {
    return this.#all().entries()
  }

  forEach(run: (values: Values, key: string, context: Context) => void): void {
    for (const [key, values] of this.#all()) run(values, key, this)
  }

  [Symbol.iterator](): MapIterator<[string, Values]> {
    return this.entries()
  }

  #timed(): Context {
    this.#time ??= timeContext(this.#clock)
    return this.#time
  }

  #all(): Context {
    this.#whole ??= new Map([...this.#fixed, ...this.#timed()])
    return this.#whole
  }
}

const TIME_KEYS: ReadonlySet<string> = new Set(timeContext({ now: () => 0 }).keys())
