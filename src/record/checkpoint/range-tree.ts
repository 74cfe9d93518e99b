import type { ChainTail } from '../chain.ts'
import { MerkleTree } from './merkle.ts'

/** What a checkpoint says of the events that it covers. */
export interface CheckpointRange {
  readonly first: number
  readonly last: number
  /** The chain's link of the last event. */
  readonly link: Buffer
  readonly root: Buffer
}

/** Gathers events, one behind the other, into the range of the next checkpoint. */
export class RangeTree {
  #tree = new MerkleTree()
  #tail: ChainTail | undefined

  get size(): number {
    return this.#tree.size
  }

  add(tail: ChainTail, leaf: Buffer): void {
    this.#tree.add(leaf)
    this.#tail = tail
  }

  /** The range of what was added since the last one; undefined if that is nothing. */
  take(): CheckpointRange | undefined {
    const tail = this.#tail
    if (tail === undefined || this.#tree.size === 0) return undefined
    const { number: last, link } = tail
    const range = { first: last - this.#tree.size + 1, last, link, root: this.#tree.root() }
    this.#tree = new MerkleTree()
    return range
  }
}
