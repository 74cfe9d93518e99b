/**
 * Signs requests: for the upstream, and for tests and tools.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 *
 * Invariant: every header that is given is signed, beside `host` and the ones that are added.
 */
import { GateError } from '../../core/errors.ts'
import type { NameValue } from '../../core/http.ts'
import type { Redacted } from '../../core/redacted.ts'
import { readQuery } from '../http/target.ts'
import { encodeSortedQuery } from '../http/writer.ts'
import { canonicalPath, canonicalQuery, canonicalValue, encodesOnce, stringToSign } from './canonical.ts'
import { type SigningKey, type SigningKeys, signText } from './keys.ts'
import { ALGORITHM } from './messages.ts'
import { CONTENT_SHA256, isSha256 } from './payload.ts'
import { formatTimestamp } from './time.ts'

/** Credentials to sign with. */
export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: Redacted
  readonly sessionToken?: Redacted
}

/** What is to be signed. */
export interface SignInput {
  readonly method: string
  /** Percent-encoded path as it will be sent, without the query. */
  readonly path: string
  /** Percent-encoded query as it will be sent, without `?`; empty when there is none. */
  readonly query: string
  /** The `host` header as it will be sent. */
  readonly host: string
  /** Lower-case names; none of `host`, `authorization`, `x-amz-date`, `x-amz-security-token`. */
  readonly headers: readonly NameValue[]
  readonly region: string
  /** The signing name. */
  readonly service: string
  readonly credentials: Credentials
  readonly timeMs: number
  /** Hex SHA-256 of the body, `UNSIGNED-PAYLOAD`, or a constant of `STREAMING`. */
  readonly payloadHash: string
}

/** A signature made. */
export interface Signed {
  /** To be sent beside `host` and the given headers. */
  readonly headers: readonly NameValue[]
  /** 64 hex digits; the seed of the chunks' chain. */
  readonly signature: string
  readonly timestamp: string
  readonly key: SigningKey
}

/** Signs in the `Authorization` header. `keys` caches derived keys. */
export function sign(input: SignInput, keys: SigningKeys): Signed {
  const { credentials } = input
  const timestamp = formatTimestamp(input.timeMs)
  const added: [string, string][] = [['x-amz-date', timestamp]]
  if (credentials.sessionToken !== undefined) {
    added.push(['x-amz-security-token', credentials.sessionToken.reveal()])
  }
  const hashed = input.headers.some(([name]) => name === CONTENT_SHA256)
  if (!hashed && (encodesOnce(input.service) || !isSha256(input.payloadHash))) {
    added.push([CONTENT_SHA256, input.payloadHash])
  }
  const { lines, names } = headerLines([['host', input.host], ...input.headers, ...added])
  const key = signingKey(input, timestamp, keys)
  const text = stringToSign(timestamp, key.scopeText, {
    method: input.method,
    path: canonicalPath(input.path, input.service),
    query: input.query === '' ? '' : canonicalQuery(readQuery(input.query)),
    headerLines: lines,
    signedHeaders: names,
    payloadHash: input.payloadHash,
  })
  const signature = signText(key, text)
  added.push([
    'authorization',
    `${ALGORITHM} Credential=${credentials.accessKeyId}/${key.scopeText}, SignedHeaders=${names}, Signature=${signature}`,
  ])
  return { headers: added, signature, timestamp, key }
}

/**
 * Signs in the query: a presigned URL's query, with everything in it. `payloadHash` is
 * `UNSIGNED-PAYLOAD` for S3 and the hash of the empty body for others, unless the caller says more.
 */
export function presign(input: SignInput, expiresSeconds: number, keys: SigningKeys): string {
  const timestamp = formatTimestamp(input.timeMs)
  const key = signingKey(input, timestamp, keys)
  const { lines, names } = headerLines([['host', input.host], ...input.headers])
  const pairs: NameValue[] = [
    ...readQuery(input.query),
    ['X-Amz-Algorithm', ALGORITHM],
    ['X-Amz-Credential', `${input.credentials.accessKeyId}/${key.scopeText}`],
    ['X-Amz-Date', timestamp],
    ['X-Amz-Expires', String(expiresSeconds)],
    ['X-Amz-SignedHeaders', names],
  ]
  if (input.credentials.sessionToken !== undefined) {
    pairs.push(['X-Amz-Security-Token', input.credentials.sessionToken.reveal()])
  }
  const query = encodeSortedQuery(pairs)
  const text = stringToSign(timestamp, key.scopeText, {
    method: input.method,
    path: canonicalPath(input.path, input.service),
    query,
    headerLines: lines,
    signedHeaders: names,
    payloadHash: input.payloadHash,
  })
  return `${query}&X-Amz-Signature=${signText(key, text)}`
}

function signingKey(input: SignInput, timestamp: string, keys: SigningKeys): SigningKey {
  const { region, service, credentials } = input
  const scope = { date: timestamp.slice(0, 8), region, service }
  return keys.get(credentials.accessKeyId, credentials.secretAccessKey, scope)
}

/** Sorts the headers by name; values of one name are joined in their order. */
function headerLines(headers: readonly NameValue[]): { lines: string; names: string } {
  const sorted = headers.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  let lines = ''
  let names = ''
  let before = ''
  for (const [name, value] of sorted) {
    if (name === before) {
      if (name === 'host' || name.startsWith('x-amz-date') || name === 'x-amz-security-token') {
        throw new GateError('internal', `the header \`${name}\` was given to be signed twice`)
      }
      lines = `${lines.slice(0, -1)},${canonicalValue(value)}\n`
      continue
    }
    lines += `${name}:${canonicalValue(value)}\n`
    names += names === '' ? name : `;${name}`
    before = name
  }
  return { lines, names }
}
