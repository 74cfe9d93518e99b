import { type ChainTail, LINK_BYTES } from '../chain.ts'
import type { RemovalEvent } from '../event.ts'

/** Segments of a lane that are not there, and where its chain stands on both sides of them. */
export interface Gap {
  readonly lane: number
  /** Number of the first segment that is missing. */
  readonly first: number
  /** Number of the last one; undefined where no segment follows. */
  readonly last: number | undefined
  /** The end of what stands before. */
  readonly before: ChainTail
  /** Where what follows begins, by its header; where nothing follows, the end that the head file knows. */
  readonly after: ChainTail
}

/** Whether what is said of a removal is something that can be said: numbers in order, links of their length. */
export function isRemoval(event: RemovalEvent): boolean {
  const { lane, segments, events, before, after } = event
  return (
    isCount(lane, 0) && isRange(segments) && isRange(events) && [before, after].every(link => isLink(link))
  )
}

const LINK = new RegExp(`^[0-9a-f]{${LINK_BYTES * 2}}$`)

function isLink(value: unknown): boolean {
  return typeof value === 'string' && LINK.test(value)
}

function isRange(value: unknown): boolean {
  if (!Array.isArray(value) || value.length !== 2) return false
  const [first, last]: unknown[] = value
  return isCount(first, 1) && isCount(last, 1) && Number(first) <= Number(last)
}

function isCount(value: unknown, least: number): boolean {
  return Number.isSafeInteger(value) && Number(value) >= least
}

/** The last word first: removals are dated so that no two of a lane that speak of one segment have the same time. */
export function newestFirst<T extends RemovalEvent>(removals: readonly T[], lane: number): readonly T[] {
  return removals
    .filter(removal => removal.lane === lane)
    .toSorted((a, b) => b.timeMs - a.timeMs || (a.id < b.id ? 1 : -1))
}

/** What was said last of a segment; `removals` are of its lane, the last word first. */
export function lastWord<T extends RemovalEvent>(removals: readonly T[], segment: number): T | undefined {
  return removals.find(({ segments: [first, last] }) => first <= segment && segment <= last)
}

/**
 * Segments from `first` to `last` that stand for all between them: from each to the next one, the last word is the same.
 * Numbers are what somebody may have written: there may be thousands of millions between two.
 */
export function changesOfWord(
  removals: readonly RemovalEvent[],
  first: number,
  last: number,
): readonly number[] {
  const changes = removals.flatMap(({ segments: [from, to] }) => [from, to + 1])
  return [...new Set([first, ...changes])]
    .filter(segment => first <= segment && segment <= last)
    .sort((a, b) => a - b)
}

/** Where the chain stands behind each segment that is there, and behind each gap, by the number of the last segment. */
export function endsWithGaps(
  ends: ReadonlyMap<number, ChainTail>,
  gaps: readonly Gap[],
): ReadonlyMap<number, ChainTail> {
  const all = new Map(ends)
  for (const { last, after } of gaps) if (last !== undefined) all.set(last, after)
  return all
}

/**
 * The removal that vouches for a gap; undefined if none does. It begins where the gap does, and both its links are
 * those of the chain: the one behind it at the gap's other side or, where segments of it are still there, at the end of
 * its last segment. No segment of the gap may have been said to stay since. `removals` are of the lane, the last word
 * first; `ends` is from `endsWithGaps`.
 */
export function voucherOf<T extends RemovalEvent>(
  gap: Gap,
  removals: readonly T[],
  ends: ReadonlyMap<number, ChainTail>,
): T | undefined {
  const voucher = removals.find(removal => fits(removal, gap, ends))
  if (voucher === undefined) return undefined
  for (const segment of changesOfWord(removals, gap.first, gap.last ?? voucher.segments[1])) {
    if (lastWord(removals, segment)?.why === 'withdrawn') return undefined
  }
  return voucher
}

function fits(removal: RemovalEvent, gap: Gap, ends: ReadonlyMap<number, ChainTail>): boolean {
  const { before } = gap
  const [first, last] = removal.segments
  if (removal.why === 'withdrawn' || first !== gap.first || last < (gap.last ?? last)) return false
  if (removal.events[0] !== before.number + 1 || removal.before !== before.link.toString('hex')) return false
  const after = last === (gap.last ?? last) ? gap.after : ends.get(last)
  if (after === undefined) return false
  return after.number === removal.events[1] && after.link.toString('hex') === removal.after
}
