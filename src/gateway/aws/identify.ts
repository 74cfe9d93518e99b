import { hash } from 'node:crypto'
import { GateError } from '../../core/errors.ts'
import type { Principal } from '../../core/principal.ts'
import type { Incoming } from '../../listener/server.ts'
import type { HttpRequest } from '../../wire/http/messages.ts'
import { readRequest } from '../../wire/http/reader.ts'
import type { SigningKey } from '../../wire/sigv4/keys.ts'
import type { SignedRequest } from '../../wire/sigv4/messages.ts'
import { readSignature } from '../../wire/sigv4/reader.ts'
import { checkTimes } from '../../wire/sigv4/time.ts'
import { verifySignature } from '../../wire/sigv4/verify.ts'
import { EMPTY_BODY, readWhole, type WholeBody } from './body.ts'
import type { AwsRooms } from './rooms.ts'

/** Who calls, and the proof. */
export interface Identified {
  readonly principal: Principal
  readonly request: HttpRequest
  readonly signed: SignedRequest
  readonly key: SigningKey
  /** The secret that the chunks of the body are signed with, too, is in `key`. */
  /** The bucket that an S3 Express session is for. */
  readonly expressBucket?: string
  /** The body, where the signature covers it and no header tells its hash: then it had to be read. */
  readonly body?: WholeBody
}

/** Reads the head strictly; nothing is proven yet. Throws `http-*`, `host-mismatch`. */
export function readHead(incoming: Incoming): HttpRequest {
  const request = readRequest(incoming.head)
  const { proxyHost } = incoming.facts
  if (proxyHost !== undefined && hostOf(request) !== proxyHost) {
    throw new GateError('host-mismatch', 'the `host` header is not the host that the tunnel was opened to')
  }
  return request
}

/** The host that the client called, lower case, without port. */
export function hostOf(request: HttpRequest): string {
  const host = (request.headers.single('host') ?? '').toLowerCase()
  const bracket = host.indexOf(']')
  if (bracket >= 0) return host.slice(0, bracket + 1)
  const colon = host.lastIndexOf(':')
  return colon < 0 ? host : host.slice(0, colon)
}

/**
 * Proves who is calling: credentials of the gate that are alive, and a signature made with them over this
 * request, now. Throws `signature-*`, `credentials-*`, `clock-skew` and the like.
 */
export async function identifyCaller(incoming: Incoming, rooms: AwsRooms): Promise<Identified> {
  const request = readHead(incoming)
  const signed = readSignature(request)
  const express = signed.scope.service === 's3express' && request.headers.has('x-amz-s3session-token')
  const opened = express
    ? rooms.credentials.open(signed.accessKeyId, request.headers.single('x-amz-s3session-token'), 's3express')
    : rooms.credentials.open(signed.accessKeyId, signed.sessionToken)
  checkTimes(signed, rooms.clock)
  const key = rooms.signingKeys.get(signed.accessKeyId, opened.secretAccessKey, signed.scope)
  const body = signed.payload.kind === 'absent' ? await unhashedBody(incoming, request, rooms) : undefined
  try {
    verifySignature(signed, request, key, body && hash('sha256', body.bytes, 'hex'))
  } catch (error) {
    body?.release()
    throw error
  }
  return {
    principal: opened.principal,
    request,
    signed,
    key,
    ...(opened.expressBucket === undefined ? {} : { expressBucket: opened.expressBucket }),
    ...(body === undefined ? {} : { body }),
  }
}

/** Only the signature covers this body, so it is read before the signature can be verified. */
async function unhashedBody(incoming: Incoming, request: HttpRequest, rooms: AwsRooms): Promise<WholeBody> {
  if (!hasBody(request)) return EMPTY_BODY
  continueIfAsked(incoming)
  return readWhole(incoming.request, request.contentLength, rooms.bodyBytes, rooms.budget)
}

/** True where the head announces a body. */
export function hasBody(request: HttpRequest): boolean {
  return request.headers.has('transfer-encoding') || (request.contentLength ?? 0) > 0
}

/** Lets a client that waits for it send its body. */
export function continueIfAsked(incoming: Incoming): void {
  if (incoming.expectsContinue && !incoming.response.headersSent) incoming.response.writeContinue()
}
