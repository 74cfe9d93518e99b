/**
 * Reads the packets of a server's answers; which of them comes when is in `replies.ts`.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_response_packets.html
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_query_response.html
 *
 *     OK       | 00 or fe | rows, length-encoded | id, length-encoded | status, 2 | warnings, 2 | info | changes |
 *     ERR      | ff | code, 2 | # | SQLSTATE, 5 | message |          EOF   | fe | warnings, 2 | status, 2 |
 *     column   | def | schema | table | its name | name | its name | 0c | collation, 2 | length, 4 | type | flags, 2
 *              | decimals | 0, 2 | default, for COM_FIELD_LIST |
 *     prepared | 00 | statement, 4 | columns, 2 | parameters, 2 | 0 | warnings, 2 |
 *     row      | text: (length-encoded value or fb) × columns |   | binary: 00 | bitmap | values |
 *
 * Invariant: what is read here and written by `write-reply.ts` is the same bytes; anything else is refused.
 */
import { readBinary, readBitmap } from './binary.ts'
import { has, STATUS } from './capabilities.ts'
import { Cursor } from './cursor.ts'
import { MYSQL_LIMITS, type MysqlLimits } from './limits.ts'
import type { Column, Eof, Failure, Ok, Prepared, SessionChange, Value } from './messages.ts'

export const OK = 0x00
export const LOCAL_FILE = 0xfb
export const END = 0xfe
export const ERROR = 0xff
/** Bits of a binary row's bitmap before that of the first column. */
export const ROW_BITS = 2
/** MariaDB reports progress in the form of an error, if it was asked to; the gate never asks. */
const PROGRESS = 0xffff
const COLUMN_BYTES = 12
const SQLSTATE = /^[0-9A-Z]{5}$/

/** An OK, or the end of a result where EOF packets are deprecated (`first`: fe). Throws `mysql-reply-malformed`. */
export function readOk(
  payload: Buffer,
  capabilities: number,
  first: typeof OK | typeof END = OK,
  limits: MysqlLimits = MYSQL_LIMITS,
): Ok {
  const cursor = new Cursor('server', 'OK', payload)
  cursor.expect(first, 'another first byte')
  const affectedRows = cursor.wide()
  const lastInsertId = cursor.wide()
  const status = cursor.number(2)
  const warnings = cursor.number(2)
  // Documented as the rest of the packet without session tracking; servers and clients have a length there, too.
  const info = cursor.left === 0 ? undefined : cursor.text()
  const tracks =
    info !== undefined && has(capabilities, 'sessionTrack') && (status & STATUS.stateChanged) !== 0
  const changes = tracks ? readChanges(cursor, limits) : []
  cursor.end()
  return { kind: 'ok', affectedRows, lastInsertId, status, warnings, info, changes }
}

function readChanges(cursor: Cursor, limits: MysqlLimits): SessionChange[] {
  const inner = new Cursor('server', 'OK', cursor.bytes())
  const changes: SessionChange[] = []
  while (inner.left > 0) {
    inner.count(changes.length + 1, limits.entries, 0, 'changes of the session')
    changes.push({ type: inner.number(1), data: inner.bytes() })
  }
  return changes
}

/** Names and values of the system variables of a change of type 0. Throws `mysql-reply-malformed`. */
export function readVariables(change: SessionChange, limits: MysqlLimits = MYSQL_LIMITS): [string, string][] {
  const cursor = new Cursor('server', 'OK', change.data)
  const variables: [string, string][] = []
  while (cursor.left > 0) {
    cursor.count(variables.length + 1, limits.entries, 0, 'variables')
    variables.push([cursor.text(limits.nameBytes), cursor.text()])
  }
  return variables
}

/** An ERR. Before capabilities are agreed on it has no SQLSTATE. Throws `mysql-reply-malformed`. */
export function readFailure(payload: Buffer): Failure {
  const cursor = new Cursor('server', 'ERR', payload)
  cursor.expect(ERROR, 'another first byte')
  const code = cursor.number(2)
  if (code === PROGRESS) throw cursor.malformed('a report of progress that nobody asked for')
  let sqlstate: string | undefined
  if (cursor.peek === 0x23) {
    cursor.take(1)
    sqlstate = cursor.take(5).toString('latin1')
    if (!SQLSTATE.test(sqlstate)) throw cursor.malformed('an SQLSTATE that is none')
  }
  return { kind: 'error', code, sqlstate, message: cursor.decode(cursor.rest()) }
}

