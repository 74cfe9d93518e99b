/** A set of rows of a block, a bit for each. */
export class Rows {
  readonly #words: Uint32Array
  readonly length: number

  /** Empty, or as `words` say, which it keeps. */
  constructor(length: number, words: Uint32Array = new Uint32Array(wordsFor(length))) {
    this.length = length
    this.#words = words
  }

  static all(length: number): Rows {
    const rows = new Rows(length)
    rows.invert()
    return rows
  }

  copy(): Rows {
    return new Rows(this.length, this.#words.slice())
  }

  add(row: number): void {
    this.#words[row >>> 5] = (this.#words[row >>> 5] ?? 0) | (1 << (row & 31))
  }

  remove(row: number): void {
    this.#words[row >>> 5] = (this.#words[row >>> 5] ?? 0) & ~(1 << (row & 31))
  }

  has(row: number): boolean {
    return ((this.#words[row >>> 5] ?? 0) & (1 << (row & 31))) !== 0
  }

  get isEmpty(): boolean {
    return this.#words.every(word => word === 0)
  }

  /** Keeps those that the others have, too. */
  intersect(others: Rows): void {
    const words = this.#words
    for (let at = 0; at < words.length; at++) words[at] = (words[at] ?? 0) & (others.#words[at] ?? 0)
  }

  unite(others: Rows): void {
    const words = this.#words
    for (let at = 0; at < words.length; at++) words[at] = (words[at] ?? 0) | (others.#words[at] ?? 0)
  }

  invert(): void {
    const words = this.#words
    for (let at = 0; at < words.length; at++) words[at] = ~(words[at] ?? 0)
    const over = this.length & 31
    if (over !== 0) words[words.length - 1] = (words.at(-1) ?? 0) & (2 ** over - 1)
  }

  /** The rows, ascending. */
  list(): number[] {
    const rows: number[] = []
    for (let at = 0; at < this.#words.length; at++) {
      let word = this.#words[at] ?? 0
      while (word !== 0) {
        const bit = 31 - Math.clz32(word & -word)
        rows.push(at * 32 + bit)
        word &= word - 1
      }
    }
    return rows
  }

  /** Its bits as bytes, little-endian whatever the machine. */
  toBytes(): Buffer {
    const bytes = Buffer.alloc(this.#words.length * 4)
    for (const [at, word] of this.#words.entries()) bytes.writeUInt32LE(word, at * 4)
    return bytes
  }

  /** Rows from bytes that `toBytes` made; bits beyond `length` are dropped. */
  static fromBytes(length: number, bytes: Buffer): Rows {
    const words = new Uint32Array(wordsFor(length))
    for (let at = 0; at < words.length; at++) words[at] = bytes.readUInt32LE(at * 4)
    const rows = new Rows(length, words)
    rows.intersect(Rows.all(length))
    return rows
  }
}

function wordsFor(rows: number): number {
  return (rows + 31) >>> 5
}

/** How many bytes a set of so many rows takes. */
export function bytesFor(rows: number): number {
  return wordsFor(rows) * 4
}
