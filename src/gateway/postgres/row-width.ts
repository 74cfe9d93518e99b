/** Bytes of a DataRow before the number of its values, and of that number. */
const HEAD_BYTES = 5
const COUNT_BYTES = 2

/**
 * Sees that rows that pass unread have as many values as they are to have, also where they come in pieces: the number may be
 * cut in two.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 */
export class RowWidth {
  #wanted = 0
  #count = 0
  #missing = 0

  /** A row begins, whole or not. False where it has another width. */
  begin(bytes: Buffer, wanted: number): boolean {
    this.#wanted = wanted
    this.#count = 0
    this.#missing = COUNT_BYTES
    return this.more(bytes.subarray(HEAD_BYTES))
  }

  /** It goes on. False where it turns out to have another width. */
  more(bytes: Buffer): boolean {
    if (this.#missing === 0) return true
    for (const byte of bytes.subarray(0, this.#missing)) {
      this.#count = this.#count * 256 + byte
      this.#missing -= 1
    }
    return this.#missing > 0 || this.#count === this.#wanted
  }

  /** What comes next is no such row. */
  end(): void {
    this.#missing = 0
  }
}
