import type { ChainTail } from '../../record/chain.ts'
import { FRAME_PREFIX_BYTES, MAX_FRAME_BYTES, readFrame, readPayload } from '../../record/frame.ts'
import { corrupt } from '../../record/place.ts'
import type { JournalSource } from '../../record/read.ts'
import {
  decodeHeader,
  layout,
  SEGMENT_HEADER_BYTES,
  type SegmentHeader,
  segmentNumbers,
} from '../../record/segment.ts'
import type { SegmentPlace } from './keys.ts'
import type { SourceFile, SourceFiles } from './source-file.ts'

/** Numbers of a lane's segments that have a successor, ascending: nothing is written to them any more. */
export async function sealedSegments(
  { files, folder }: JournalSource,
  lane: number,
): Promise<readonly number[]> {
  return segmentNumbers(await files.list(layout.lane(folder, lane))).slice(0, -1)
}

/** A segment that nobody writes any more, open for reading. */
export interface SealedSegment {
  readonly place: SegmentPlace
  readonly file: SourceFile
}

/**
 * Opens a segment, undefined if it is gone. Its header is checked, its events are not: what is damaged is kept as it is,
 * and `sessions verify` finds it there, too. Throws `journal-corrupt`, `archive-file-refused`.
 */
export async function openSealed(
  sources: SourceFiles,
  folder: string,
  lane: number,
  segment: number,
): Promise<SealedSegment | undefined> {
  const file = await sources.open(folder, layout.segment(folder, lane, segment))
  if (file === undefined) return undefined
  try {
    const { journalId } = await readHeader(file, lane, segment)
    return { place: { journal: journalId.toString('hex'), lane, segment }, file }
  } catch (error) {
    await file.close()
    throw error
  }
}

async function readHeader(file: SourceFile, lane: number, segment: number): Promise<SegmentHeader> {
  const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES)
  const count = await readUpTo(file, bytes, 0)
  const header = decodeHeader(bytes.subarray(0, count))
  const place = { lane, segment, offset: 0, event: 0 }
  if (typeof header === 'string') throw corrupt(place, header)
  if (header.lane !== lane || header.segment !== segment)
    throw corrupt(place, 'the header is of another place')
  return header
}

/** Where a segment's chain ends, as its successor says; undefined if that is gone, or of another journal. */
export async function endOf(
  sources: SourceFiles,
  folder: string,
  { journal, lane, segment }: SegmentPlace,
): Promise<ChainTail | undefined> {
  const file = await sources.open(folder, layout.segment(folder, lane, segment + 1))
  if (file === undefined) return undefined
  try {
    const header = await readHeader(file, lane, segment + 1)
    if (header.journalId.toString('hex') !== journal) return undefined
    return { number: header.firstEvent - 1, link: header.previousLink }
  } finally {
    await file.close()
  }
}

/** When a segment's first event was, ms; undefined where it has none, or none that can be read. */
export async function firstEventMs({ file }: SealedSegment): Promise<number | undefined> {
  const prefix = Buffer.alloc(FRAME_PREFIX_BYTES)
  const count = await readUpTo(file, prefix, SEGMENT_HEADER_BYTES)
  const needed = readFrame(prefix.subarray(0, count), 0)
  if (needed.kind !== 'incomplete' || count < FRAME_PREFIX_BYTES || needed.needed > MAX_FRAME_BYTES)
    return undefined
  const bytes = Buffer.alloc(needed.needed)
  const reading = readFrame(bytes.subarray(0, await readUpTo(file, bytes, SEGMENT_HEADER_BYTES)), 0)
  return reading.kind === 'frame' ? readPayload(reading.frame).event.timeMs : undefined
}

async function readUpTo(file: SourceFile, target: Buffer, position: number): Promise<number> {
  let done = 0
  while (done < target.length) {
    const count = await file.read(target.subarray(done), position + done)
    if (count === 0) break
    done += count
  }
  return done
}
