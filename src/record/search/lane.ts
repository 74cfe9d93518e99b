import { CLOCK_SLACK_MS, firstTime } from '../begin.ts'
import type { Ending } from '../calls.ts'
import { openSegment } from '../open-segment.ts'
import { corrupt } from '../place.ts'
import type { JournalSource } from '../read.ts'
import { isRemovedBetween } from '../retention/hints.ts'
import { layout, type SegmentHeader, segmentNumbers } from '../segment.ts'
import { type Found, SearchJoin } from './join.ts'
import type { Matcher } from './match.ts'
import type { Query } from './query.ts'
import type { Findable } from './values.ts'
import { WALK_BYTES, walkSegment } from './walk.ts'

/** How a lane is searched. */
export interface LaneSearch {
  readonly source: JournalSource
  readonly lane: number
  readonly matcher: Matcher
  /** The times that the query is about; others may be given. */
  readonly span: Span
  /** No more than so many are of interest, in the order of the search. */
  readonly limit: number
}

export interface Span {
  readonly sinceMs: number
  readonly untilMs: number
}

export function spanOf(query: Query): Span {
  let [sinceMs, untilMs] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
  for (const term of query) {
    if (term.key === 'since') sinceMs = Math.max(sinceMs, term.timeMs)
    if (term.key === 'until') untilMs = Math.min(untilMs, term.timeMs)
  }
  return { sinceMs, untilMs }
}

/** What matches in a lane, the last event first; memory for `limit` of them and a window of a segment. */
export async function* newestFirst(search: LaneSearch): AsyncGenerator<Findable, void> {
  const { source, lane, matcher, span, limit } = search
  let found: Found[] = []
  const join = new SearchJoin(matcher, each => {
    found.push(each)
    if (found.length >= 2 * limit) found = newest(found, limit)
  })
  const add = (frame: Buffer, number: number): void => join.add(frame, number)
  const room = Buffer.allocUnsafe(WALK_BYTES)
  const numbers = segmentNumbers(await source.files.list(layout.lane(source.folder, lane)))
  let after: SegmentHeader | undefined
  for (const segment of numbers.toReversed()) {
    const opened = await openSegment(source.files, source.folder, { lane, segment })
    // It was removed in this moment.
    if (opened === undefined) continue
    try {
      const last = await walkSegment(opened, room, add, join.uninteresting, source.keys)
      await checkOrder(search, { header: opened.header, last }, after)
      join.finish(await endingsAfter(search, join, room, numbers.slice(numbers.indexOf(segment) + 1)))
      after = opened.header
      for (const { entry } of newest(found, limit)) yield entry
      found = []
      const beganMs = await firstTime(opened)
      if (beganMs !== undefined && beganMs < span.sinceMs - CLOCK_SLACK_MS) return
    } finally {
      await opened.file.close()
    }
  }
}

/** Where a call has no outcome in its own segment, it is looked for in so many that follow. */
const MAX_ENDING_SEGMENTS = 64

/** Finds how calls ended in the segments that follow theirs; returns what to say of those that are left. */
async function endingsAfter(
  { source, lane }: LaneSearch,
  join: SearchJoin,
  room: Buffer,
  newer: readonly number[],
): Promise<Ending> {
  const hasAll = (): boolean => join.oldestOpen === undefined
  for (const segment of newer.slice(0, MAX_ENDING_SEGMENTS)) {
    if (hasAll()) break
    const opened = await openSegment(source.files, source.folder, { lane, segment })
    if (opened === undefined) continue
    try {
      await walkSegment(
        opened,
        room,
        frame => hasAll() || join.addEnding(frame),
        { enough: hasAll },
        source.keys,
      )
    } finally {
      await opened.file.close()
    }
  }
  return { kind: newer.length > MAX_ENDING_SEGMENTS ? 'later' : 'open' }
}

function newest(found: readonly Found[], limit: number): Found[] {
  return found.toSorted((a, b) => b.number - a.number).slice(0, limit)
}

/** What matches in a lane, the first event first. */
export async function* oldestFirst(search: LaneSearch): AsyncGenerator<Findable, void> {
  const { source, lane, matcher, span, limit } = search
  let found: Found[] = []
  const join = new SearchJoin(matcher, each => {
    found.push(each)
    if (found.length >= 2 * limit) found = oldest(found, limit)
  })
  const add = (frame: Buffer, number: number): void => join.add(frame, number)
  const room = Buffer.allocUnsafe(WALK_BYTES)
  const numbers = segmentNumbers(await source.files.list(layout.lane(source.folder, lane)))
  let before: Walked | undefined
  for (const [at, segment] of numbers.entries()) {
    if (await endsBefore(search, numbers[at + 1])) continue
    const opened = await openSegment(source.files, source.folder, { lane, segment })
    if (opened === undefined) continue
    try {
      const beganMs = await firstTime(opened)
      if (beganMs !== undefined && beganMs > span.untilMs + CLOCK_SLACK_MS) break
      if (before !== undefined) await checkOrder(search, before, opened.header)
      const last = await walkSegment(opened, room, add, join.uninteresting, source.keys)
      before = { header: opened.header, last }
    } finally {
      await opened.file.close()
    }
    // What stands behind a call that has no outcome yet has to wait for it.
    const open = join.oldestOpen ?? Number.POSITIVE_INFINITY
    const sorted = oldest(found, limit)
    for (const { entry } of sorted.filter(({ number }) => number < open)) yield entry
    found = sorted.filter(({ number }) => number > open)
  }
  join.finish({ kind: 'open' })
  for (const { entry } of oldest(found, limit)) yield entry
}

function oldest(found: readonly Found[], limit: number): Found[] {
  return found.toSorted((a, b) => a.number - b.number).slice(0, limit)
}

/** Whether all events before this segment are older than the query asks for. */
async function endsBefore({ source, lane, span }: LaneSearch, next: number | undefined): Promise<boolean> {
  if (next === undefined || span.sinceMs === Number.NEGATIVE_INFINITY) return false
  const opened = await openSegment(source.files, source.folder, { lane, segment: next })
  if (opened === undefined) return false
  try {
    const beganMs = await firstTime(opened)
    return beganMs !== undefined && beganMs < span.sinceMs - CLOCK_SLACK_MS
  } finally {
    await opened.file.close()
  }
}

/** A segment that was walked, and the number of its last event. */
interface Walked {
  readonly header: SegmentHeader
  readonly last: number
}

/** Segments follow each other, each beginning where the one before it ended, but for those that were removed. */
async function checkOrder(
  { source, lane }: LaneSearch,
  { header, last }: Walked,
  next: SegmentHeader | undefined,
): Promise<void> {
  if (next === undefined) return
  const follows = next.segment === header.segment + 1 && next.firstEvent === last + 1
  if (follows || (await isRemovedBetween(source, lane, header.segment, next.segment))) return
  const place = { lane, segment: next.segment, offset: 0, event: last + 1 }
  throw corrupt(place, `segment ${header.segment} before it ends with event ${last}`)
}
