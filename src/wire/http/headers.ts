/**
 * Reads the headers of a request in one way only.
 * https://www.rfc-editor.org/rfc/rfc9110#section-5 (fields), RFC 9112 section 6 (body length)
 *
 * Invariant: names are lower-case tokens, values have no control character but tab, and no header
 * occurs twice but those of `MAY_REPEAT`.
 */
import { GateError } from '../../core/errors.ts'
import type { NameValue } from '../../core/http.ts'
import { HTTP_LIMITS, type HttpLimits } from './limits.ts'

/** Headers that may occur more than once; SDKs for Go write list members so. All are comma lists. */
export const MAY_REPEAT: ReadonlySet<string> = new Set([
  'accept',
  'accept-encoding',
  'accept-language',
  'cache-control',
  'via',
  'x-forwarded-for',
  'x-amz-object-attributes',
  'x-amz-optional-object-attributes',
])

/** AWS's header names have no underscore, and proxies fold `_` and `-` into one; metadata keys may. */
const PLAIN_NAME = /^[a-z0-9-]{1,128}$/
const META_NAME = /^x-amz-meta-[a-z0-9!#$%&'*+\-.^_`|~]{1,1024}$/
const PLAIN_VALUE = /^[\t\u0020-\u007e]*$/
const LATIN_VALUE = /^[\t\u0020-\u007e\u0080-\u00ff]*$/
/** Where S3 takes bytes beyond ASCII: file names and the user's own text. */
const LATIN_NAMES: ReadonlySet<string> = new Set(['content-disposition', 'user-agent'])

/** The headers of one request, looked up by lower-case name. Nothing in them has been verified. */
export class HttpHeaders {
  readonly #values: ReadonlyMap<string, string | readonly string[]>
  /** In order of arrival, as received. */
  readonly list: readonly NameValue[]

  /** Takes what `readHeaders` checked; use that. */
  constructor(list: readonly NameValue[], values: ReadonlyMap<string, string | readonly string[]>) {
    this.list = list
    this.#values = values
  }

  has(name: string): boolean {
    return this.#values.has(name)
  }

  /** The only value of the header; undefined if it is absent. Throws `http-ambiguous` if it is repeated. */
  single(name: string): string | undefined {
    const value = this.#values.get(name)
    if (value === undefined || typeof value === 'string') return value
    throw repeated(name)
  }

  /** All values of the header, in order of arrival. */
  all(name: string): readonly string[] {
    const value = this.#values.get(name)
    if (value === undefined) return []
    return typeof value === 'string' ? [value] : value
  }

  /** The names that occur, each once, in order of first arrival. */
  names(): IterableIterator<string> {
    return this.#values.keys()
  }
}

/**
 * Checks the headers and indexes them. Throws `http-malformed`, `http-ambiguous`,
 * `http-headers-too-large`.
 */
export function readHeaders(list: readonly NameValue[], limits: HttpLimits = HTTP_LIMITS): HttpHeaders {
  if (list.length > limits.headers) {
    throw new GateError('http-headers-too-large', `there are more than ${limits.headers} headers`)
  }
  const values = new Map<string, string | readonly string[]>()
  let bytes = 0
  for (const [name, value] of list) {
    bytes += name.length + value.length
    if (bytes > limits.headerBytes) {
      throw new GateError('http-headers-too-large', `the headers exceed ${limits.headerBytes} bytes`)
    }
    checkHeader(name, value)
    const before = values.get(name)
    if (before === undefined) values.set(name, value)
    else if (!MAY_REPEAT.has(name)) throw repeated(name)
    else values.set(name, typeof before === 'string' ? [before, value] : [...before, value])
  }
  return new HttpHeaders(list, values)
}

/** Headers whose values steer a body's length or the connection are checked in `reader.ts`. */
function checkHeader(name: string, value: string): void {
  const meta = name.startsWith('x-amz-meta-')
  if (!(meta ? META_NAME : PLAIN_NAME).test(name)) {
    throw new GateError('http-malformed', `a header has the name \`${printable(name)}\``)
  }
  if (PLAIN_VALUE.test(value)) return
  if ((meta || LATIN_NAMES.has(name)) && LATIN_VALUE.test(value)) return
  throw new GateError('http-malformed', `the header \`${name}\` has a character that it must not have`)
}

/** Input as it may stand in a message: short, and without control characters. */
function printable(text: string): string {
  return text.slice(0, 64).replace(/[^\u0021-\u007e]/g, '?')
}

function repeated(name: string): GateError {
  return new GateError('http-ambiguous', `the header \`${name}\` occurs more than once`)
}
