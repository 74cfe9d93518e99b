/**
 * Reads the password that clients of databases come with: a presigned request, without its scheme, that nobody sends.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.Connecting.html
 *
 *     HOST:PORT/?Action=connect&DBUser=USER&X-Amz-Algorithm=AWS4-HMAC-SHA256
 *      &X-Amz-Credential=AKID/DATE/REGION/rds-db/aws4_request&X-Amz-Date=…&X-Amz-Expires=900
 *      &X-Amz-SignedHeaders=host&X-Amz-Security-Token=…&X-Amz-Signature=…
 *
 * Invariant: what is returned can be read in one way only. Parameters may stand in any order, and a character that is
 * reserved in URIs may be escaped or not, as SDKs differ in both; nothing else may differ between two texts of one meaning.
 */
import { asGateError, GateError } from '../../core/errors.ts'
import type { HttpRequest } from '../../wire/http/messages.ts'
import { percentDecode, percentEncode } from '../../wire/http/percent.ts'
import { readRequest } from '../../wire/http/reader.ts'
import { DATABASE_SERVICE } from '../../wire/sigv4/database-token.ts'
import { SIGV4_LIMITS, type SigV4Limits } from '../../wire/sigv4/limits.ts'
import type { SignedRequest } from '../../wire/sigv4/messages.ts'
import { readSignature } from '../../wire/sigv4/reader.ts'

/** A token as read; nothing of it is verified. */
export interface DatabaseToken {
  /** The host that was signed, lower case: of the target, or its name. */
  readonly host: string
  readonly port: number
  /** The `DBUser` that was signed. */
  readonly user: string
  readonly signed: SignedRequest
  /** What the signature is over. */
  readonly request: HttpRequest
}

/** As SigV4 elsewhere, but for the life of a token: RDS takes one for a quarter of an hour. */
export const TOKEN_LIMITS: SigV4Limits = { ...SIGV4_LIMITS, presignedMs: 15 * 60_000 }

/** Characters of a token: three for each of a session token, the longest part, and as many again for the rest. */
const MAX_CHARS = 16_384

const PARAMETERS: ReadonlySet<string> = new Set([
  'Action',
  'DBUser',
  'X-Amz-Algorithm',
  'X-Amz-Credential',
  'X-Amz-Date',
  'X-Amz-Expires',
  'X-Amz-Security-Token',
  'X-Amz-SignedHeaders',
  'X-Amz-Signature',
])

const PLACE = /^([A-Za-z0-9._-]{1,255}):([1-9][0-9]{0,4})\/?$/
const RESERVED = /[^A-Za-z0-9\-._~%]/g

/** Reads a token. Throws `database-token-malformed`, and `signature-…` where it is what was signed that is not right. */
export function readDatabaseToken(text: string): DatabaseToken {
  if (text.length > MAX_CHARS) throw malformed(`it is longer than ${MAX_CHARS} characters`)
  const mark = text.indexOf('?')
  if (mark < 0) throw malformed('it has no `?`')
  const [, host, digits] = PLACE.exec(text.slice(0, mark)) ?? []
  const port = Number(digits)
  if (host === undefined || port > 65_535) throw malformed('it does not begin with `HOST:PORT/?`')
  const query = text.slice(mark + 1)
  checkParameters(query)
  const request = asRequest(`${host.toLowerCase()}:${port}`, query)
  const signed = readSignature(request, TOKEN_LIMITS)
  // Only `host` can be signed, as there is no other header in it.
  if (signed.scope.service !== DATABASE_SERVICE) {
    throw malformed(`it is signed for another service than \`${DATABASE_SERVICE}\``)
  }
  if (parameter(request, 'Action') !== 'connect')
    throw malformed('its `Action` is something else than `connect`')
  const user = parameter(request, 'DBUser')
  if (user === '') throw malformed('it is for no `DBUser`')
  return { host: host.toLowerCase(), port, user, signed, request }
}

/** Each parameter is known, written out, and there once; each value is escaped as SDKs do. */
function checkParameters(query: string): void {
  const seen = new Set<string>()
  const pairs = query.split('&', PARAMETERS.size + 1)
  for (const pair of pairs) {
    const equals = pair.indexOf('=')
    const name = pair.slice(0, Math.max(equals, 0))
    if (!PARAMETERS.has(name)) throw malformed('it has a parameter that no token has')
    if (seen.has(name)) throw malformed(`it has \`${name}\` twice`)
    seen.add(name)
    if (!isPlainlyEscaped(pair.slice(equals + 1)))
      throw malformed(`its \`${name}\` is escaped in an unusual way`)
  }
}

/** No escape of what needs none, none in lower case, and none that is not of UTF-8. */
function isPlainlyEscaped(value: string): boolean {
  try {
    return percentEncode(percentDecode(value, 'the token')) === value.replace(RESERVED, percentEncode)
  } catch (error) {
    if (asGateError(error).code === 'http-malformed') return false
    throw error
  }
}

function asRequest(host: string, query: string): HttpRequest {
  try {
    return readRequest({ method: 'GET', target: `/?${query}`, headers: [['host', host]] })
  } catch (cause) {
    throw malformed('it is no part of a URL', cause)
  }
}

function parameter({ target }: HttpRequest, name: string): string {
  return target.query.find(([each]) => each === name)?.[1] ?? ''
}

function malformed(why: string, cause?: unknown): GateError {
  return new GateError('database-token-malformed', `the password is no token for a database: ${why}`, {
    cause,
  })
}
