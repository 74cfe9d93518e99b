import type { Transform } from 'node:stream'
import {
  constants,
  createBrotliCompress,
  createBrotliDecompress,
  createDeflate,
  createDeflateRaw,
  createGunzip,
  createGzip,
  createInflate,
  createInflateRaw,
  createZstdCompress,
  createZstdDecompress,
} from 'node:zlib'
import { HEAD_BYTES } from './limits.ts'

/** What an object can be compressed with; `deflate` with the frame of zlib, as RFC 9110 has it, and without. */
export type Coding = 'gzip' | 'deflate' | 'deflate-raw' | 'br' | 'zstd'

/** A decoder, and how many bytes of its input it has used. */
export type Decoder = Transform & { readonly bytesWritten: number }

const PIECE_BYTES = 64 * 1024

/** Windows of more than 8 MiB are not for content that is streamed. https://www.rfc-editor.org/rfc/rfc9659 */
const ZSTD_WINDOW_LOG = 23

const DECODERS: Readonly<Record<Coding, () => Decoder>> = {
  gzip: () => createGunzip({ chunkSize: PIECE_BYTES }),
  deflate: () => createInflate({ chunkSize: PIECE_BYTES }),
  'deflate-raw': () => createInflateRaw({ chunkSize: PIECE_BYTES }),
  br: () => createBrotliDecompress({ chunkSize: PIECE_BYTES }),
  zstd: () =>
    createZstdDecompress({
      chunkSize: PIECE_BYTES,
      params: { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG },
    }),
}

/** Fast rather than small: it is done anew for each read. */
const ENCODERS: Readonly<Record<Coding, () => Transform>> = {
  gzip: () => createGzip({ level: 3, chunkSize: PIECE_BYTES }),
  deflate: () => createDeflate({ level: 3, chunkSize: PIECE_BYTES }),
  'deflate-raw': () => createDeflateRaw({ level: 3, chunkSize: PIECE_BYTES }),
  br: () =>
    createBrotliCompress({
      chunkSize: PIECE_BYTES,
      params: { [constants.BROTLI_PARAM_QUALITY]: 3, [constants.BROTLI_PARAM_LGWIN]: 20 },
    }),
  zstd: () => createZstdCompress({ chunkSize: PIECE_BYTES }),
}

/** What opens a coding; several gzip members after each other are one stream. */
export function newDecoder(coding: Coding): Decoder {
  return DECODERS[coding]()
}

export function newEncoder(coding: Coding): Transform {
  return ENCODERS[coding]()
}

/**
 * The codings of a `Content-Encoding` that the gate can open, the outermost first. Others (`aws-chunked` that
 * a client left behind, `utf-8`) say nothing that the bytes do not: what they hide is found to be no text.
 */
export function readCodings(header: string): ('gzip' | 'deflate' | 'br' | 'zstd')[] {
  const codings: ('gzip' | 'deflate' | 'br' | 'zstd')[] = []
  for (const part of header.split(',')) {
    const name = part.trim().toLowerCase()
    if (name === 'gzip' || name === 'x-gzip') codings.push('gzip')
    else if (name === 'deflate' || name === 'br' || name === 'zstd') codings.push(name)
  }
  return codings.reverse()
}

/** The coding that the first bytes give away. */
export function codingOf(head: Buffer): Coding | undefined {
  if (head.length >= 3 && head.readUIntBE(0, 3) === 0x1f8b08) return 'gzip'
  if (head.length >= 4 && head.readUInt32LE(0) === 0xfd2fb528) return 'zstd'
  return undefined
}

/** `deflate` as it was meant or as it is often sent. https://www.rfc-editor.org/rfc/rfc1950#section-2.2 */
export function deflateOf(head: Buffer): Coding {
  if (head.length < 2) return 'deflate'
  const framed = ((head[0] ?? 0) & 0x0f) === 8 && head.readUInt16BE(0) % 31 === 0
  return framed ? 'deflate' : 'deflate-raw'
}

/** What the beginning of a compressed object opens to. */
export interface OpenedHead {
  /** At most `HEAD_BYTES` and a piece. */
  readonly bytes: Buffer
  /** There is nothing after `bytes`. */
  readonly whole: boolean
  /** It is no such coding, or damaged after `bytes`. */
  readonly damaged: boolean
}

/**
 * Opens the beginning of an object. Never rejects.
 * @param whole there is nothing after `head`
 */
export function openHead(coding: Coding, head: Buffer, whole: boolean): Promise<OpenedHead> {
  return new Promise(resolve => {
    const decoder = newDecoder(coding)
    const chunks: Buffer[] = []
    let opened = 0
    const settle = (ended: boolean, damaged: boolean): void => {
      decoder.destroy()
      resolve({ bytes: Buffer.concat(chunks), whole: ended, damaged })
    }
    decoder.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      opened += chunk.length
      if (opened >= HEAD_BYTES) settle(false, false)
    })
    decoder.on('error', () => settle(false, true))
    decoder.on('end', () => settle(whole, false))
    if (whole) decoder.end(head)
    // All that these bytes open to has come when they are taken.
    else decoder.write(head, () => settle(false, false))
  })
}
