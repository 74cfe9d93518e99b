/**
 * Writes the packets of a server's answers: the reverse of `read-reply.ts`.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_response_packets.html
 */
import { writeBinary, writeBitmap } from './binary.ts'
import { has, STATUS } from './capabilities.ts'
import type { Column, Eof, Failure, Ok, Prepared, SessionChange, Value } from './messages.ts'
import { encode, Packer, unwritable } from './packer.ts'
import { END, ERROR, LOCAL_FILE, OK, ROW_BITS } from './read-reply.ts'

/** The payload of an OK, or of the end of a result where EOF packets are deprecated (`first`: fe). */
export function writeOk(ok: Ok, capabilities: number, first: typeof OK | typeof END = OK): Buffer {
  const packer = new Packer().number(first, 1).wide(ok.affectedRows).wide(ok.lastInsertId)
  packer.number(ok.status, 2).number(ok.warnings, 2)
  if (ok.info !== undefined) packer.text(ok.info)
  const tells = has(capabilities, 'sessionTrack') && (ok.status & STATUS.stateChanged) !== 0
  if (ok.info !== undefined && tells) return packer.bytes(changes(ok.changes)).take()
  if (ok.changes.length > 0) throw unwritable('changes of a session where none are told of')
  return packer.take()
}

function changes(all: readonly SessionChange[]): Buffer {
  const packer = new Packer()
  for (const { type, data } of all) packer.number(type, 1).bytes(data)
  return packer.take()
}

/** The payload of an ERR; with an SQLSTATE of five characters once capabilities are agreed on. */
export function writeFailure({ code, sqlstate, message }: Failure): Buffer {
  const packer = new Packer().number(ERROR, 1).number(code, 2)
  if (sqlstate === undefined) {
    if (message.startsWith('#')) throw unwritable('a message that looks like an SQLSTATE')
  } else packer.raw(Buffer.from(`#${sqlstate}`, 'latin1'))
  return packer.raw(encode(message)).take()
}

/**
 * What an error of the gate says, whatever it quotes: lone surrogates become U+FFFD. `sqlstate`: five characters;
 * https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html
 */
export function complaint(code: number, sqlstate: string, message: string): Failure {
  return { kind: 'error', code, sqlstate, message: message.toWellFormed() }
}

/** The payload of an EOF. */
export function writeEof({ warnings, status }: Eof): Buffer {
  return new Packer().number(END, 1).number(warnings, 2).number(status, 2).take()
}

/** The payload that says how many columns come. */
export function writeColumnCount(count: number): Buffer {
  return new Packer().length(count).take()
}

/** The payload of a column. */
export function writeColumn(column: Column): Buffer {
  const packer = new Packer().text('def')
  const { schema, table, originalTable, name, originalName, defaultValue } = column
  for (const text of [schema, table, originalTable, name, originalName]) packer.text(text)
  packer.number(12, 1).number(column.collation, 2).number(column.length, 4).number(column.type, 1)
  packer.number(column.flags, 2).number(column.decimals, 1).zeros(2)
  return defaultValue === undefined ? packer.take() : packer.value(defaultValue).take()
}

/** The payload of the first packet of the answer to COM_STMT_PREPARE. */
export function writePrepared({ statement, columns, parameters, warnings }: Prepared): Buffer {
  const packer = new Packer().number(OK, 1).number(statement, 4)
  return packer.number(columns, 2).number(parameters, 2).zeros(1).number(warnings, 2).take()
}

/** The payload of a request for a file of the client. */
export function writeLocalFile(name: string): Buffer {
  return new Packer().number(LOCAL_FILE, 1).raw(encode(name)).take()
}

/** The payload of a row in the text protocol. */
export function writeTextRow(values: readonly Value[]): Buffer {
  let size = 0
  for (const value of values) size += 9 + (value === null ? 0 : value.length)
  const packer = new Packer(size)
  for (const value of values) packer.value(value)
  return packer.take()
}

/** The payload of a row in the binary protocol, by the types of the columns. */
export function writeBinaryRow(values: readonly Value[], types: readonly number[]): Buffer {
  if (values.length !== types.length) throw unwritable('another number of values than of columns')
  const packer = new Packer().number(OK, 1)
  writeBitmap(
    packer,
    values.map(value => value === null),
    ROW_BITS,
  )
  for (const [i, value] of values.entries()) {
    if (value !== null) writeBinary(packer, types[i] ?? 0, value)
  }
  return packer.take()
}
