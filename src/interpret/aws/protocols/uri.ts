import { GateError } from '../../../core/errors.ts'
import type { NameValue } from '../../../core/http.ts'

/** A path or query piece by RFC 3986: everything but unreserved characters is encoded. */
export function percentEncode(text: string): string {
  if (!text.isWellFormed())
    throw new GateError('parameter-malformed', 'a parameter in the address is not valid Unicode')
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

/** A query string sorted by name; values of one name keep their order. @param query not encoded yet */
export function writeQueryString(query: readonly NameValue[], bare: readonly string[] = []): string {
  const pairs = query.map(([name, value]) => [
    percentEncode(name),
    `${percentEncode(name)}=${percentEncode(value)}`,
  ])
  const flags = bare.map(name => [percentEncode(name), percentEncode(name)])
  return [...pairs, ...flags]
    .sort(([a = ''], [b = '']) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([, text]) => text)
    .join('&')
}

/** Refuses a query string where the protocol has none: another reader might take parameters from it. */
export function noQuery(query: readonly NameValue[]): void {
  const [first] = query
  if (first !== undefined) {
    throw new GateError(
      'parameter-unknown',
      `the protocol takes no query string, and \`${first[0].slice(0, 100)}\` is in it`,
    )
  }
}

/** A URI template of a model: `/{Bucket}/{Key+}?list-type=2&tagging`. */
export interface UriTemplate {
  /** Literal pieces and labels, alternating as they stand. */
  readonly path: readonly (string | UriLabel)[]
  /** Query parameters that are part of the operation's name, with their value. */
  readonly constants: ReadonlyMap<string, string>
  /** Constants without a value: `tagging`. */
  readonly flags: ReadonlySet<string>
}

export interface UriLabel {
  readonly label: string
  /** `{Key+}`: takes slashes. */
  readonly greedy: boolean
}

const templates = new Map<string, UriTemplate>()

/** Parses a template, once for each. */
export function uriTemplate(text: string): UriTemplate {
  const known = templates.get(text)
  if (known !== undefined) return known
  const [pathText = '', queryText = ''] = text.split('?', 2)
  const path = pathText.split(/(\{[^{}]*\})/).filter(piece => piece !== '')
  const constants = new Map<string, string>()
  const flags = new Set<string>()
  for (const piece of queryText.split('&').filter(part => part !== '')) {
    const equals = piece.indexOf('=')
    if (equals < 0) flags.add(piece)
    else constants.set(piece.slice(0, equals), piece.slice(equals + 1))
  }
  const template: UriTemplate = { path: path.map(toPiece), constants, flags }
  templates.set(text, template)
  return template
}

function toPiece(piece: string): string | UriLabel {
  if (!piece.startsWith('{')) return piece
  const name = piece.slice(1, -1)
  return name.endsWith('+') ? { label: name.slice(0, -1), greedy: true } : { label: name, greedy: false }
}
