import { GateError } from '../../core/errors.ts'
import type { ChainTail } from '../chain.ts'
import { FRAME_PREFIX_BYTES } from '../frame.ts'
import { type OpenSegment, openSegment } from '../open-segment.ts'
import { corrupt } from '../place.ts'
import type { JournalSource } from '../read.ts'
import { scanFrames } from '../scan.ts'
import { laneName, layout, segmentNumbers } from '../segment.ts'
import type { SignedCheckpoint } from './checkpoint.ts'

/** An event of a lane's chain, its link checked. */
export interface ChainedPayload {
  /** Its number and its link. */
  readonly tail: ChainTail
  /** Valid until the next one is asked for. */
  readonly payload: Buffer
}

/**
 * The events of a lane from number `first` to `last`, in constant memory, each link checked on the way. Throws
 * `journal-corrupt` where one of them is missing or the chain breaks.
 */
export async function* readRange(
  source: JournalSource,
  lane: number,
  first: number,
  last: number,
): AsyncGenerator<ChainedPayload, void> {
  let opened: OpenSegment | undefined = await segmentWith(source, lane, first)
  while (opened !== undefined) {
    const { header, start } = opened
    let tail = start
    try {
      const frames = scanFrames(opened.file, start)
      for (let step = await frames.next(); step.done !== true; step = await frames.next()) {
        tail = step.value.tail
        if (tail.number >= first) yield { tail, payload: step.value.frame.subarray(FRAME_PREFIX_BYTES) }
        if (tail.number >= last) return
      }
    } finally {
      await opened.file.close()
    }
    const next = { lane, segment: header.segment + 1 }
    opened = await openSegment(source.files, source.folder, next, { tail, journalId: header.journalId })
    if (opened === undefined) {
      const place = { lane, segment: header.segment, offset: 0, event: tail.number + 1 }
      throw corrupt(place, `the events from ${tail.number + 1} to ${last} are missing`)
    }
  }
}

/**
 * Number of the first event that the lane's segments have, or will have, with nothing missing behind it; 1 where there
 * are none.
 */
export async function firstEvent({ files, folder }: JournalSource, lane: number): Promise<number> {
  const numbers = segmentNumbers(await files.list(layout.lane(folder, lane)))
  const segment = numbers.findLast((number, at) => numbers[at - 1] !== number - 1)
  const opened = segment === undefined ? undefined : await openSegment(files, folder, { lane, segment })
  await opened?.file.close()
  return opened?.header.firstEvent ?? 1
}

/** Opens the segment in which an event stands, looking from the last one back. */
async function segmentWith(source: JournalSource, lane: number, event: number): Promise<OpenSegment> {
  const { files, folder } = source
  const numbers = segmentNumbers(await files.list(layout.lane(folder, lane)))
  for (const segment of numbers.toReversed()) {
    const opened = await openSegment(files, folder, { lane, segment })
    if (opened !== undefined && opened.header.firstEvent <= event) return opened
    await opened?.file.close()
  }
  throw corrupt({ lane, segment: numbers[0] ?? 1, offset: 0, event }, 'the segment of the event is missing')
}

/** The events on disk are not those that a checkpoint was signed over. */
export function otherEvents({ lane, number, first, last }: SignedCheckpoint): GateError {
  const which = `checkpoint ${number} of lane ${laneName(lane)}`
  return new GateError('journal-corrupt', `${which} was signed over other events ${first} to ${last}`)
}
