/**
 * The canonical request and the string to sign.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 *
 *     METHOD \n path \n query \n name:value \n ... \n \n signed;headers \n payload hash
 *     AWS4-HMAC-SHA256 \n timestamp \n scope \n SHA-256(canonical request)
 *
 * Invariant: two requests have the same canonical form only if they mean the same: everything in it was
 * decoded once and encoded again, or is as it was sent. The one exception is in the algorithm itself: outside
 * S3, empty and dot segments of a path do not count; `requirePlainPath` refuses those.
 */
import { hash } from 'node:crypto'
import type { NameValue } from '../../core/http.ts'
import { percentDecode, percentEncode } from '../http/percent.ts'
import { ALGORITHM } from './messages.ts'

/**
 * Services that encode the path once and leave its segments alone: `disableDoubleEncoding` in the SDKs'
 * endpoint rules. All others encode the path that is on the wire a second time, without empty and dot
 * segments.
 */
const SINGLE_ENCODING: ReadonlySet<string> = new Set(['s3', 's3-object-lambda', 's3-outposts', 's3express'])

export function encodesOnce(service: string): boolean {
  return SINGLE_ENCODING.has(service)
}

/** Unreserved characters, slashes, and upper-case escapes of anything else. */
const CANONICAL_ONCE =
  /^(?:[A-Za-z0-9\-._~/]|%(?:[0189A-F][0-9A-F]|2[0-9A-CF]|3[A-F]|40|5[B-E]|60|7[BCDF]))*$/

/** The canonical URI of a path that is on the wire as `rawPath`; its escapes must be good. */
export function canonicalPath(rawPath: string, service: string): string {
  if (encodesOnce(service)) {
    if (CANONICAL_ONCE.test(rawPath)) return rawPath
    return rawPath
      .split('/')
      .map(segment => percentEncode(percentDecode(segment, 'the path')))
      .join('/')
  }
  const tricky = rawPath.includes('//') || rawPath.includes('/.')
  const normal = tricky ? withoutDotSegments(rawPath) : rawPath
  return normal.split('/').map(percentEncode).join('/')
}

/** Without `.`, `..` and empty segments, as botocore and the JavaScript SDK sign a path. */
function withoutDotSegments(path: string): string {
  const kept: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop()
    else if (segment !== '' && segment !== '.') kept.push(segment)
  }
  return `/${kept.join('/')}${path.endsWith('/') && kept.length > 0 ? '/' : ''}`
}

/** The canonical query of decoded pairs, without the signature itself. */
export function canonicalQuery(pairs: readonly NameValue[]): string {
  if (pairs.length === 0) return ''
  const lines: (readonly [name: string, value: string])[] = []
  for (const [name, value] of pairs) {
    if (name !== 'X-Amz-Signature') lines.push([percentEncode(name), percentEncode(value)])
  }
  lines.sort((a, b) => compare(a[0], b[0]) || compare(a[1], b[1]))
  return lines.map(([name, value]) => `${name}=${value}`).join('&')
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

const SPACES = /[ \t]+/g

/** A header's value as it is signed: trimmed, runs of white space as one space. */
export function canonicalValue(value: string): string {
  if (!value.includes('  ') && !value.includes('\t') && !value.startsWith(' ') && !value.endsWith(' ')) {
    return value
  }
  return value.replace(SPACES, ' ').trim()
}

/** What a canonical request is made of. */
export interface CanonicalParts {
  readonly method: string
  /** From `canonicalPath`. */
  readonly path: string
  /** From `canonicalQuery`. */
  readonly query: string
  /** Lines `name:value\n` in the order of `signedHeaders`, values canonical. */
  readonly headerLines: string
  /** `host;x-amz-date` */
  readonly signedHeaders: string
  /** Hex SHA-256 of the body, or one of the constants in its place. */
  readonly payloadHash: string
}

/** The canonical request, one character a byte (latin-1) as headers are. */
export function canonicalRequest(parts: CanonicalParts): string {
  return `${parts.method}\n${parts.path}\n${parts.query}\n${parts.headerLines}\n${parts.signedHeaders}\n${parts.payloadHash}`
}

/** The string to sign. */
export function stringToSign(timestamp: string, scope: string, parts: CanonicalParts): string {
  const text = canonicalRequest(parts)
  // Strings are hashed as UTF-8, which for ASCII is the same.
  const ascii = Buffer.byteLength(text) === text.length
  const digest = hash('sha256', ascii ? text : Buffer.from(text, 'latin1'))
  return `${ALGORITHM}\n${timestamp}\n${scope}\n${digest}`
}
