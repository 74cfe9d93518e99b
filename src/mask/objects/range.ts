/**
 * Ranges of masked objects. S3 is asked for the whole object and the gate cuts the range out of what is
 * masked, so that a range shows what the same bytes of the whole show.
 * https://www.rfc-editor.org/rfc/rfc9110#section-14
 */

/** What a client asked for, before the object's length is known. */
export type RangeAsked =
  | { readonly kind: 'from'; readonly first: number; readonly last?: number }
  | { readonly kind: 'suffix'; readonly length: number }

/** Bytes of an object, both ends within it. */
export interface ByteRange {
  readonly first: number
  /** Inclusive, as in `Content-Range`. */
  readonly last: number
  /** Length of the object. */
  readonly total: number
}

/** Digits of an offset; S3's largest object has 50 TB, and a number beyond 2^53 is not exact. */
const MAX_DIGITS = 15

/**
 * Reads a `Range` header. Undefined where S3 ignores it and sends the whole object: another unit, several
 * ranges, a last byte before the first, or anything that is no range.
 */
export function readRange(header: string): RangeAsked | undefined {
  const text = header.trim()
  if (text.slice(0, 6).toLowerCase() !== 'bytes=') return undefined
  const range = text.slice(6).trim()
  const dash = range.indexOf('-')
  if (dash < 0) return undefined
  const first = offset(range.slice(0, dash))
  const last = offset(range.slice(dash + 1))
  if (first === undefined || last === undefined) return undefined
  if (first === 'absent') return last === 'absent' ? undefined : { kind: 'suffix', length: last }
  if (last === 'absent') return { kind: 'from', first }
  return last < first ? undefined : { kind: 'from', first, last }
}

/** A number, `absent` where there is nothing, undefined for anything else. */
function offset(text: string): number | 'absent' | undefined {
  if (text === '') return 'absent'
  if (text.length > MAX_DIGITS || !/^[0-9]+$/.test(text)) return undefined
  return Number(text)
}

/** The bytes that are meant in an object of `total` bytes; undefined if it has none of them (416). */
export function resolveRange(asked: RangeAsked, total: number): ByteRange | undefined {
  if (asked.kind === 'suffix') {
    if (asked.length === 0 || total === 0) return undefined
    return { first: Math.max(0, total - asked.length), last: total - 1, total }
  }
  if (asked.first >= total) return undefined
  return { first: asked.first, last: Math.min(asked.last ?? total - 1, total - 1), total }
}

/** `bytes 0-99/1234` */
export function contentRange({ first, last, total }: ByteRange): string {
  return `bytes ${first}-${last}/${total}`
}

/** Reads `Content-Range` of a reply that names the object's length; undefined for any other. */
export function readContentRange(header: string): ByteRange | undefined {
  const match = /^bytes ([0-9]{1,15})-([0-9]{1,15})\/([0-9]{1,15})$/.exec(header.trim())
  if (match === null) return undefined
  const range = { first: Number(match[1]), last: Number(match[2]), total: Number(match[3]) }
  return range.first <= range.last && range.last < range.total ? range : undefined
}

/** Cuts a range out of a stream of the object's bytes, as they come. */
export class RangeCutter {
  #skip: number
  #left: number

  constructor({ first, last }: ByteRange) {
    this.#skip = first
    this.#left = last - first + 1
  }

  /** The range has come in full: nothing more has to be read. */
  get complete(): boolean {
    return this.#left === 0
  }

  cut(chunk: Buffer): Buffer {
    const from = Math.min(this.#skip, chunk.length)
    const wanted = chunk.subarray(from, from + this.#left)
    this.#skip -= from
    this.#left -= wanted.length
    return wanted
  }
}
