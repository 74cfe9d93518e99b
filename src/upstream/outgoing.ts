import { hash } from 'node:crypto'
import { pipeline, type Readable } from 'node:stream'
import type { NameValue } from '../core/http.ts'
import { checksumOfHeader } from '../wire/checksum/checksum.ts'
import { EncodedBody } from '../wire/sigv4/body.ts'
import { encodesOnce } from '../wire/sigv4/canonical.ts'
import { ChunkChain } from '../wire/sigv4/chunk-chain.ts'
import { ChunkWriter, encodedLength } from '../wire/sigv4/chunk-writer.ts'
import type { SigningKeys } from '../wire/sigv4/keys.ts'
import {
  type ChunkVariant,
  EMPTY_SHA256,
  type StreamingPayload,
  UNSIGNED_PAYLOAD,
} from '../wire/sigv4/messages.ts'
import { STREAMING } from '../wire/sigv4/payload.ts'
import { type Credentials, type Signed, sign } from '../wire/sigv4/sign.ts'
import { endToEnd } from './hop-by-hop.ts'
import type { UpstreamAddress } from './place.ts'
import type { UpstreamBody, UpstreamRequest } from './port.ts'

/** A signed request, ready to be written. */
export interface Outgoing {
  /** Names and values in turn. */
  readonly headers: string[]
  readonly body: Buffer | Readable | null
}

/** Headers that belong to a signature, a framing or a connection: those of the client end at the gate. */
const OWN: ReadonlySet<string> = new Set([
  'authorization',
  'content-length',
  'expect',
  'host',
  'x-amz-content-sha256',
  'x-amz-date',
  'x-amz-decoded-content-length',
  'x-amz-s3session-token',
  'x-amz-security-token',
  'x-amz-trailer',
])

/** Headers that load balancers may change on the way; the SDKs do not sign them either. */
const NOT_SIGNED: ReadonlySet<string> = new Set(['user-agent', 'x-amzn-trace-id'])

/** How a body travels. */
interface Plan {
  readonly payloadHash: string
  /** Bytes on the wire. */
  readonly length: number
  /** Set where the body is sent in chunks. */
  readonly chunks?: StreamingPayload
  readonly headers: readonly NameValue[]
}

export interface SigningPorts {
  readonly keys: SigningKeys
  readonly nowMs: number
  readonly credentials: Credentials
  /** Credentials of an S3 Express session: the token travels under another name. */
  readonly express: boolean
}

/** Signs the request for its address. What it returns is all that is sent; nothing of the client's is left. */
export function signOutgoing(
  request: UpstreamRequest,
  address: UpstreamAddress,
  ports: SigningPorts,
): Outgoing {
  const plan = planBody(request.body, address)
  const given = endToEnd(request.headers).filter(([name]) => !OWN.has(name))
  const coded = withCodings(given, plan.chunks !== undefined)
  const { sessionToken, ...plain } = ports.credentials
  const express: NameValue[] =
    ports.express && sessionToken ? [['x-amz-s3session-token', sessionToken.reveal()]] : []
  const signed = sign(
    {
      method: request.method,
      path: address.path,
      query: request.query,
      host: address.host,
      headers: [...coded.filter(([name]) => !NOT_SIGNED.has(name)), ...plan.headers, ...express],
      region: address.scope.region,
      service: address.scope.service,
      credentials: ports.express ? plain : ports.credentials,
      timeMs: ports.nowMs,
      payloadHash: plan.payloadHash,
    },
    ports.keys,
  )
  const headers: string[] = ['host', address.host]
  for (const [name, value] of [...coded, ...plan.headers, ...express, ...signed.headers])
    headers.push(name, value)
  // A GET has no length to tell; a PUT of nothing does.
  if (request.body.kind !== 'none' || expectsBody(request.method)) {
    headers.push('content-length', String(plan.length))
  }
  return { headers, body: bodyOf(request.body, plan, signed) }
}

/**
 * Whole bodies are signed by their hash. Streamed ones are signed by the hash that the client signed; else,
 * over TLS, not at all (which S3 takes, and a checksum trailer still guards them); else chunk by chunk.
 */
function planBody(body: UpstreamBody, address: UpstreamAddress): Plan {
  if (body.kind === 'none') return { payloadHash: EMPTY_SHA256, length: 0, headers: [] }
  if (body.kind === 'whole') {
    return { payloadHash: hash('sha256', body.bytes, 'hex'), length: body.bytes.length, headers: [] }
  }
  const chunks = encodesOnce(address.scope.service)
  const signed = chunks && (body.chunkSigned === true || (!address.secure && body.sha256 === undefined))
  if (!chunks || (!signed && body.trailer === undefined)) {
    return { payloadHash: body.sha256 ?? UNSIGNED_PAYLOAD, length: body.length, headers: [] }
  }
  const variant: ChunkVariant = !signed
    ? 'unsigned-trailer'
    : body.trailer === undefined
      ? 'signed'
      : 'signed-trailer'
  const headers: NameValue[] = [['x-amz-decoded-content-length', String(body.length)]]
  if (body.trailer !== undefined) headers.push(['x-amz-trailer', body.trailer])
  const payload: StreamingPayload = {
    kind: 'streaming',
    variant,
    decodedLength: body.length,
    ...(body.trailer === undefined ? {} : { trailer: checksumOfHeader(body.trailer) }),
  }
  return { payloadHash: STREAMING[variant], length: encodedLength(payload), chunks: payload, headers }
}

function bodyOf(body: UpstreamBody, plan: Plan, signed: Signed): Buffer | Readable | null {
  if (body.kind === 'none') return null
  if (body.kind === 'whole') return body.bytes
  if (plan.chunks === undefined) return body.bytes
  const chain = new ChunkChain(signed.key, signed.timestamp, signed.signature)
  const encoded = new EncodedBody(new ChunkWriter(plan.chunks, chain))
  // Unlike `pipe`, this passes errors and early ends on, both ways; they end the call in `send`.
  pipeline(body.bytes, encoded, () => undefined)
  return encoded
}

/** `content-encoding` with `aws-chunked` before what the object itself is encoded with, or without it. */
function withCodings(headers: readonly NameValue[], chunked: boolean): readonly NameValue[] {
  const given = headers.filter(([name]) => name === 'content-encoding')
  if (!chunked && given.length === 0) return headers
  const codings = given
    .flatMap(([, value]) => value.split(',').map(coding => coding.trim()))
    .filter(coding => coding !== '' && coding.toLowerCase() !== 'aws-chunked')
  if (chunked) codings.unshift('aws-chunked')
  const others = headers.filter(([name]) => name !== 'content-encoding')
  return codings.length === 0 ? others : [...others, ['content-encoding', codings.join(',')]]
}

function expectsBody(method: string): boolean {
  return method === 'POST' || method === 'PUT' || method === 'PATCH'
}
