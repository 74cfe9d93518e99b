import type { ChainTail } from '../chain.ts'
import { FRAME_PREFIX_BYTES, readPayload, readPosition } from '../frame.ts'
import { type OpenSegment, openSegment } from '../open-segment.ts'
import { corrupt, type Place } from '../place.ts'
import { type JournalSource, openFrame, type PlacedEvent, type Wanted } from '../read.ts'
import { hasLater, nextSegment } from '../retention/hints.ts'
import { type ScanEnd, scanFrames } from '../scan.ts'
import { FrameOpener } from '../seal/opener.ts'
import { layout, SEGMENT_HEADER_BYTES, segmentNumbers } from '../segment.ts'
import { type Position, Unsettled } from './unsettled.ts'

/** So many looks in a row that find damage are no writer at work. */
export const MAX_DAMAGED_LOOKS = 20

/**
 * Follows one lane that a gate may be writing: each look gives what came since the last one, in order,
 * every link checked, over the ends of segments. What the writer took back because it never was durable
 * (after a failed write or a crash) may have been given; what came in its place is given as well.
 */
export class LaneFollower {
  readonly #source: JournalSource
  readonly #lane: number
  /** The segment with which the first look begins; of a number that is gone, the next one that there is. */
  readonly #from: 'first' | 'newest' | number
  readonly #wanted: Wanted | undefined
  #opened: OpenSegment | undefined
  #before: { readonly tail: ChainTail; readonly journalId: Buffer } | undefined
  /** Number of the segment that is read, or is to be opened next. */
  #segment: number | undefined
  #at: Position = { offset: SEGMENT_HEADER_BYTES, tail: { number: 0, link: Buffer.alloc(0) } }
  #unsettled = new Unsettled()
  #damagedLooks = 0

  constructor(source: JournalSource, lane: number, from: 'first' | 'newest' | number, wanted?: Wanted) {
    this.#source = source
    this.#lane = lane
    this.#from = from
    this.#wanted = wanted
  }

  /** What came since the last look. */
  async *look(): AsyncGenerator<PlacedEvent, void> {
    for (;;) {
      const opened = await this.#open()
      if (opened === undefined) return
      let end = yield* this.#drain(opened)
      if (end === undefined || !(await this.#hasNext())) return
      // The writer may have finished this segment between the two looks.
      end = yield* this.#drain(opened)
      if (end === undefined) return
      if (end.kind !== 'end') throw this.#corrupt(end)
      await this.close()
      this.#before = { tail: end.tail, journalId: opened.header.journalId }
      this.#segment = opened.header.segment + 1
    }
  }

  async close(): Promise<void> {
    const opened = this.#opened
    this.#opened = undefined
    await opened?.file.close()
  }

  async #open(): Promise<OpenSegment | undefined> {
    if (this.#opened !== undefined) return this.#opened
    const { files, folder } = this.#source
    if (this.#segment === undefined) {
      const numbers = segmentNumbers(await files.list(layout.lane(folder, this.#lane)))
      const from = this.#from
      this.#segment =
        typeof from === 'number' ? numbers.find(each => each >= from) : numbers.at(from === 'first' ? 0 : -1)
      if (this.#segment === undefined) return undefined
    }
    const place = { lane: this.#lane, segment: this.#segment }
    const opened =
      (await openSegment(files, folder, place, this.#before)) ?? (await this.#openLater(this.#segment))
    if (opened === undefined) return undefined
    this.#opened = opened
    this.#at = { offset: SEGMENT_HEADER_BYTES, tail: opened.start }
    this.#unsettled = new Unsettled()
    return opened
  }

  /** Goes on behind segments that were removed before they were read. */
  async #openLater(missing: number): Promise<OpenSegment | undefined> {
    const segment = await nextSegment(this.#source, this.#lane, missing)
    if (segment === undefined) return undefined
    this.#segment = segment
    this.#before = undefined
    return openSegment(this.#source.files, this.#source.folder, { lane: this.#lane, segment })
  }

  async #hasNext(): Promise<boolean> {
    return hasLater(this.#source, this.#lane, this.#segment ?? 0)
  }

  /** Gives the whole events from here on; undefined where the next look has to decide. */
  async *#drain(opened: OpenSegment): AsyncGenerator<PlacedEvent, ScanEnd | undefined> {
    if ((await opened.file.size()) < this.#at.offset) this.#at = this.#unsettled.begin(this.#at)
    const end: ScanEnd = yield* this.#frames(opened)
    if (end.kind !== 'damaged') {
      this.#damagedLooks = 0
      return end
    }
    // What was read last may have been cut off and written anew under our feet: go back to what is sure.
    this.#damagedLooks += 1
    if (this.#damagedLooks >= MAX_DAMAGED_LOOKS) throw this.#corrupt(end)
    this.#at = this.#unsettled.begin(this.#at)
    return undefined
  }

  async *#frames(opened: OpenSegment): AsyncGenerator<PlacedEvent, ScanEnd> {
    const frames = scanFrames(opened.file, this.#at.tail, this.#at.offset)
    const opener = new FrameOpener(this.#source.keys, opened.header)
    let step = await frames.next()
    while (step.done !== true) {
      const { frame, offset, tail } = step.value
      const isNew = this.#unsettled.add({ offset, tail: this.#at.tail }, tail, readPosition(frame).batchStart)
      this.#at = { offset: offset + frame.length, tail }
      if (isNew) {
        const { lane, segment } = opened.header
        const place: Place = { lane, segment, offset, event: tail.number }
        const opening = openFrame(opener, frame, place)
        const clear = opening instanceof Promise ? await opening : opening
        if (this.#wanted?.(clear.subarray(FRAME_PREFIX_BYTES)) ?? true) {
          yield { event: readPayload(clear).event, place }
        }
      }
      step = await frames.next()
    }
    return step.value
  }

  #corrupt(end: ScanEnd): Error {
    const { offset, tail, reason } = end
    const place = { lane: this.#lane, segment: this.#segment ?? 0, offset, event: tail.number + 1 }
    return corrupt(place, reason)
  }
}
