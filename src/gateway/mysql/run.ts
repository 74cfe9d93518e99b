import { isUtf8 } from 'node:buffer'
import { GateError } from '../../core/errors.ts'
import { mysqlDetectingMask, mysqlValueMask } from '../../mask/sql/mysql-row.ts'
import type { ValueMask } from '../../mask/sql/row.ts'
import type { RecordedMasks } from '../../record/event.ts'
import type { Column, Ok, Value } from '../../wire/mysql/messages.ts'
import { type Replacement, RowView } from '../../wire/mysql/row-view.ts'
import type { KeptResult } from '../sql/kept-result.ts'
import { columnForms, type StatementMasks } from '../sql/masks.ts'
import type { SqlOutcome, SqlParameter, TextDetector } from '../sql/ports.ts'
import { recordedParameter } from './parameters.ts'

/** How the values of a result are masked: what is known of its columns. */
export interface ResultMasks {
  /** Types of the columns, in a result of the binary protocol. */
  readonly types: readonly number[]
  readonly columns: readonly Column[]
  /** One for each column; undefined where none is masked. */
  readonly masks: readonly (ValueMask | undefined)[] | undefined
}

export interface RunStart {
  readonly masks: StatementMasks
  /** Takes rows as the client gets them. */
  readonly kept: KeptResult
  /** What is to be found in values, and in errors; absent: nothing is looked for. */
  readonly detector?: TextDetector | undefined
  readonly hashKey: Buffer
  /** Of the commands that carried it to the server. */
  readonly bytesIn: number
  /** Rows come in the binary protocol. */
  readonly isBinary: boolean
}

/** Flag of a column: https://dev.mysql.com/doc/dev/mysql-server/latest/group__group__cs__column__definition__flags.html */
const UNSIGNED = 32

/** Looks at one row at a time, of whichever run. */
const VIEW = new RowView()

/** One text on its way through the server: what came of it, and what is masked of that. */
export class Run {
  readonly ended: Promise<SqlOutcome>
  readonly isBinary: boolean
  readonly #masks: StatementMasks
  readonly #kept: KeptResult
  readonly #detector: TextDetector | undefined
  readonly #hashKey: Buffer
  #settle: (outcome: SqlOutcome) => void = () => undefined
  /** Which result of the text is answered. */
  #statement = 0
  #result: ResultMasks | undefined
  #described: ResultMasks | undefined
  #rows: number | undefined
  #bytesIn: number
  #bytesOut = 0
  #maskedValues = 0
  #error: string | undefined

  constructor({ masks, kept, hashKey, bytesIn, isBinary, detector }: RunStart) {
    this.#detector = detector
    this.#masks = masks
    this.#kept = kept
    this.#hashKey = hashKey
    this.#bytesIn = bytesIn
    this.isBinary = isBinary
    this.ended = new Promise(resolve => {
      this.#settle = resolve
    })
  }

  /** Whether rows are to be looked at. */
  get isMasking(): boolean {
    const hasMasks = this.#masks.rules.length > 0 || this.#detector !== undefined
    return this.#result === undefined ? hasMasks : this.#result.masks !== undefined
  }

  /** What the client may see of an error: its message, where nothing in it may be masked; else undefined. */
  messageOf(message: string): string | undefined {
    if (this.#masks.isHushed) return undefined
    return this.#detector === undefined ? message : this.#detector.mask(message).text
  }

  /** The server says what the rows are made of that follow. */
  describe(columns: readonly Column[]): void {
    const { rules, outputs } = this.#masks
    const forms = columnForms(columns.length, outputs[this.#statement], rules)
    const detector = this.#detector
    const all = columns.map((column, i) => {
      const form = forms?.[i]
      if (form !== undefined) return mysqlValueMask(column, form, this.#hashKey)
      return detector && mysqlDetectingMask(column, detector)
    })
    const masks = all.some(mask => mask !== undefined) ? all : undefined
    this.#result = { types: columns.map(({ type }) => type), columns: [...columns], masks }
    this.#described = this.#result
    this.#kept.begin(columns.map(({ name }) => name))
  }

  /** The result that was described last: what a cursor's rows are masked by later. */
  get described(): ResultMasks | undefined {
    return this.#described
  }

  /** Rows of a cursor that was described before. */
  resume(result: ResultMasks): void {
    this.#result = result
    this.#kept.begin(result.columns.map(({ name }) => name))
  }

  /** Whether rows are read, and not only passed on: to mask them, or to keep them. */
  get isReading(): boolean {
    return this.isMasking || this.#kept.isOpen
  }

  /** A row's payload as the client may see it. */
  row(payload: Buffer): Buffer {
    const result = this.#result
    if (result === undefined)
      throw new GateError('mysql-reply-malformed', 'the server sends rows of no columns')
    const seen = result.masks === undefined ? payload : this.#masked(payload, result, result.masks)
    if (this.#kept.isOpen) this.#keep(seen, result)
    return seen
  }

  /** Remembers a row that the client gets like this. */
  #keep(payload: Buffer, result: ResultMasks): void {
    this.#look(payload, result)
    this.#kept.row(
      result.columns.map(({ type, flags }, i) => {
        const value = VIEW.value(i)
        const unsigned = (flags & UNSIGNED) !== 0
        return this.isBinary ? recordedParameter({ type, unsigned }, value) : textOrBytes(value)
      }),
    )
  }

  #look(payload: Buffer, { types }: ResultMasks): void {
    if (this.isBinary) VIEW.readBinary(payload, types)
    else VIEW.readText(payload, types.length)
  }

  #masked(payload: Buffer, result: ResultMasks, masks: NonNullable<ResultMasks['masks']>): Buffer {
    this.#look(payload, result)
    const replacements: Replacement[] = []
    for (const [i, mask] of masks.entries()) {
      if (mask === undefined) continue
      const value = VIEW.value(i)
      if (value === null) continue
      const seen = mask(value)
      if (seen !== value) replacements.push([i, seen])
    }
    if (replacements.length === 0) return payload
    this.#maskedValues += replacements.length
    return VIEW.replaced(replacements)
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
      this.#maskedValues === 0 ? undefined : { count: this.#maskedValues, places: [] }
    this.#settle({
      bytesIn: this.#bytesIn,
      bytesOut: this.#bytesOut,
      ...(this.#rows === undefined ? {} : { rows: this.#rows }),
      ...(this.#error === undefined ? {} : { error: this.#error }),
      ...(masked === undefined ? {} : { masked }),
      ...(this.#kept.result === undefined ? {} : { result: this.#kept.result }),
    })
  }
}

function textOrBytes(value: Value): SqlParameter {
  return value !== null && isUtf8(value) ? value.toString('utf8') : value
}
