/**
 * Gathers pieces into one buffer of a known size, which grows with what has come: a size that is only
 * announced costs no memory, and many small pieces cost no more than their bytes.
 */
const FIRST_BYTES = 256 * 1024

export class Gatherer {
  readonly #size: number
  #buffer: Buffer
  #length = 0

  /** `size` in bytes, already checked against a limit. */
  constructor(size: number) {
    this.#size = size
    this.#buffer = Buffer.allocUnsafe(Math.min(size, FIRST_BYTES))
  }

  /** Adds a piece; never more than `size` in all. */
  add(piece: Buffer): void {
    const length = this.#length + piece.length
    if (length > this.#buffer.length) {
      const grown = Buffer.allocUnsafe(Math.min(this.#size, Math.max(length, this.#buffer.length * 2)))
      this.#buffer.copy(grown, 0, 0, this.#length)
      this.#buffer = grown
    }
    piece.copy(this.#buffer, this.#length)
    this.#length = length
  }

  /** What was gathered. */
  take(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }
}
