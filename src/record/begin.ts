import { readFully } from './files.ts'
import { readPayload } from './frame.ts'
import { type OpenSegment, openSegment } from './open-segment.ts'
import type { JournalPlace } from './retention/hints.ts'
import { scanFrames } from './scan.ts'
import { layout, segmentNumbers } from './segment.ts'

/**
 * Events are recorded in the moment of their time; so much later or earlier they may stand where the
 * clock was set, and segments are read all the same.
 */
export const CLOCK_SLACK_MS = 3_600_000

/** The time of a segment's first event; undefined where it has none. It is readable of sealed events, too. */
export async function firstTime({ file, start }: OpenSegment): Promise<number | undefined> {
  const frames = scanFrames(file, start)
  const step = await frames.next()
  await frames.return?.({ kind: 'end', offset: 0, tail: start, reason: '' })
  return step.done === true ? undefined : readPayload(step.value.frame).event.timeMs
}

/** Where reading may begin: what is before it is of no interest. */
export interface Begin {
  /** Nothing of interest is older. */
  readonly fromMs?: number
  /** What is of interest has these bytes, and what follows it. They must be of what sealed events keep readable. */
  readonly needle?: Buffer
}

/**
 * The segment with which a lane has to be read. Its links are checked from there on, and those before it are not. Looks
 * at the first event of as many segments as a binary search needs, and at the bytes of those that are left.
 */
export async function firstSegment(
  place: JournalPlace,
  lane: number,
  { fromMs, needle }: Begin,
): Promise<number> {
  const numbers = segmentNumbers(await place.files.list(layout.lane(place.folder, lane)))
  const young = fromMs === undefined ? 0 : await firstYoung(place, lane, numbers, fromMs)
  if (needle === undefined) return numbers[young] ?? 1
  for (const segment of numbers.slice(young)) if (await hasBytes(place, lane, segment, needle)) return segment
  return numbers.at(-1) ?? 1
}

/** Of the segments before it, all events are older. */
async function firstYoung(
  place: JournalPlace,
  lane: number,
  numbers: readonly number[],
  fromMs: number,
): Promise<number> {
  let [low, high] = [0, numbers.length - 1]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    const beganMs = await beganAt(place, lane, numbers[middle] ?? 0)
    if (beganMs === undefined || beganMs > fromMs - CLOCK_SLACK_MS) high = middle - 1
    else low = middle
  }
  return low
}

async function beganAt(place: JournalPlace, lane: number, segment: number): Promise<number | undefined> {
  const opened = await openSegment(place.files, place.folder, { lane, segment })
  if (opened === undefined) return undefined
  try {
    return await firstTime(opened)
  } finally {
    await opened.file.close()
  }
}

const WINDOW_BYTES = 4 * 1024 * 1024

/** Whether a segment's file holds these bytes anywhere; whether they are part of an event is for the reader to say. */
async function hasBytes(
  place: JournalPlace,
  lane: number,
  segment: number,
  needle: Buffer,
): Promise<boolean> {
  const file = await place.files.open(layout.segment(place.folder, lane, segment), 'read')
  if (file === undefined) return false
  try {
    const window = Buffer.allocUnsafe(WINDOW_BYTES)
    for (let offset = 0; ; offset += WINDOW_BYTES - needle.length + 1) {
      const count = await readFully(file, window, offset)
      if (window.subarray(0, count).includes(needle)) return true
      if (count < WINDOW_BYTES) return false
    }
  } finally {
    await file.close()
  }
}
