/**
 * Reads an `Authorization` header.
 *
 *     AWS4-HMAC-SHA256 Credential=AKID/20130524/us-east-1/s3/aws4_request,
 *       SignedHeaders=host;x-amz-date, Signature=64 hex digits
 */
import { GateError } from '../../core/errors.ts'
import type { HttpRequest } from '../http/messages.ts'
import { readCredential, readSignatureHex, readSignedHeaders, requireScopeDate } from './fields.ts'
import type { SigV4Limits } from './limits.ts'
import { ALGORITHM, type SignedRequest } from './messages.ts'
import { readPayload } from './payload.ts'
import { formatTimestamp, parseDateHeader, parseTimestamp } from './time.ts'

/** Reads a header signature. Throws as `readSignature` does. */
export function readAuthorization(request: HttpRequest, limits: SigV4Limits): SignedRequest {
  const value = request.headers.single('authorization') ?? ''
  if (value.length > limits.fieldBytes) {
    throw new GateError(
      'signature-malformed',
      `the \`authorization\` header exceeds ${limits.fieldBytes} bytes`,
    )
  }
  const fields = readFields(withoutScheme(value))
  const { accessKeyId, scope } = readCredential(fields.Credential)
  const { timeMs, timestamp } = readTime(request)
  requireScopeDate(scope, timestamp)
  const sessionToken = request.headers.single('x-amz-security-token')
  return {
    form: 'header',
    accessKeyId,
    ...(sessionToken === undefined ? {} : { sessionToken }),
    scope,
    signedHeaders: readSignedHeaders(fields.SignedHeaders, limits),
    signature: readSignatureHex(fields.Signature),
    timestamp,
    timeMs,
    payload: readPayload(request),
  }
}

/** What follows the scheme; other schemes are refused by name. */
function withoutScheme(value: string): string {
  const space = value.indexOf(' ')
  const scheme = space === -1 ? value : value.slice(0, space)
  if (scheme === ALGORITHM) return value.slice(scheme.length + 1)
  if (scheme === 'AWS') {
    throw new GateError('signature-v2', 'the request is signed with version 2, which AWS has retired')
  }
  if (scheme.startsWith('AWS4-ECDSA-')) {
    throw new GateError('signature-v4a', 'the request is signed with SigV4A, which the gate does not verify')
  }
  if (scheme.toLowerCase() === 'bearer') {
    throw new GateError('signature-bearer', 'the request carries a bearer token in place of a signature')
  }
  throw new GateError(
    'signature-malformed',
    `the \`authorization\` header is of no scheme but \`${ALGORITHM}\``,
  )
}

const FIELDS = ['Credential', 'SignedHeaders', 'Signature'] as const

type Fields = Record<(typeof FIELDS)[number], string>

function readFields(text: string): Fields {
  const found = new Map<string, string>()
  const parts = text.split(',', FIELDS.length + 1)
  for (const part of parts) {
    const field = part.trim()
    const equals = field.indexOf('=')
    const name = field.slice(0, Math.max(equals, 0))
    if (found.has(name)) {
      throw new GateError('signature-malformed', 'the `authorization` header has a field twice')
    }
    found.set(name, field.slice(equals + 1))
  }
  const [credential, signedHeaders, signature] = FIELDS.map(name => found.get(name))
  if (
    parts.length !== FIELDS.length ||
    credential === undefined ||
    signedHeaders === undefined ||
    signature === undefined
  ) {
    throw new GateError(
      'signature-malformed',
      'the `authorization` header must have `Credential`, `SignedHeaders` and `Signature`, and nothing else',
    )
  }
  return { Credential: credential, SignedHeaders: signedHeaders, Signature: signature }
}

function readTime(request: HttpRequest): { timeMs: number; timestamp: string } {
  const amzDate = request.headers.single('x-amz-date')
  if (amzDate !== undefined) return { timeMs: parseTimestamp(amzDate), timestamp: amzDate }
  const date = request.headers.single('date')
  if (date === undefined) {
    throw new GateError('signature-malformed', 'the request has neither `x-amz-date` nor `date`')
  }
  const timeMs = parseDateHeader(date)
  return { timeMs, timestamp: formatTimestamp(timeMs) }
}
