/**
 * Streamed bodies against what their signatures say.
 *
 * Invariant: the last byte of a streamed body is released only after all of it was verified; since the
 * upstream was told its length, it never takes a body that was not.
 */
import { createHash } from 'node:crypto'
import { Transform, type TransformCallback } from 'node:stream'
import { asGateError, GateError } from '../../core/errors.ts'
import type { ChunkReader } from './chunk-reader.ts'
import type { ChunkWriter } from './chunk-writer.ts'

/** Passes a body through and ends in `payload-hash-mismatch` if its SHA-256 (hex) is another. */
export class HashedBody extends Transform {
  readonly #sha256: string
  readonly #state = createHash('sha256')
  #held: Buffer | undefined

  constructor(sha256: string) {
    super()
    this.#sha256 = sha256
  }

  override _transform(bytes: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    if (bytes.length > 0) {
      this.#state.update(bytes)
      if (this.#held !== undefined) this.push(this.#held)
      this.#held = bytes
    }
    done()
  }

  override _flush(done: TransformCallback): void {
    if (this.#state.digest('hex') !== this.#sha256) {
      done(hashMismatch())
      return
    }
    if (this.#held !== undefined) this.push(this.#held)
    done()
  }
}

/** Decodes an `aws-chunked` body; ends in the errors of `ChunkReader`. */
export class DecodedBody extends Transform {
  readonly #reader: ChunkReader

  constructor(reader: ChunkReader) {
    super()
    this.#reader = reader
  }

  override _transform(bytes: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    pass(this, done, () => this.#reader.push(bytes))
  }

  override _flush(done: TransformCallback): void {
    pass(this, done, () => this.#reader.finish())
  }
}

/** Encodes a body as `aws-chunked`; ends in the errors of `ChunkWriter`. */
export class EncodedBody extends Transform {
  readonly #writer: ChunkWriter

  constructor(writer: ChunkWriter) {
    super()
    this.#writer = writer
  }

  override _transform(bytes: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    pass(this, done, () => this.#writer.push(bytes))
  }

  override _flush(done: TransformCallback): void {
    pass(this, done, () => this.#writer.end())
  }
}

/** Pushes what the step makes; an error of it becomes the stream's. */
function pass(stream: Transform, done: TransformCallback, step: () => readonly Buffer[]): void {
  try {
    for (const piece of step()) stream.push(piece)
  } catch (error) {
    done(asGateError(error))
    return
  }
  done()
}

function hashMismatch(): GateError {
  return new GateError('payload-hash-mismatch', 'the body does not have the SHA-256 that was signed')
}
