import { GateError } from '../../core/errors.ts'
import { rowsOf } from '../../wire/postgres/tag.ts'

/** Rows that a change returns wait at the gate up to so many bytes: for most of what people and programs do it is enough. */
export const MAX_WITHHELD_BYTES: number = 4 * 1024 * 1024

/** Tags of what changes rows. A SELECT tells how many it returned, whatever stands in it. */
const CHANGES = /^(?:INSERT|UPDATE|DELETE|MERGE|COPY) /

/** The answer to a change, kept from the client until it is decided whether the change stays. */
export class Withheld {
  /** Resolves when the server has answered, in whichever way. */
  readonly answered: Promise<void>
  #wake: () => void = () => undefined
  #rows: Buffer[] = []
  #complete: Buffer[] = []
  #bytes = 0
  #isComplete = false
  #counts: (number | undefined)[] = []

  constructor() {
    this.answered = new Promise(resolve => {
      this.#wake = resolve
    })
  }

  /** Keeps a message of the answer, as the client would see it. */
  take(bytes: Buffer): void {
    this.#bytes += bytes.length
    if (this.#bytes > MAX_WITHHELD_BYTES) this.#rows = []
    else if (this.#isComplete) this.#complete.push(bytes)
    else this.#rows.push(bytes)
  }

  /** The server says that it is done, and with how much. */
  completed(tag: string): void {
    this.#isComplete = true
    this.#counts.push(CHANGES.test(tag) ? rowsOf(tag) : undefined)
  }

  end(): void {
    this.#wake()
  }

  /** Rows that were changed, or why it cannot stay. */
  get count(): number | GateError {
    const [rows, other] = this.#counts
    if (rows === undefined || this.#counts.length > 1 || other !== undefined) {
      return new GateError(
        'sql-rows-unknown',
        'how many rows it changes decides whether it may pass, and the database did not tell: nothing stays changed',
      )
    }
    if (this.#bytes <= MAX_WITHHELD_BYTES) return rows
    return new GateError(
      'sql-rows-too-large',
      `how many rows it changes decides whether it may pass, and it returned more than ${MAX_WITHHELD_BYTES} bytes of them: nothing stays changed`,
    )
  }

  /** What came before the server said that it was done. */
  get rows(): Buffer {
    return Buffer.concat(this.#rows)
  }

  /** That it was done. */
  get complete(): Buffer {
    return Buffer.concat(this.#complete)
  }
}
