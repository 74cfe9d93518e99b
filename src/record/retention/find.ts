import { readFully } from '../files.ts'
import { FRAME_PREFIX_BYTES, MAX_FRAME_BYTES, readFrame, readPayload } from '../frame.ts'
import { openSegment } from '../open-segment.ts'
import { laneNumbers, layout, SEGMENT_HEADER_BYTES, segmentNumbers } from '../segment.ts'
import type { JournalPlace, PlacedRemoval } from './hints.ts'

/** What was recorded a moment ago stands in one of so many last segments of a lane. */
const MAX_SEGMENTS = 4
const WINDOW_BYTES = 4 * 1024 * 1024

/** Where a removal stands that was just recorded; undefined if it is in no lane. */
export async function findRemoval(place: JournalPlace, id: string): Promise<PlacedRemoval['at'] | undefined> {
  const { files, folder } = place
  const window = Buffer.allocUnsafe(Math.max(WINDOW_BYTES, MAX_FRAME_BYTES))
  for (const lane of laneNumbers(await files.list(folder))) {
    const present = segmentNumbers(await files.list(layout.lane(folder, lane)))
    for (const segment of present.slice(-MAX_SEGMENTS).toReversed()) {
      const event = await findIn(place, lane, segment, id, window)
      if (event !== undefined) return { lane, segment, event }
    }
  }
  return undefined
}

/** The number of the removal in a segment; what the frames say is held against the chain when it is used. */
async function findIn(
  { files, folder }: JournalPlace,
  lane: number,
  segment: number,
  id: string,
  window: Buffer,
): Promise<number | undefined> {
  const opened = await openSegment(files, folder, { lane, segment })
  if (opened === undefined) return undefined
  const needle = Buffer.from(`{"type":"removal"`)
  try {
    for (let offset = SEGMENT_HEADER_BYTES; ; ) {
      const count = await readFully(opened.file, window, offset)
      const bytes = window.subarray(0, count)
      let at = 0
      for (;;) {
        const reading = readFrame(bytes, at)
        if (reading.kind === 'damaged') return undefined
        if (reading.kind === 'incomplete') break
        at += reading.frame.length
        if (reading.frame.indexOf(needle, FRAME_PREFIX_BYTES) === -1) continue
        const { event, number } = readPayload(reading.frame)
        if (event.type === 'removal' && event.id === id) return number
      }
      if (count < window.length) return undefined
      offset += at
    }
  } finally {
    await opened.file.close()
  }
}
