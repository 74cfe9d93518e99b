import { readFully } from '../files.ts'
import { MAX_FRAME_BYTES, readFrame } from '../frame.ts'
import type { OpenSegment } from '../open-segment.ts'
import { corrupt } from '../place.ts'
import { SEGMENT_HEADER_BYTES } from '../segment.ts'

/** Bytes read at once; holds the longest frame. */
export const WALK_BYTES: number = Math.max(2 * 1024 * 1024, MAX_FRAME_BYTES)

/**
 * Calls `each` with every whole frame of a segment, in order, and with the event's number. Lengths and
 * checksums are verified, the links of the chain are not: that is what `verifyJournal` is for. The frame
 * is valid during the call. `room` is where bytes are read to; it has `WALK_BYTES`. `enough` ends the walk
 * after any part of it. Returns the number of the last event that was given.
 */
export async function walkSegment(
  { file, header, start }: OpenSegment,
  room: Buffer,
  each: (frame: Buffer, number: number) => void,
  enough: () => boolean = () => false,
): Promise<number> {
  let number = start.number
  let offset = SEGMENT_HEADER_BYTES
  for (;;) {
    const count = await readFully(file, room, offset)
    const bytes = room.subarray(0, count)
    let at = 0
    let reading = readFrame(bytes, at)
    while (reading.kind === 'frame') {
      number += 1
      each(reading.frame, number)
      at += reading.frame.length
      reading = readFrame(bytes, at)
    }
    if (reading.kind === 'damaged') {
      const { lane, segment } = header
      throw corrupt({ lane, segment, offset: offset + at, event: number + 1 }, reading.reason)
    }
    if (count < room.length || enough()) return number
    offset += at
  }
}
