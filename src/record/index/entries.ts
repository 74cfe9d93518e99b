import type { Ending } from '../calls.ts'
import type { JournalEvent } from '../event.ts'
import { type JournalFile, readFully } from '../files.ts'
import { readFrame, readPayload, readPosition } from '../frame.ts'
import { openSegment } from '../open-segment.ts'
import { type JournalSource, openFrame } from '../read.ts'
import { FrameOpener } from '../seal/opener.ts'
import type { Findable } from '../search/values.ts'
import { IndexDamaged } from './damaged.ts'

/** Bytes that are read at once: what lies near will be asked for next. */
const WINDOW_BYTES = 16 * 1024

/** Reads single events of the journal by their place. */
export class EventReader {
  readonly #source: JournalSource
  readonly #lane: number
  readonly #open = new Map<number, SegmentReader>()

  constructor(source: JournalSource, lane: number) {
    this.#source = source
    this.#lane = lane
  }

  /** The event that begins at a byte of a segment; its checksum is verified. Throws `index-damaged` if there is none. */
  async at(
    segment: number,
    offset: number,
  ): Promise<{ readonly event: JournalEvent; readonly number: number }> {
    const reader = this.#open.get(segment) ?? (await this.#opened(segment))
    return reader.at(offset)
  }

  async #opened(segment: number): Promise<SegmentReader> {
    const { files, folder, keys } = this.#source
    const opened = await openSegment(files, folder, { lane: this.#lane, segment })
    if (opened === undefined) throw new IndexDamaged(this.#lane, segment)
    const reader = new SegmentReader(
      opened.file,
      { lane: this.#lane, segment },
      new FrameOpener(keys, opened.header),
    )
    this.#open.set(segment, reader)
    if (this.#open.size > MAX_OPEN_SEGMENTS) {
      for (const [oldest, each] of this.#open) {
        this.#open.delete(oldest)
        await each.close()
        break
      }
    }
    return reader
  }

  async close(): Promise<void> {
    for (const reader of this.#open.values()) await reader.close()
    this.#open.clear()
  }
}

/** Calls end in the segment in which they began, or soon after it. */
const MAX_OPEN_SEGMENTS = 8

class SegmentReader {
  readonly #file: JournalFile
  readonly #place: { readonly lane: number; readonly segment: number }
  readonly #opener: FrameOpener
  /** Where bytes are read to; an event is parsed before the next ones are. */
  #room: Buffer = Buffer.alloc(0)
  #window: Buffer = Buffer.alloc(0)
  #windowAt = 0
  /** Whether nothing came behind the window. */
  #isToEnd = false

  constructor(
    file: JournalFile,
    place: { readonly lane: number; readonly segment: number },
    opener: FrameOpener,
  ) {
    this.#file = file
    this.#place = place
    this.#opener = opener
  }

  async at(offset: number): Promise<{ readonly event: JournalEvent; readonly number: number }> {
    for (;;) {
      const at = offset - this.#windowAt
      const isThere = at >= 0 && at < this.#window.length
      const reading = isThere ? readFrame(this.#window, at) : undefined
      if (reading?.kind === 'frame') return this.#event(reading.frame, offset)
      // A window that begins here and is large enough, and still has no event: there is none.
      const isFinal = at === 0 && this.#isToEnd
      if (reading?.kind === 'damaged' || isFinal) throw this.#damaged()
      const room = Math.max(WINDOW_BYTES, reading?.needed ?? 0)
      if (this.#room.length <= room) this.#room = Buffer.allocUnsafe(room + 1)
      const window = this.#room.subarray(0, room + 1)
      this.#window = window.subarray(0, await readFully(this.#file, window, offset))
      this.#windowAt = offset
      this.#isToEnd = this.#window.length <= room
      if (this.#window.length === 0) throw this.#damaged()
    }
  }

  async #event(
    frame: Buffer,
    offset: number,
  ): Promise<{ readonly event: JournalEvent; readonly number: number }> {
    const { number } = readPosition(frame)
    const opened = openFrame(this.#opener, frame, { ...this.#place, offset, event: number })
    return { event: readPayload(opened instanceof Promise ? await opened : opened).event, number }
  }

  #damaged(): IndexDamaged {
    return new IndexDamaged(this.#place.lane, this.#place.segment)
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}

/** What a search finds, of the event that begins it and of that which ends it. Undefined: they do not belong together. */
export function entryOf(event: JournalEvent, ended: JournalEvent | undefined): Findable | undefined {
  switch (event.type) {
    case 'session':
      return { kind: 'session', session: event }
    case 'access-request':
      return { kind: 'access-request', event }
    case 'decision': {
      if (event.effect === 'deny') return { kind: 'call', decision: event, ending: { kind: 'denied' } }
      const ending = endingOf(event.id, ended)
      return ending && { kind: 'call', decision: event, ending }
    }
    default:
      return undefined
  }
}

function endingOf(id: string, ended: JournalEvent | undefined): Ending | undefined {
  if (ended === undefined) return { kind: 'open' }
  if (ended.type === 'outcome' && ended.decisionId === id) return { kind: 'outcome', outcome: ended }
  if (ended.type === 'recovery' && ended.inFlight.includes(id)) return { kind: 'lost', recovery: ended }
  return undefined
}
