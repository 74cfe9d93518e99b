import type { Clock, Random } from '../core/clock.ts'
import { GateError } from '../core/errors.ts'
import { newId } from '../core/id.ts'
import { type ChainTail, JOURNAL_ID_BYTES } from './chain.ts'
import { checkpointHash } from './checkpoint/checkpoint.ts'
import type { Checkpointer } from './checkpoint/checkpointer.ts'
import { type FoundLane, openCheckpoints } from './checkpoint/open.ts'
import type { CheckpointPorts } from './checkpoint/ports.ts'
import type { JournalEvent, LaneJournal } from './event.ts'
import type { FileLock, JournalFiles } from './files.ts'
import { fitEvent } from './fit.ts'
import { frameBytes, MAX_EVENT_BYTES } from './frame.ts'
import { readHead, writeHead } from './head.ts'
import { InFlight } from './in-flight.ts'
import { LaneWriter } from './lane-writer.ts'
import { recoverLane } from './recover.ts'
import { MAX_BATCH_BYTES } from './scan.ts'
import { layout } from './segment.ts'

/** Timers, as a parameter. Returns what cancels it. */
export type After = (delayMs: number, run: () => void) => () => void

/** What the journal needs of the world. */
export interface JournalPorts {
  readonly files: JournalFiles
  readonly clock: Clock
  readonly random: Random
  readonly after: After
  /** Absent: a journal without checkpoints. */
  readonly checkpoints?: CheckpointPorts
}

export interface JournalOptions {
  /** `data/journal` */
  readonly folder: string
  /** 0 to 99; each process has its own. */
  readonly lane: number
  /** `fsync` (default): an event that was acknowledged survives a power cut. `os`: it survives the process. */
  readonly durability?: 'fsync' | 'os'
  /** Default 64 MiB. */
  readonly segmentBytes?: number
  /** Longest event; parameters are cut to fit. Default 256 KiB, at most 1 MiB less an envelope. */
  readonly eventBytes?: number
  /** Most bytes that wait to be written; beyond it `append` rejects with `overloaded`. Default 64 MiB. */
  readonly queueBytes?: number
  /** How long an outcome waits for a decision to share its write with. Default 25 ms. */
  readonly outcomeDelayMs?: number
}

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

const MEBIBYTE = 1024 * 1024
const DEFAULTS = {
  durability: 'fsync',
  segmentBytes: 64 * MEBIBYTE,
  eventBytes: MEBIBYTE / 4,
  queueBytes: 64 * MEBIBYTE,
  outcomeDelayMs: 25,
} as const
const FIRST_WAIT_MS = 100
const LONGEST_WAIT_MS = 5_000
/** The head file lags behind the chain by no more than this while events come. */
const HEAD_EVERY_MS = 1_000

/**
 * Opens a lane of the journal: takes its lock, repairs a torn tail, and records a `recovery` event if
 * the process before did not close it. Throws `journal-locked`, `journal-corrupt`, `journal-unavailable`.
 */
