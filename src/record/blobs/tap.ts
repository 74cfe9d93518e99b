import { createHash } from 'node:crypto'
import { Transform, type TransformCallback } from 'node:stream'
import { GateError } from '../../core/errors.ts'
import type { RecordedBody } from '../event.ts'
import { inlineBody, inlineLength } from './inline.ts'
import { type BlobWriter, unrecorded } from './writer.ts'

/** The most of one body that a file holds: what S3 takes in one PUT, and a part. Of a longer one the rest is cut. */
export const MAX_BLOB_BYTES: number = 5 * 2 ** 30

export interface TapOptions {
  /** Bytes that are kept in the event. */
  readonly inlineBytes: number
  /** What these may take as JSON, where they are text. */
  readonly jsonBytes: number
  /** The file for a body that is longer, or for every one; absent: the rest is left out. */
  readonly blob?: { readonly always: boolean; create(): Promise<BlobWriter> }
  /** Bytes that the body will have, where that is known. */
  readonly lengthBytes?: number | undefined
  /** At least `inlineBytes`; default 5 GiB. */
  readonly maxBlobBytes?: number
}

/**
 * Stands in the way of a body and records it, without changing it. Invariant: nobody has the body whole before it was
 * recorded whole. The last of a body whose length was announced passes when its file is on disk; of any other, the
 * end does. A body that cannot be recorded ends in `body-unrecorded`.
 */
export class BodyTap extends Transform {
  /** What was kept, once the body has ended, whichever way. Never rejects; undefined where nothing went by. */
  readonly recorded: Promise<RecordedBody | undefined>
  readonly #settle: (body: RecordedBody | undefined) => void
  readonly #options: TapOptions
  readonly #record: TapRecord
  #busy: Promise<void> = Promise.resolve()
  #held: Buffer | undefined
  #failure: GateError | undefined
  #complete = false

  constructor(options: TapOptions) {
    super()
    this.#options = options
    this.#record = new TapRecord(options)
    const { promise, resolve } = Promise.withResolvers<RecordedBody | undefined>()
    this.recorded = promise
    this.#settle = resolve
  }

  /** Why the body could not be recorded: `body-unrecorded`. */
  get failure(): GateError | undefined {
    return this.#failure
  }

  override _transform(bytes: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#work(this.#record.take(bytes), done, () => this.#pass(bytes))
  }

  override _flush(done: TransformCallback): void {
    this.#work(this.#record.finish(), done, () => {
      this.#complete = true
      return this.#held
    })
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#busy
      .then(() => this.#record.end(this.#cutBy(error)))
      // Whatever it was: the outcome has to be recorded, and says that the body was not.
      .catch((failure: unknown) => ({ bytes: this.#record.bytes, cut: unrecorded(failure).message }))
      .then(body => this.#settle(body))
      .finally(() => done(error))
  }

  #work(work: Promise<void>, done: TransformCallback, after: () => Buffer | undefined): void {
    this.#busy = work.then(
      () => done(null, after()),
      (error: unknown) => {
        this.#failure = unrecorded(error)
        done(this.#failure)
      },
    )
  }

  /** The bytes as they go on; the last of an announced length wait. */
  #pass(bytes: Buffer): Buffer | undefined {
    if (this.#held !== undefined || this.#record.bytes !== this.#options.lengthBytes) return bytes
    this.#held = bytes
    return undefined
  }

  /** Why the body did not go by whole; undefined where it did. */
  #cutBy(error: Error | null): string | undefined {
    if (this.#failure !== undefined) return this.#failure.message
    if (this.#complete && this.readableLength === 0) return undefined
    const code = error instanceof GateError ? `: \`${error.code}\`` : ''
    return `it broke off before its end${code}`
  }
}

/** What is known and kept of a body that goes by. One call at a time. */
class TapRecord {
  readonly #options: TapOptions
  readonly #hash = createHash('sha256')
  #bytes = 0
  /** The beginning, while all of it stands in the event. */
  #start: Buffer[] | undefined = []
  /** The beginning, where the body is longer. */
  #inline: Buffer | undefined
  #writer: BlobWriter | undefined
  #blob: string | undefined
  /** Of what the file holds, where that is not all. */
  #heldSha256: string | undefined

  constructor(options: TapOptions) {
    this.#options = options
  }

  get bytes(): number {
    return this.#bytes
  }

  async take(bytes: Buffer): Promise<void> {
    if (bytes.length === 0) return
    const { blob, inlineBytes, maxBlobBytes = MAX_BLOB_BYTES } = this.#options
    const room = Math.max(maxBlobBytes - this.#bytes, 0)
    const fitting = bytes.subarray(0, room)
    this.#hash.update(fitting)
    if (bytes.length > room) {
      this.#heldSha256 ??= this.#hash.copy().digest('hex')
      this.#hash.update(bytes.subarray(room))
    }
    this.#bytes += bytes.length
    let unwritten = [fitting]
    if (this.#start !== undefined) {
      this.#start.push(fitting)
      if (this.#bytes > inlineBytes) {
        unwritten = this.#writer === undefined ? this.#start : unwritten
        this.#inline = Buffer.concat(this.#start).subarray(0, inlineBytes)
        this.#start = undefined
      }
    }
    if (blob === undefined || (this.#start !== undefined && !blob.always)) return
    this.#writer ??= await blob.create()
    for (const part of unwritten) if (part.length > 0) await this.#writer.write(part)
  }

  /** Resolves when the body is on disk, where it belongs there. */
  async finish(): Promise<void> {
    const writer = this.#writer
    this.#writer = undefined
    this.#blob = await writer?.finish()
  }

  /** What was kept. `cutBy`: why that is not all of the body. */
  async end(cutBy: string | undefined): Promise<RecordedBody | undefined> {
    if (this.#bytes === 0) return undefined
    let failed: string | undefined
    try {
      // What there is of a body that broke off is kept, too.
      if (this.#writer !== undefined) await this.finish()
    } catch (error) {
      failed = unrecorded(error).message
    }
    const bytes = this.#bytes
    const { jsonBytes, maxBlobBytes = MAX_BLOB_BYTES } = this.#options
    const isWhole = this.#start !== undefined
    const kept = this.#start === undefined ? this.#inline : Buffer.concat(this.#start)
    const inline = inlineBody(kept ?? Buffer.alloc(0), isWhole, jsonBytes)
    const isShort = !isWhole && this.#blob === undefined
    const held = this.#blob === undefined ? undefined : this.#heldSha256
    const cuts = [
      ...(cutBy === undefined ? [] : [cutBy]),
      ...(failed === undefined || failed === cutBy ? [] : [failed]),
      ...(isShort ? [`the first ${inlineLength(inline)} of ${bytes} bytes are kept`] : []),
      ...(held === undefined ? [] : [`the file holds the first ${maxBlobBytes} of ${bytes} bytes`]),
    ]
    return {
      bytes,
      sha256: this.#hash.digest('hex'),
      ...(this.#blob === undefined ? {} : { blob: this.#blob }),
      ...(held === undefined ? {} : { held: { bytes: maxBlobBytes, sha256: held } }),
      ...inline,
      ...(cuts.length === 0 ? {} : { cut: cuts.join('; ') }),
    }
  }
}
