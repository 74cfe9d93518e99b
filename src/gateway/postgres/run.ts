import { GateError } from '../../core/errors.ts'
import { maskRow, type ValueMask } from '../../mask/sql/row.ts'
import type { RecordedMasks } from '../../record/event.ts'
import type { Column, CopyResponse, Fields, Value } from '../../wire/postgres/messages.ts'
import { rewriteRows } from '../../wire/postgres/rewrite-rows.ts'
import { rowsOf } from '../../wire/postgres/tag.ts'
import { KeptResult } from '../sql/kept-result.ts'
import type { SqlOutcome, TextDetector } from '../sql/ports.ts'
import type { Met } from '../sql/statement-decision.ts'
import { columnMasks } from './column-masks.ts'
import { CopyMasks } from './copy-masks.ts'
import type { PostgresMasks } from './statement-masks.ts'
import { valueText } from './value-text.ts'
import { Withheld } from './withheld.ts'

function malformed(what: string): GateError {
  return new GateError('postgres-reply-malformed', `the server ${what}`)
}

/** Fields of an error that are of the server's own: severity, SQLSTATE, positions, places in its source. */
const NO_PROSE: ReadonlySet<string> = new Set(['S', 'V', 'C', 'P', 'p', 'F', 'L', 'R'])

/** One text on its way through the server: what came of it, and what is masked of that. */
export class Run {
  readonly ended: Promise<SqlOutcome>
  /** Resolves when the server owes nothing more; before `ended` where the answer is withheld. */
  get answered(): Promise<unknown> {
    return this.#withheld?.answered ?? this.ended
  }

  /** What people have said of it, where they were asked. */
  readonly met: Met | undefined
  /** The server waits for data of COPY; called for each time that it does. Absent: it has no reason to. */
  onCopyIn: (() => void) | undefined
  /** Takes rows as the client gets them. */
  kept: KeptResult = new KeptResult(0)
  readonly #masks: PostgresMasks
  readonly #hashKey: Buffer
  readonly #detector: TextDetector | undefined
  #settle: (outcome: SqlOutcome) => void = () => undefined
  /** Which statement of the text is answered. */
  #statement = 0
  #columns: readonly (ValueMask | undefined)[] | undefined
  #described: readonly Column[] | undefined
  #rows: number | undefined
  #bytesIn: number
  #bytesOut = 0
  #masked = 0
  #error: string | undefined
  #copy: CopyMasks | undefined
  /** Set where the client does not have the answer yet. */
  #withheld: Withheld | undefined

  /** @param bytesIn of the messages that carried it to the server */
  constructor(
    masks: PostgresMasks,
    hashKey: Buffer,
    bytesIn: number,
    { met, detector }: { readonly met?: Met | undefined; readonly detector?: TextDetector | undefined } = {},
  ) {
    this.met = met
    this.#detector = detector
    this.#masks = masks
    this.#hashKey = hashKey
    this.#bytesIn = bytesIn
    this.ended = new Promise(resolve => {
      this.#settle = resolve
    })
  }

