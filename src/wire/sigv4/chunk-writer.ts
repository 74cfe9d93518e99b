/**
 * Encodes bodies as `aws-chunked`; `chunk-reader.ts` draws the frame.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
 *
 * Invariant: the encoding is as long as `encodedLength` said, or an error comes. Memory: one chunk.
 */
import { createHash, hash } from 'node:crypto'
import { GateError } from '../../core/errors.ts'
import { type Checksum, checksumHeader, checksumLength, newChecksum } from '../checksum/checksum.ts'
import type { ChunkChain } from './chunk-chain.ts'
import type { StreamingPayload } from './messages.ts'

/** Bytes of data in a chunk of ours. S3 wants at least 8 KiB in all but the last. */
export const CHUNK_BYTES: number = 128 * 1024

const CRLF = Buffer.from('\r\n')
const SIGNATURE_BYTES = ';chunk-signature='.length + 64

/** Bytes of the whole encoding, for `content-length`. */
export function encodedLength(payload: StreamingPayload, chunkBytes: number = CHUNK_BYTES): number {
  const { decodedLength, variant, trailer } = payload
  const extension = variant === 'unsigned-trailer' ? 0 : SIGNATURE_BYTES
  const frame = (size: number): number => size.toString(16).length + extension + 4 + size
  const rest = decodedLength % chunkBytes
  let length = Math.floor(decodedLength / chunkBytes) * frame(chunkBytes) + (rest > 0 ? frame(rest) : 0)
  length += 1 + extension + 2
  if (trailer !== undefined) length += checksumHeader(trailer).length + 1 + checksumLength(trailer) + 2
  if (variant === 'signed-trailer') length += 'x-amz-trailer-signature:'.length + 64 + 2
  return length + 2
}

export class ChunkWriter {
  readonly #payload: StreamingPayload
  readonly #chain: ChunkChain | undefined
  readonly #chunkBytes: number
  readonly #checksum: Checksum | undefined
  /** Pieces of the chunk that is being filled. */
  #pieces: Buffer[] = []
  #filled = 0
  #total = 0

  /** `chain` is needed for the signed variants, begun with the signature that `sign` made. */
  constructor(payload: StreamingPayload, chain: ChunkChain | undefined, chunkBytes: number = CHUNK_BYTES) {
    if (payload.variant !== 'unsigned-trailer' && chain === undefined) {
      throw new GateError('internal', 'a body is to be sent in signed chunks without the chain that signs it')
    }
    this.#payload = payload
    this.#chain = payload.variant === 'unsigned-trailer' ? undefined : chain
    this.#chunkBytes = chunkBytes
    this.#checksum = payload.trailer === undefined ? undefined : newChecksum(payload.trailer)
  }

  /** Takes the next bytes of the body; returns what can be sent. Throws `chunk-length-mismatch`. */
  push(bytes: Buffer): readonly Buffer[] {
    this.#total += bytes.length
    if (this.#total > this.#payload.decodedLength) throw this.#lengthMismatch()
    this.#checksum?.update(bytes)
    const out: Buffer[] = []
    let at = 0
    while (at < bytes.length) {
      const piece = bytes.subarray(at, at + this.#chunkBytes - this.#filled)
      this.#pieces.push(piece)
      this.#filled += piece.length
      at += piece.length
      if (this.#filled === this.#chunkBytes) this.#writeChunk(out)
    }
    return out
  }

  /** Returns the end of the encoding. Throws `chunk-length-mismatch`. */
  end(): readonly Buffer[] {
    if (this.#total !== this.#payload.decodedLength) throw this.#lengthMismatch()
    const out: Buffer[] = []
    if (this.#filled > 0) this.#writeChunk(out)
    const signature = this.#chain?.signChunk(hash('sha256', ''))
    out.push(Buffer.from(sizeLine(0, signature) + this.#trailer() + CRLF, 'latin1'))
    return out
  }

  #writeChunk(out: Buffer[]): void {
    out.push(Buffer.from(sizeLine(this.#filled, this.#chain?.signChunk(sha256(this.#pieces))), 'latin1'))
    out.push(...this.#pieces, CRLF)
    this.#pieces = []
    this.#filled = 0
  }

  #trailer(): string {
    const { trailer } = this.#payload
    if (trailer === undefined || this.#checksum === undefined) return ''
    const name = checksumHeader(trailer)
    const value = this.#checksum.digest()
    const line = `${name}:${value}\r\n`
    if (this.#chain === undefined) return line
    return `${line}x-amz-trailer-signature:${this.#chain.signTrailer(name, value)}\r\n`
  }

  #lengthMismatch(): GateError {
    return new GateError(
      'chunk-length-mismatch',
      `the body does not have the announced ${this.#payload.decodedLength} bytes`,
    )
  }
}

function sizeLine(size: number, signature: string | undefined): string {
  const extension = signature === undefined ? '' : `;chunk-signature=${signature}`
  return `${size.toString(16)}${extension}\r\n`
}

function sha256(pieces: readonly Buffer[]): string {
  const [only] = pieces
  if (pieces.length === 1 && only !== undefined) return hash('sha256', only)
  const state = createHash('sha256')
  for (const piece of pieces) state.update(piece)
  return state.digest('hex')
}
