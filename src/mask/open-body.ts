import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import {
  type BrotliOptions,
  brotliDecompress,
  gunzip,
  inflate,
  type ZlibOptions,
  type ZstdOptions,
  zstdDecompress,
} from 'node:zlib'
import { GateError } from '../core/errors.ts'
import type { NameValue } from '../core/http.ts'
import { unmaskable } from './unmaskable.ts'

/** Takes a content coding off. Rejects with `RangeError` beyond the length. */
type Decoder = (bytes: Buffer, options: { readonly maxOutputLength: number }) => Promise<Buffer>

/** By the coding's name (https://www.rfc-editor.org/rfc/rfc9110#section-8.4.1). */
const DECODERS: ReadonlyMap<string, Decoder> = new Map<string, Decoder>([
  ['gzip', promisify<Buffer, ZlibOptions, Buffer>(gunzip)],
  ['x-gzip', promisify<Buffer, ZlibOptions, Buffer>(gunzip)],
  ['deflate', promisify<Buffer, ZlibOptions, Buffer>(inflate)],
  ['br', promisify<Buffer, BrotliOptions, Buffer>(brotliDecompress)],
  ['zstd', promisify<Buffer, ZstdOptions, Buffer>(zstdDecompress)],
])
/** Codings that change nothing; `aws-chunked` is what S3 keeps of how an object was sent. */
const PLAIN: ReadonlySet<string> = new Set(['', 'identity', 'aws-chunked'])
/** A body may be compressed once, and twice by mistake. */
const MAX_CODINGS = 2

/** What the reading of one body may cost. */
export interface BodyLimits {
  /** Of the body as it came, and of what it is without its codings. */
  readonly maxBytes: number
  /** Is told of all bytes that are kept; throws where there is no room for them. */
  readonly hold: (bytes: number) => void
}

/** The codings of a body, the one applied last first. */
export function codingsOf(headers: readonly NameValue[]): readonly string[] {
  return headers
    .filter(([name]) => name === 'content-encoding')
    .flatMap(([, value]) => value.split(','))
    .map(coding => coding.trim().toLowerCase())
    .filter(coding => !PLAIN.has(coding))
    .reverse()
}

/**
 * The whole body, without its content codings; the stream is destroyed where this rejects.
 * @throws GateError `reply-unmaskable`
 */
export async function readBody(
  body: Readable,
  headers: readonly NameValue[],
  limits: BodyLimits,
): Promise<Buffer> {
  const codings = codingsOf(headers)
  const decoders = codings.map(coding => DECODERS.get(coding))
  try {
    if (codings.length > MAX_CODINGS) throw unmaskable('its body is compressed more than twice')
    if (decoders.includes(undefined)) throw unmaskable('its content encoding is none that the gate can open')
    let bytes = await readAll(body, headers, limits)
    // A reply to HEAD names the coding of a body that it does not have.
    if (bytes.length === 0) return bytes
    for (const decode of decoders) bytes = decode === undefined ? bytes : await opened(decode, bytes, limits)
    return bytes
  } catch (error) {
    body.destroy()
    throw error
  }
}

async function readAll(
  body: Readable,
  headers: readonly NameValue[],
  { maxBytes, hold }: BodyLimits,
): Promise<Buffer> {
  const length = headers.find(([name]) => name === 'content-length')?.[1]
  if (length !== undefined && Number(length) > maxBytes) throw tooLong(maxBytes)
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      bytes += chunk.length
      if (bytes > maxBytes) throw tooLong(maxBytes)
      hold(chunk.length)
      chunks.push(chunk)
    }
  } catch (error) {
    if (error instanceof GateError) throw error
    throw unmaskable('it broke off', error)
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, bytes)
}

async function opened(decode: Decoder, bytes: Buffer, { maxBytes, hold }: BodyLimits): Promise<Buffer> {
  try {
    const plain = await decode(bytes, { maxOutputLength: maxBytes })
    hold(plain.length)
    return plain
  } catch (error) {
    if (error instanceof GateError) throw error
    if (error instanceof RangeError) throw tooLong(maxBytes)
    throw unmaskable('its compressed body cannot be opened', error)
  }
}

function tooLong(maxBytes: number): GateError {
  return unmaskable(`its body is longer than ${maxBytes} bytes`)
}
