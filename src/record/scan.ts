import { type ChainTail, follows, nextLink } from './chain.ts'
import { type JournalFile, readFully } from './files.ts'
import { FRAME_PREFIX_BYTES, MAX_FRAME_BYTES, PAYLOAD_START, readFrame, readPosition } from './frame.ts'
import { SEGMENT_HEADER_BYTES } from './segment.ts'

/** Bytes read at once; more only where one event is longer. */
const WINDOW_BYTES = 256 * 1024
/** The most bytes that one batch writes; what recovery may cut is never more. */
export const MAX_BATCH_BYTES: number = 4 * 1024 * 1024

/** A frame as it stands in a segment: length and checksum are right, and it follows the one before. */
export interface PlacedFrame {
  /** Valid until the next one is asked for. */
  readonly frame: Buffer
  /** Byte in the segment. */
  readonly offset: number
  /** The chain behind it: its number and the link that the next event follows. */
  readonly tail: ChainTail
}

/** Where and why a scan ended. */
export interface ScanEnd {
  /** `end`: exactly after a frame. `unfinished`: within one. `damaged`: the chain is broken here. */
  readonly kind: 'end' | 'unfinished' | 'damaged'
  /** Byte in the segment behind the last good frame. */
  readonly offset: number
  readonly tail: ChainTail
  /** Prose; empty for `end`. */
  readonly reason: string
}

/**
 * Walks over a segment's frames from `start` on, in constant memory, checking each link. Yields the good
 * ones and returns where the good ones end. Only errors of reading are thrown.
 */
export async function* scanFrames(
  file: JournalFile,
  start: ChainTail,
  startOffset: number = SEGMENT_HEADER_BYTES,
): AsyncGenerator<PlacedFrame, ScanEnd> {
  let tail = start
  let offset = startOffset
  let room = WINDOW_BYTES
  for (;;) {
    const window = Buffer.allocUnsafe(room)
    const count = await readFully(file, window, offset)
    const bytes = window.subarray(0, count)
    let at = 0
    let reading = readFrame(bytes, at)
    while (reading.kind === 'frame') {
      const broken = checkPlace(reading.frame, tail)
      if (broken !== undefined) return { kind: 'damaged', offset: offset + at, tail, reason: broken }
      tail = { number: tail.number + 1, link: nextLink(reading.frame) }
      yield { frame: reading.frame, offset: offset + at, tail }
      at += reading.frame.length
      reading = readFrame(bytes, at)
    }
    offset += at
    if (reading.kind === 'damaged') return { kind: 'damaged', offset, tail, reason: reading.reason }
    if (count < room) {
      if (at === count) return { kind: 'end', offset, tail, reason: '' }
      return { kind: 'unfinished', offset, tail, reason: 'the segment ends within an event' }
    }
    room = Math.max(WINDOW_BYTES, reading.needed)
  }
}

/** Why a frame cannot stand behind `tail`; undefined if it can. */
function checkPlace(frame: Buffer, tail: ChainTail): string | undefined {
  const { number, batchStart } = readPosition(frame)
  const expected = tail.number + 1
  if (number === 0) return 'the payload does not begin as an event does'
  if (number !== expected) return `event ${number} stands where event ${expected} belongs`
  if (!follows(frame, tail.link)) return `event ${number} does not follow from the event before it`
  if (batchStart > number) return `event ${number} names a batch that begins after it`
  return undefined
}

/**
 * Tells a torn tail from damage. The bytes behind the last good event are a torn tail if they can be
 * what a crash left of the batch that was being written: not more than a batch, and no frame among them
 * that was written when the missing event was already on disk. A whole event that does not fit the chain
 * is never a torn tail. Returns why they cannot be; undefined if
 * they can.
 */
export async function whyNotTorn(file: JournalFile, end: ScanEnd): Promise<string | undefined> {
  const rest = (await file.size()) - end.offset
  if (rest > MAX_BATCH_BYTES + MAX_FRAME_BYTES) return `${rest} bytes follow that are no events`
  const bytes = Buffer.alloc(Math.max(rest, 0))
  const count = await readFully(file, bytes, end.offset)
  const lost = end.tail.number + 1
  let found = bytes.indexOf(PAYLOAD_START)
  while (found !== -1 && found < count) {
    const frameAt = found - FRAME_PREFIX_BYTES
    const reading = frameAt >= 0 ? readFrame(bytes, frameAt) : undefined
    if (reading?.kind === 'frame') {
      if (frameAt === 0) return end.reason
      const { number, batchStart } = readPosition(reading.frame)
      if (batchStart > lost || (number > 0 && number < lost)) {
        return `event ${number} behind it was written after event ${lost} was on disk`
      }
    }
    found = bytes.indexOf(PAYLOAD_START, found + 1)
  }
  return undefined
}
