import type { TextKey } from '../search/query.ts'
import type { Keeping } from './column.ts'

/** How a call of an earlier block ended: in this one. */
export interface Stray {
  readonly decisionId: string
  /** Where its outcome stands, or the recovery that lost it: byte in the segment of this block. */
  readonly offset: number
  /** The values that the entry has by its ending. */
  readonly error: readonly string[]
  readonly status: readonly string[]
  readonly masked: readonly string[]
}

/** What a block is about, in JSON. */
export interface BlockHead {
  /** Numbers of its first and last event; `last` is one less where it has none. */
  readonly first: number
  readonly last: number
  /** Its bytes of the segment; `to` is where the next event begins. */
  readonly from: number
  readonly to: number
  /** The link that its first event follows, hex. */
  readonly previous: string
  /** The link of its last event, hex: what comes next has to follow from it. */
  readonly link: string
  /** Entries that begin in it. */
  readonly rows: number
  /** Of its entries, ms since 1970. */
  readonly minMs: number
  readonly maxMs: number
  /** Of the signature; 0 where there is none. */
  readonly planes: number
  readonly keys: Readonly<Record<TextKey, Keeping>>
  /** Rows of calls that have not ended in this block, and their ids. */
  readonly open: readonly (readonly [row: number, id: string])[]
  readonly strays: readonly Stray[]
}

/**
 * Parts of a block, which are read when they are needed. `numbers`, `offsets`, `endings` and `times` have 4 bytes for each
 * row: the event's number behind `first`, the byte of its frame in the segment, that of its ending (0: not in this block),
 * and its time behind `minMs`. `values:KEY` and `rows:KEY` are a listed column, `planes` the signature.
 */
export type Part =
  | 'numbers'
  | 'offsets'
  | 'endings'
  | 'times'
  | 'planes'
  | `values:${TextKey}`
  | `rows:${TextKey}`

/** Consecutive events of a segment, as a search looks at them. */
export interface Block {
  readonly lane: number
  readonly segment: number
  readonly head: BlockHead
  /** A part; empty if the block has none of this name. Throws `index-damaged`. */
  part(name: Part): Promise<Buffer>
  /** One of the planes of the signature. Throws `index-damaged`. */
  plane(number: number): Promise<Buffer>
}
