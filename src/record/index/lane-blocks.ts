import { GateError } from '../../core/errors.ts'
import type { Block } from './block.ts'
import { IndexDamaged } from './damaged.ts'
import { type IndexStore, type OpenIndexFile, openIndexFile } from './lane-files.ts'

/** What there is of a segment's index. */
export interface SegmentBlocks {
  readonly segment: number
  /** Whether it has a file. */
  readonly isFiled: boolean
  /** Blocks that stand behind those of the file, in no file. */
  readonly unfiled: readonly Block[]
}

/** Where two blocks meet: the event before, and the link that the next one follows. */
interface Joint {
  readonly number: number
  readonly link: string
}

/** The blocks of a lane, which are read from their files when their turn comes. */
export class LaneBlocks {
  readonly lane: number
  readonly #store: IndexStore
  readonly #segments: readonly SegmentBlocks[]

  constructor(store: IndexStore, lane: number, segments: readonly SegmentBlocks[]) {
    this.#store = store
    this.lane = lane
    this.#segments = segments
  }

  /**
   * The blocks, one after the other; each may be used until the next one is asked for. Together they are the chain of
   * the lane as far as it was indexed: throws `index-damaged` where one is missing or of another chain.
   */
  async *walk(order: 'newest' | 'oldest'): AsyncGenerator<Block, void> {
    let joint: Joint | undefined
    let before: number | undefined
    for (const each of order === 'newest' ? this.#segments.toReversed() : this.#segments) {
      // What retention has removed between two segments is for the journal to vouch for.
      if (before !== undefined && Math.abs(each.segment - before) > 1) joint = undefined
      before = each.segment
      const opened = each.isFiled ? await this.#open(each.segment) : undefined
      try {
        for (const block of ordered(each, opened, order)) {
          const { first, last, previous, link } = block.head
          const [near, far]: readonly [Joint, Joint] =
            order === 'newest'
              ? [
                  { number: last, link },
                  { number: first - 1, link: previous },
                ]
              : [
                  { number: first - 1, link: previous },
                  { number: last, link },
                ]
          if (joint !== undefined && (joint.number !== near.number || joint.link !== near.link)) {
            throw new IndexDamaged(this.lane, each.segment)
          }
          joint = far
          yield block
        }
      } finally {
        await opened?.file.close()
      }
    }
  }

  async #open(segment: number): Promise<OpenIndexFile> {
    const place = { lane: this.lane, segment }
    for (const kind of ['whole', 'part', 'whole'] as const) {
      // A part may become whole between two looks.
      const opened = await openIndexFile(this.#store, place, kind)
      if (opened === 'locked') throw locked(this.lane, segment)
      if (opened === 'unfit') throw new IndexDamaged(this.lane, segment)
      if (opened !== 'missing') {
        if (opened.blocks.length > 0) return opened
        await opened.file.close()
        throw new IndexDamaged(this.lane, segment)
      }
    }
    throw new IndexDamaged(this.lane, segment)
  }
}

/** The blocks of a segment; another process may have filed by now what is unfiled here. */
function ordered(
  { unfiled }: SegmentBlocks,
  opened: OpenIndexFile | undefined,
  order: 'newest' | 'oldest',
): readonly Block[] {
  const from = unfiled[0]?.head.first ?? Number.POSITIVE_INFINITY
  const blocks = [...(opened?.blocks ?? []).filter(({ head }) => head.last < from), ...unfiled]
  return order === 'newest' ? blocks.reverse() : blocks
}

export function locked(lane: number, segment: number): GateError {
  return new GateError('index-locked', `the index of lane ${lane}, segment ${segment} is sealed with a key`)
}
