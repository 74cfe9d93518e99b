import { readFully } from '../files.ts'
import { FRAME_PREFIX_BYTES, MAX_FRAME_BYTES, MAX_PAYLOAD_BYTES, readFrame } from '../frame.ts'
import type { OpenSegment } from '../open-segment.ts'
import { corrupt } from '../place.ts'
import { openFrame } from '../read.ts'
import { FrameOpener } from '../seal/opener.ts'
import type { KeyFinder } from '../seal/ports.ts'
import { SEGMENT_HEADER_BYTES } from '../segment.ts'

/** Bytes read at once; holds the longest frame. */
export const WALK_BYTES: number = Math.max(2 * 1024 * 1024, MAX_FRAME_BYTES)

/** What of a segment need not be looked at. */
export interface Uninteresting {
  /** Ends the walk after any part of it. */
  readonly enough?: () => boolean
  /** While `idle`, frames without these bytes are passed over by their lengths alone. */
  readonly without?: { readonly needle: Buffer; readonly idle: () => boolean }
}

/**
 * Calls `each` with the whole frames of a segment, in order, and with the event's number. Lengths and, of what
 * is given, checksums are verified; the links of the chain are not: that is what `verifyJournal` is for. The
 * frame is valid during the call; what is sealed in it was opened with `keys`. `room` is where bytes are read to; it has `WALK_BYTES`. Returns the
 * number of the last event that was met.
 */
export async function walkSegment(
  { file, header, start }: OpenSegment,
  room: Buffer,
  each: (frame: Buffer, number: number) => void,
  { enough, without }: Uninteresting = {},
  keys?: KeyFinder,
): Promise<number> {
  const { lane, segment } = header
  const opener = new FrameOpener(keys, header)
  let number = start.number
  let offset = SEGMENT_HEADER_BYTES
  for (;;) {
    const count = await readFully(file, room, offset)
    const bytes = room.subarray(0, count)
    // What is sealed has to be opened to be seen: no bytes of it can rule it out.
    const leaps = without === undefined || keys !== undefined ? undefined : new Leaps(bytes, without.needle)
    let at = 0
    for (;;) {
      if (leaps !== undefined && without?.idle() === true) {
        const leap = leaps.from(at)
        at = leap.at
        number += leap.frames
      }
      const reading = readFrame(bytes, at)
      if (reading.kind === 'damaged') {
        throw corrupt({ lane, segment, offset: offset + at, event: number + 1 }, reading.reason)
      }
      if (reading.kind === 'incomplete') break
      number += 1
      const place = { lane, segment, offset: offset + at, event: number }
      const opened = openFrame(opener, reading.frame, place)
      each(opened instanceof Promise ? await opened : opened, number)
      at += reading.frame.length
    }
    if (count < room.length || enough?.() === true) return number
    offset += at
  }
}

/** Passes over frames that do not have the needle. */
class Leaps {
  readonly #bytes: Buffer
  readonly #needle: Buffer
  /** Where the needle is next; -1: nowhere any more. */
  #next = 0

  constructor(bytes: Buffer, needle: Buffer) {
    this.#bytes = bytes
    this.#needle = needle
    this.#next = bytes.indexOf(needle)
  }

  /** Where the first frame from `at` on begins that has the needle, or is not whole, and how many lie before. */
  from(at: number): { readonly at: number; readonly frames: number } {
    const bytes = this.#bytes
    if (this.#next !== -1 && this.#next < at) this.#next = bytes.indexOf(this.#needle, at)
    const until = this.#next === -1 ? bytes.length : this.#next
    let begin = at
    for (let frames = 0; ; frames++) {
      if (begin + FRAME_PREFIX_BYTES > until) return { at: begin, frames }
      const length = bytes.readUInt32BE(begin + 4)
      const end = begin + FRAME_PREFIX_BYTES + length
      if (length === 0 || length > MAX_PAYLOAD_BYTES || end > until) return { at: begin, frames }
      begin = end
    }
  }
}
