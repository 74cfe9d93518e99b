/**
 * A row of which few values are looked at or changed, as when one column of many is masked: no object a value, and what
 * does not change is copied as it is.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_query_response_text_resultset_row.html
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_binary_resultset.html
 *
 * Invariants: a row is taken or refused exactly as by `readTextRow` and `readBinaryRow`; `replaced` gives the payload
 * that `writeTextRow` and `writeBinaryRow` would.
 */
import { GateError } from '../../core/errors.ts'
import { binaryLength, bitmapBytes, readBitmap, writeBinary } from './binary.ts'
import { Cursor } from './cursor.ts'
import { MYSQL_LIMITS, type MysqlLimits } from './limits.ts'
import type { Value } from './messages.ts'
import { Packer } from './packer.ts'
import { OK, ROW_BITS } from './read-reply.ts'

const NULL = 0xfb
const EMPTY = Buffer.alloc(0)

/** A column, counted from 0, and the value that it is to have. */
export type Replacement = readonly [column: number, value: Value]

export class RowView {
  /** Where each field begins, its length before it, and where the last one ends. */
  readonly #starts: Uint32Array
  /** Where each value begins; where its field does if it is NULL. */
  readonly #values: Uint32Array
  readonly #nulls: Uint8Array
  #payload: Buffer = EMPTY
  #columns = 0
  /** Types of the columns of a row in the binary protocol. */
  #types: readonly number[] | undefined

  constructor(limits: MysqlLimits = MYSQL_LIMITS) {
    this.#starts = new Uint32Array(limits.columns + 1)
    this.#values = new Uint32Array(limits.columns)
    this.#nulls = new Uint8Array(limits.columns)
  }

  /** Looks at a row in the text protocol, until the next one. Throws `mysql-reply-malformed`. */
  readText(payload: Buffer, columns: number): void {
    this.#columns = 0
    const cursor = new Cursor('server', 'row', payload)
    for (let i = 0; i < columns; i++) {
      const start = cursor.at
      const isNull = cursor.peek === NULL
      const length = isNull ? 1 : cursor.length()
      this.#place(i, start, cursor.at, isNull)
      cursor.skip(length)
    }
    this.#settle(cursor, payload, columns, undefined)
  }

  /** Looks at a row in the binary protocol, until the next one. Throws `mysql-reply-malformed`. */
  readBinary(payload: Buffer, types: readonly number[]): void {
    this.#columns = 0
    const cursor = new Cursor('server', 'row', payload)
    cursor.expect(OK, 'another first byte')
    const isNull = readBitmap(cursor, types.length, ROW_BITS)
    for (const [i, type] of types.entries()) {
      const start = cursor.at
      const length = isNull(i) ? 0 : binaryLength(cursor, type)
      this.#place(i, start, cursor.at, isNull(i))
      cursor.skip(length)
    }
    this.#settle(cursor, payload, types.length, types)
  }

  /** How many values the row has. */
  get columns(): number {
    return this.#columns
  }

  /** A value, counted from 0: part of the row's own bytes, to which nobody may write. */
  value(column: number): Value {
    this.#require(column)
    if (this.#nulls[column] === 1) return null
    return this.#payload.subarray(this.#values[column], this.#starts[column + 1])
  }

  /** The payload with other values in these columns, which are in ascending order. */
  replaced(replacements: readonly Replacement[]): Buffer {
    const types = this.#types
    const packer = new Packer(this.#payload.length + 64)
    let from = 0
    if (types !== undefined) {
      const bitmap = Buffer.from(this.#payload.subarray(0, 1 + bitmapBytes(types.length, ROW_BITS)))
      for (const [column, value] of replacements) setNull(bitmap, column + ROW_BITS, value === null)
      packer.raw(bitmap)
      from = bitmap.length
    }
    for (const [column, value] of replacements) {
      this.#require(column)
      const start = this.#starts[column] ?? 0
      if (start < from) throw new GateError('internal', 'values of a row were to be replaced out of order')
      packer.raw(this.#payload.subarray(from, start))
      if (types === undefined) packer.value(value)
      else if (value !== null) writeBinary(packer, types[column] ?? 0, value)
      from = this.#starts[column + 1] ?? 0
    }
    return packer.raw(this.#payload.subarray(from)).take()
  }

  #place(column: number, start: number, value: number, isNull: boolean): void {
    this.#starts[column] = start
    this.#values[column] = value
    this.#nulls[column] = isNull ? 1 : 0
  }

  #settle(cursor: Cursor, payload: Buffer, columns: number, types: readonly number[] | undefined): void {
    cursor.end()
    this.#starts[columns] = cursor.at
    this.#payload = payload
    this.#columns = columns
    this.#types = types
  }

  #require(column: number): void {
    if (column >= 0 && column < this.#columns) return
    throw new GateError('internal', 'a column was asked for that the row does not have')
  }
}

/** Sets or clears a bit of a bitmap that has one byte before it. */
function setNull(bitmap: Buffer, bit: number, isNull: boolean): void {
  const at = 1 + (bit >> 3)
  const mask = 1 << (bit & 7)
  bitmap[at] = isNull ? (bitmap[at] ?? 0) | mask : (bitmap[at] ?? 0) & ~mask
}
