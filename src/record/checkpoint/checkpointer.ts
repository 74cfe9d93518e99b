import { GateError } from '../../core/errors.ts'
import type { ChainTail } from '../chain.ts'
import type { JournalSource } from '../read.ts'
import {
  type Checkpoint,
  checkpointHash,
  NO_PREVIOUS,
  type SignedCheckpoint,
  signedBytes,
} from './checkpoint.ts'
import type { CheckpointFile } from './lane-file.ts'
import { leafHash } from './merkle.ts'
import type { CheckpointRuntime, CheckpointSettings } from './ports.ts'
import { firstEvent, otherEvents, readRange } from './range.ts'
import { type CheckpointRange, RangeTree } from './range-tree.ts'
import { type CheckpointSigner, isSignature } from './signer.ts'

/** Where a lane's checkpoints stand when the journal is opened. */
export interface CheckpointStart {
  readonly source: JournalSource
  readonly lane: number
  /** Hex. */
  readonly journal: string
  readonly file: CheckpointFile
  readonly last: SignedCheckpoint | undefined
  /** The chain as it was found; the events behind the last checkpoint are read from the segments. */
  readonly tail: ChainTail
}

/** Ranges that wait for a signer; when there are more, ranges grow instead. */
const MAX_WAITING = 10_000
const FIRST_WAIT_MS = 100
const LONGEST_WAIT_MS = 60_000
/** Events that are still read when the journal is closed; a longer backlog is left to the next process. */
const CLOSING_BACKLOG = 65_536
/** A signer that has not answered by then has failed. */
export const SIGN_TIMEOUT_MS = 10_000

/**
 * Cuts a lane's chain into checkpoints, beside the commits and never in their way: one range after another is
 * signed and made durable, the next attempt coming ever later while that fails.
 *
 * Invariants: a checkpoint covers events that are durable; it begins where the one before ended; what was signed
 * for a range is kept until it is on disk, so that no range gets two checkpoints.
 */
export class Checkpointer {
  readonly #start: CheckpointStart
  readonly #settings: CheckpointSettings
  readonly #runtime: CheckpointRuntime
  readonly #tree = new RangeTree()
  readonly #waiting: CheckpointRange[] = []
  #durable: number
  #last: SignedCheckpoint | undefined
  /** Being signed; kept until it is. */
  #range: CheckpointRange | undefined
  /** Signed, and not yet on disk. */
  #signed: SignedCheckpoint | undefined
  #backlog: AsyncGenerator<CheckpointRange, void> | undefined
  #caughtUp: boolean
  #cancelCut: (() => void) | undefined
  #cancelRetry: (() => void) | undefined
  #running: Promise<void> | undefined
  #trouble: string | undefined
  #waitMs = 0
  /** Something came while the last look for ranges was under way. */
  #again = false
  #closing = false
  #stopped = false

  constructor(start: CheckpointStart, settings: CheckpointSettings, runtime: CheckpointRuntime) {
    this.#start = start
    this.#settings = settings
    this.#runtime = runtime
    this.#last = start.last
    this.#durable = start.tail.number
    this.#caughtUp = (start.last?.last ?? 0) >= start.tail.number
  }

  /** Begins to make what an earlier process left. */
  begin(): void {
    this.#run()
  }

  /** The last checkpoint that is durable. */
  get last(): SignedCheckpoint | undefined {
    return this.#last
  }

  /** Why checkpoints are not made now; undefined when they are. The journal goes on either way. */
  get trouble(): string | undefined {
    return this.#trouble
  }

