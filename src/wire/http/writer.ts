/**
 * Writes paths, queries and forms of decoded text, in the one encoding that SigV4 signs.
 *
 * Invariant: what is written here and read by `target.ts` or `form.ts` is the same text again.
 */
import type { NameValue } from '../../core/http.ts'
import { percentEncode } from './percent.ts'

/** One segment of a path; a slash in it becomes `%2F`. */
export function encodePathSegment(segment: string): string {
  return percentEncode(segment)
}

/** A path of decoded segments, with its leading slash: the reverse of `HttpTarget.segments`. */
export function encodePath(segments: readonly string[]): string {
  return `/${segments.map(percentEncode).join('/')}`
}

/** A query of decoded pairs in their order, without `?`. Every pair gets its `=`. */
export function encodeQuery(pairs: readonly NameValue[]): string {
  return pairs.map(([name, value]) => `${percentEncode(name)}=${percentEncode(value)}`).join('&')
}

/** A query of decoded pairs, sorted by encoded name, then by encoded value: SigV4's canonical form. */
export function encodeSortedQuery(pairs: readonly NameValue[]): string {
  if (pairs.length === 0) return ''
  return pairs
    .map(([name, value]): NameValue => [percentEncode(name), percentEncode(value)])
    .sort(byNameThenValue)
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
}

/** Orders encoded pairs by the bytes of their names, then of their values. */
function byNameThenValue(a: NameValue, b: NameValue): number {
  if (a[0] !== b[0]) return a[0] < b[0] ? -1 : 1
  if (a[1] !== b[1]) return a[1] < b[1] ? -1 : 1
  return 0
}

/** Writes a form body of decoded pairs in their order; spaces become `%20`. */
export function writeForm(pairs: readonly NameValue[]): Buffer {
  return Buffer.from(encodeQuery(pairs), 'latin1')
}
