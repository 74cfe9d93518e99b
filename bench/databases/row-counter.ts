/** Of a message of PostgreSQL: its type, and its length without the type. */
const HEADER = 5
const DATA_ROW = 'D'.charCodeAt(0)
const READY = 'Z'.charCodeAt(0)
const ERROR = 'E'.charCodeAt(0)

/** Counts the rows that a PostgreSQL server sends, and does no more: a client that is never what is waited for. */
export class RowCounter {
  rows: number = 0
  bytes: number = 0
  errors: number = 0
  readonly #header: Buffer = Buffer.alloc(HEADER)
  /** Of the last message that began. */
  #type: number | undefined
  /** Bytes of the header that are here. */
  #have = 0
  /** Bytes of the message that are still to come. */
  #left = 0

  /** Whether the server has said that it is ready for another query. */
  get done(): boolean {
    return this.#type === READY && this.#left === 0
  }

  push(chunk: Buffer): void {
    this.bytes += chunk.length
    let at = 0
    while (at < chunk.length) {
      if (this.#left > 0) {
        const passed = Math.min(this.#left, chunk.length - at)
        this.#left -= passed
        at += passed
      } else {
        const taken = chunk.copy(this.#header, this.#have, at, at + HEADER - this.#have)
        this.#have += taken
        at += taken
        if (this.#have === HEADER) this.#begin()
      }
    }
  }

  #begin(): void {
    this.#have = 0
    this.#left = this.#header.readUInt32BE(1) - 4
    const type = this.#header[0]
    if (type === DATA_ROW) this.rows += 1
    else if (type === ERROR) this.errors += 1
    this.#type = type
  }
}
