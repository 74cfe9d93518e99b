import { cutString } from '../../record/cut.ts'
import type { RecordedResult, RecordedTable } from '../../record/event.ts'
import { REDACTED } from '../../record/parameters.ts'
import type { SqlParameter } from './ports.ts'
import { recordedValue } from './recorder.ts'

/** Bytes that the frame of a table and of a row take in JSON. */
const TABLE_BYTES = 32
const ROW_BYTES = 3
/** Results of one text that are told apart. */
const MAX_TABLES = 100
/** Characters from which on a text that stands in another is no chance. */
const TELLING = 4

/**
 * What a client sees of the results of one text, up to a number of bytes. It is given what the client is: rows that were
 * masked already. A row is kept whole or not at all, but for long values.
 */
export class KeptResult {
  readonly #limitBytes: number
  readonly #tables: {
    readonly columns: readonly string[]
    readonly rows: RecordedTable['rows'][number][]
  }[] = []
  readonly #hidden: readonly string[]
  #left: number
  #cut: string | undefined

  /**
   * @param limitBytes of JSON, about; 0: nothing is kept
   * @param hidden what may be secret though the client knows it: its own constants and parameters, which results may repeat
   */
  constructor(limitBytes: number, hidden: readonly string[] = []) {
    this.#limitBytes = limitBytes
    this.#hidden = hidden.filter(text => text !== '')
    this.#left = limitBytes
  }

  /** Whether there is room for more: rows need not be read where there is none. */
  get isOpen(): boolean {
    return this.#left > 0
  }

  /** A result begins. */
  begin(columns: readonly string[]): void {
    if (!this.isOpen) return
    // MySQL names a column after the text of its expression.
    const names = columns.map(name => (this.#tells(name, 2) ? REDACTED : cutString(name, 256)))
    const bytes = TABLE_BYTES + sizeOf(names)
    if (bytes > this.#left || this.#tables.length >= MAX_TABLES) this.#end('more results')
    else {
      this.#left -= bytes
      this.#tables.push({ columns: names, rows: [] })
    }
  }

  /** Its next row; bytes for what has no text. Rows before any `begin` go on with a result that was left open. */
  row(values: readonly SqlParameter[]): void {
    if (!this.isOpen) return
    if (this.#tables.length === 0) this.begin(values.map((_, i) => `column ${i + 1}`))
    const row = values.map(value => {
      const text = recordedValue(value)
      if (text !== null && this.#tells(text, TELLING)) return REDACTED
      return text === null ? null : cutString(text, Math.max(256, Math.floor(this.#limitBytes / 4)))
    })
    const bytes = ROW_BYTES + sizeOf(row)
    if (bytes > this.#left) this.#end('more rows')
    else {
      this.#left -= bytes
      this.#tables.at(-1)?.rows.push(row)
    }
  }

  /** Something came that is not kept at all: data of COPY. Says so, and keeps what follows. */
  without(what: string): void {
    if (this.#limitBytes > 0) this.#cut ??= `${what} are not kept`
  }

  /** Nothing more is kept, and why: in prose. */
  close(why: string): void {
    if (this.#limitBytes > 0) this.#cut ??= why
    this.#left = 0
  }

  /** Undefined where nothing was to be kept, or nothing came. */
  get result(): RecordedResult | undefined {
    if (this.#tables.length === 0 && this.#cut === undefined) return undefined
    return { tables: this.#tables, ...(this.#cut === undefined ? {} : { cut: this.#cut }) }
  }

  /** Whether a text is, or holds, what is hidden; texts that are shorter than `length` stand in others by chance. */
  #tells(text: string, length: number): boolean {
    return this.#hidden.some(own => text === own || (own.length >= length && text.includes(own)))
  }

  #end(what: string): void {
    this.close(`${what} came: ${this.#limitBytes} bytes are kept, as \`record.keep\` says`)
  }
}

/** Bytes in JSON, but for what is escaped there. */
function sizeOf(values: readonly (string | null)[]): number {
  return values.reduce((sum, value) => sum + 3 + (value === null ? 4 : Buffer.byteLength(value)), 0)
}
