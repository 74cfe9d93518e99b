/**
 * Decodes `aws-chunked` bodies.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
 *
 *     hex size [;chunk-signature=64 hex] CRLF data CRLF      any number of times
 *     0        [;chunk-signature=64 hex] CRLF
 *     [x-amz-checksum-crc32:base64 CRLF]                     with trailer
 *     [x-amz-trailer-signature:64 hex CRLF]                  signed with trailer
 *     CRLF
 *
 * Invariants: a signed chunk is released only once its signature is verified; the last byte of the body
 * only after the last byte of the encoding, with length, trailer and checksum verified. The result does not
 * depend on how the input was split. Memory: one signed chunk (or one piece of input) and one line.
 */
import { hash } from 'node:crypto'
import { GateError } from '../../core/errors.ts'
import { type Checksum, checksumHeader, newChecksum } from '../checksum/checksum.ts'
import { Gatherer } from '../gatherer.ts'
import type { ChunkChain } from './chunk-chain.ts'
import { SIGV4_LIMITS, type SigV4Limits } from './limits.ts'
import type { StreamingPayload } from './messages.ts'
import { isSha256 } from './payload.ts'

const SIZE = /^(?:0|[1-9a-fA-F][0-9a-fA-F]{0,12})$/
const SIGNATURE_EXTENSION = ';chunk-signature='
const TRAILER_SIGNATURE = 'x-amz-trailer-signature'
const LF = 0x0a

/** What comes next. */
type State = 'size' | 'data' | 'data-end' | 'checksum' | 'trailer-signature' | 'last-line' | 'done' | 'failed'

export class ChunkReader {
  readonly #payload: StreamingPayload
  readonly #chain: ChunkChain | undefined
  readonly #limits: SigV4Limits
  readonly #checksum: Checksum | undefined
  #state: State = 'size'
  /** The line being read, without its CRLF yet. */
  #line = ''
  /** Bytes of the current chunk that are to come. */
  #left = 0
  /** Bytes of data announced by chunks so far. */
  #announced = 0
  /** Bytes released or held so far. */
  #decoded = 0
  #signature = ''
  #gatherer: Gatherer | undefined
  #trailerValue = ''
  /** The body's last piece, until all is verified. */
  #held: Buffer | undefined

  /** `chain` is needed for the signed variants, begun with the verified signature of the head. */
  constructor(payload: StreamingPayload, chain: ChunkChain | undefined, limits: SigV4Limits = SIGV4_LIMITS) {
    if (payload.variant !== 'unsigned-trailer' && chain === undefined) {
      throw new GateError('internal', 'a body of signed chunks came without the chain that verifies it')
    }
    this.#payload = payload
    this.#chain = payload.variant === 'unsigned-trailer' ? undefined : chain
    this.#limits = limits
    this.#checksum = payload.trailer === undefined ? undefined : newChecksum(payload.trailer)
  }

  /**
   * Takes the next bytes of the encoding and returns the bytes of the body that may be released. Throws
   * `chunk-malformed`, `chunk-too-large`, `chunk-signature-mismatch`, `chunk-length-mismatch`,
   * `chunk-trailer-refused`, `checksum-mismatch`; after an error the reader takes nothing more.
   */
  push(bytes: Buffer): readonly Buffer[] {
    const released: Buffer[] = []
    let state: State = 'failed'
    try {
      let at = 0
      while (at < bytes.length) {
        at = this.#state === 'data' ? this.#readData(bytes, at, released) : this.#readLine(bytes, at)
      }
      state = this.#state
    } finally {
      this.#state = state
    }
    return released
  }

