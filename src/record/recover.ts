import { GateError } from '../core/errors.ts'
import { type ChainTail, genesis, JOURNAL_ID_BYTES } from './chain.ts'
import { type JournalFiles, readFully, replaceFile, writeFully } from './files.ts'
import { MAX_FRAME_BYTES, readPayload } from './frame.ts'
import { type Head, readHead } from './head.ts'
import { openSegment } from './open-segment.ts'
import { corrupt } from './place.ts'
import { isRemovedBetween, type JournalPlace, readHints } from './retention/hints.ts'
import { MAX_BATCH_BYTES, type ScanEnd, scanFrames, whyNotTorn } from './scan.ts'
import { encodeHeader, layout, SEGMENT_HEADER_BYTES, segmentNumbers } from './segment.ts'

/** Recovery looks for calls without an outcome in no more than this many of the last segments. */
const MAX_SEGMENTS_SEARCHED = 4

/** A lane as it was found (or made) on disk, ready to be written. */
export interface RecoveredLane {
  readonly journalId: Buffer
  readonly segment: number
  /** Bytes of the segment that are whole. */
  readonly offset: number
  readonly tail: ChainTail
  /** Time of the first event of the segment, ms; absent where it has none. */
  readonly sinceMs?: number
  /** Bytes cut off behind the last whole event. */
  readonly tornBytes: number
  /** True if the journal was closed in good order. */
  readonly clean: boolean
  /** Allowed calls without an outcome: decision id -> its segment. Empty where `clean`. */
  readonly inFlight: Map<string, number>
}

/**
 * Finds the end of a lane, cuts off a torn tail, and lists what was in flight. Makes the lane if it is
 * new. Holding the lane's lock is the caller's duty. Throws `journal-corrupt`, with the place, where the
 * last segments are damaged in a way that a crash cannot leave.
 */
export async function recoverLane(
  files: JournalFiles,
  folder: string,
  lane: number,
  freshId: () => Buffer,
): Promise<RecoveredLane> {
  const laneFolder = layout.lane(folder, lane)
  const names = await files.list(laneFolder)
  for (const name of names) {
    if (name.endsWith('.seg.new')) await files.remove(`${laneFolder}/${name}`)
  }
  const head = await readHead(files, folder, lane)
  const segments = segmentNumbers(names)
  const last = segments.at(-1)
  if (last === undefined) {
    if (head !== undefined) return reopenLane(files, folder, head)
    return createLane(files, folder, lane, freshId())
  }
  const wanted = Math.max(
    Math.min(head?.openSince ?? 1, last),
    last - MAX_SEGMENTS_SEARCHED + 1,
    segments[0] ?? 1,
  )
  const first = await behindGaps({ files, folder }, lane, segments, wanted)
  return searchLane(files, folder, lane, { first, last, head })
}

/** The first segment from `wanted` on behind which none was removed: no call is in flight in front of one that was. */
async function behindGaps(
  place: JournalPlace,
  lane: number,
  segments: readonly number[],
  wanted: number,
): Promise<number> {
  let first = wanted
  for (const [at, segment] of segments.entries()) {
    const before = segments[at - 1]
    if (before === undefined || before < wanted || segment === before + 1) continue
    if (await isRemovedBetween(place, lane, before, segment)) first = segment
  }
  return first
}

async function createLane(
  files: JournalFiles,
  folder: string,
  lane: number,
  journalId: Buffer,
): Promise<RecoveredLane> {
  if (journalId.length !== JOURNAL_ID_BYTES) throw new GateError('internal', 'a journal id has 16 bytes')
  const tail = { number: 0, link: genesis(lane, journalId) }
  const header = encodeHeader({ lane, segment: 1, firstEvent: 1, journalId, previousLink: tail.link })
  const path = layout.segment(folder, lane, 1)
  const file = await replaceFile(files, layout.lane(folder, lane), path, header)
  await file.close()
  await files.syncFolder(folder)
  const inFlight = new Map<string, number>()
  return { journalId, segment: 1, offset: SEGMENT_HEADER_BYTES, tail, tornBytes: 0, clean: true, inFlight }
}

/**
 * Goes on with a lane of which retention has removed everything: it was closed in good order, and what vouches for the
 * last of its segments ends where the head file does.
 */
async function reopenLane(files: JournalFiles, folder: string, head: Head): Promise<RecoveredLane> {
  const { lane, number, link } = head
  const gone = corrupt({ lane, segment: 1, offset: 0, event: 1 }, 'the segments are gone')
  const journalId = Buffer.from(head.journalId, 'hex')
  if (!head.clean || journalId.length !== JOURNAL_ID_BYTES) throw gone
  const [last] = (await readHints({ files, folder }, lane))
    .filter(({ events, after }) => events[1] === number && after === link)
    .toSorted((a, b) => b.segments[1] - a.segments[1])
  if (last === undefined || last.why === 'withdrawn') throw gone
  const segment = last.segments[1] + 1
  const tail = { number, link: Buffer.from(link, 'hex') }
  const header = encodeHeader({ lane, segment, firstEvent: number + 1, journalId, previousLink: tail.link })
  const file = await replaceFile(
    files,
    layout.lane(folder, lane),
    layout.segment(folder, lane, segment),
    header,
  )
  await file.close()
  const inFlight = new Map<string, number>()
  return { journalId, segment, offset: SEGMENT_HEADER_BYTES, tail, tornBytes: 0, clean: true, inFlight }
}