  /** Takes note of the next event of the chain, which need not be durable yet. */
  add(tail: ChainTail, leaf: Buffer): void {
    this.#tree.add(tail, leaf)
    if (this.#tree.size >= this.#settings.events) this.#cut()
    else this.#cancelCut ??= this.#runtime.after(this.#settings.everyMs, () => this.#cutByTime())
  }

  /** Everything up to this event is on disk. */
  durable(number: number): void {
    this.#durable = number
    if (this.#waiting.length > 0) this.#run()
  }

  /**
   * Makes the last checkpoint, if the signer is there to be had; what is missing otherwise, the next process
   * makes. All that was added must be durable.
   */
  async close(): Promise<void> {
    this.#closing = true
    // A signer that has failed gets one more chance, and no other.
    this.#cancelRetry?.()
    this.#cancelRetry = undefined
    this.#cut()
    this.#run()
    while (this.#running !== undefined) await this.#running
    await this.stop()
  }

  /** Lets go of everything. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancelCut?.()
    this.#cancelRetry?.()
    await this.#running
    await this.#backlog?.return()
    await this.#start.file.close()
  }

  #cutByTime(): void {
    this.#cancelCut = undefined
    this.#cut()
    if (this.#waiting.length > 0) this.#runtime.wanted()
  }

  #cut(): void {
    if (this.#waiting.length >= MAX_WAITING) return
    this.#cancelCut?.()
    this.#cancelCut = undefined
    const range = this.#tree.take()
    if (range === undefined) return
    this.#waiting.push(range)
    this.#run()
  }

  #run(): void {
    if (this.#cancelRetry !== undefined || this.#stopped) return
    this.#again = this.#running !== undefined
    this.#running ??= this.#work().finally(() => {
      this.#running = undefined
      if (this.#again) this.#run()
    })
  }

  async #work(): Promise<void> {
    try {
      while (!this.#stopped) {
        this.#signed ??= await this.#sign()
        if (this.#signed === undefined) return
        await this.#start.file.append(this.#signed)
        this.#last = this.#signed
        this.#signed = undefined
        this.#waitMs = 0
        this.#report(undefined)
        this.#runtime.made()
      }
    } catch (error) {
      this.#report(describe(error))
      this.#retryLater()
    }
  }

  async #sign(): Promise<SignedCheckpoint | undefined> {
    this.#range ??= await this.#next()
    if (this.#range === undefined) return undefined
    const { first, last, link, root } = this.#range
    const { clock } = this.#runtime
    const signer = await this.#signer()
    const checkpoint: Checkpoint = {
      journal: this.#start.journal,
      lane: this.#start.lane,
      number: (this.#last?.number ?? 0) + 1,
      first,
      last,
      link: link.toString('hex'),
      root: root.toString('hex'),
      previous: this.#last === undefined ? NO_PREVIOUS : checkpointHash(this.#last),
      timeMs: clock.now(),
      key: signer.keyId,
    }
    const signature = await this.#withinTime(signer.sign(signedBytes(checkpoint)))
    if (!isSignature(checkpoint, signer.publicKey, signature)) {
      throw new GateError('journal-unavailable', 'the signer gave a signature that is not that of its key')
    }
    this.#range = undefined
    return { ...checkpoint, signature: signature.toString('base64') }
  }

  /** Who signs now: keys are rotated while gates run. */
  async #signer(): Promise<CheckpointSigner> {
    const { signer } = this.#runtime
    return signer.renew === undefined ? signer : this.#withinTime(signer.renew())
  }

  /** The next range whose events are durable: first what an earlier process left, then what was added. */
  async #next(): Promise<CheckpointRange | undefined> {
    if (!this.#caughtUp) {
      const left = this.#start.tail.number - (this.#last?.last ?? 0)
      if (this.#closing && left > CLOSING_BACKLOG) return undefined
      this.#backlog ??= this.#missing()
      const step = await this.#backlog.next().catch(error => {
        // A generator that has thrown is at its end: the next attempt takes another.
        this.#backlog = undefined
        throw error
      })
      if (step.done !== true) return step.value
      this.#caughtUp = true
    }
    const next = this.#waiting[0]
    return next !== undefined && next.last <= this.#durable ? this.#waiting.shift() : undefined
  }

  /** The ranges between the last checkpoint and the end of the chain as it was found. */
  async *#missing(): AsyncGenerator<CheckpointRange, void> {
    const { source, lane, tail } = this.#start
    const last = this.#last
    const from = last?.last ?? (await firstEvent(source, lane))
    const tree = new RangeTree()
    for await (const event of readRange(source, lane, from, tail.number)) {
      if (event.tail.number === last?.last) {
        if (event.tail.link.toString('hex') !== last.link) throw otherEvents(last)
        continue
      }
      tree.add(event.tail, leafHash(event.payload))
      const range = tree.size >= this.#settings.events ? tree.take() : undefined
      if (range !== undefined) yield range
    }
    const rest = tree.take()
    if (rest !== undefined) yield rest
  }

  /** A signer that never answers must not keep the checkpoints waiting in silence. */
  #withinTime<T>(signing: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const cancel = this.#runtime.after(SIGN_TIMEOUT_MS, () => {
        reject(new GateError('journal-unavailable', `the signer gave no answer in ${SIGN_TIMEOUT_MS} ms`))
      })
      signing.then(resolve, reject).finally(cancel)
    })
  }

  #retryLater(): void {
    if (this.#closing || this.#stopped) return
    this.#waitMs = Math.min(Math.max(this.#waitMs * 2, FIRST_WAIT_MS), LONGEST_WAIT_MS)
    this.#cancelRetry = this.#runtime.after(this.#waitMs, () => {
      this.#cancelRetry = undefined
      this.#run()
    })
  }

  #report(trouble: string | undefined): void {
    if (this.#trouble === trouble) return
    this.#trouble = trouble
    this.#runtime.report(trouble)
  }
}

/** Public prose: an error of the gate's own, or the code of another, and no path. */
function describe(error: unknown): string {
  if (error instanceof GateError) return error.message
  return error instanceof Error && 'code' in error ? `it fails with \`${error.code}\`` : 'it fails'
}
