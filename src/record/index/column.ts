import { TEXT_KEYS, type TextKey } from '../search/query.ts'
import { addGrams, addValue, addWhole, Numbers, seedOf, WHOLE_NUMBERS } from './grams.ts'
import { bytesFor, Rows } from './rows.ts'

/**
 * How the values of a key are kept in a block: `listed`, each value with its rows, which answers exactly; or `signed`
 * where there are many, by grams, which rule rows out, but for those values that many rows have: these are listed.
 */
export type Keeping = 'listed' | 'signed'

/** Keys of which every call has a value of its own, or nearly. */
const ALWAYS_SIGNED: ReadonlySet<TextKey> = new Set(['text', 'event'])
/** A value of these is nearly always asked for as a whole, and is made of letters that say nothing. */
const WHOLE: ReadonlySet<TextKey> = new Set(['event'])

/** The values of one key in a block and the rows that have them. */
export class Column {
  readonly key: TextKey
  readonly #rows = new Map<string, number[]>()
  /** Characters of all values, each counted once. */
  characters = 0

  constructor(key: TextKey) {
    this.key = key
  }

  add(value: string, row: number): void {
    const rows = this.#rows.get(value)
    if (rows === undefined) {
      this.#rows.set(value, [row])
      this.characters += value.length
    } else if (rows.at(-1) !== row) {
      rows.push(row)
    }
  }

  keeping(mostListed: number): Keeping {
    return ALWAYS_SIGNED.has(this.key) || this.#rows.size > mostListed ? 'signed' : 'listed'
  }

  /** About how many bits the rows of its rare values set. */
  grams(common: number): number {
    let grams = 0
    for (const [value, rows] of this.#rows) {
      if (rows.length < common) grams += (isWhole(this.key) ? WHOLE_NUMBERS : value.length) * rows.length
    }
    return grams
  }

  /** Signs the values that fewer rows have than `common`. */
  sign(planes: Planes, common: number): void {
    const seed = seedOf(this.key)
    const numbers = new Numbers()
    for (const [value, rows] of this.#rows) {
      if (rows.length >= common) continue
      numbers.clear()
      if (this.key === 'text') addGrams(value, seed, numbers)
      else if (isWhole(this.key)) addWhole(value, seed, numbers)
      else addValue(value, seed, numbers)
      for (let at = 0; at < numbers.length; at++) planes.set(numbers.at(at), rows)
    }
  }

  /**
   * The values that at least `common` rows have, as JSON; and for each, where its rows begin, then the rows: a list, or
   * bits where these are shorter. Undefined where there are none.
   */
  list(rows: number, common: number): { readonly values: Buffer; readonly rows: Buffer } | undefined {
    const listed = [...this.#rows].filter(([, each]) => each.length >= common)
    if (listed.length === 0) return undefined
    const kept = listed.map(([, each]) => containerOf(each, rows))
    const starts = Buffer.alloc((kept.length + 1) * 4)
    let start = starts.length
    for (const [at, container] of kept.entries()) {
      starts.writeUInt32LE(start, at * 4)
      start += container.length
    }
    starts.writeUInt32LE(start, kept.length * 4)
    return {
      values: Buffer.from(JSON.stringify(listed.map(([value]) => value))),
      rows: Buffer.concat([starts, ...kept]),
    }
  }
}

export function isWhole(key: TextKey): boolean {
  return WHOLE.has(key)
}

export function newColumns(): ReadonlyMap<TextKey, Column> {
  return new Map(TEXT_KEYS.map(key => [key, new Column(key)]))
}

function containerOf(list: readonly number[], rows: number): Buffer {
  if (list.length * 2 >= bytesFor(rows)) {
    const bits = new Rows(rows)
    for (const row of list) bits.add(row)
    return bits.toBytes()
  }
  const bytes = Buffer.alloc(list.length * 2)
  for (const [at, row] of list.entries()) bytes.writeUInt16LE(row, at * 2)
  return bytes
}

/** Adds the rows of the value with this number in a list that `list` made. */
export function addListed(list: Buffer, at: number, target: Rows): void {
  const container = list.subarray(list.readUInt32LE(at * 4), list.readUInt32LE(at * 4 + 4))
  if (container.length === bytesFor(target.length)) {
    target.unite(Rows.fromBytes(target.length, container))
    return
  }
  for (let offset = 0; offset < container.length; offset += 2) target.add(container.readUInt16LE(offset))
}

/** Rows of a block: their numbers take 2 bytes. */
export const MAX_ROWS = 65_536
const MIN_PLANES = 64
export const MAX_PLANES = 16_384
/** Bits for each gram of an ordinary row: an eighth of them or so are set then. */
const BITS_A_GRAM = 5

/** For each of so many numbers, the rows that have a gram which falls on it. */
export class Planes {
  readonly count: number
  readonly #rows: number
  readonly #bits: Buffer

  /** `grams`: of all rows together. */
  constructor(rows: number, grams: number) {
    this.#rows = rows
    const wanted = (grams / Math.max(rows, 1)) * BITS_A_GRAM
    this.count = Math.min(Math.max(2 ** Math.ceil(Math.log2(wanted + 1)), MIN_PLANES), MAX_PLANES)
    this.#bits = Buffer.alloc(this.count * bytesFor(rows))
  }

  set(gram: number, rows: readonly number[]): void {
    const start = (gram % this.count) * bytesFor(this.#rows)
    for (const row of rows) {
      const at = start + (row >>> 3)
      this.#bits[at] = (this.#bits[at] ?? 0) | (1 << (row & 7))
    }
  }

  /** All planes, one behind the other. */
  get bytes(): Buffer {
    return this.#bits
  }
}
