import type { ChainTail } from '../chain.ts'
import type { Head } from '../head.ts'
import type { JournalSource } from '../read.ts'
import { checkpointHash, NO_PREVIOUS, type SignedCheckpoint } from './checkpoint.ts'
import { type PlacedLine, readCheckpoints } from './lane-file.ts'
import { leafHash, MerkleTree } from './merkle.ts'
import { isSignedBy, type PublicKeys } from './signer.ts'

/** A checkpoint that does not hold: which one, and why. */
export interface CheckpointFault {
  readonly number: number
  /** Prose. */
  readonly reason: string
}

/** What a lane's checkpoints have proven. */
export interface CheckpointReport {
  /** Checkpoints that hold. */
  readonly count: number
  /** The last event that they cover. */
  readonly lastEvent: number
  /** `unchecked`: there was no key to check them with. */
  readonly signatures: 'verified' | 'unchecked'
  /** Bytes behind the last line that a checkpoint in the making, or a crash, leaves. */
  readonly unfinished: boolean
  /** Of how many the root could not be made again, for events of theirs were removed; absent for none. */
  readonly withoutRoot?: number
}

/**
 * Holds a lane's checkpoints against its events, in one pass over both. Each method gives the first fault, once; after
 * that the walk is over.
 */
export class CheckpointWalk {
  readonly #lines: AsyncGenerator<PlacedLine, void>
  readonly #lane: number
  readonly #head: Head | undefined
  readonly #keys: PublicKeys | undefined
  #tree = new MerkleTree()
  /** The next one: of the right form, place and signature; its events have yet to come. */
  #next: SignedCheckpoint | undefined
  /** The last one that holds. */
  #last: SignedCheckpoint | undefined
  #anchor = 0
  #hasLines = false
  #unfinished = false
  /** Keys that another one followed in this lane. */
  readonly #goneKeys = new Set<string>()
  /** Events of the next one were removed: its root cannot be made again. */
  #rootless = false
  #withoutRoot = 0

  /** Begin before the segments are read: what a live gate adds later may cover events that the reader has not seen. */
  constructor(source: JournalSource, lane: number, head: Head | undefined, keys: PublicKeys | undefined) {
    this.#lines = readCheckpoints(source.files, source.folder, lane)
    this.#lane = lane
    this.#head = head
    this.#keys = keys
  }

