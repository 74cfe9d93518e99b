import { checkpointLanes } from './checkpoint/lane-file.ts'
import type { PublicKeys } from './checkpoint/signer.ts'
import type { CheckpointReport } from './checkpoint/walk.ts'
import type { RemovalEvent } from './event.ts'
import type { Place } from './place.ts'
import { type JournalSource, listLanes } from './read.ts'
import { endsWithGaps, type Gap, newestFirst, voucherOf } from './retention/removal.ts'
import { headNumbers, layout } from './segment.ts'
import { type Break, type WalkedLane, walkLane } from './verify-lane.ts'

export type { Break } from './verify-lane.ts'

export interface LaneReport {
  readonly lane: number
  /** Those that are there. */
  readonly segments: number
  /** Whole events, counted from the first; what was removed is counted as well. */
  readonly events: number
  /** The link after the last whole event, hex: note it elsewhere to prove later that nothing was cut. */
  readonly link: string
  readonly break?: Break
  /**
   * Bytes behind the last whole event that a batch in the making, or a crash, leaves. Not a break:
   * they were never acknowledged.
   */
  readonly unfinished?: { readonly place: Place; readonly bytes: number }
  /** Absent where the lane has none that hold. */
  readonly checkpoints?: CheckpointReport
  /** What retention has removed, each vouched for by a `removal` event; absent for nothing. */
  readonly removed?: readonly RemovedRange[]
}

/** Segments and events, from the first to the last of them, that are gone and vouched for. */
export interface RemovedRange {
  readonly segments: readonly [number, number]
  readonly events: readonly [number, number]
  /** Id and time of the `removal` event. */
  readonly by: string
  readonly timeMs: number
  readonly kept?: string
}

export interface VerifyReport {
  readonly whole: boolean
  readonly events: number
  readonly lanes: readonly LaneReport[]
}

/** The most events that one checkpoint can be told to cover, and the longest that one can be told to wait. */
const MOST_UNSIGNED = 65_536
const LONGEST_UNSIGNED_MS = 3_600_000
/** A gate that removes segments meanwhile can look like somebody who does. */
const LOOKS = 2

/**
 * Proves that every lane's chain is whole, or names the first place where each is not. It finds every
 * altered, removed, moved or inserted byte up to the last known head, and an end cut off before it. What
 * it cannot find: a chain, and its head file, that were both rewritten from some place behind the last
 * checkpoint on. Segments may be missing where a `removal` event in a chain that holds vouches for them; where there
 * are checkpoints or `keys`, one that a checkpoint covers. Signatures of checkpoints are checked where `keys` are
 * given. `signed`: a lane without any checkpoint does not hold once it has more events than can have waited for one,
 * for whoever can write the disk could remove them all, with the head file's word of them.
 */
export async function verifyJournal(
  source: JournalSource,
  keys?: PublicKeys,
  { signed = false }: { readonly signed?: boolean } = {},
): Promise<VerifyReport> {
  for (let look = 1; ; look++) {
    const walked: WalkedLane[] = []
    for (const lane of await allLanes(source)) walked.push(await walkLane(source, lane, keys))
    const removals = provenRemovals(walked)
    const reports = walked.map(lane => judge(lane, removals, signed))
    const hasNewGap = reports.some(
      ({ break: broken }, at) => broken !== undefined && hasGapAt(walked[at], broken),
    )
    if (hasNewGap && look < LOOKS) continue
    return {
      whole: reports.every(report => report.break === undefined),
      events: reports.reduce((sum, report) => sum + report.events, 0),
      lanes: reports,
    }
  }
}

/** Lanes of which there is anything at all, ascending. */
async function allLanes(source: JournalSource): Promise<readonly number[]> {
  const heads = headNumbers(await source.files.list(layout.heads(source.folder)))
  const checkpointed = await checkpointLanes(source)
  return [...new Set([...heads, ...checkpointed, ...(await listLanes(source))])].sort((a, b) => a - b)
}

function hasGapAt(lane: WalkedLane | undefined, { place }: Break): boolean {
  return lane?.gaps.some(gap => gap.first === place.segment) === true
}

/**
 * The removals that the gate has said for sure: those that are signed, and those that stand before a gap that a proven
 * one vouches for, and so on. Two that vouch for nothing but each other prove nothing.
 */
function provenRemovals(walked: readonly WalkedLane[]): readonly RemovalEvent[] {
  const found = walked.flatMap(lane => lane.removals.map(removal => ({ lane, ...removal })))
  let proven: readonly RemovalEvent[] = []
  for (;;) {
    const known = proven
    const next = found.filter(({ lane, shownBy }) => {
      if (typeof shownBy !== 'number') return shownBy !== undefined
      const gap = lane.gaps[shownBy]
      const ends = endsWithGaps(lane.ends, lane.gaps)
      return gap !== undefined && voucherOf(gap, newestFirst(known, lane.lane), ends) !== undefined
    })
    proven = next.map(({ event }) => event)
    if (proven.length <= known.length) return proven
  }
}

/** Holds a lane's gaps against what was said of removals in all lanes. */
function judge(lane: WalkedLane, removals: readonly RemovalEvent[], signed: boolean): LaneReport {
  const known = newestFirst(removals, lane.lane)
  const ends = endsWithGaps(lane.ends, lane.gaps)
  const judged = lane.gaps.map(gap => ({ gap, voucher: voucherOf(gap, known, ends) }))
  const firstBad = judged.find(({ voucher }) => voucher === undefined)?.gap
  const broken = firstBad === undefined ? (lane.break ?? unsigned(lane, signed)) : missing(lane, firstBad)
  const removed = judged.flatMap(({ gap, voucher }) => (voucher === undefined ? [] : [range(gap, voucher)]))
  return {
    lane: lane.lane,
    segments: lane.segments,
    events: lane.tail?.number ?? 0,
    link: lane.tail?.link.toString('hex') ?? '',
    ...(broken === undefined ? {} : { break: broken }),
    ...(lane.unfinished === undefined ? {} : { unfinished: lane.unfinished }),
    ...(lane.checkpoints === undefined ? {} : { checkpoints: lane.checkpoints }),
    ...(removed.length === 0 ? {} : { removed }),
  }
}

function missing({ lane, cutOff }: WalkedLane, { first, last, before }: Gap): Break {
  const place = { lane, segment: first, offset: 0, event: before.number + 1 }
  if (last === undefined && cutOff !== undefined) return cutOff
  const what =
    last === undefined || last === first ? 'the segment is' : `the segments ${first} to ${last} are`
  return { place, reason: `${what} missing, and no removal that is proven vouches for it` }
}

function unsigned(lane: WalkedLane, signed: boolean): Break | undefined {
  const { tail, checkpoints } = lane
  if (!signed || checkpoints !== undefined || tail === undefined) return undefined
  const place = { lane: lane.lane, segment: Math.max(...lane.ends.keys(), 1), offset: 0, event: 1 }
  if (tail.number > MOST_UNSIGNED) {
    return { place, reason: `it has no checkpoint, though it has ${tail.number} events` }
  }
  if (lane.spanMs <= LONGEST_UNSIGNED_MS) return undefined
  const minutes = Math.floor(lane.spanMs / 60_000)
  return { place, reason: `it has no checkpoint, though its events are of ${minutes} minutes` }
}

function range(
  { first, last, before, after }: Gap,
  { id, timeMs, segments, kept }: RemovalEvent,
): RemovedRange {
  return {
    segments: [first, last ?? segments[1]],
    events: [before.number + 1, after.number],
    by: id,
    timeMs,
    ...(kept === undefined ? {} : { kept }),
  }
}
