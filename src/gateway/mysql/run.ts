import { mysqlValueMask } from '../../mask/sql/mysql-row.ts'
import type { ValueMask } from '../../mask/sql/row.ts'
import type { RecordedMasks } from '../../record/event.ts'
import type { Column, Ok } from '../../wire/mysql/messages.ts'
import { type Replacement, RowView } from '../../wire/mysql/row-view.ts'
import { columnForms, type StatementMasks } from '../sql/masks.ts'
import type { SqlOutcome } from '../sql/ports.ts'

/** How the values of a result are masked: what is known of its columns. */
export interface ResultMasks {
  /** Types of the columns, in a result of the binary protocol. */
  readonly types: readonly number[]
  /** One for each column; undefined where none is masked. */
  readonly masks: readonly (ValueMask | undefined)[] | undefined
}

/** Looks at one row at a time, of whichever run. */
const VIEW = new RowView()

/** One text on its way through the server: what came of it, and what is masked of that. */
export class Run {
  readonly ended: Promise<SqlOutcome>
  readonly isBinary: boolean
  readonly #masks: StatementMasks
  readonly #hashKey: Buffer
  #settle: (outcome: SqlOutcome) => void = () => undefined
  /** Which result of the text is answered. */
  #statement = 0
  #result: ResultMasks | undefined
  #described: ResultMasks | undefined
  #rows: number | undefined
  #bytesIn: number
  #bytesOut = 0
  #masked = 0
  #error: string | undefined

  /** @param bytesIn of the command that carried it to the server */
  constructor(masks: StatementMasks, hashKey: Buffer, bytesIn: number, isBinary: boolean) {
    this.#masks = masks
    this.#hashKey = hashKey
    this.#bytesIn = bytesIn
    this.isBinary = isBinary
    this.ended = new Promise(resolve => {
      this.#settle = resolve
    })
  }

  /** Whether rows are to be looked at. */
  get isMasking(): boolean {
    return this.#result === undefined ? this.#masks.rules.length > 0 : this.#result.masks !== undefined
  }

  get isHushed(): boolean {
    return this.#masks.isHushed
  }

  /** The server says what the rows are made of that follow. */
  describe(columns: readonly Column[]): void {
    const { rules, outputs } = this.#masks
    const forms = columnForms(columns.length, outputs[this.#statement], rules)
    const masks = forms?.map((form, i) => {
      const column = columns[i]
      return form && column && mysqlValueMask(column, form, this.#hashKey)
    })
    this.#result = { types: columns.map(({ type }) => type), masks }
    this.#described = this.#result
  }

  /** The result that was described last: what a cursor's rows are masked by later. */
  get described(): ResultMasks | undefined {
    return this.#described
  }

  /** Rows of a cursor that was described before. */
  resume(result: ResultMasks): void {
    this.#result = result
  }

  /** A row's payload as the client may see it. */
  masked(payload: Buffer): Buffer {
    const result = this.#result
    if (result?.masks === undefined) return payload
    const view = VIEW
    if (this.isBinary) view.readBinary(payload, result.types)
    else view.readText(payload, result.types.length)
    const replacements: Replacement[] = []
    for (const [i, mask] of result.masks.entries()) {
      if (mask === undefined) continue
      const value = view.value(i)
      if (value !== null) replacements.push([i, mask(value)])
    }
    if (replacements.length === 0) return payload
    this.#masked += replacements.length
    return view.replaced(replacements)
  }

  passed(rows: number): void {
    this.#rows = (this.#rows ?? 0) + rows
  }

  /** The rows of a result have ended. */
  resultEnded(): void {
    this.#rows ??= 0
    this.#next()
  }

  /** A statement without a result has ended well; so has a procedure, behind its results. */
  done({ affectedRows }: Ok): void {
    this.#rows = (this.#rows ?? 0) + Number(affectedRows)
    this.#next()
  }

  #next(): void {
    this.#statement += 1
    this.#result = undefined
  }

  sent(bytes: number): void {
    this.#bytesOut += bytes
  }

  took(bytes: number): void {
    this.#bytesIn += bytes
  }

  /** @param code SQLSTATE of the server, or a code of the gate; the first counts */
  failed(code: string): void {
    this.#error ??= code
  }

  get error(): string | undefined {
    return this.#error
  }

  end(): void {
    const masked: RecordedMasks | undefined =
      this.#masked === 0 ? undefined : { count: this.#masked, places: [] }
    this.#settle({
      bytesIn: this.#bytesIn,
      bytesOut: this.#bytesOut,
      ...(this.#rows === undefined ? {} : { rows: this.#rows }),
      ...(this.#error === undefined ? {} : { error: this.#error }),
      ...(masked === undefined ? {} : { masked }),
    })
  }
}
