/**
 * Values of the binary protocol: parameters of statements, rows of prepared ones.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_binary_resultset.html
 *
 *     TINY 1 byte, SHORT and YEAR 2, LONG, INT24 and FLOAT 4, LONGLONG and DOUBLE 8       little-endian
 *     DATE, DATETIME, TIMESTAMP   | length, 1 byte: 0, 4, 7 or 11 | … |
 *     TIME                        | length, 1 byte: 0, 8 or 12 | … |
 *     everything else             | length-encoded length | bytes |
 *
 * A NULL is a bit in a bitmap before the values, and no value.
 */
import type { Cursor } from './cursor.ts'
import type { ValueType } from './messages.ts'
import { type Packer, unwritable } from './packer.ts'

/** Numbers of the types whose form is not a string's. */
export const TYPES: Readonly<
  Record<
    | 'tiny'
    | 'short'
    | 'long'
    | 'float'
    | 'double'
    | 'timestamp'
    | 'longlong'
    | 'int24'
    | 'date'
    | 'time'
    | 'datetime'
    | 'year',
    number
  >
> = Object.freeze({
  tiny: 0x01,
  short: 0x02,
  long: 0x03,
  float: 0x04,
  double: 0x05,
  timestamp: 0x07,
  longlong: 0x08,
  int24: 0x09,
  date: 0x0a,
  time: 0x0b,
  datetime: 0x0c,
  year: 0x0d,
})

/** The other types, all of which are strings of bytes: decimals, texts, blobs, bits, JSON, vectors, geometries. */
const STRINGS: ReadonlySet<number> = new Set([
  0x00, 0x0f, 0x10, 0xf2, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff,
])
const WIDTHS: ReadonlyMap<number, number> = new Map([
  [TYPES.tiny, 1],
  [TYPES.short, 2],
  [TYPES.year, 2],
  [TYPES.long, 4],
  [TYPES.int24, 4],
  [TYPES.float, 4],
  [TYPES.longlong, 8],
  [TYPES.double, 8],
])
const DATE_LENGTHS: readonly number[] = [0, 4, 7, 11]
const TIME_LENGTHS: readonly number[] = [0, 8, 12]
const TEMPORAL: ReadonlyMap<number, readonly number[]> = new Map([
  [TYPES.date, DATE_LENGTHS],
  [TYPES.datetime, DATE_LENGTHS],
  [TYPES.timestamp, DATE_LENGTHS],
  [TYPES.time, TIME_LENGTHS],
])

/** Bytes of a bitmap for so many values; the first `skipped` bits of it have no meaning. */
export function bitmapBytes(values: number, skipped = 0): number {
  return (values + skipped + 7) >> 3
}

/** A bitmap: which of so many values are NULL. Bits without a meaning must be zero. */
export function readBitmap(cursor: Cursor, values: number, skipped = 0): (i: number) => boolean {
  const bitmap = cursor.take(bitmapBytes(values, skipped))
  const isSet = (bit: number): boolean => ((bitmap[bit >> 3] ?? 0) & (1 << (bit & 7))) !== 0
  for (let bit = 0; bit < bitmap.length * 8; bit++) {
    if ((bit < skipped || bit >= values + skipped) && isSet(bit))
      throw cursor.malformed('a NULL that is of no value')
  }
  return i => isSet(i + skipped)
}

export function writeBitmap(packer: Packer, nulls: readonly boolean[], skipped = 0): void {
  const bitmap = Buffer.alloc(bitmapBytes(nulls.length, skipped))
  for (const [i, isNull] of nulls.entries()) {
    const bit = i + skipped
    if (isNull) bitmap[bit >> 3] = (bitmap[bit >> 3] ?? 0) | (1 << (bit & 7))
  }
  packer.raw(bitmap)
}

/** A value that is not NULL by the bitmap, as one of the type NULL always is. */
export function readBinary(cursor: Cursor, type: number): Buffer {
  return cursor.take(binaryLength(cursor, type))
}

/** How long the value is that comes next; what says so, if anything does, is read. */
export function binaryLength(cursor: Cursor, type: number): number {
  const width = WIDTHS.get(type)
  if (width !== undefined) return width
  const lengths = TEMPORAL.get(type)
  if (lengths !== undefined) {
    const length = cursor.number(1)
    if (!lengths.includes(length)) throw cursor.malformed('a time of a length that has no meaning')
    return length
  }
  if (!STRINGS.has(type)) throw cursor.malformed(`a value of the unknown type ${type}`)
  return cursor.length()
}

export function writeBinary(packer: Packer, type: number, value: Buffer): void {
  const width = WIDTHS.get(type)
  const lengths = TEMPORAL.get(type)
  const isRight =
    width === undefined
      ? lengths === undefined
        ? STRINGS.has(type)
        : lengths.includes(value.length)
      : value.length === width
  if (!isRight) throw unwritable(`a value of ${value.length} bytes that its type ${type} does not have`)
  if (width !== undefined) packer.raw(value)
  else if (lengths === undefined) packer.bytes(value)
  else packer.number(value.length, 1).raw(value)
}

/** The type of a parameter: its number, and in the next byte whether it is unsigned. */
export function readType(cursor: Cursor): ValueType {
  const type = cursor.number(1)
  const flags = cursor.number(1)
  if (flags !== 0 && flags !== 0x80) throw cursor.malformed('a type with unknown flags')
  return { type, unsigned: flags === 0x80 }
}

export function writeType(packer: Packer, { type, unsigned }: ValueType): void {
  packer.number(type, 1).number(unsigned ? 0x80 : 0, 1)
}
