import { GateError } from '../core/errors.ts'
import { newId } from '../core/id.ts'
import { type ChainTail, JOURNAL_ID_BYTES } from './chain.ts'
import { checkpointHash } from './checkpoint/checkpoint.ts'
import type { Checkpointer } from './checkpoint/checkpointer.ts'
import { type FoundLane, openCheckpoints } from './checkpoint/open.ts'
import type { JournalEvent, LaneJournal } from './event.ts'
import type { FileLock } from './files.ts'
import { fitEvent } from './fit.ts'
import { frameBytes } from './frame.ts'
import { readHead, writeHead } from './head.ts'
import { InFlight } from './in-flight.ts'
import { type JournalOptions, type JournalPorts, settingsOf } from './journal-options.ts'
import { takeLane } from './lane-lock.ts'
import { LaneWriter } from './lane-writer.ts'
import { recoverLane } from './recover.ts'
import { MAX_BATCH_BYTES } from './scan.ts'
import { recordNotices } from './seal/notices.ts'
import { EventSealer } from './seal/sealer.ts'
import { layout } from './segment.ts'
import { SegmentAge } from './segment-age.ts'
import { describe, unavailable } from './trouble.ts'
import { WriteTimes } from './write-times.ts'

export type { After, JournalOptions, JournalPorts } from './journal-options.ts'

interface Waiting {
  readonly event: JournalEvent
  readonly json: string
  readonly bytes: number
  resolve(): void
  reject(error: GateError): void
}

interface Trouble {
  readonly reason: string
  readonly nextTryMs: number
  readonly waitMs: number
}

const FIRST_WAIT_MS = 100
const LONGEST_WAIT_MS = 5_000
/** The head file lags behind the chain by no more than this while events come. */
const HEAD_EVERY_MS = 1_000
/** And notices of what was shredded are read no more often than this. */
const NOTICES_EVERY_MS = 60_000

/**
 * Opens a lane of the journal: takes its lock, repairs a torn tail, and records a `recovery` event if
 * the process before did not close it. Throws `journal-locked`, `journal-corrupt`, `journal-unavailable`.
 */
export async function openJournal(options: JournalOptions, ports: JournalPorts): Promise<LaneJournal> {
  const settings = settingsOf(options, ports.seal !== undefined)
  const { folder, lane } = settings
  const lock = await takeLane(ports.files, folder, lane)
  let journal: FileJournal | undefined
  try {
    const seal = await ports.seal?.()
    await ports.files.makeFolder(layout.heads(folder))
    const found = await recoverLane(ports.files, folder, lane, () => ports.random.bytes(JOURNAL_ID_BYTES))
    const head = await readHead(ports.files, folder, lane)
    const inFlight = new InFlight()
    const chained = (tail: ChainTail, leaf: Buffer): void => journal?.chained(tail, leaf)
    const writer = new LaneWriter(
      { files: ports.files, ...settings, ...(ports.checkpoints && { chained }) },
      found,
    )
    const { journalId, sinceMs } = found
    const sealer = seal && new EventSealer(seal, { lane, journalId }, ports.random)
    journal = new FileJournal(settings, ports, { writer, lock, inFlight, journalId, sealer, sinceMs })
    await journal.openCheckpoints({ ...found, lane, head })
    await journal.begin(found.clean ? undefined : [...found.inFlight.keys()], found.tornBytes)
    return journal
  } catch (error) {
    await journal?.abandon()
    lock.release()
    if (error instanceof GateError) throw error
    throw unavailable(describe(error), error)
  }
}

interface JournalParts {
  readonly writer: LaneWriter
  readonly lock: FileLock
  readonly inFlight: InFlight
  readonly journalId: Buffer
  readonly sealer: EventSealer | undefined
  /** When the segment had its first event; undefined where it has none. */
  readonly sinceMs: number | undefined
}

/** Most decisions that one recovery event lists; more take several. */
const IN_FLIGHT_PER_EVENT = 2_000

/**
 * Group commit: one write and one fsync at a time; everything that comes meanwhile is the next batch.
 */
class FileJournal implements LaneJournal {
  readonly #options: Required<JournalOptions>
  readonly #ports: JournalPorts
  readonly #parts: JournalParts
  #queue: Waiting[] = []
  #queuedBytes = 0
  #pumping: Promise<void> | undefined
  readonly #times: WriteTimes
  #trouble: Trouble | undefined
  #closing: Promise<void> | undefined
  #headWrittenMs = 0
  #noticesReadMs = 0
  #headWriting: Promise<void> | undefined
  #checkpoints: Checkpointer | undefined
  /** Events wait for a checkpoint that are not certainly on disk. */
  #syncWanted = false
  readonly #age: SegmentAge
  /** The segment has come to its age. */
  #rollWanted = false

