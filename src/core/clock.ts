import { randomBytes } from 'node:crypto'

/** The time, as a parameter: so that every rule can be tested at any moment. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number
}

/** Randomness, as a parameter. */
export interface Random {
  /** Fresh, cryptographically strong bytes. */
  bytes(length: number): Buffer
}

export const systemClock: Clock = { now: () => Date.now() }

export const systemRandom: Random = { bytes: length => randomBytes(length) }

/** A clock that a test moves by hand. */
export class ManualClock implements Clock {
  #nowMs: number

  constructor(startMs: number) {
    this.#nowMs = startMs
  }

  now(): number {
    return this.#nowMs
  }

  advance(byMs: number): void {
    this.#nowMs += byMs
  }
}
