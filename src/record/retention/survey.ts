import type { ChainTail } from '../chain.ts'
import { genesis } from '../chain.ts'
import type { PublicKeys } from '../checkpoint/signer.ts'
import { type Head, readHead } from '../head.ts'
import { openSegment } from '../open-segment.ts'
import { headNumbers, laneNumbers, layout, segmentNumbers } from '../segment.ts'
import { blocked, coverOf, isProven } from './attest.ts'
import { hintedLanes, type JournalPlace, type PlacedRemoval, readHints } from './hints.ts'
import { inspectSegment, type SegmentFacts, startOf } from './inspect.ts'
import { endsWithGaps, type Gap, voucherOf } from './removal.ts'

/** A lane as retention finds it: what is there, what is not, and what vouches for that. */
export interface LaneState {
  readonly lane: number
  /** Numbers of the segments that are there, ascending. */
  readonly present: readonly number[]
  readonly head: Head | undefined
  /** What is said of removals, the last word first. Those in `proven` are in the chain for sure. */
  readonly hints: readonly PlacedRemoval[]
  readonly gaps: readonly Gap[]
}

/** All lanes, and which of the hints are proven: where, and up to where the signed chain is needed that shows it. */
export interface JournalState {
  readonly lanes: readonly LaneState[]
  readonly proven: ReadonlyMap<PlacedRemoval, Home>
}

/** Segments of a lane that have to stay for a removal to be proven. */
export interface Home {
  readonly lane: number
  readonly first: number
  readonly last: number
}

/** A lane as it is without a segment that is there now. */
export function without(lane: LaneState, facts: SegmentFacts): LaneState {
  const { segment } = facts
  const left = lane.gaps.find(({ last }) => last === segment - 1)
  const right = lane.gaps.find(({ first }) => first === segment + 1)
  const gap: Gap = {
    lane: lane.lane,
    first: left?.first ?? segment,
    last: right === undefined && segment !== lane.present.at(-1) ? segment : right?.last,
    before: left?.before ?? facts.before,
    after: right?.after ?? facts.after,
  }
  const others = lane.gaps.filter(each => each !== left && each !== right)
  return {
    ...lane,
    present: lane.present.filter(each => each !== segment),
    gaps: [...others, gap].sort((a, b) => a.first - b.first),
  }
}

/** Facts of segments that nothing is added to any more: they are read once. */
export class SegmentBook {
  readonly #place: JournalPlace
  readonly #facts = new Map<string, SegmentFacts>()
  readonly #homes = new Map<string, Home>()

  constructor(place: JournalPlace) {
    this.#place = place
  }