  constructor(options: Required<JournalOptions>, ports: JournalPorts, parts: JournalParts) {
    this.#options = options
    this.#ports = ports
    this.#parts = parts
    const due = (): void => {
      this.#rollWanted = true
      this.#pump()
    }
    this.#times = new WriteTimes(ports, options.outcomeDelayMs, () => {
      if (this.#queue.length > 0) this.#pump()
    })
    this.#age = new SegmentAge(options.segmentAgeMs, { clock: ports.clock, after: ports.after, due })
    if (parts.sinceMs !== undefined) this.#age.note(parts.writer.segment, parts.sinceMs)
  }

  /** Marks the lane as open before anything is written to it, and records what was in flight. */
  async begin(inFlight: readonly string[] | undefined, tornBytes: number): Promise<void> {
    await this.#writeHead(false)
    this.#checkpoints?.begin()
    await this.#recordShredded()
    if (inFlight === undefined) return
    for (let at = 0; at === 0 || at < inFlight.length; at += IN_FLIGHT_PER_EVENT) {
      await this.append({
        type: 'recovery',
        id: newId(this.#ports.clock, this.#ports.random),
        timeMs: this.#ports.clock.now(),
        inFlight: inFlight.slice(at, at + IN_FLIGHT_PER_EVENT),
        tornBytes: at === 0 ? tornBytes : 0,
      })
    }
  }

  /** What was shredded since: commands beside the gate leave notices of it. */
  async #recordShredded(): Promise<void> {
    if (this.#parts.sealer === undefined) return
    this.#noticesReadMs = this.#ports.clock.now()
    await recordNotices(this.#ports.files, this.#options.folder, event => this.append(event))
  }

  async openCheckpoints(found: FoundLane): Promise<void> {
    const { files, clock, after, checkpoints } = this.#ports
    if (checkpoints === undefined) return
    this.#checkpoints = await openCheckpoints({ files, folder: this.#options.folder }, found, checkpoints, {
      clock,
      after,
      wanted: () => {
        this.#syncWanted = true
        this.#pump()
      },
      made: () => {
        if (this.#headWriting === undefined && this.#closing === undefined) this.#refreshHead()
      },
    })
  }

  /** Stops what goes on beside the calls, where opening fails. */
  async abandon(): Promise<void> {
    this.#age.stop()
    await this.#checkpoints?.stop()
    await this.#parts.sealer?.close()
  }

  chained(tail: ChainTail, leaf: Buffer): void {
    this.#checkpoints?.add(tail, leaf)
  }

  get segment(): number {
    return this.#parts.writer.segment
  }

  /** Asking also tries again, where it is time to: a gate that is not ready gets no calls that would. */
  get trouble(): string | undefined {
    if (this.#trouble !== undefined && this.#mayTry()) this.#pump()
    return this.#trouble?.reason
  }

  append(event: JournalEvent): Promise<void> {
    const { queueBytes, eventBytes } = this.#options
    if (this.#closing !== undefined) return Promise.reject(unavailable('it is being closed'))
    if (this.#trouble !== undefined && !this.#mayTry()) {
      return Promise.reject(unavailable(this.#trouble.reason))
    }
    let fitted: ReturnType<typeof fitEvent>
    try {
      fitted = fitEvent(event, eventBytes)
    } catch (error) {
      return Promise.reject(error)
    }
    const { sealer } = this.#parts
    if (this.#queuedBytes + (sealer?.waitingBytes ?? 0) + frameBytes(fitted.bytes) > queueBytes) {
      return Promise.reject(new GateError('overloaded', `more than ${queueBytes} bytes wait for the journal`))
    }
    const json = sealer === undefined ? fitted.json : sealer.seal(fitted)
    if (typeof json === 'string') return this.#enqueue(fitted.event, json)
    return json.then(
      sealed => this.#enqueue(fitted.event, sealed),
      error => Promise.reject(unavailable(describe(error), error)),
    )
  }

  #enqueue(event: JournalEvent, json: string): Promise<void> {
    const bytes = frameBytes(Buffer.byteLength(json))
    return new Promise((resolve, reject) => {
      this.#queue.push({ event, json, bytes, resolve, reject })
      this.#queuedBytes += bytes
      // What comes while a batch is written is the next one.
      if (this.#pumping !== undefined) return
      // Outcomes hold nobody up: they wait a moment for a decision to share its write with.
      if (event.type === 'outcome') this.#times.later()
      else this.#times.soon()
    })
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const { writer, lock, sealer } = this.#parts
    try {
      await sealer?.settled()
      this.#pump()
      while (this.#pumping !== undefined) await this.#pumping
      await this.#headWriting
      if (this.#trouble !== undefined) throw unavailable(this.#trouble.reason)
      await writer.sync()
      this.#checkpoints?.durable(writer.syncedTail.number)
      await this.#checkpoints?.close()
      if (this.#options.sealOnClose) await writer.roll()
      await this.#writeHead(true)
    } catch (error) {
      throw error instanceof GateError ? error : unavailable(describe(error), error)
    } finally {
      this.#age.stop()
      this.#times.stop()
      await this.#checkpoints?.stop()
      await sealer?.close()
      await writer.close()
      lock.release()
    }
  }

  #mayTry(): boolean {
    return this.#trouble === undefined || this.#ports.clock.now() >= this.#trouble.nextTryMs
  }

  #pump(): void {
    this.#times.stop()
    if (this.#pumping !== undefined) return
    const isWanted = this.#syncWanted || this.#rollWanted
    if (this.#queue.length === 0 && this.#trouble === undefined && !isWanted) return
    this.#pumping = this.#drain().finally(() => {
      this.#pumping = undefined
      // What came between the last look at the queue and now would wait for ever.
      if (this.#queue.length > 0) this.#pump()
    })
  }

  async #drain(): Promise<void> {
    try {
      if (this.#trouble !== undefined) await this.#parts.writer.repair()
    } catch (error) {
      this.#fail(this.#takeAll(), error)
      return
    }
    this.#trouble = undefined
    while (this.#queue.length > 0) {
      const batch = this.#takeBatch()
      const headIsDue = this.#headIsDue()
      try {
        await this.#parts.writer.append(batch.map(waiting => waiting.json))
        if (headIsDue) await this.#parts.writer.sync()
      } catch (error) {
        this.#fail([...batch, ...this.#takeAll()], error)
        return
      }
      for (const { event, resolve } of batch) {
        this.#parts.inFlight.note(event, this.#parts.writer.segment)
        resolve()
      }
      this.#checkpoints?.durable(this.#parts.writer.syncedTail.number)
      this.#age.note(this.#parts.writer.segment)
      if (headIsDue) this.#refreshHead()
    }
    if (this.#syncWanted) await this.#syncForCheckpoint()
    if (this.#rollWanted) await this.#roll()
  }

  /** Nothing is added any more to a segment that has come to its age: so it can be uploaded, and removed one day. */
  async #roll(): Promise<void> {
    const { writer } = this.#parts
    this.#rollWanted = false
    try {
      await writer.roll()
      this.#age.rolled()
      this.#checkpoints?.durable(writer.syncedTail.number)
      if (this.#headWriting === undefined) this.#refreshHead()
    } catch (error) {
      this.#fail(this.#takeAll(), error)
    }
  }

  async #syncForCheckpoint(): Promise<void> {
    const { writer } = this.#parts
    this.#syncWanted = false
    try {
      await writer.sync()
      this.#checkpoints?.durable(writer.syncedTail.number)
    } catch (error) {
      this.#fail(this.#takeAll(), error)
    }
  }

  #headIsDue(): boolean {
    return this.#headWriting === undefined && this.#ports.clock.now() - this.#headWrittenMs >= HEAD_EVERY_MS
  }

  #fail(batch: readonly Waiting[], cause: unknown): void {
    const waitMs = Math.min((this.#trouble?.waitMs ?? FIRST_WAIT_MS / 2) * 2, LONGEST_WAIT_MS)
    const reason = describe(cause)
    this.#trouble = { reason, waitMs, nextTryMs: this.#ports.clock.now() + waitMs }
    for (const { reject } of batch) reject(unavailable(reason, cause))
  }

  #takeBatch(): readonly Waiting[] {
    let count = 0
    let bytes = 0
    for (const waiting of this.#queue) {
      if (count > 0 && bytes + waiting.bytes > MAX_BATCH_BYTES) break
      bytes += waiting.bytes
      count++
    }
    this.#queuedBytes -= bytes
    const batch = this.#queue.slice(0, count)
    this.#queue = this.#queue.slice(count)
    return batch
  }

  #takeAll(): readonly Waiting[] {
    const all = this.#queue
    this.#queue = []
    this.#queuedBytes = 0
    return all
  }

  /**
   * Keeps the head file near the end of the chain, beside the commits and not in their way. A head that
   * could not be written is merely older; the disk that refused it will refuse the journal too.
   */
  #refreshHead(): void {
    if (this.#ports.clock.now() - this.#noticesReadMs >= NOTICES_EVERY_MS) {
      // What cannot be recorded now is recorded later.
      this.#recordShredded().catch(() => undefined)
    }
    this.#headWriting = this.#writeHead(false)
      .catch(() => undefined)
      .finally(() => {
        this.#headWriting = undefined
      })
  }

  async #writeHead(clean: boolean): Promise<void> {
    const { writer, inFlight, journalId } = this.#parts
    const { files, clock } = this.#ports
    const { folder, lane } = this.#options
    this.#headWrittenMs = clock.now()
    const tail = writer.syncedTail
    const openSince = inFlight.oldestSegment ?? writer.segment
    const last = this.#checkpoints?.last
    await writeHead(files, folder, {
      lane,
      journalId: journalId.toString('hex'),
      number: tail.number,
      link: tail.link.toString('hex'),
      openSince,
      clean,
      ...(last === undefined ? {} : { checkpoint: { number: last.number, hash: checkpointHash(last) } }),
    })
  }
}
