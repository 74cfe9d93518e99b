/**
 * Reads a request target in one way only.
 * https://www.rfc-editor.org/rfc/rfc9112#section-3.2 (request target), RFC 3986 (its characters)
 *
 *     /path/of%20segments?name=value&flag
 *
 * Invariant: what is returned was decoded exactly once, from printable ASCII whose every `%` begins a good
 * escape of UTF-8; encoding `segments` again gives an equivalent path.
 */
import { GateError } from '../../core/errors.ts'
import type { NameValue } from '../../core/http.ts'
import { HTTP_LIMITS, type HttpLimits } from './limits.ts'
import type { HttpTarget, PathTrick } from './messages.ts'
import { percentDecode } from './percent.ts'

/** RFC 3986's pchar, slash and `?`; of the rest no client sends anything raw. */
const TARGET = /^[A-Za-z0-9\-._~!$&'()*+,;=:@/?%]*$/
const AUTHORITY = /^[A-Za-z0-9\-._:[\]]{1,255}$/
const DECODED_ESCAPE = /%[0-9A-Fa-f]{2}/
// The escapes of RFC 3986's unreserved characters: - . 0-9 A-Z _ a-z ~
const ENCODED_PLAIN = /%(?:2[DdEe]|3[0-9]|4[1-9A-Fa-f]|5[0-9AaFf]|6[1-9A-Fa-f]|7[0-9AaEe])/
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/

const NO_TRICKS: ReadonlySet<PathTrick> = new Set()

/** How a reader takes what the specifications leave open. */
export interface TargetOptions {
  /** Take `http://host/path`, as a forward proxy gets it. Refused unless set. */
  readonly absoluteForm?: boolean
}

/**
 * Reads the target of a request. Throws `http-malformed`, `http-ambiguous`, `http-target-too-long`,
 * `http-too-many-parameters`.
 */
export function readTarget(
  target: string,
  options: TargetOptions = {},
  limits: HttpLimits = HTTP_LIMITS,
): HttpTarget {
  if (target.length > limits.targetBytes) {
    throw new GateError('http-target-too-long', `the request target exceeds ${limits.targetBytes} bytes`)
  }
  const { authority, origin } = splitAuthority(target, options)
  if (!origin.startsWith('/')) {
    throw new GateError('http-malformed', 'the request target is not of origin form: it must begin with `/`')
  }
  if (!TARGET.test(origin)) {
    throw new GateError('http-malformed', 'the request target has a character that must be percent-encoded')
  }
  const mark = origin.indexOf('?')
  const rawPath = mark === -1 ? origin : origin.slice(0, mark)
  const rawQuery = mark === -1 ? '' : origin.slice(mark + 1)
  const segments = readSegments(rawPath)
  return {
    rawPath,
    rawQuery,
    segments,
    tricks: findTricks(rawPath, segments),
    query: readQuery(rawQuery, limits),
    ...(authority === undefined ? {} : { authority }),
  }
}

function splitAuthority(target: string, options: TargetOptions): { authority?: string; origin: string } {
  if (options.absoluteForm !== true) return { origin: target }
  const scheme = ['http://', 'https://'].find(prefix => target.startsWith(prefix))
  if (scheme === undefined) return { origin: target }
  const slash = target.indexOf('/', scheme.length)
  const authority = target.slice(scheme.length, slash === -1 ? undefined : slash)
  if (!AUTHORITY.test(authority)) {
    throw new GateError('http-malformed', 'the request target names no good host')
  }
  return { authority, origin: slash === -1 ? '/' : target.slice(slash) }
}

function readSegments(rawPath: string): readonly string[] {
  const raw = rawPath.slice(1).split('/')
  if (!rawPath.includes('%')) return raw
  const segments = raw.map(segment => percentDecode(segment, 'the path'))
  if (segments.some(segment => segment.includes('\0'))) {
    throw new GateError('http-malformed', 'the path has `%00` in it')
  }
  return segments
}

function findTricks(rawPath: string, segments: readonly string[]): ReadonlySet<PathTrick> {
  const found = new Set<PathTrick>()
  if (segments.some(segment => segment === '.' || segment === '..')) found.add('dot-segment')
  if (segments.some((segment, at) => segment === '' && at < segments.length - 1)) found.add('empty-segment')
  if (rawPath.includes(';')) found.add('semicolon')
  if (rawPath.includes('%')) {
    if (ENCODED_PLAIN.test(rawPath)) found.add('encoded-plain')
    for (const segment of segments) {
      if (segment.includes('/')) found.add('encoded-slash')
      if (segment.includes('\\')) found.add('backslash')
      if (DECODED_ESCAPE.test(segment)) found.add('double-encoded')
      if (CONTROL.test(segment)) found.add('control')
    }
  }
  return found.size === 0 ? NO_TRICKS : found
}

/**
 * Refuses a path with tricks in it, but for the ones that the caller takes: interpreters of S3 take all
 * (by not calling this), those of REST services `encoded-slash`. Throws `http-path-refused`.
 */
export function requirePlainPath(target: HttpTarget, taken: readonly PathTrick[] = []): void {
  for (const trick of target.tricks) {
    if (!taken.includes(trick)) throw new GateError('http-path-refused', TRICK_PROSE[trick])
  }
}

const TRICK_PROSE: Readonly<Record<PathTrick, string>> = {
  'dot-segment': 'the path has a segment that is `.` or `..`',
  'empty-segment': 'the path has an empty segment, `//`',
  'encoded-slash': 'the path has an encoded slash, `%2F`',
  'encoded-plain': 'the path has an escape of a character that needs none, such as `%2e`',
  'double-encoded': 'the path is percent-encoded twice',
  semicolon: 'the path has a raw `;` in it',
  backslash: 'the path has an encoded backslash, `%5C`',
  control: 'the path has an encoded control character',
}

/**
 * Reads a query into decoded pairs. A raw `+` is refused: query strings of forms mean a space by it and
 * those of URIs a plus; SDKs send `%20` and `%2B`.
 */
export function readQuery(rawQuery: string, limits: HttpLimits = HTTP_LIMITS): readonly NameValue[] {
  if (rawQuery === '') return []
  if (rawQuery.includes('+') || rawQuery.includes(';')) {
    throw new GateError('http-ambiguous', 'the query has a raw `+` or `;`: send `%20`, `%2B` or `%3B`')
  }
  return splitPairs(rawQuery, limits.queryParameters, 'the query')
}

/** Splits `a=1&b=2` and decodes once. `where` names the place for errors. */
export function splitPairs(text: string, maxPairs: number, where: string): readonly NameValue[] {
  const pairs: NameValue[] = []
  let start = 0
  while (start <= text.length) {
    const ampersand = text.indexOf('&', start)
    const end = ampersand === -1 ? text.length : ampersand
    if (pairs.length === maxPairs) {
      throw new GateError('http-too-many-parameters', `${where} has more than ${maxPairs} parameters`)
    }
    pairs.push(readPair(text.slice(start, end), where))
    start = end + 1
  }
  return pairs
}

function readPair(text: string, where: string): NameValue {
  const equals = text.indexOf('=')
  const name = percentDecode(equals === -1 ? text : text.slice(0, equals), where)
  if (name === '') throw new GateError('http-malformed', `${where} has a parameter without a name`)
  if (CONTROL.test(name)) throw new GateError('http-malformed', `${where} has a control character in a name`)
  return [name, equals === -1 ? '' : percentDecode(text.slice(equals + 1), where)]
}

/**
 * The first name that occurs more than once, compared without case; undefined if there is none. Callers
 * refuse it unless the operation takes a list there.
 */
export function duplicateName(pairs: readonly NameValue[]): string | undefined {
  const seen = new Set<string>()
  for (const [name] of pairs) {
    const folded = name.toLowerCase()
    if (seen.has(folded)) return name
    seen.add(folded)
  }
  return undefined
}
