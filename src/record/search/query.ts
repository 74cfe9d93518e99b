/**
 * What is searched for: terms, all of which must hold.
 *
 *     query   = { space } [ term { space { space } term } ] { space }
 *     term    = [ "-" ] [ key ":" ] piece { piece }
 *     piece   = quoted | bare
 *     quoted  = '"' { any but `"` and `\`, or `\` and any } '"'
 *     bare    = anything but space and `"`
 *
 * A term without a key is text. What is quoted means itself; elsewhere `*` stands for any characters and
 * `?` for one. Everything compares with its case, as AWS spells it.
 */

/** Keys whose values are compared with those of an entry; see `values.ts`. */
export const TEXT_KEYS = [
  'text',
  'session',
  'principal',
  'role',
  'service',
  'operation',
  'action',
  'resource',
  'effect',
  'statement',
  'error',
  'status',
  'address',
  'approval',
  'masked',
  'event',
  'type',
  'target',
  'database',
  'fingerprint',
] as const
export type TextKey = (typeof TEXT_KEYS)[number]

/** Keys of moments; `since` includes it, `until` does not. */
export const TIME_KEYS = ['since', 'until'] as const
export type TimeKey = (typeof TIME_KEYS)[number]

/** Other words for keys. */
export const SYNONYMS: ReadonlyMap<string, TextKey> = new Map([
  ['decision', 'effect'],
  ['request', 'approval'],
  ['who', 'principal'],
])

/** A pattern: text that means itself, and between two of them what may stand there. */
export interface Pattern {
  readonly parts: readonly (string | Wildcard)[]
}

/** `any`: any characters, also none. `one`: one character. */
export type Wildcard = { readonly wildcard: 'any' | 'one' }

export type Term =
  | { readonly key: TextKey; readonly not: boolean; readonly pattern: Pattern }
  | { readonly key: TimeKey; readonly timeMs: number }

export type Query = readonly Term[]

/** Longest query, in UTF-16 units. */
export const MAX_QUERY_LENGTH = 4_096
/** Most terms. */
export const MAX_TERMS = 100

/** The query as text, which parses into the same one. */
export function printQuery(query: Query): string {
  return query
    .map(term => {
      if (!('pattern' in term)) return `${term.key}:${new Date(term.timeMs).toISOString()}`
      const key = term.key === 'text' ? '' : `${term.key}:`
      return `${term.not ? '-' : ''}${key}${printPattern(term)}`
    })
    .join(' ')
}

function printPattern({ key, pattern }: { readonly key: TextKey; readonly pattern: Pattern }): string {
  if (pattern.parts.length === 0) return '""'
  return pattern.parts
    .map((part, at) => {
      if (typeof part !== 'string') return part.wildcard === 'any' ? '*' : '?'
      // A word with a colon would be taken for a key, and one with a dash for what must not be.
      const plain = key === 'text' ? !part.includes(':') && !(at === 0 && part.startsWith('-')) : true
      return plain && /^[^\s"*?]+$/.test(part) ? part : `"${part.replace(/[\\"]/g, '\\$&')}"`
    })
    .join('')
}