  /** Whether rows are to be looked at. A result that was not described yet, or has no columns, might have something masked. */
  get isMasking(): boolean {
    return this.hasMasks && (!this.#described?.length || this.#columns !== undefined)
  }

  /** How many values each row of the result has that may pass unread; undefined where any may. */
  get width(): number | undefined {
    const { widths } = this.#masks
    return widths === undefined ? undefined : (widths[this.#statement] ?? 0)
  }

  /** Whether rows are read, and not only passed on: to mask them, or to keep them. */
  get isReading(): boolean {
    return this.isMasking || this.kept.isOpen
  }

  /** Whether it has to be known what the rows are made of. */
  get needsColumns(): boolean {
    return this.hasMasks || this.kept.isOpen
  }

  get hasMasks(): boolean {
    return this.#masks.rules.length > 0 || this.#detector !== undefined
  }

  /** Whether data of COPY may pass: only what was told to hold nothing that is masked. */
  get mayCopyOut(): boolean {
    return !this.hasMasks || this.#masks.isCopy
  }

  get isHushed(): boolean {
    return this.#masks.isHushed
  }

  /** What an error or notice says, with what is found in it masked; undefined where nothing is looked for. */
  reworded(fields: Fields): Fields | undefined {
    const detector = this.#detector
    if (detector === undefined) return undefined
    return fields.map(([letter, text]) => [letter, NO_PROSE.has(letter) ? text : detector.mask(text).text])
  }

  /**
   * The server says what the rows are made of that follow. Throws `postgres-reply-malformed` where it says so twice, and the
   * second may have something masked.
   */
  describe(columns: readonly Column[]): void {
    if (this.hasMasks && this.#described !== undefined) throw malformed('describes the same rows twice')
    this.#described = columns
    if (columns.length > 0) this.kept.begin(columns.map(({ name }) => name))
    if (!this.hasMasks) return
    const { rules, outputs } = this.#masks
    this.#columns = columnMasks(columns, outputs[this.#statement], rules, this.#hashKey, this.#detector)
  }

  get isDescribed(): boolean {
    return this.#described !== undefined
  }

  /** A row as the client may see it. Throws `postgres-reply-malformed` for one of another width than was described. */
  masked(values: readonly Value[]): readonly Value[] {
    if (values.length !== this.#described?.length) throw malformed('sends other rows than it has described')
    if (this.#columns === undefined) {
      this.keep(values)
      return values
    }
    const { values: row, count } = maskRow(values, this.#columns)
    this.#masked += count
    this.keep(row)
    return row
  }

  /** Whether rows are masked alone, many at once: it is known what of them, and none is kept. */
  get isRewriting(): boolean {
    return this.#columns !== undefined && !this.kept.isOpen
  }

  /** Rows that lie next to each other as the client may see them. Throws `postgres-reply-malformed`. */
  rewritten(rows: Buffer): Buffer {
    const { bytes, count } = rewriteRows(rows, this.#columns ?? [])
    this.#masked += count
    return bytes
  }

  /** The server begins to give data of COPY. Throws `postgres-reply-malformed` where they are not in the form of text. */
  beginCopy({ format }: CopyResponse): void {
    if (!this.hasMasks) return
    const { rules, outputs, copies } = this.#masks
    const form = copies?.[this.#statement]
    if (form !== undefined && format !== 0)
      throw malformed('gives data of COPY in another form than it was told to')
    this.#copy = new CopyMasks({
      form,
      output: outputs[this.#statement],
      rules,
      hashKey: this.#hashKey,
      detector: this.#detector,
    })
  }

  /** Data of COPY as the client may see them. Throws `postgres-reply-malformed`. */
  maskedCopy(data: Buffer): Buffer {
    if (this.#copy === undefined) throw malformed('gives data of COPY that it has not announced')
    const masked = this.#copy.mask(data)
    this.#masked += masked.count
    return masked.data
  }

  /** Remembers a row that the client gets like this, where it is to be recorded. */
  keep(row: readonly Value[]): void {
    if (!this.kept.isOpen) return
    const columns = this.#described
    this.kept.row(row.map((value, i) => valueText(value, columns?.[i])))
  }

  /** Something goes to the client that is not recorded. */
  keepNot(what: string): void {
    this.kept.without(what)
  }

  /** Keeps the answer from the client, and the run from its end until `settle`. */
  withhold(): Withheld {
    this.#withheld ??= new Withheld()
    return this.#withheld
  }

  get isWithheld(): boolean {
    return this.#withheld !== undefined
  }

  /** What was withheld will never be seen. */
  denied(code: string): void {
    this.failed(code)
    this.kept = new KeptResult(0)
  }

  /** Whether the client is not to have this yet, or ever. Errors it has at once: then nothing else comes. */
  withholds(bytes: Buffer): boolean {
    if (this.#withheld === undefined || this.#error !== undefined) return false
    this.sent(bytes.length)
    this.#withheld.take(bytes)
    return true
  }

  /** The end of the transaction of this run, which may fail by itself: with the same masks. */
  beside(): Run {
    return new Run(this.#masks, this.#hashKey, 0, { detector: this.#detector })
  }

  /** A statement of the text has ended well. */
  completed(tag: string): void {
    this.#withheld?.completed(tag)
    const rows = rowsOf(tag)
    if (rows !== undefined) this.#rows = (this.#rows ?? 0) + rows
    this.#next()
  }

  #next(): void {
    this.#statement += 1
    this.#described = undefined
    this.#columns = undefined
    this.#copy = undefined
  }

  /** A portal was left with rows in it. */
  suspended(rows: number): void {
    this.#rows = (this.#rows ?? 0) + rows
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

  /** The server owes nothing more. */
  end(): void {
    if (this.#withheld === undefined) this.settle()
    else this.#withheld.end()
  }

  /** It is over, once and for all. */
  settle(): void {
    const masked: RecordedMasks | undefined =
      this.#masked === 0 ? undefined : { count: this.#masked, places: [] }
    this.#settle({
      bytesIn: this.#bytesIn,
      bytesOut: this.#bytesOut,
      ...(this.#rows === undefined ? {} : { rows: this.#rows }),
      ...(this.#error === undefined ? {} : { error: this.#error }),
      ...(masked === undefined ? {} : { masked }),
      ...(this.kept.result === undefined ? {} : { result: this.kept.result }),
    })
  }
}
