import { inspect } from 'node:util'

const MARK = '<redacted>'

/**
 * A secret that prints `<redacted>` wherever it goes: string conversion, JSON, `console.log`.
 * The value comes out only by `reveal()`, which is easy to find in a review.
 */
export class Redacted<T = string> {
  readonly #value: T

  constructor(value: T) {
    this.#value = value
  }

  /** The secret itself. Never pass it to a log, an error or an event. */
  reveal(): T {
    return this.#value
  }

  toString(): string {
    return MARK
  }

  toJSON(): string {
    return MARK
  }
}

Object.defineProperty(Redacted.prototype, inspect.custom, { value: (): string => MARK })
