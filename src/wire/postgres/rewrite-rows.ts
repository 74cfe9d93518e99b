/**
 * Rewrites DataRows that lie next to each other, of which few values change, as when one column of many is masked: no object a
 * value, and what lies between changed values is copied in one go, over the ends of rows.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 *
 *     D | length | n | (length, or -1 for NULL | value) × n |
 *
 * Invariants: a row is taken or refused exactly as by `readDataRow`; what comes out is what `writeDataRow` would give, row by row.
 */
import { GateError } from '../../core/errors.ts'
import type { Value } from './messages.ts'

const HEAD_BYTES = 5
const COUNT_BYTES = 2
const LENGTH_BYTES = 4
const NULL_LENGTH = -1

/**
 * What stands in the place of a value that is not NULL; the value itself where it stays. The value is part of the rows' own bytes:
 * nobody may write to it.
 */
export type ValueChange = (value: Buffer) => Value

/**
 * @param rows whole DataRows
 * @param changes for each column; undefined where it stays. A row has as many values, or it is refused
 * Throws `postgres-reply-malformed`.
 */
export function rewriteRows(
  rows: Buffer,
  changes: readonly (ValueChange | undefined)[],
): { readonly bytes: Buffer; readonly count: number } {
  const out = new Pieces(rows)
  let at = 0
  while (at < rows.length) at = rewriteRow(rows, at, changes, out)
  return { bytes: out.joined(), count: out.count }
}

/** Gives where the row ends. */
function rewriteRow(
  rows: Buffer,
  start: number,
  changes: readonly (ValueChange | undefined)[],
  out: Pieces,
): number {
  const end = start + 1 + rows.readUInt32BE(start + 1)
  let at = start + HEAD_BYTES + COUNT_BYTES
  if (at > end || end > rows.length) throw malformed('has fewer bytes than its fields')
  if (rows.readUInt16BE(start + HEAD_BYTES) !== changes.length) throw malformed('is not as it was described')
  const before = out.grown
  for (const change of changes) {
    if (at + LENGTH_BYTES > end) throw malformed('has fewer bytes than its fields')
    const length = rows.readInt32BE(at)
    if (length < NULL_LENGTH) throw malformed('has a value of negative length')
    const from = at + LENGTH_BYTES
    const to = length === NULL_LENGTH ? from : from + length
    if (to > end) throw malformed('has fewer bytes than its fields')
    if (change !== undefined && length !== NULL_LENGTH) {
      const value = rows.subarray(from, to)
      const other = change(value)
      if (other !== value) out.replace(at, to, other)
    }
    at = to
  }
  if (at !== end) throw malformed('has more bytes than its fields')
  const growth = out.grown - before
  if (growth !== 0) out.setLength(start + 1, end - start - 1 + growth)
  return end
}

/** The bytes of the rows as they are to be, as far as they are known: some more than came. */
class Pieces {
  readonly #rows: Buffer
  #out: Buffer | undefined
  /** So far the rows were copied, and so much is written. */
  #copied = 0
  #written = 0
  count = 0

  constructor(rows: Buffer) {
    this.#rows = rows
  }

  /** How many bytes longer it is by now than what came. */
  get grown(): number {
    return this.#written - this.#copied
  }

  /** A value, with its length before it, gives way to another. */
  replace(from: number, to: number, value: Value): void {
    const length = value?.length ?? 0
    const out = this.#roomFor(from - this.#copied + LENGTH_BYTES + length)
    this.#written += this.#rows.copy(out, this.#written, this.#copied, from)
    this.#written = out.writeInt32BE(value === null ? NULL_LENGTH : length, this.#written)
    if (value !== null) this.#written += value.copy(out, this.#written)
    this.#copied = to
    this.count += 1
  }

  /** The length of a row that has been copied in part: by where it stood. */
  setLength(place: number, length: number): void {
    const grownSince = length - this.#rows.readUInt32BE(place)
    this.#out?.writeUInt32BE(length, place + this.grown - grownSince)
  }

  joined(): Buffer {
    if (this.count === 0) return this.#rows
    const out = this.#roomFor(this.#rows.length - this.#copied)
    this.#written += this.#rows.copy(out, this.#written, this.#copied)
    this.#copied = this.#rows.length
    return out.subarray(0, this.#written)
  }

  #roomFor(more: number): Buffer {
    const needed = this.#written + more + (this.#out === undefined ? this.#rows.length : 0)
    if (this.#out !== undefined && needed <= this.#out.length) return this.#out
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, (this.#out?.length ?? 0) * 2))
    this.#out?.copy(grown, 0, 0, this.#written)
    this.#out = grown
    return grown
  }
}

function malformed(what: string): GateError {
  return new GateError('postgres-reply-malformed', `a row of the server ${what}`)
}