export async function openJournal(options: JournalOptions, ports: JournalPorts): Promise<LaneJournal> {
  const settings = { ...DEFAULTS, ...options }
  settings.eventBytes = Math.min(settings.eventBytes, MAX_EVENT_BYTES)
  const { folder, lane } = settings
  const lock = await takeLane(ports.files, folder, lane)
  let journal: FileJournal | undefined
  try {
    await ports.files.makeFolder(layout.heads(folder))
    const found = await recoverLane(ports.files, folder, lane, () => ports.random.bytes(JOURNAL_ID_BYTES))
    const head = await readHead(ports.files, folder, lane)
    const inFlight = new InFlight()
    const chained = (tail: ChainTail, leaf: Buffer): void => journal?.chained(tail, leaf)
    const writer = new LaneWriter(
      { files: ports.files, ...settings, ...(ports.checkpoints && { chained }) },
      found,
    )
    journal = new FileJournal(settings, ports, { writer, lock, inFlight, journalId: found.journalId })
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

async function takeLane(files: JournalFiles, folder: string, lane: number): Promise<FileLock> {
  let lock: FileLock | undefined
  try {
    await files.makeFolder(layout.lane(folder, lane))
    lock = await files.lock(layout.lock(folder, lane))
  } catch (error) {
    throw unavailable(describe(error), error)
  }
  if (lock === undefined) {
    throw new GateError('journal-locked', `lane ${lane} of the journal in \`${folder}\` is in use`)
  }
  return lock
}

interface JournalParts {
  readonly writer: LaneWriter
  readonly lock: FileLock
  readonly inFlight: InFlight
  readonly journalId: Buffer
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
  #cancelDelay: (() => void) | undefined
  #trouble: Trouble | undefined
  #closing: Promise<void> | undefined
  #headWrittenMs = 0
  #headWriting: Promise<void> | undefined
  #checkpoints: Checkpointer | undefined
  /** Events wait for a checkpoint that are not certainly on disk. */
  #syncWanted = false

  constructor(options: Required<JournalOptions>, ports: JournalPorts, parts: JournalParts) {
    this.#options = options
    this.#ports = ports
    this.#parts = parts
  }

  /** Marks the lane as open before anything is written to it, and records what was in flight. */
  async begin(inFlight: readonly string[] | undefined, tornBytes: number): Promise<void> {
    await this.#writeHead(false)
    this.#checkpoints?.begin()
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
    await this.#checkpoints?.stop()
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
    const bytes = frameBytes(fitted.bytes)
    if (this.#queuedBytes + bytes > queueBytes) {
      return Promise.reject(new GateError('overloaded', `more than ${queueBytes} bytes wait for the journal`))
    }
    return new Promise((resolve, reject) => {
      this.#queue.push({ event: fitted.event, json: fitted.json, bytes, resolve, reject })
      this.#queuedBytes += bytes
      if (event.type === 'outcome') this.#pumpLater()
      else this.#pump()
    })
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const { writer, lock } = this.#parts
    try {
      this.#pump()
      while (this.#pumping !== undefined) await this.#pumping
      await this.#headWriting
      if (this.#trouble !== undefined) throw unavailable(this.#trouble.reason)
      await writer.sync()
      this.#checkpoints?.durable(writer.syncedTail.number)
      await this.#checkpoints?.close()
      await this.#writeHead(true)
    } catch (error) {
      throw error instanceof GateError ? error : unavailable(describe(error), error)
    } finally {
      await this.#checkpoints?.stop()
      await writer.close()
      lock.release()
    }
  }

  #mayTry(): boolean {
    return this.#trouble === undefined || this.#ports.clock.now() >= this.#trouble.nextTryMs
  }

  /** Outcomes hold nobody up: they wait a moment for a decision to share its write with. */
  #pumpLater(): void {
    if (this.#pumping !== undefined || this.#cancelDelay !== undefined) return
    this.#cancelDelay = this.#ports.after(this.#options.outcomeDelayMs, () => this.#pump())
  }

  #pump(): void {
    this.#cancelDelay?.()
    this.#cancelDelay = undefined
    if (this.#pumping !== undefined) return
    if (this.#queue.length === 0 && this.#trouble === undefined && !this.#syncWanted) return
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
      if (headIsDue) this.#refreshHead()
    }
    if (this.#syncWanted) await this.#syncForCheckpoint()
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

function unavailable(reason: string, cause?: unknown): GateError {
  return new GateError('journal-unavailable', `the journal cannot be written: ${reason}`, { cause })
}

/** Public prose for a failure of the file system: its code, and no path. */
function describe(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined
  if (code === 'ENOSPC' || code === 'EDQUOT') return `no space is left on the data volume (\`${code}\`)`
  return code === undefined ? 'a write failed' : `a write failed with \`${code}\``
}
