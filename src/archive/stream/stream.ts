import type { Clock } from '../../core/clock.ts'
import type { ApiFacts } from '../../record/export/facts.ts'
import type { JournalFiles } from '../../record/files.ts'
import { type JournalSource, listLanes } from '../../record/read.ts'
import type { Job } from '../job.ts'
import { type Cursors, cursorPath, type LaneCursor, readCursors, writeCursors } from './cursor.ts'
import { BEGINNING, type Gap, journalOf, LaneReader } from './lane-reader.ts'
import { type Outbound, outbound, type StreamFormat } from './outbound.ts'
import type { Sink } from './sink.ts'

/** How long a call is waited for before it goes without its outcome, in the journal's own time. */
export const HOLD_MS = 10_000
/** Between two looks at a journal that had nothing new. */
const POLL_MS = 500
/** Then it is another round's turn, so that who is told to end can. */
const MAX_BATCHES = 20

export interface StreamPorts {
  readonly source: JournalSource
  readonly files: JournalFiles
  /** `data/archive/streams` */
  readonly stateFolder: string
  readonly clock: Clock
  readonly facts: ApiFacts
  readonly sink: Sink
  /** Events were removed before this stream had sent them. */
  readonly gap: (gap: Gap) => void
}

/** A batch in the making. */
interface Filling {
  readonly events: Outbound[]
  bytes: number
}

interface Batch {
  readonly events: readonly Outbound[]
  readonly cursors: Cursors
  delivered: boolean
}

/**
 * Sends every entry of the journal to one receiver, at least once, in the order of its lane. How far it has come stands
 * on the disk before the next batch goes; what was sent and not yet noted is sent again by the next process, with the
 * same ids. A batch that fails is given again as it was.
 *
 * Memory holds one batch, and of each lane what waits for its outcome.
 */
export class Stream implements Job {
  readonly name: string
  readonly #path: string
  readonly #format: StreamFormat
  readonly #ports: StreamPorts
  readonly #readers = new Map<number, LaneReader>()
  #cursors: Cursors | undefined
  #batch: Batch | undefined
  #turn = 0

  constructor(config: { readonly name: string; readonly format: StreamFormat }, ports: StreamPorts) {
    this.name = `stream ${config.name}`
    this.#path = cursorPath(ports.stateFolder, config.name)
    this.#format = config.format
    this.#ports = ports
  }

  /** Rejects with `stream-undeliverable`, `stream-state-unreadable`, `journal-corrupt`, or an error of the disk. */
  async round(signal: AbortSignal): Promise<number> {
    const { files, sink, stateFolder } = this.#ports
    this.#cursors ??= await readCursors(files, this.#path)
    for (let count = 0; count < MAX_BATCHES && !signal.aborted; count++) {
      this.#batch ??= await this.#gather(this.#cursors)
      if (this.#batch === undefined) return POLL_MS
      if (!this.#batch.delivered) await sink.deliver(this.#batch.events, signal)
      this.#batch.delivered = true
      await writeCursors(files, stateFolder, this.#path, this.#batch.cursors)
      this.#cursors = this.#batch.cursors
      this.#batch = undefined
    }
    return 0
  }

  async close(): Promise<void> {
    await this.#closeReaders()
    await this.#ports.sink.close()
  }

  /** The next batch, and how far it reaches; undefined where there is nothing to send. */
  async #gather(from: Cursors): Promise<Batch | undefined> {
    const filling: Filling = { events: [], bytes: 0 }
    const cursors = new Map(from)
    try {
      for (const lane of await this.#lanesInTurn())
        cursors.set(lane, await this.#fill(filling, lane, from.get(lane)))
    } catch (error) {
      // What was read and not sent is read again.
      await this.#closeReaders()
      throw error
    }
    const { events } = filling
    return events.length === 0 ? undefined : { events, cursors, delivered: false }
  }

  /** Adds to a batch what a lane has ready, as far as there is room; gives how far that reaches. */
  async #fill(filling: Filling, lane: number, from: LaneCursor | undefined): Promise<LaneCursor> {
    const { clock, facts } = this.#ports
    let reader = await this.#reader(lane, from)
    reader.look()
    while (!this.#isFull(filling)) {
      const entry = await reader.next(clock.now())
      if (entry !== undefined) {
        const event = outbound(entry, this.#format, facts)
        filling.events.push(event)
        filling.bytes += event.text.length
        continue
      }
      const anew = await reader.restart()
      if (anew === undefined) break
      await reader.close()
      this.#readers.delete(lane)
      reader = await this.#reader(lane, anew)
    }
    return reader.cursor
  }

  #isFull({ events, bytes }: Filling): boolean {
    const { limits } = this.#ports.sink
    return events.length >= limits.events || bytes >= limits.bytes
  }

  /** All lanes, another one first each time, so that none waits for the backlog of another. */
  async #lanesInTurn(): Promise<readonly number[]> {
    const lanes = await listLanes(this.#ports.source)
    const first = this.#turn++ % Math.max(lanes.length, 1)
    return [...lanes.slice(first), ...lanes.slice(0, first)]
  }

  /** A lane that another journal has begun in since is read from its beginning. */
  async #reader(lane: number, cursor: LaneCursor = BEGINNING): Promise<LaneReader> {
    const known = this.#readers.get(lane)
    if (known !== undefined) return known
    const { source, gap } = this.#ports
    const journal = await journalOf(source, lane)
    const isOther = journal !== undefined && cursor.journal !== undefined && cursor.journal !== journal
    const from = isOther ? BEGINNING : cursor
    const reader = new LaneReader(source, lane, { from, holdMs: HOLD_MS, gap })
    this.#readers.set(lane, reader)
    return reader
  }

  async #closeReaders(): Promise<void> {
    for (const reader of this.#readers.values()) await reader.close()
    this.#readers.clear()
  }
}