interface Search {
  readonly first: number
  readonly last: number
  readonly head: Head | undefined
}

async function searchLane(
  files: JournalFiles,
  folder: string,
  lane: number,
  search: Search,
): Promise<RecoveredLane> {
  const inFlight = new Map<string, number>()
  let before: { tail: ChainTail; journalId: Buffer } | undefined
  for (let segment = search.first; segment < search.last; segment++) {
    const { end, journalId } = await searchSegment(files, folder, { lane, segment }, before, inFlight)
    if (end.kind !== 'end') {
      throw corrupt({ lane, segment, offset: end.offset, event: end.tail.number + 1 }, end.reason)
    }
    before = { tail: end.tail, journalId }
  }
  const place = { lane, segment: search.last }
  const { end, journalId, sinceMs } = await searchSegment(files, folder, place, before, inFlight)
  checkHead(search.head, place, end, journalId)
  const clean = search.head?.clean === true
  const path = layout.segment(folder, lane, search.last)
  const tornBytes = clean ? 0 : await settleEnd(files, path, place, end)
  if (clean) inFlight.clear()
  const found = {
    journalId,
    segment: search.last,
    offset: end.offset,
    tail: end.tail,
    tornBytes,
    clean,
    inFlight,
  }
  return sinceMs === undefined ? found : { ...found, sinceMs }
}

async function searchSegment(
  files: JournalFiles,
  folder: string,
  place: { readonly lane: number; readonly segment: number },
  before: { tail: ChainTail; journalId: Buffer } | undefined,
  inFlight: Map<string, number>,
): Promise<{ end: ScanEnd; journalId: Buffer; sinceMs: number | undefined }> {
  const opened = await openSegment(files, folder, place, before)
  if (opened === undefined) {
    throw corrupt({ ...place, offset: 0, event: (before?.tail.number ?? 0) + 1 }, 'the segment is missing')
  }
  try {
    const frames = scanFrames(opened.file, opened.start)
    let sinceMs: number | undefined
    let step = await frames.next()
    while (step.done !== true) {
      const { event } = readPayload(step.value.frame)
      sinceMs ??= event.timeMs
      if (event.type === 'decision' && event.effect === 'allow') inFlight.set(event.id, place.segment)
      if (event.type === 'outcome') inFlight.delete(event.decisionId)
      // What an earlier recovery has listed is not listed again.
      if (event.type === 'recovery') for (const id of event.inFlight) inFlight.delete(id)
      step = await frames.next()
    }
    return { end: step.value, journalId: opened.header.journalId, sinceMs }
  } finally {
    await opened.file.close()
  }
}

/**
 * Brings the end of an unclean lane into order: cuts what follows the last whole event, if a crash can
 * have left it, and makes the events before it certainly durable. Returns how many bytes were cut.
 *
 * The last batch may stand in the page cache only: an fsync that failed, or never came, before the
 * process died, and whose pages the kernel counts as clean, is not made good by a later fsync. So the
 * bytes are written again where they stand. A batch is all that can be missing.
 */
async function settleEnd(
  files: JournalFiles,
  path: string,
  place: { readonly lane: number; readonly segment: number },
  end: ScanEnd,
): Promise<number> {
  const file = await files.open(path, 'write')
  if (file === undefined) throw corrupt({ ...place, offset: 0, event: 1 }, 'the segment is gone')
  try {
    const reason = end.kind === 'end' ? undefined : await whyNotTorn(file, end)
    if (reason !== undefined) {
      throw corrupt({ ...place, offset: end.offset, event: end.tail.number + 1 }, reason)
    }
    const tornBytes = (await file.size()) - end.offset
    await file.truncate(end.offset)
    const start = Math.max(0, end.offset - MAX_BATCH_BYTES - MAX_FRAME_BYTES)
    const bytes = Buffer.alloc(end.offset - start)
    const count = await readFully(file, bytes, start)
    await writeFully(file, bytes.subarray(0, count), start)
    await file.sync()
    return tornBytes
  } finally {
    await file.close()
  }
}

/** The chain must reach what the head remembers; events that were durable do not vanish in a crash. */
function checkHead(
  head: Head | undefined,
  place: { readonly lane: number; readonly segment: number },
  end: ScanEnd,
  journalId: Buffer,
): void {
  if (head === undefined) return
  const at = { ...place, offset: end.offset, event: end.tail.number + 1 }
  if (head.journalId !== journalId.toString('hex')) throw corrupt(at, 'the head file is of another journal')
  if (head.number > end.tail.number) {
    throw corrupt(at, `the chain ends here, but the head file knows event ${head.number}`)
  }
  if (head.number === end.tail.number && head.link !== end.tail.link.toString('hex')) {
    throw corrupt(at, 'the head file knows another last event')
  }
  // A journal says that it is open again before it writes, so nothing can follow a clean end.
  if (head.clean && (end.kind !== 'end' || head.number !== end.tail.number)) {
    throw corrupt(at, `bytes follow event ${head.number}, where the journal was closed`)
  }
}
