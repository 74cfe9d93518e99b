import { GateError } from '../core/errors.ts'
import { type Begin, firstSegment } from './begin.ts'
import type { ChainTail } from './chain.ts'
import type { JournalEvent } from './event.ts'
import type { JournalFiles } from './files.ts'
import { FRAME_PREFIX_BYTES, readPayload } from './frame.ts'
import { type OpenSegment, openSegment } from './open-segment.ts'
import { corrupt, type Place } from './place.ts'
import { hasLater, nextSegment } from './retention/hints.ts'
import { type ScanEnd, scanFrames, whyNotTorn } from './scan.ts'
import { FrameOpener } from './seal/opener.ts'
import type { KeyFinder } from './seal/ports.ts'
import { laneNumbers } from './segment.ts'

/** An event and where it stands. */
export interface PlacedEvent {
  readonly event: JournalEvent
  readonly place: Place
}

/** Where the journal is and how it is read. */
export interface JournalSource {
  readonly files: JournalFiles
  /** `data/journal` */
  readonly folder: string
  /** Opens what is sealed; absent: readers give what stays readable of sealed events, marked `sealed`. */
  readonly keys?: KeyFinder
}

/** Which events are parsed: those that it cannot rule out by the bytes of their JSON, opened where it was sealed. */
export type Wanted = (payload: Buffer) => boolean

/** The lanes that the journal has, ascending. */
export async function listLanes(source: JournalSource): Promise<readonly number[]> {
  return laneNumbers(await source.files.list(source.folder))
}

/**
 * All events of a lane in order, in constant memory, each link checked on the way. May be read while a
 * gate is writing: it stops at the end of what is whole. Goes on over segments that were removed. Throws
 * `journal-corrupt` where the chain breaks, or a segment is missing that was not.
 * `wanted` leaves events out before they are parsed, which is most of the work; links are checked all the same.
 * With `begin`, segments before it are passed over, and so are their links.
 */
export async function* readLane(
  source: JournalSource,
  lane: number,
  wanted?: Wanted,
  begin?: Begin,
): AsyncGenerator<PlacedEvent, void> {
  const first = begin === undefined ? 1 : await firstSegment(source, lane, begin)
  let segment = await nextSegment(source, lane, first)
  let before: { tail: ChainTail; journalId: Buffer } | undefined
  while (segment !== undefined) {
    const opened = await openSegment(source.files, source.folder, { lane, segment }, before)
    // Else it was removed in this moment.
    if (opened !== undefined) {
      const tail: ChainTail | undefined = yield* readSegment(source, opened, wanted)
      if (tail === undefined) return
      before = { tail, journalId: opened.header.journalId }
    }
    const next = await nextSegment(source, lane, segment + 1)
    if (opened === undefined || next !== segment + 1) before = undefined
    segment = next
  }
}

/** Yields a segment's events; returns the chain's tail, or undefined where the journal ends within it. */
async function* readSegment(
  source: JournalSource,
  opened: OpenSegment,
  wanted?: Wanted,
): AsyncGenerator<PlacedEvent, ChainTail | undefined> {
  const { file, header, start } = opened
  const opener = new FrameOpener(source.keys, header)
  try {
    let end: ScanEnd = yield* placedEvents(opened, opener, start, wanted)
    for (;;) {
      if (end.kind === 'end') return end.tail
      const isLast = !(await hasLater(source, header.lane, header.segment))
      const reason = !isLast ? end.reason : await whyNotTorn(file, end)
      // The writer may have gone on between the two looks: look again from where it stopped.
      const before: ScanEnd = end
      end = yield* placedEvents(opened, opener, before.tail, wanted, before.offset)
      if (end.kind === 'end' || end.offset > before.offset) continue
      if (reason === undefined) return undefined
      const { lane, segment } = header
      throw corrupt({ lane, segment, offset: end.offset, event: end.tail.number + 1 }, end.reason)
    }
  } finally {
    await file.close()
  }
}

async function* placedEvents(
  opened: OpenSegment,
  opener: FrameOpener,
  start: ChainTail,
  wanted?: Wanted,
  startOffset?: number,
): AsyncGenerator<PlacedEvent, ScanEnd> {
  const { lane, segment } = opened.header
  const frames = scanFrames(opened.file, start, startOffset)
  let step = await frames.next()
  while (step.done !== true) {
    const { offset, tail } = step.value
    const place = { lane, segment, offset, event: tail.number }
    const opened = openFrame(opener, step.value.frame, place)
    const frame = opened instanceof Promise ? await opened : opened
    if (wanted === undefined || wanted(frame.subarray(FRAME_PREFIX_BYTES))) {
      yield { event: parse(frame, place), place }
    }
    step = await frames.next()
  }
  return step.value
}

/**
 * The frame as it was before it was sealed; at once where that is possible. Throws or rejects with `journal-corrupt`
 * and its place where it does not open.
 */
export function openFrame(opener: FrameOpener, frame: Buffer, place: Place): Buffer | Promise<Buffer> {
  try {
    const opened = opener.open(frame)
    return opened instanceof Promise ? opened.catch(error => throwAt(place, error)) : opened
  } catch (error) {
    return throwAt(place, error)
  }
}

function throwAt(place: Place, error: unknown): never {
  if (error instanceof GateError && error.code === 'journal-corrupt') throw corrupt(place, error.message)
  throw error
}

function parse(frame: Buffer, place: Place): JournalEvent {
  try {
    return readPayload(frame).event
  } catch (error) {
    throw error instanceof GateError ? corrupt(place, error.message) : error
  }
}

/** All events of all lanes in order of time, in constant memory; `wanted` and `begin` as for `readLane`. */
export async function* readJournal(
  source: JournalSource,
  wanted?: Wanted,
  begin?: Begin,
): AsyncGenerator<PlacedEvent, void> {
  const lanes = (await listLanes(source)).map(lane => readLane(source, lane, wanted, begin))
  yield* mergeByTime(lanes)
}

/** Merges lanes, each in its own order, by time. Closes all of them when it is left early. */
async function* mergeByTime(
  lanes: readonly AsyncGenerator<PlacedEvent, void>[],
): AsyncGenerator<PlacedEvent, void> {
  const heads: { readonly lane: AsyncGenerator<PlacedEvent, void>; next: PlacedEvent }[] = []
  try {
    for (const lane of lanes) {
      const step = await lane.next()
      if (step.done !== true) heads.push({ lane, next: step.value })
    }
    for (;;) {
      const [first, ...others] = heads
      if (first === undefined) return
      let earliest = first
      for (const head of others) if (head.next.event.timeMs < earliest.next.event.timeMs) earliest = head
      yield earliest.next
      const step = await earliest.lane.next()
      if (step.done === true) heads.splice(heads.indexOf(earliest), 1)
      else earliest.next = step.value
    }
  } finally {
    for (const lane of lanes) await lane.return()
  }
}
