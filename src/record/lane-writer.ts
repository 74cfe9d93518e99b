import { type ChainTail, nextLink } from './chain.ts'
import { leafHash } from './checkpoint/merkle.ts'
import { type JournalFile, type JournalFiles, replaceFile, writeFully } from './files.ts'
import { FRAME_PREFIX_BYTES, frameBytes, writeFrame } from './frame.ts'
import type { RecoveredLane } from './recover.ts'
import { MAX_BATCH_BYTES } from './scan.ts'
import { encodeHeader, layout, SEGMENT_HEADER_BYTES } from './segment.ts'

/** Bytes that must fit on the disk before the journal believes that there is space again. */
const PROBE_BYTES = 256 * 1024

export interface LaneWriterOptions {
  readonly files: JournalFiles
  /** `data/journal` */
  readonly folder: string
  readonly lane: number
  /** A segment that has reached this many bytes gets a successor. */
  readonly segmentBytes: number
  /** `os` leaves it to the operating system when bytes reach the disk. */
  readonly durability: 'fsync' | 'os'
  /** Told of each event that is part of the chain now, in order: where the chain stands, and its Merkle leaf. */
  readonly chained?: ((tail: ChainTail, leaf: Buffer) => void) | undefined
}

/** Events as they go to the disk. */
interface Batch {
  readonly bytes: Buffer
  readonly events: readonly { readonly tail: ChainTail; readonly payload: Buffer }[]
  readonly tail: ChainTail
}

/**
 * Writes one lane. One call at a time: the caller sees to it. A call that throws has changed nothing
 * that counts: the chain stands where it stood, and `repair` must succeed before the next write.
 */
export class LaneWriter {
  readonly #options: LaneWriterOptions
  readonly #journalId: Buffer
  #file: JournalFile | undefined
  #segment: number
  /** Bytes of the segment that hold the chain up to `#tail`. */
  #offset: number
  #tail: ChainTail
  /** The last event and the last byte that are certainly on disk. */
  #synced: { tail: ChainTail; offset: number }
  /** fsync failed on this segment: the kernel may have dropped its pages, nothing more is added to it. */
  #sealed = false

  constructor(options: LaneWriterOptions, start: RecoveredLane) {
    this.#options = options
    this.#journalId = start.journalId
    this.#segment = start.segment
    this.#offset = start.offset
    this.#tail = start.tail
    this.#synced = { tail: start.tail, offset: start.offset }
  }

  /** How far the chain is certainly on disk. */
  get syncedTail(): ChainTail {
    return this.#synced.tail
  }

  get segment(): number {
    return this.#segment
  }

  /** Writes the events as one batch. They are durable when it resolves, as far as `durability` goes. */
  async append(events: readonly string[]): Promise<void> {
    if (this.#sealed || this.#offset >= this.#options.segmentBytes) await this.#startSegment()
    const batch = this.#encode(events)
    if (this.#offset + batch.bytes.length - this.#synced.offset > MAX_BATCH_BYTES) await this.sync()
    const file = await this.#open()
    let busy = writeFully(file, batch.bytes, this.#offset)
    if (this.#options.durability === 'fsync') {
      await busy
      busy = this.#syncFile(file)
    }
    // While the disk is busy with what takes it longest: nobody waits for a hash.
    const { chained } = this.#options
    const leaves = chained === undefined ? [] : batch.events.map(({ payload }) => leafHash(payload))
    await busy
    batch.events.forEach(({ tail }, at) => {
      const leaf = leaves[at]
      if (leaf !== undefined) chained?.(tail, leaf)
    })
    this.#tail = batch.tail
    this.#offset += batch.bytes.length
    if (this.#options.durability === 'fsync') this.#synced = { tail: this.#tail, offset: this.#offset }
  }

  /** Begins a new segment, where the one that is written has events. */
  async roll(): Promise<void> {
    if (this.#offset > SEGMENT_HEADER_BYTES) await this.#startSegment()
  }

  /** Forces everything to the disk. */
  async sync(): Promise<void> {
    if (this.#synced.tail.number === this.#tail.number) return
    await this.#syncFile(await this.#open())
    this.#synced = { tail: this.#tail, offset: this.#offset }
  }

  /**
   * After a failure: cuts the segment back to the last event that counts, through a new descriptor, and
   * proves that there is space by writing. Throws while the disk still refuses.
   *
   * After a failed fsync the kernel calls the pages clean though they never reached the disk
   * (https://wiki.postgresql.org/wiki/Fsync_Errors), so trying again would lie. Cutting the file dirties
   * the page at the cut, the fsync after it writes that page anew, and the next event goes into a new
   * segment.
   */
  async repair(): Promise<void> {
    await this.#drop()
    const file = await this.#open()
    try {
      await file.truncate(this.#offset)
      await file.sync()
      await writeFully(file, Buffer.alloc(PROBE_BYTES), this.#offset)
      await file.sync()
      await file.truncate(this.#offset)
      await file.sync()
    } catch (error) {
      await this.#drop()
      throw error
    }
  }

  async close(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    await file?.close()
  }

  #encode(events: readonly string[]): Batch {
    let room = 0
    for (const event of events) room += frameBytes(Buffer.byteLength(event))
    const bytes = Buffer.allocUnsafe(room)
    const batchStart = this.#synced.tail.number + 1
    const chained: { tail: ChainTail; payload: Buffer }[] = []
    let end = 0
    let tail = this.#tail
    for (const event of events) {
      const begin = end
      const number = tail.number + 1
      end = writeFrame(bytes, begin, tail.link, { number, batchStart }, event)
      tail = { number, link: nextLink(bytes.subarray(begin, end)) }
      chained.push({ tail, payload: bytes.subarray(begin + FRAME_PREFIX_BYTES, end) })
    }
    return { bytes: bytes.subarray(0, end), events: chained, tail }
  }

  async #startSegment(): Promise<void> {
    await this.sync()
    const { files, folder, lane } = this.#options
    const segment = this.#segment + 1
    const header = encodeHeader({
      lane,
      segment,
      firstEvent: this.#tail.number + 1,
      journalId: this.#journalId,
      previousLink: this.#tail.link,
    })
    const path = layout.segment(folder, lane, segment)
    const file = await replaceFile(files, layout.lane(folder, lane), path, header)
    const before = this.#file
    this.#file = file
    this.#segment = segment
    this.#offset = SEGMENT_HEADER_BYTES
    this.#synced = { tail: this.#tail, offset: SEGMENT_HEADER_BYTES }
    this.#sealed = false
    await before?.close()
  }

  async #syncFile(file: JournalFile): Promise<void> {
    try {
      await file.sync()
    } catch (error) {
      this.#sealed = true
      throw error
    }
  }

  async #open(): Promise<JournalFile> {
    if (this.#file === undefined) {
      const { files, folder, lane } = this.#options
      const path = layout.segment(folder, lane, this.#segment)
      this.#file = await files.open(path, 'write')
      if (this.#file === undefined) throw new Error('the segment is gone')
    }
    return this.#file
  }

  /** Lets go of a descriptor that failed; that closing it fails too says nothing new. */
  async #drop(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    await file?.close().catch(() => undefined)
  }
}
