import type { Entry } from '../../record/calls.ts'
import { readFully } from '../../record/files.ts'
import { LaneFollower } from '../../record/follow/lane.ts'
import type { JournalSource, PlacedEvent } from '../../record/read.ts'
import { decodeHeader, layout, SEGMENT_HEADER_BYTES, segmentNumbers } from '../../record/segment.ts'
import type { LaneCursor } from './cursor.ts'
import { LaneJoiner } from './lane-joiner.ts'

/** Where a lane begins that was never read. */
export const BEGINNING: LaneCursor = { segment: 0, event: 0, id: '', joined: new Map() }

/** Which journal a lane is of, hex; undefined where it has no segment that says so. */
export async function journalOf({ files, folder }: JournalSource, lane: number): Promise<string | undefined> {
  const newest = segmentNumbers(await files.list(layout.lane(folder, lane))).at(-1)
  const file = newest && (await files.open(layout.segment(folder, lane, newest), 'read'))
  if (!file) return undefined
  try {
    const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES)
    const header = decodeHeader(bytes.subarray(0, await readFully(file, bytes, 0)))
    return typeof header === 'string' ? undefined : header.journalId.toString('hex')
  } finally {
    await file.close()
  }
}

/** Events of a lane that were removed before they were sent. */
export interface Gap {
  readonly lane: number
  readonly first: number
  readonly last: number
}

/**
 * Reads the entries of one lane from a cursor on, over the ends of segments, while gates write it. Events before the
 * cursor are read again within their segment, and their links checked, but not sent.
 */
export class LaneReader {
  readonly #source: JournalSource
  readonly #lane: number
  readonly #from: LaneCursor
  readonly #gap: (gap: Gap) => void
  readonly #follower: LaneFollower
  readonly #joiner: LaneJoiner
  /** Payload of the event that comes next, bytes. */
  #bytes = 0
  #events: AsyncGenerator<PlacedEvent, void> | undefined
  /** Whether the place of the cursor has been passed. */
  #begun: boolean
  /** Numbers of the first event that was read and of the last, and the segment of the last; 0 before. */
  #first = 0
  #last = 0
  #lastSegment = 0
  #takenBack = false
  #atEnd = false
  #journal: string | undefined

  constructor(
    source: JournalSource,
    lane: number,
    { from, holdMs, gap }: { from: LaneCursor; holdMs: number; gap: (gap: Gap) => void },
  ) {
    this.#source = source
    this.#lane = lane
    this.#from = from
    this.#journal = from.journal
    this.#gap = gap
    this.#joiner = new LaneJoiner(holdMs, from)
    this.#begun = from.event === 0
    this.#follower = new LaneFollower(source, lane, from.segment, payload => {
      this.#bytes = payload.length
      return true
    })
  }

  /** What was given so far ends here. */
  get cursor(): LaneCursor {
    const { cursor } = this.#joiner
    return this.#journal === undefined ? cursor : { ...cursor, journal: this.#journal }
  }

  /** Reads from the end of the lane on again. */
  look(): void {
    this.#atEnd = false
  }

  /** The next entry; undefined where none is ready yet. Throws `journal-corrupt`. */
  async next(nowMs: number): Promise<Entry | undefined> {
    for (;;) {
      const entry = this.#joiner.next(this.#atEnd ? nowMs : undefined)
      if (entry !== undefined) return entry
      if (this.#atEnd || this.#takenBack) return undefined
      this.#events ??= this.#follower.look()
      const step = await this.#events.next()
      if (step.done !== true) {
        this.#journal ??= await journalOf(this.#source, this.#lane)
        this.#add(step.value)
      } else {
        this.#events = undefined
        this.#ended()
      }
    }
  }

  /**
   * From where reading has to begin anew, where it has to: the writer took back what was sent, the segment that comes
   * next was removed, or the journal is another one. Ask it when there is no entry.
   */
  async restart(): Promise<LaneCursor | undefined> {
    const { segment, joined } = this.#from
    // The whole segment is sent again: how much of it was taken back, nobody knows.
    if (this.#takenBack) return { segment, event: this.#first - 1, id: '', joined }
    const { files, folder } = this.#source
    const numbers = segmentNumbers(await files.list(layout.lane(folder, this.#lane)))
    const [oldest = 0, newest = 0] = [numbers[0], numbers.at(-1)]
    if (this.#lastSegment > 0) return oldest > this.#lastSegment + 1 ? this.cursor : undefined
    return newest > 0 && newest < segment ? BEGINNING : undefined
  }

  async close(): Promise<void> {
    await this.#events?.return()
    await this.#follower.close()
  }

  #add({ event, place }: PlacedEvent): void {
    const { event: number, segment } = place
    const sent = this.#from.event
    // Before what was read first there may be events that were sent; behind it, none may be missing.
    const before = this.#first === 0 ? sent : this.#last
    if (number > before + 1) this.#gap({ lane: this.#lane, first: before + 1, last: number - 1 })
    if (this.#first === 0) {
      this.#first = number
      if (number > sent) this.#begun = true
    }
    this.#last = number
    this.#lastSegment = segment
    if (this.#begun) this.#joiner.add({ event, segment, number, bytes: this.#bytes })
    else if (number === sent) {
      this.#begun = true
      if (this.#from.id !== '' && this.#from.id !== event.id) this.#takenBack = true
    }
  }

  /** A lane that ends before the place of the cursor had its end taken back. */
  #ended(): void {
    this.#atEnd = true
    if (this.#begun) return
    if (this.#first > 0) this.#takenBack = true
    else this.#begun = true
  }
}
