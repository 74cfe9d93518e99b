import { CLOCK_SLACK_MS } from '../begin.ts'
import type { JournalSource } from '../read.ts'
import type { Span } from '../search/lane.ts'
import type { Matcher } from '../search/match.ts'
import type { Findable } from '../search/values.ts'
import type { Block } from './block.ts'
import { IndexDamaged } from './damaged.ts'
import { EventReader, entryOf } from './entries.ts'
import type { LaneBlocks } from './lane-blocks.ts'
import type { Selector } from './select.ts'
import { MetStrays, StraysAhead } from './strays.ts'

/** How a lane of the index is searched. */
export interface IndexedLaneSearch {
  readonly source: JournalSource
  readonly blocks: LaneBlocks
  readonly selector: Selector
  readonly matcher: Matcher
  readonly span: Span
  readonly order: 'newest' | 'oldest'
}

/** Rows that are looked up at once; more and more, as long as they do not fill the page. */
const FIRST_ROWS = 64
const MOST_ROWS = 1_024

/** What matches in a lane, in the order of the search. Throws `index-damaged`, `journal-corrupt`. */
export async function* searchLane(search: IndexedLaneSearch): AsyncGenerator<Findable, void> {
  const { blocks, order, span } = search
  const met = new MetStrays()
  const ahead = order === 'oldest' ? new StraysAhead(blocks) : undefined
  const reader = new EventReader(search.source, blocks.lane)
  const said = new Set<string>()
  try {
    for await (const block of blocks.walk(order)) {
      for await (const entry of matching(search, block, ahead ?? met, reader)) {
        if (!isSaid(entry, said)) yield entry
      }
      if (order === 'newest') met.add(block)
      if (isBeyond(block, span, order)) return
    }
  } finally {
    await ahead?.close()
    await reader.close()
  }
}

/** What happened to an access request may have been recorded twice, with one id. */
function isSaid(entry: Findable, said: Set<string>): boolean {
  if (entry.kind !== 'access-request') return false
  if (said.has(entry.event.id)) return true
  if (said.size >= MAX_SAID) said.clear()
  said.add(entry.event.id)
  return false
}

const MAX_SAID = 20_000

/** Whether nothing behind the block, in the order of the search, is of the times that it is about. */
function isBeyond({ head }: Block, { sinceMs, untilMs }: Span, order: 'newest' | 'oldest'): boolean {
  if (head.rows === 0) return false
  return order === 'newest' ? head.maxMs < sinceMs - CLOCK_SLACK_MS : head.minMs > untilMs + CLOCK_SLACK_MS
}

async function* matching(
  { selector, matcher, order }: IndexedLaneSearch,
  block: Block,
  strays: MetStrays | StraysAhead,
  reader: EventReader,
): AsyncGenerator<Findable, void> {
  if (block.head.rows === 0) return
  const rows = (await selector.select(block, strays)).list()
  if (rows.length === 0) return
  if (order === 'newest') rows.reverse()
  const found = await RowReader.of(block, strays, reader)
  for (
    let at = 0, count = FIRST_ROWS;
    at < rows.length;
    at += count, count = Math.min(count * 2, MOST_ROWS)
  ) {
    const some = rows.slice(at, at + count)
    // The journal is read forwards, whatever the order.
    const entries: Findable[] = []
    for (const row of order === 'newest' ? some.reverse() : some) {
      const entry = await found.entry(row)
      if (matcher.matches(entry)) entries.push(entry)
    }
    yield* order === 'newest' ? entries.reverse() : entries
  }
}

/** Reads the entries of a block's rows from the journal. */
class RowReader {
  readonly #block: Block
  readonly #strays: MetStrays | StraysAhead
  readonly #reader: EventReader
  readonly #numbers: Buffer
  readonly #offsets: Buffer
  readonly #endings: Buffer

  private constructor(
    block: Block,
    strays: MetStrays | StraysAhead,
    reader: EventReader,
    [numbers, offsets, endings]: readonly [Buffer, Buffer, Buffer],
  ) {
    this.#block = block
    this.#strays = strays
    this.#reader = reader
    this.#numbers = numbers
    this.#offsets = offsets
    this.#endings = endings
  }

  static async of(block: Block, strays: MetStrays | StraysAhead, reader: EventReader): Promise<RowReader> {
    const parts = [
      await block.part('numbers'),
      await block.part('offsets'),
      await block.part('endings'),
    ] as const
    return new RowReader(block, strays, reader, parts)
  }

  async entry(row: number): Promise<Findable> {
    const { segment, head, lane } = this.#block
    const { event, number } = await this.#reader.at(segment, this.#offsets.readUInt32LE(row * 4))
    const ending = this.#endings.readUInt32LE(row * 4)
    // Only calls that were let through end; how is looked for far ahead.
    const isOpen = ending === 0 && event.type === 'decision' && event.effect !== 'deny'
    const stray = isOpen ? await this.#strays.find(event.id) : undefined
    const ended = stray ?? { segment, offset: ending }
    const end = ended.offset === 0 ? undefined : (await this.#reader.at(ended.segment, ended.offset)).event
    const entry = entryOf(event, end)
    if (entry === undefined || number !== head.first + this.#numbers.readUInt32LE(row * 4)) {
      throw new IndexDamaged(lane, segment)
    }
    return entry
  }
}
