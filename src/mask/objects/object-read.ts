import { GateError } from '../../core/errors.ts'
import type { NameValue } from '../../core/http.ts'
import { headerOf, without, withStoredEtags } from './headers.ts'
import { type RangeAsked, readRange } from './range.ts'

/** A `GetObject` as far as masking is concerned: the canonical headers, and the canonical query. */
export interface ObjectRequest {
  readonly headers: readonly NameValue[]
  /** Percent-encoded, without `?`. */
  readonly query: string
}

/** What the client asked for, and what S3 is not told. */
export interface ObjectRead {
  /** The range as it was sent, and read; absent where S3 would send the whole object. */
  readonly range?: { readonly header: string; readonly asked: RangeAsked }
  /** The range is meant for the object of this ETag or date alone; else the whole is. */
  readonly ifRange?: string
  /** One part of a multipart upload is asked for. */
  readonly part: boolean
  /** Headers that the client wants to see in the reply, in the place of those of the object. */
  readonly overrides: readonly NameValue[]
  /** Headers of the reply that S3 takes from the request. */
  readonly chosen: ReadonlySet<string>
}

/** Another read of the same object, for its mask's sake. */
export interface ReadAgain {
  /** The ETag of the object that was seen: S3's, not a masked one. */
  readonly ifMatch: string
  /** A `Range` header; absent: the whole object. */
  readonly range?: string
}

const RESPONSE = 'response-'

/** Headers of the reply that a request can choose, by a parameter `response-…`. */
const CHOOSABLE: ReadonlySet<string> = new Set([
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
])

/** Of those, what would hide from the gate how the object is stored: it puts them in place itself. */
const ANSWERED_HERE: ReadonlySet<string> = new Set(['content-encoding', 'content-type'])

/**
 * Makes the request for an object that is to be masked: without its range, since S3 is asked for the whole;
 * without the wish for checksums, which would not fit; with ETags as S3 knows them; and without the overrides of
 * content type and encoding.
 * @throws GateError `request-ambiguous`, `parameter-malformed`
 */
export function prepareObjectRead(request: ObjectRequest): {
  readonly request: ObjectRequest
  readonly read: ObjectRead
} {
  const parameters = readQuery(request.query)
  const rangeHeader = headerOf(request.headers, 'range')
  const part = parameters.some(({ name }) => name === 'partNumber')
  if (part && rangeHeader !== undefined) {
    throw new GateError('request-ambiguous', 'a read of an object names both a range and a part')
  }
  const overrides = parameters
    .filter(({ name }) => ANSWERED_HERE.has(chosenBy(name) ?? ''))
    .map(({ name, value }): NameValue => [name.slice(RESPONSE.length), headerText(name, value)])
  const kept = parameters.filter(({ name }) => !ANSWERED_HERE.has(chosenBy(name) ?? ''))
  const stored = withStoredEtags(request.headers)
  const ifRange = headerOf(stored, 'if-range')
  const headers = without(stored, 'range', 'if-range', 'x-amz-checksum-mode')
  const asked = rangeHeader === undefined ? undefined : readRange(rangeHeader)
  return {
    request: { headers, query: kept.map(({ raw }) => raw).join('&') },
    read: {
      ...(asked === undefined ? {} : { range: { header: rangeHeader ?? '', asked } }),
      ...(ifRange === undefined ? {} : { ifRange }),
      part,
      overrides,
      chosen: new Set(parameters.flatMap(({ name }) => chosenBy(name) ?? [])),
    },
  }
}

/** The request, as `prepareObjectRead` made it, for another read of the object that it found. */
export function againRequest(request: ObjectRequest, { ifMatch, range }: ReadAgain): ObjectRequest {
  const kept = readQuery(request.query).filter(({ name }) => name !== 'partNumber')
  const headers = without(
    request.headers,
    'if-match',
    'if-none-match',
    'if-modified-since',
    'if-unmodified-since',
  )
  return {
    headers: [...headers, ['if-match', ifMatch], ...(range === undefined ? [] : [['range', range] as const])],
    query: kept.map(({ raw }) => raw).join('&'),
  }
}

interface Parameter {
  readonly raw: string
  readonly name: string
  readonly value: string
}

function readQuery(query: string): Parameter[] {
  if (query === '') return []
  return query.split('&').map(raw => {
    const [name = '', ...rest] = raw.split('=')
    return { raw, name: decoded(name), value: decoded(rest.join('=')) }
  })
}

/** The header of the reply that a parameter sets. */
function chosenBy(parameter: string): string | undefined {
  if (!parameter.startsWith(RESPONSE)) return undefined
  const header = parameter.slice(RESPONSE.length)
  return CHOOSABLE.has(header) ? header : undefined
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch (cause) {
    throw new GateError('parameter-malformed', 'the query is not percent-encoded UTF-8', { cause })
  }
}

/** A value that can be a header: what S3 takes for one, too. */
function headerText(name: string, value: string): string {
  if (/^[\t\x20-\x7e]*$/.test(value)) return value
  throw new GateError('parameter-malformed', `\`${name}\` is no text for a header`)
}