  /** To be called at the end of the input; returns what was held back. Throws `chunk-malformed`. */
  finish(): readonly Buffer[] {
    if (this.#state !== 'done') throw malformed('the chunked body ended before its last chunk or trailer')
    this.#state = 'failed'
    return this.#held === undefined ? [] : [this.#held]
  }

  #readData(bytes: Buffer, start: number, released: Buffer[]): number {
    const end = Math.min(start + this.#left, bytes.length)
    const piece = bytes.subarray(start, end)
    this.#left -= piece.length
    if (this.#chain === undefined) {
      this.#release(piece, released)
    } else if (this.#gatherer === undefined && this.#left === 0) {
      this.#releaseSigned(this.#chain, piece, released)
    } else {
      this.#gatherer ??= new Gatherer(piece.length + this.#left)
      this.#gatherer.add(piece)
      if (this.#left === 0) this.#releaseSigned(this.#chain, this.#gatherer.take(), released)
    }
    if (this.#left === 0) {
      this.#gatherer = undefined
      this.#state = 'data-end'
    }
    return end
  }

  #releaseSigned(chain: ChunkChain, chunk: Buffer, released: Buffer[]): void {
    this.#verifyChunk(chain, hash('sha256', chunk))
    this.#release(chunk, released)
  }

  #release(piece: Buffer, released: Buffer[]): void {
    this.#checksum?.update(piece)
    this.#decoded += piece.length
    if (this.#decoded < this.#payload.decodedLength) released.push(piece)
    else this.#held = piece
  }

  #verifyChunk(chain: ChunkChain, sha256: string): void {
    if (chain.verifyChunk(sha256, this.#signature)) return
    throw new GateError(
      'chunk-signature-mismatch',
      `the signature of the chunk after byte ${this.#decoded} does not fit it`,
    )
  }

  /** Reads on to the end of the line, if it is there, and acts on it. */
  #readLine(bytes: Buffer, start: number): number {
    if (this.#state === 'done' || this.#state === 'failed') {
      throw malformed('bytes follow the end of the chunked body')
    }
    // After data nothing but CRLF may come: no need to look further than that.
    const room = (this.#state === 'data-end' ? 2 : this.#limits.lineBytes) - this.#line.length
    const window = bytes.subarray(start, start + room)
    const lineFeed = window.indexOf(LF)
    const taken = lineFeed === -1 ? window.length : lineFeed + 1
    this.#line += window.toString('latin1', 0, taken)
    if (lineFeed !== -1) this.#endLine()
    else if (taken === room) throw malformed('a line between the chunks is too long')
    return start + taken
  }

  #endLine(): void {
    const line = this.#line.slice(0, -2)
    if (!this.#line.endsWith('\r\n') || line.includes('\r')) {
      throw malformed('a line between the chunks does not end in CRLF')
    }
    this.#line = ''
    switch (this.#state) {
      case 'size':
        this.#readSize(line)
        return
      case 'data-end':
        if (line !== '') throw malformed('a chunk is longer than its size says')
        this.#state = 'size'
        return
      case 'checksum':
        this.#readChecksum(line)
        return
      case 'trailer-signature':
        this.#readTrailerSignature(line)
        return
      default:
        if (line !== '') {
          throw new GateError(
            'chunk-trailer-refused',
            'the chunked body has a trailer that was not announced',
          )
        }
        this.#state = 'done'
    }
  }

  #readSize(line: string): void {
    const size = this.#readSizeLine(line)
    const { decodedLength, trailer } = this.#payload
    this.#announced += size
    if (this.#announced > decodedLength || (size === 0 && this.#announced < decodedLength)) {
      throw new GateError(
        'chunk-length-mismatch',
        `the chunks have ${size === 0 ? 'less' : 'more'} than the announced ${decodedLength} bytes`,
      )
    }
    if (size > 0) {
      if (this.#chain !== undefined && size > this.#limits.signedChunkBytes) {
        throw new GateError(
          'chunk-too-large',
          `a signed chunk exceeds ${this.#limits.signedChunkBytes} bytes`,
        )
      }
      this.#left = size
      this.#state = 'data'
      return
    }
    if (this.#chain !== undefined) this.#verifyChunk(this.#chain, hash('sha256', ''))
    this.#state = trailer === undefined ? 'last-line' : 'checksum'
  }

  /** The size; the signature beside it is kept for when the data is there. */
  #readSizeLine(line: string): number {
    let digits = line
    if (this.#chain !== undefined) {
      const semicolon = line.indexOf(';')
      digits = line.slice(0, Math.max(semicolon, 0))
      const extension = line.slice(digits.length)
      this.#signature = extension.slice(SIGNATURE_EXTENSION.length)
      if (!extension.startsWith(SIGNATURE_EXTENSION) || !isSha256(this.#signature)) {
        throw malformed('a signed chunk has no good `chunk-signature`')
      }
    }
    if (!SIZE.test(digits)) throw malformed('the size of a chunk is not a plain hex number')
    return Number.parseInt(digits, 16)
  }

  #readChecksum(line: string): void {
    const { trailer, variant } = this.#payload
    if (trailer === undefined || this.#checksum === undefined) throw malformed('a trailer came unannounced')
    const prefix = `${checksumHeader(trailer)}:`
    if (!line.toLowerCase().startsWith(prefix)) {
      throw new GateError(
        'chunk-trailer-refused',
        `the chunked body ends without its \`${prefix.slice(0, -1)}\``,
      )
    }
    this.#trailerValue = line.slice(prefix.length)
    // Not a secret: whoever sends the checksum sends the body, too.
    if (this.#checksum.digest() !== this.#trailerValue) {
      throw new GateError(
        'checksum-mismatch',
        `the body does not have the \`${prefix.slice(0, -1)}\` of its trailer`,
      )
    }
    this.#state = variant === 'signed-trailer' ? 'trailer-signature' : 'last-line'
  }

  #readTrailerSignature(line: string): void {
    const { trailer } = this.#payload
    const signature = line.slice(TRAILER_SIGNATURE.length + 1)
    if (!line.startsWith(`${TRAILER_SIGNATURE}:`) || trailer === undefined || this.#chain === undefined) {
      throw new GateError(
        'chunk-trailer-refused',
        `the chunked body ends without its \`${TRAILER_SIGNATURE}\``,
      )
    }
    if (!this.#chain.verifyTrailer(checksumHeader(trailer), this.#trailerValue, signature)) {
      throw new GateError('chunk-signature-mismatch', 'the signature of the trailer does not fit it')
    }
    this.#state = 'last-line'
  }
}

function malformed(message: string): GateError {
  return new GateError('chunk-malformed', message)
}
