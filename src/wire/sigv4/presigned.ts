/**
 * Reads a signature from the query: a presigned URL.
 *
 *     ?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKID%2F...&X-Amz-Date=20130524T000000Z
 *      &X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=64 hex digits
 */
import { GateError } from '../../core/errors.ts'
import type { HttpRequest } from '../http/messages.ts'
import { encodesOnce } from './canonical.ts'
import { readCredential, readSignatureHex, readSignedHeaders, requireScopeDate } from './fields.ts'
import type { SigV4Limits } from './limits.ts'
import { ALGORITHM, EMPTY_SHA256, type Payload, type SignedRequest } from './messages.ts'
import { CONTENT_SHA256, readPayload, readPayloadHash } from './payload.ts'
import { parseTimestamp } from './time.ts'

const V4_PARAMETERS = [
  'X-Amz-Algorithm',
  'X-Amz-Credential',
  'X-Amz-Date',
  'X-Amz-Expires',
  'X-Amz-SignedHeaders',
  'X-Amz-Signature',
  'X-Amz-Security-Token',
  'X-Amz-Content-Sha256',
] as const

type Parameter = (typeof V4_PARAMETERS)[number]

const SPELLING: ReadonlyMap<string, Parameter> = new Map(
  V4_PARAMETERS.map(name => [name.toLowerCase(), name]),
)
/** Version 2's: `AWSAccessKeyId` with `Signature`, in S3's URLs and in queries of its time. */
const V2_KEY = 'awsaccesskeyid'
const EXPIRES = /^[1-9][0-9]{0,6}$/

/** True for a query parameter (any case) that belongs to a signature of version 2, 4 or 4A. */
export function isSignatureParameter(name: string): boolean {
  const first = name.charCodeAt(0)
  if (first !== 0x58 && first !== 0x78 && first !== 0x41 && first !== 0x61) return false // X, x, A, a
  const folded = name.toLowerCase()
  return SPELLING.has(folded) || folded === V2_KEY || folded === 'x-amz-region-set'
}

/** Reads a presigned URL. Throws as `readSignature` does. */
export function readPresigned(request: HttpRequest, limits: SigV4Limits): SignedRequest {
  const fields = readFields(request, limits)
  const need = (name: Parameter): string => {
    const value = fields.get(name)
    if (value !== undefined) return value
    throw new GateError('signature-malformed', `the presigned URL has no \`${name}\``)
  }
  checkAlgorithm(need('X-Amz-Algorithm'))
  const { accessKeyId, scope } = readCredential(need('X-Amz-Credential'))
  const timestamp = need('X-Amz-Date')
  const timeMs = parseTimestamp(timestamp)
  requireScopeDate(scope, timestamp)
  refuseHeaders(request)
  const sessionToken = fields.get('X-Amz-Security-Token')
  return {
    form: 'presigned',
    accessKeyId,
    ...(sessionToken === undefined ? {} : { sessionToken }),
    scope,
    signedHeaders: readSignedHeaders(need('X-Amz-SignedHeaders'), limits),
    signature: readSignatureHex(need('X-Amz-Signature')),
    timestamp,
    timeMs,
    expiresMs: readExpires(need('X-Amz-Expires'), limits),
    payload: readPresignedPayload(request, scope.service, fields.get('X-Amz-Content-Sha256')),
  }
}

function readFields(request: HttpRequest, limits: SigV4Limits): ReadonlyMap<Parameter, string> {
  const fields = new Map<Parameter, string>()
  for (const [name, value] of request.target.query) {
    const folded = name.toLowerCase()
    if (folded === V2_KEY) {
      throw new GateError('signature-v2', 'the URL is presigned with version 2, which AWS has retired')
    }
    if (folded === 'x-amz-region-set') {
      throw new GateError('signature-v4a', 'the URL is presigned with SigV4A, which the gate does not verify')
    }
    const parameter = SPELLING.get(folded)
    if (parameter === undefined) continue
    if (fields.has(parameter) || value.length > limits.fieldBytes || !isSpelled(name, parameter)) {
      throw new GateError('signature-malformed', `\`${parameter}\` is there twice, too long or misspelled`)
    }
    fields.set(parameter, value)
  }
  return fields
}

/** SDKs spell the hash's name in two ways; all others have one. */
function isSpelled(name: string, parameter: Parameter): boolean {
  if (name === parameter) return true
  return parameter === 'X-Amz-Content-Sha256' && (name === 'X-Amz-Content-SHA256' || name === CONTENT_SHA256)
}

function checkAlgorithm(algorithm: string): void {
  if (algorithm === ALGORITHM) return
  if (algorithm.startsWith('AWS4-ECDSA-')) {
    throw new GateError('signature-v4a', 'the URL is presigned with SigV4A, which the gate does not verify')
  }
  throw new GateError('signature-malformed', `\`X-Amz-Algorithm\` is something else than \`${ALGORITHM}\``)
}

/** Time and token are in the query; a second reading must not find others in headers. */
function refuseHeaders(request: HttpRequest): void {
  for (const name of ['x-amz-date', 'x-amz-security-token']) {
    if (request.headers.has(name)) {
      throw new GateError('signature-two-forms', `the presigned URL comes with a \`${name}\` header`)
    }
  }
}

function readExpires(text: string, limits: SigV4Limits): number {
  const expiresMs = EXPIRES.test(text) ? Number(text) * 1000 : Number.NaN
  if (expiresMs <= limits.presignedMs) return expiresMs
  throw new GateError(
    'signature-malformed',
    `\`X-Amz-Expires\` must be a number of seconds from 1 to ${limits.presignedMs / 1000}`,
  )
}

/**
 * S3's presigned URLs do not cover the body unless they say so; those of other services cover an empty
 * one. Chunked bodies are refused: their chain would begin with a signature that others hold, too.
 */
function readPresignedPayload(request: HttpRequest, service: string, parameter: string | undefined): Payload {
  const payload = readPayload(request)
  if (payload.kind === 'streaming') {
    throw new GateError('payload-hash-malformed', 'the body of a presigned call must not be chunked')
  }
  if (parameter !== undefined) {
    if (payload.kind === 'absent') return readPayloadHash(parameter)
    throw new GateError('signature-two-forms', `\`${CONTENT_SHA256}\` is both a header and in the query`)
  }
  if (payload.kind !== 'absent') return payload
  return encodesOnce(service) ? { kind: 'unsigned' } : { kind: 'sha256', hex: EMPTY_SHA256 }
}