/** An EOF. Throws `mysql-reply-malformed`. */
export function readEof(payload: Buffer): Eof {
  const cursor = new Cursor('server', 'EOF', payload)
  cursor.expect(END, 'another first byte')
  const warnings = cursor.number(2)
  const status = cursor.number(2)
  cursor.end()
  return { kind: 'eof', warnings, status }
}

/** How many columns a result has: at least one. Throws `mysql-reply-malformed`, `mysql-reply-too-wide`. */
export function readColumnCount(payload: Buffer, limits: MysqlLimits = MYSQL_LIMITS): number {
  const cursor = new Cursor('server', 'column count', payload)
  const count = cursor.count(cursor.length(), limits.columns, 0, 'columns')
  if (count === 0) throw cursor.malformed('no columns')
  cursor.end()
  return count
}

/** A column; `listed`: of an answer to COM_FIELD_LIST, with its default value. Throws `mysql-reply-malformed`. */
export function readColumn(payload: Buffer, listed = false, limits: MysqlLimits = MYSQL_LIMITS): Column {
  const cursor = new Cursor('server', 'column', payload)
  if (cursor.text(limits.nameBytes) !== 'def') throw cursor.malformed('another catalog than `def`')
  const [schema, table, originalTable, name, originalName] = Array.from({ length: 5 }, () =>
    cursor.text(limits.nameBytes),
  ) as [string, string, string, string, string]
  cursor.expect(COLUMN_BYTES, 'another length of its numbers')
  const collation = cursor.number(2)
  const length = cursor.number(4)
  const type = cursor.number(1)
  const flags = cursor.number(2)
  const decimals = cursor.number(1)
  cursor.zeros(2)
  const defaultValue = listed ? cursor.value() : undefined
  cursor.end()
  const names = { schema, table, originalTable, name, originalName }
  return { ...names, collation, length, type, flags, decimals, defaultValue }
}

/** The first packet of the answer to COM_STMT_PREPARE. Throws `mysql-reply-malformed`, `mysql-reply-too-wide`. */
export function readPrepared(payload: Buffer, limits: MysqlLimits = MYSQL_LIMITS): Prepared {
  const cursor = new Cursor('server', 'prepared statement', payload)
  cursor.expect(OK, 'another first byte')
  const statement = cursor.number(4)
  const columns = cursor.count(cursor.number(2), limits.columns, 0, 'columns')
  const parameters = cursor.count(cursor.number(2), limits.parameters, 0, 'parameters')
  cursor.zeros(1)
  const warnings = cursor.number(2)
  cursor.end()
  return { kind: 'prepared', statement, columns, parameters, warnings }
}

/** The name of a file that the server wants of the client. Throws `mysql-reply-malformed`. */
export function readLocalFile(payload: Buffer): string {
  const cursor = new Cursor('server', 'LOCAL INFILE', payload)
  cursor.expect(LOCAL_FILE, 'another first byte')
  return cursor.decode(cursor.rest())
}

/** The values of a row in the text protocol, as many as there are columns. Throws `mysql-reply-malformed`. */
export function readTextRow(payload: Buffer, columns: number): Value[] {
  const cursor = new Cursor('server', 'row', payload)
  const values: Value[] = []
  for (let i = 0; i < columns; i++) values.push(cursor.value())
  cursor.end()
  return values
}

/** The values of a row in the binary protocol, by the types of the columns. Throws `mysql-reply-malformed`. */
export function readBinaryRow(payload: Buffer, types: readonly number[]): Value[] {
  const cursor = new Cursor('server', 'row', payload)
  cursor.expect(OK, 'another first byte')
  const isNull = readBitmap(cursor, types.length, ROW_BITS)
  const values = types.map((type, i) => (isNull(i) ? null : readBinary(cursor, type)))
  cursor.end()
  return values
}