  /** Undefined where the lane has no checkpoints that hold. */
  report(): CheckpointReport | undefined {
    if (this.#last === undefined) return undefined
    const signatures = this.#keys === undefined ? 'unchecked' : 'verified'
    return {
      count: this.#last.number,
      lastEvent: this.#last.last,
      signatures,
      unfinished: this.#unfinished,
      ...(this.#withoutRoot === 0 ? {} : { withoutRoot: this.#withoutRoot }),
    }
  }

  /** Whether the lane has any line of a checkpoint, whether it holds or not, or its head file knows of one. */
  get hasLines(): boolean {
    return this.#hasLines || this.#head?.checkpoint !== undefined
  }

  begin(): Promise<CheckpointFault | undefined> {
    return this.#read()
  }

  /** Takes the next event. True if a checkpoint ends with it: then ask `settle`. */
  add(number: number, payload: Buffer): boolean {
    if (this.#next === undefined || number < this.#next.first) return false
    this.#tree.add(leafHash(payload))
    return number === this.#next.last
  }

  /** Checks the checkpoint that ends at `tail`. */
  async settle(tail: ChainTail, journalId: Buffer | undefined): Promise<CheckpointFault | undefined> {
    const before = this.#last
    const fault = await this.#settle(tail.link.toString('hex'), journalId?.toString('hex'))
    // It holds, whatever is wrong with the one behind it.
    if (this.#last !== before) this.#anchor = tail.number
    return fault
  }

  /** The last event that was there to be held against a checkpoint that ends with it. */
  get anchor(): number {
    return this.#anchor
  }

  /**
   * Passes over events that were removed, up to `tail`. Of a checkpoint that ends among them, place, signature and
   * order are checked; of one that ends with or behind them, the link too, which stands for all of them.
   */
  async skip(tail: ChainTail, journalId: Buffer): Promise<CheckpointFault | undefined> {
    while (this.#next !== undefined && this.#next.last <= tail.number) {
      this.#rootless = true
      const link = this.#next.last === tail.number ? tail.link.toString('hex') : undefined
      const fault = await this.#settle(link, journalId.toString('hex'))
      if (fault !== undefined) return fault
    }
    this.#rootless = this.#next !== undefined && this.#next.first <= tail.number
    return undefined
  }

  /** `link`: of the checkpoint's last event; undefined where that was removed. */
  async #settle(link: string | undefined, journal: string | undefined): Promise<CheckpointFault | undefined> {
    const checkpoint = this.#next
    if (checkpoint === undefined) return undefined
    const { number, first, last } = checkpoint
    if (checkpoint.journal !== journal) return { number, reason: 'it is of another journal' }
    const hasRoot = this.#rootless || checkpoint.root === this.#tree.root().toString('hex')
    if (!hasRoot || checkpoint.link !== (link ?? checkpoint.link)) {
      return { number, reason: `it was signed over other events ${first} to ${last}` }
    }
    const known = this.#head?.checkpoint
    if (known?.number === number && known.hash !== checkpointHash(checkpoint)) {
      return { number, reason: 'the head file knows another one' }
    }
    if (this.#rootless) this.#withoutRoot++
    this.#rootless = false
    this.#last = checkpoint
    this.#tree = new MerkleTree()
    return this.#read()
  }

  /** When all events were taken: nothing may be missing that a checkpoint, or the head file, knows. */
  finish(): CheckpointFault | undefined {
    if (this.#next !== undefined) {
      const { number, last } = this.#next
      return { number, reason: `the chain ends here, but it was signed over events up to ${last}` }
    }
    const known = this.#head?.checkpoint?.number ?? 0
    const number = (this.#last?.number ?? 0) + 1
    return number <= known ? { number, reason: 'it is missing: the head file knows of it' } : undefined
  }

  async close(): Promise<void> {
    await this.#lines.return()
  }

  /** Reads the next line and checks all that can be checked without the events. */
  async #read(): Promise<CheckpointFault | undefined> {
    this.#next = undefined
    const step = await this.#lines.next()
    if (step.done === true) return undefined
    this.#hasLines = true
    const { reading, ended } = step.value
    const number = (this.#last?.number ?? 0) + 1
    if (!ended) {
      this.#unfinished = true
      if (this.#head?.clean !== true) return undefined
      return { number, reason: 'its line has no end, where the journal was closed' }
    }
    const reason = typeof reading === 'string' ? reading : this.#whyNotNext(reading, number)
    if (reason !== undefined) return { number, reason }
    if (typeof reading !== 'string') this.#next = reading
    return undefined
  }

  #whyNotNext(checkpoint: SignedCheckpoint, number: number): string | undefined {
    const last = this.#last
    if (checkpoint.lane !== this.#lane) return `the checkpoint there is of lane ${checkpoint.lane}`
    if (checkpoint.number !== number) return `checkpoint ${checkpoint.number} stands in its place`
    const key = this.#keys?.get(checkpoint.key)
    if (this.#keys !== undefined && key === undefined) {
      return `it is signed with the key \`${checkpoint.key}\`, which is not among those given`
    }
    if (key !== undefined && !isSignedBy(checkpoint, key)) return 'its signature does not hold'
    // Whoever took a key that was retired cannot go on with it behind the one that took its place.
    if (last !== undefined && last.key !== checkpoint.key) this.#goneKeys.add(last.key)
    if (this.#goneKeys.has(checkpoint.key))
      return `the key \`${checkpoint.key}\` had been followed by another`
    if (last !== undefined && checkpoint.first !== last.last + 1) {
      return `it begins with event ${checkpoint.first}, the one before ends with ${last.last}`
    }
    const previous = last === undefined ? NO_PREVIOUS : checkpointHash(last)
    return checkpoint.previous === previous ? undefined : 'it does not follow from the one before'
  }
}
