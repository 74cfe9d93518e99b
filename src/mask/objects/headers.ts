import type { NameValue } from '../../core/http.ts'

/** What a masked object's ETag ends with, within its quotes: it is no digest of what the client gets. */
export const SUFFIX = '-masked'

/** Checksums of the bytes as they are stored. `x-amz-checksum-*` and `x-amz-checksum-type` beside these. */
const DIGESTS: ReadonlySet<string> = new Set([
  'content-digest',
  'content-md5',
  'digest',
  'repr-digest',
  'x-amz-crc32',
])

/** Request headers that name an ETag which the client may have from a masked reply. */
export const CONDITIONS: ReadonlySet<string> = new Set([
  'if-match',
  'if-none-match',
  'if-range',
  'x-amz-copy-source-if-match',
  'x-amz-copy-source-if-none-match',
])

/** Headers of a reply that hold text of whoever stored the object. */
const FREE_TEXT: ReadonlySet<string> = new Set([
  'cache-control',
  'content-disposition',
  'content-language',
  'content-type',
  'x-amz-website-redirect-location',
])

/** The first value of a header; undefined if it is not there. */
export function headerOf(headers: readonly NameValue[], name: string): string | undefined {
  return headers.find(([given]) => given === name)?.[1]
}

/** All values of a header, as one list. */
export function allOf(headers: readonly NameValue[], name: string): string {
  return headers.flatMap(([given, value]) => (given === name ? [value] : [])).join(',')
}

/** The headers without those of these names. */
export function without(headers: readonly NameValue[], ...names: readonly string[]): NameValue[] {
  return headers.filter(([name]) => !names.includes(name))
}

/** The headers with this one, in the place of any of its name. */
export function withHeader(headers: readonly NameValue[], name: string, value: string): NameValue[] {
  return [...without(headers, name), [name, value]]
}

/**
 * The headers of a request to S3 with the ETags of masked replies as S3 knows them, so that a client may read
 * on, or write back, on the condition that the object is still the one that it saw.
 */
export function withStoredEtags(headers: readonly NameValue[]): NameValue[] {
  return headers.map(([name, value]) => [name, CONDITIONS.has(name) ? storedEtags(value) : value])
}

/** Takes the suffix from each of a list of ETags, quoted or (as S3 takes them, too) not. */
function storedEtags(list: string): string {
  return list
    .split(',')
    .map(entry => {
      const end = entry.trimEnd()
      const rest = entry.slice(end.length)
      if (end.endsWith(`${SUFFIX}"`)) return `${end.slice(0, -SUFFIX.length - 1)}"${rest}`
      return end.endsWith(SUFFIX) ? end.slice(0, -SUFFIX.length) + rest : entry
    })
    .join(',')
}

/** The ETag in a form that no client takes for an MD5. */
export function maskedEtag(etag: string): string {
  return etag.endsWith('"') ? `${etag.slice(0, -1)}${SUFFIX}"` : `${etag}${SUFFIX}`
}

/** The headers of a reply without what holds for the stored bytes alone. */
export function withoutDigests(headers: readonly NameValue[]): NameValue[] {
  return headers
    .filter(([name]) => !DIGESTS.has(name) && !name.startsWith('x-amz-checksum-'))
    .map(([name, value]) => [name, name === 'etag' ? maskedEtag(value) : value])
}

/**
 * The headers with every text of whoever stored the object masked.
 * @param mask a text of these bytes (latin-1) and what it is called, and the same masked
 * @param chosen headers whose value the request itself asked for
 */
export function withMaskedTexts(
  headers: readonly NameValue[],
  mask: (value: string, name: string) => string,
  chosen: ReadonlySet<string>,
): NameValue[] {
  return headers.map(([name, value]) => {
    const text = name.startsWith('x-amz-meta-') || FREE_TEXT.has(name)
    if (!text || chosen.has(name)) return [name, value]
    return [name, maskValue(value, name, mask)]
  })
}

/** An encoded word, as S3 writes metadata beyond ASCII. https://www.rfc-editor.org/rfc/rfc2047#section-2 */
const ENCODED_WORD = /^=\?UTF-8\?([BQ])\?([^?]*)\?=$/i

function maskValue(value: string, name: string, mask: (value: string, name: string) => string): string {
  const words = value.split(' ').map(readWord)
  if (!words.some(({ encoded }) => encoded)) return mask(value, name)
  // White space between two encoded words is part of neither.
  const plain = words
    .map(({ text, encoded }, i) => (i === 0 || (encoded && words[i - 1]?.encoded) ? text : ` ${text}`))
    .join('')
  const masked = mask(plain, name)
  return masked === plain ? value : `=?UTF-8?B?${Buffer.from(masked, 'latin1').toString('base64')}?=`
}

/** One word of a value: its bytes as latin-1. */
function readWord(word: string): { readonly text: string; readonly encoded: boolean } {
  const match = ENCODED_WORD.exec(word)
  if (match === null) return { text: word, encoded: false }
  const [, coding = '', text = ''] = match
  const bytes = coding.toUpperCase() === 'B' ? Buffer.from(text, 'base64').toString('latin1') : quoted(text)
  return { text: bytes, encoded: true }
}

/** The bytes of a "Q" encoded word, as latin-1: `_` is a space, `=40` a byte. */
function quoted(text: string): string {
  return text
    .replaceAll('_', ' ')
    .replace(/=([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}