  /** Throws `journal-corrupt` where the segment does not hold. */
  async facts(lane: number, segment: number): Promise<SegmentFacts> {
    const name = `${lane}/${segment}`
    const known = this.#facts.get(name)
    if (known !== undefined) return known
    const facts = await inspectSegment(this.#place, lane, segment)
    if (facts === undefined) throw blocked(lane, `segment ${segment} is gone`)
    this.#facts.set(name, facts)
    return facts
  }

  /**
   * Where a hint, whose segment is there, is proven; undefined where it is not yet. What was found so once is not read
   * again.
   */
  async homeOf(hint: PlacedRemoval, keys: PublicKeys | undefined): Promise<Home | undefined> {
    const { files, folder } = this.#place
    const { lane, segment, event } = hint.at
    const text = JSON.stringify(hint)
    const present = segmentNumbers(await files.list(layout.lane(folder, lane)))
    const known = this.#homes.get(text)
    if (known !== undefined) return known
    if (!(await isProven(this.#place, hint, keys))) return undefined
    const cover = await coverOf(this.#place, lane, event, keys)
    let last = segment
    for (const each of present) {
      if (each <= segment || typeof cover === 'string') continue
      if ((await startOf(this.#place, lane, each)).number >= cover.last) break
      last = each
    }
    const home = { lane, first: segment, last }
    this.#homes.set(text, home)
    return home
  }

  forget(lane: number, segment: number): void {
    this.#facts.delete(`${lane}/${segment}`)
  }
}

/**
 * Looks at all lanes. Throws `removal-blocked` where a segment is missing that nothing proven vouches for: whoever took
 * it away shall not find the gate's own word for it one day.
 */
export async function survey(
  place: JournalPlace,
  book: SegmentBook,
  keys: PublicKeys | undefined,
): Promise<JournalState> {
  const { files, folder } = place
  const names = await files.list(folder)
  const heads = headNumbers(await files.list(layout.heads(folder)))
  const all = new Set([...laneNumbers(names), ...heads, ...(await hintedLanes(place))])
  const lanes: LaneState[] = []
  const proven = new Map<PlacedRemoval, Home>()
  for (const lane of [...all].sort((a, b) => a - b)) {
    const present = segmentNumbers(await files.list(layout.lane(folder, lane)))
    const head = await readHead(files, folder, lane)
    const hints = await presentHints(place, lane)
    const gaps = await gapsOf(place, book, { lane, present, head })
    for (const hint of hints) {
      const home = await book.homeOf(hint, keys)
      if (home !== undefined) proven.set(hint, home)
    }
    const sure = hints.filter(hint => proven.has(hint))
    for (const gap of gaps) {
      if (voucherOf(gap, sure, await endsOf(book, { lane, present, gaps }, sure)) === undefined) {
        throw blocked(lane, `segment ${gap.first} is missing, and no removal that is proven vouches for it`)
      }
    }
    lanes.push({ lane, present, head, hints, gaps })
  }
  return { lanes, proven }
}

/** The hints whose events are there still: what stood in a segment that is gone says nothing any more. */
async function presentHints(place: JournalPlace, lane: number): Promise<readonly PlacedRemoval[]> {
  const hints: PlacedRemoval[] = []
  for (const hint of await readHints(place, lane)) {
    const names = await place.files.list(layout.lane(place.folder, hint.at.lane))
    if (segmentNumbers(names).includes(hint.at.segment)) hints.push(hint)
  }
  return hints
}

/** Ends of the segments that are there within what removals speak of, and of the gaps. */
export async function endsOf(
  book: SegmentBook,
  { lane, present, gaps }: Pick<LaneState, 'lane' | 'present' | 'gaps'>,
  removals: readonly PlacedRemoval[],
): Promise<ReadonlyMap<number, ChainTail>> {
  const ends = new Map<number, ChainTail>()
  const last = present.at(-1)
  for (const segment of present) {
    if (segment === last) continue
    const spoken = removals.some(({ segments: [from, to] }) => from <= segment && segment <= to)
    if (spoken) ends.set(segment, (await book.facts(lane, segment)).after)
  }
  return endsWithGaps(ends, gaps)
}

async function gapsOf(
  place: JournalPlace,
  book: SegmentBook,
  { lane, present, head }: Pick<LaneState, 'lane' | 'present' | 'head'>,
): Promise<readonly Gap[]> {
  const gaps: Gap[] = []
  let expected = 1
  for (const segment of present) {
    if (segment > expected) {
      const after = await startOf(place, lane, segment)
      const before = await endBefore(place, book, lane, expected, present)
      gaps.push({ lane, first: expected, last: segment - 1, before, after })
    }
    expected = segment + 1
  }
  if (present.length > 0 || head === undefined || head.number === 0) return gaps
  const before = { number: 0, link: genesis(lane, Buffer.from(head.journalId, 'hex')) }
  const after = { number: head.number, link: Buffer.from(head.link, 'hex') }
  return [{ lane, first: 1, last: undefined, before, after }]
}

/** Where the chain stands before a segment that is missing. */
async function endBefore(
  place: JournalPlace,
  book: SegmentBook,
  lane: number,
  missing: number,
  present: readonly number[],
): Promise<ChainTail> {
  if (missing > 1) return (await book.facts(lane, missing - 1)).after
  const opened = await openSegment(place.files, place.folder, { lane, segment: present[0] ?? 1 })
  await opened?.file.close()
  if (opened === undefined) throw blocked(lane, 'its first segment is gone')
  return { number: 0, link: genesis(lane, opened.header.journalId) }
}
