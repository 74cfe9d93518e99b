import { createHash } from 'node:crypto'
import { GateError } from '../../core/errors.ts'
import type { ChainTail } from '../chain.ts'
import { type JournalFile, readFully } from '../files.ts'
import { FRAME_PREFIX_BYTES, readPayload } from '../frame.ts'
import { type OpenSegment, openSegment } from '../open-segment.ts'
import { corrupt } from '../place.ts'
import { scanFrames } from '../scan.ts'
import { laneName } from '../segment.ts'
import type { JournalPlace } from './hints.ts'

/** What retention knows of a segment to which nothing is added any more. */
export interface SegmentFacts {
  readonly lane: number
  readonly segment: number
  /** Hex. */
  readonly journal: string
  /** Where the chain stands before its first event, and at its last; each link between was checked. */
  readonly before: ChainTail
  readonly after: ChainTail
  /** Time of its last event; undefined where it has none. */
  readonly lastMs: number | undefined
  readonly bytes: number
}

/**
 * Reads a segment to its end and checks its chain. Undefined if it is not there; throws `journal-corrupt` if it does
 * not hold: what is damaged is evidence, and stays.
 */
export async function inspectSegment(
  place: JournalPlace,
  lane: number,
  segment: number,
): Promise<SegmentFacts | undefined> {
  const opened = await openSegment(place.files, place.folder, { lane, segment })
  if (opened === undefined) return undefined
  try {
    const frames = scanFrames(opened.file, opened.start)
    let lastMs: number | undefined
    let last: Buffer | undefined
    let step = await frames.next()
    while (step.done !== true) {
      last = step.value.frame
      step = await frames.next()
    }
    const { kind, tail, offset, reason } = step.value
    if (kind !== 'end') throw corrupt({ lane, segment, offset, event: tail.number + 1 }, reason)
    if (last !== undefined) lastMs = readPayload(last).event.timeMs
    const { start, header, file } = opened
    const journal = header.journalId.toString('hex')
    return { lane, segment, journal, before: start, after: tail, lastMs, bytes: await file.size() }
  } finally {
    await opened.file.close()
  }
}

/** Where a segment's chain begins, by its header. */
export async function startOf(
  place: JournalPlace,
  lane: number,
  segment: number,
): Promise<OpenSegment['start']> {
  const opened = await openSegment(place.files, place.folder, { lane, segment })
  await opened?.file.close()
  if (opened === undefined) {
    throw new GateError('journal-corrupt', `segment ${segment} of lane ${laneName(lane)} is missing`)
  }
  return opened.start
}

/** Which of these sessions the bytes of a segment name, wherever in an event; the first that is found. */
export async function mentioned(
  place: JournalPlace,
  lane: number,
  segment: number,
  sessions: readonly string[],
): Promise<string | undefined> {
  if (sessions.length === 0) return undefined
  const opened = await openSegment(place.files, place.folder, { lane, segment })
  if (opened === undefined) return undefined
  const needles = sessions.map(session => ({ session, bytes: Buffer.from(session) }))
  try {
    const frames = scanFrames(opened.file, opened.start)
    for (let step = await frames.next(); step.done !== true; step = await frames.next()) {
      const payload = step.value.frame.subarray(FRAME_PREFIX_BYTES)
      const found = needles.find(({ bytes }) => payload.includes(bytes))
      if (found !== undefined) return found.session
    }
    return undefined
  } finally {
    await opened.file.close()
  }
}

const WINDOW_BYTES = 1024 * 1024

/** SHA-256 of a file, hex. */
export async function fileHash(file: JournalFile): Promise<string> {
  const hash = createHash('sha256')
  const window = Buffer.alloc(WINDOW_BYTES)
  for (let offset = 0; ; ) {
    const count = await readFully(file, window, offset)
    hash.update(window.subarray(0, count))
    if (count < window.length) return hash.digest('hex')
    offset += count
  }
}
