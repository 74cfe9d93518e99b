import type { ChainTail } from '../chain.ts'
import { readPayload } from '../frame.ts'
import type { OpenSegment } from '../open-segment.ts'
import { corrupt } from '../place.ts'
import { type JournalSource, openFrame } from '../read.ts'
import { type ScanEnd, scanFrames, whyNotTorn } from '../scan.ts'
import { FrameOpener } from '../seal/opener.ts'
import type { ReadEvent } from './build.ts'

/** Where reading goes on: behind an event, at a byte of the segment. */
export interface Cursor extends ChainTail {
  readonly offset: number
}

/**
 * The events of a segment behind `cursor`, each link checked, opened where they were sealed. Returns where it stopped: at
 * the end of what is whole. `isLast`: something may be writing it. Throws `journal-corrupt` where the chain breaks.
 */
export async function* readSegmentFrom(
  source: JournalSource,
  { file, header }: OpenSegment,
  cursor: Cursor,
  isLast: boolean,
): AsyncGenerator<ReadEvent, Cursor> {
  const { lane, segment } = header
  const opener = new FrameOpener(source.keys, header)
  let from: Cursor = cursor
  for (;;) {
    const end = yield* events(file, from)
    if (end.kind === 'end') return { ...end.tail, offset: end.offset }
    const reason = isLast ? await whyNotTorn(file, end) : end.reason
    // The writer may have gone on between the two looks: look again from where it stopped.
    const again = { ...end.tail, offset: end.offset }
    if (end.offset > from.offset) {
      from = again
      continue
    }
    if (reason === undefined) return again
    throw corrupt({ lane, segment, offset: end.offset, event: end.tail.number + 1 }, end.reason)
  }

  async function* events(of: OpenSegment['file'], start: Cursor): AsyncGenerator<ReadEvent, ScanEnd> {
    const frames = scanFrames(of, start, start.offset)
    let step = await frames.next()
    while (step.done !== true) {
      const { frame, offset, tail } = step.value
      const place = { lane, segment, offset, event: tail.number }
      const opened = openFrame(opener, frame, place)
      const { event } = readPayload(opened instanceof Promise ? await opened : opened)
      yield { event, offset, end: offset + frame.length, number: tail.number, link: tail.link }
      step = await frames.next()
    }
    return step.value
  }
}
