/**
 * A DataRow of which few values are looked at or changed, as when one column of many is masked: no object a value,
 * and what does not change is copied as it is.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 *
 *     D | length | n | (length, or -1 for NULL | value) × n |
 *
 * Invariants: a row is taken or refused exactly as by `readDataRow`; `replaced` gives the bytes that `writeDataRow` would.
 */
import { GateError } from '../../core/errors.ts'
import { Cursor } from './cursor.ts'
import { POSTGRES_LIMITS, type PostgresLimits } from './limits.ts'
import type { Value } from './messages.ts'
import { BACKEND } from './types.ts'

const HEAD_BYTES = 5
/** Bytes before the first value. */
const ROW_HEAD_BYTES = 7
const LENGTH_BYTES = 4
const EMPTY = Buffer.alloc(0)

/** A column, counted from 0, and the value that it is to have. */
export type Replacement = readonly [column: number, value: Value]

export class RowView {
  readonly #limits: PostgresLimits
  /** Where each value begins, its length before it, and where the last one ends. */
  readonly #starts: Uint32Array
  #bytes: Buffer = EMPTY
  #columns = 0

  constructor(limits: PostgresLimits = POSTGRES_LIMITS) {
    this.#limits = limits
    this.#starts = new Uint32Array(limits.columns + 1)
  }

  /** Looks at a row, until the next one. Throws `postgres-reply-malformed`, `postgres-reply-too-wide`. */
  read(bytes: Buffer): void {
    const cursor = new Cursor('server', 'DataRow', bytes, HEAD_BYTES)
    this.#columns = 0
    const columns = cursor.count(this.#limits.columns, LENGTH_BYTES, 'columns')
    let at = ROW_HEAD_BYTES
    for (let i = 0; i < columns; i++) {
      this.#starts[i] = at
      if (at + LENGTH_BYTES > bytes.length) throw cursor.malformed('fewer bytes than its fields')
      const length = bytes.readInt32BE(at)
      if (length < -1) throw cursor.malformed('a value of negative length')
      at += LENGTH_BYTES + Math.max(length, 0)
      if (at > bytes.length) throw cursor.malformed('fewer bytes than its fields')
    }
    if (at !== bytes.length) throw cursor.malformed('more bytes than its fields')
    this.#starts[columns] = at
    this.#bytes = bytes
    this.#columns = columns
  }

  /** How many values the row has. */
  get columns(): number {
    return this.#columns
  }

  /** A value, counted from 0: part of the row's own bytes, to which nobody may write. */
  value(column: number): Value {
    const start = this.#start(column)
    if (this.#bytes.readInt32BE(start) === -1) return null
    return this.#bytes.subarray(start + LENGTH_BYTES, this.#starts[column + 1])
  }

  /** The row with other values in these columns, which are in ascending order. */
  replaced(replacements: readonly Replacement[]): Buffer {
    let size = this.#bytes.length
    let last = 0
    for (const [column, value] of replacements) {
      const start = this.#start(column)
      const end = this.#starts[column + 1] ?? 0
      if (start < last) throw new GateError('internal', 'values of a row were to be replaced out of order')
      size += LENGTH_BYTES + (value?.length ?? 0) - (end - start)
      last = end
    }
    const row = Buffer.allocUnsafe(size)
    let from = 0
    let to = 0
    for (const [column, value] of replacements) {
      to += this.#bytes.copy(row, to, from, this.#start(column))
      to = row.writeInt32BE(value?.length ?? -1, to)
      if (value !== null) to += value.copy(row, to)
      from = this.#starts[column + 1] ?? 0
    }
    this.#bytes.copy(row, to, from)
    row[0] = BACKEND['data-row']
    row.writeUInt32BE(size - 1, 1)
    return row
  }

  #start(column: number): number {
    const start = column < this.#columns ? this.#starts[column] : undefined
    if (start === undefined)
      throw new GateError('internal', 'a column was asked for that the row does not have')
    return start
  }
}
