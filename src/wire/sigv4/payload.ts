/**
 * What `x-amz-content-sha256` says of the body.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-auth-using-authorization-header.html
 */
import { GateError } from '../../core/errors.ts'
import { checksumOfHeader } from '../checksum/checksum.ts'
import type { HttpRequest } from '../http/messages.ts'
import { readLength } from '../http/reader.ts'
import { type ChunkVariant, type Payload, UNSIGNED_PAYLOAD } from './messages.ts'

export const CONTENT_SHA256 = 'x-amz-content-sha256'

/** The constants for `aws-chunked` bodies, by variant. */
export const STREAMING: Readonly<Record<ChunkVariant, string>> = {
  signed: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
  'signed-trailer': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
  'unsigned-trailer': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
}

const VARIANTS: ReadonlyMap<string, ChunkVariant> = new Map([
  [STREAMING.signed, 'signed'],
  [STREAMING['signed-trailer'], 'signed-trailer'],
  [STREAMING['unsigned-trailer'], 'unsigned-trailer'],
])

const SHA256 = /^[0-9a-f]{64}$/

/** A whole number of lower-case hex digits for a SHA-256. */
export function isSha256(text: string): boolean {
  return SHA256.test(text)
}

/**
 * Reads the header and what belongs to it. Throws `payload-hash-malformed`, `signature-v4a`,
 * `signature-events`, `http-malformed`, `chunk-trailer-refused`, `checksum-unsupported`.
 */
export function readPayload(request: HttpRequest): Payload {
  const value = request.headers.single(CONTENT_SHA256)
  const variant = value === undefined ? undefined : VARIANTS.get(value)
  if (variant !== undefined) return readStreaming(request, variant)
  refuseChunked(request)
  if (value === undefined) return { kind: 'absent' }
  return readPayloadHash(value)
}

/** Reads a value that is not one of the streaming constants. */
export function readPayloadHash(value: string): Payload {
  if (isSha256(value)) return { kind: 'sha256', hex: value }
  if (value === UNSIGNED_PAYLOAD) return { kind: 'unsigned' }
  if (value.startsWith('STREAMING-AWS4-ECDSA-')) {
    throw new GateError('signature-v4a', 'the body is signed with SigV4A, which the gate does not verify')
  }
  if (value === 'STREAMING-AWS4-HMAC-SHA256-EVENTS') {
    throw new GateError('signature-events', 'the body is a stream of events')
  }
  const known = Object.values(STREAMING).join('`, `')
  throw new GateError('payload-hash-malformed', `\`${CONTENT_SHA256}\` is neither a SHA-256 nor \`${known}\``)
}

/** Bytes that would be taken for frames of chunks by one reader and for the object by another. */
function refuseChunked(request: HttpRequest): void {
  const encoding = request.headers.single('content-encoding')
  const chunked = encoding?.split(',').some(coding => coding.trim().toLowerCase() === 'aws-chunked')
  if (chunked === true || request.headers.has('x-amz-trailer')) {
    throw new GateError(
      'payload-hash-malformed',
      `the body is announced as \`aws-chunked\`, but \`${CONTENT_SHA256}\` does not say so`,
    )
  }
}

function readStreaming(request: HttpRequest, variant: ChunkVariant): Payload {
  const length = request.headers.single('x-amz-decoded-content-length')
  if (length === undefined) {
    throw new GateError('payload-hash-malformed', 'a chunked body needs `x-amz-decoded-content-length`')
  }
  const decodedLength = readLength('x-amz-decoded-content-length', length)
  const trailer = request.headers.single('x-amz-trailer')
  if (variant === 'signed') {
    if (trailer === undefined) return { kind: 'streaming', variant, decodedLength }
    throw new GateError('chunk-trailer-refused', 'a trailer is announced, but the body is signed without one')
  }
  if (trailer === undefined) {
    throw new GateError('chunk-trailer-refused', 'the body is signed with a trailer, but none is announced')
  }
  const algorithm = checksumOfHeader(trailer.trim().toLowerCase())
  return { kind: 'streaming', variant, decodedLength, trailer: algorithm }
}
