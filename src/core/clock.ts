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

/** Randomness is fetched in blocks: one call to the system for some hundred ids. */
const BLOCK_BYTES = 4096

let block = Buffer.alloc(0)
let used = 0

export const systemRandom: Random = {
  bytes(length) {
    if (length > BLOCK_BYTES / 8) return randomBytes(length)
    if (used + length > block.length) {
      block = randomBytes(BLOCK_BYTES)
      used = 0
    }
    // A copy: whoever gets the bytes may keep them, and nobody else shall see them.
    const bytes = Buffer.from(block.subarray(used, used + length))
    block.fill(0, used, used + length)
    used += length
    return bytes
  },
}

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
