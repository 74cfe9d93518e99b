import type { ChainTail } from '../chain.ts'

/** A place between two events of a segment, and the chain before it. */
export interface Position {
  /** Byte in the segment. */
  readonly offset: number
  readonly tail: ChainTail
}

interface Seen {
  /** Where the event begins. */
  readonly begin: Position
  /** The chain behind it. */
  readonly after: ChainTail
}

/** As many events of a segment are kept in mind; a batch has fewer. */
const MAX_SEEN = 50_000

/**
 * The events that were read and that the writer may still take back: those that no later event has
 * named as durable (`b` of the payload; docs/recording-format.md).
 */
export class Unsettled {
  #seen: Seen[] = []

  /**
   * An event was read: `begin` is where it stands, `after` the chain behind it, `batchStart` the first
   * event that was not durable when it was written. Returns whether it is new, and not read once more.
   */
  add(begin: Position, after: ChainTail, batchStart: number): boolean {
    const first = this.#seen[0]
    const index = first === undefined ? 0 : after.number - first.after.number
    const before = this.#seen[index]
    if (before?.after.link.equals(after.link) === true) return false
    this.#seen.length = Math.max(Math.min(index, this.#seen.length), 0)
    this.#seen.push({ begin, after })
    const settled = this.#seen.findIndex(({ after: { number } }) => number >= batchStart)
    const tooMany = this.#seen.length > MAX_SEEN ? MAX_SEEN / 2 : 0
    if (settled > 0 || tooMany > 0) this.#seen = this.#seen.slice(Math.max(settled, tooMany))
    return true
  }

  /** From where to read again: before the first event that may be taken back; `otherwise` if there is none. */
  begin(otherwise: Position): Position {
    return this.#seen[0]?.begin ?? otherwise
  }
}
