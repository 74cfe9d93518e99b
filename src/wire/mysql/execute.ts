/**
 * Reads and writes COM_STMT_EXECUTE, and parameters with names.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_stmt_execute.html
 *
 *     17 | statement, 4 | flags, 1 | 1, 4 bytes | [n] | bitmap | typed, 1 | [(type, 2 [, name]) × n] | values |
 *
 * `n` and the names come with query attributes only; the types only if `typed` is 1, otherwise they are those of the
 * last execution. A parameter that COM_STMT_SEND_LONG_DATA sent before has a type and no value.
 *
 * Invariant: types that the packet does not have are taken from the same place as the server takes them, or the
 * packet is refused: read by other types, the values would be others.
 */
import { readBinary, readBitmap, readType, writeBinary, writeBitmap, writeType } from './binary.ts'
import { has } from './capabilities.ts'
import type { Cursor } from './cursor.ts'
import type { MysqlLimits } from './limits.ts'
import type { Command, Parameter, StatementExecute, ValueType } from './messages.ts'
import { Packer, unwritable } from './packer.ts'
import { COMMANDS } from './types.ts'

/** What is known of a prepared statement when it is executed. */
export interface Prototype {
  /** How many parameters it has, as the answer to COM_STMT_PREPARE said. */
  readonly parameters: number
  /** Their types at the last execution that named them. */
  readonly types: readonly ValueType[] | undefined
  /** Which of them COM_STMT_SEND_LONG_DATA sent since the last execution or reset. */
  readonly long: ReadonlySet<number>
}

/** Flag of COM_STMT_EXECUTE: the number of parameters is given, even of none. */
const COUNT_GIVEN = 0x08
const FLAGS = 0x0f
/** A parameter's type and the least that its name can be. */
const NAMED_BYTES = 3

/** What follows the command's first byte; `stmt-unknown` for a statement of which nothing is known. */
export function readExecute(
  cursor: Cursor,
  capabilities: number,
  prototypeOf: (statement: number) => Prototype | undefined,
  limits: MysqlLimits,
): Command {
  const statement = cursor.number(4)
  const prototype = prototypeOf(statement)
  if (prototype === undefined) {
    cursor.rest()
    return { kind: 'stmt-unknown', statement }
  }
  const flags = cursor.number(1)
  if ((flags & ~FLAGS) !== 0) throw cursor.malformed('unknown flags')
  if (cursor.number(4) !== 1) throw cursor.malformed('another number of iterations than 1')
  const named = has(capabilities, 'queryAttributes')
  const counts = (flags & COUNT_GIVEN) !== 0
  // By the documentation there is a count then, too; no client leaves it to that.
  if (counts !== named && (counts || prototype.parameters > 0)) {
    throw cursor.malformed('a number of parameters against what was agreed on')
  }
  const count = counts ? cursor.length() : prototype.parameters
  cursor.count(count, limits.parameters, 0, 'parameters')
  if (count < prototype.parameters) throw cursor.malformed('fewer parameters than its statement')
  if (count === 0) return { kind: 'stmt-execute', statement, flags, typed: false, parameters: [] }
  const isNull = readBitmap(cursor, count)
  const { typed, types } = readTypes(cursor, count, named, prototype, limits)
  const parameters = types.map(({ type, name }, i): Parameter => {
    // The server takes what was sent before, whatever the bitmap says.
    if (prototype.long.has(i)) {
      if (isNull(i)) throw cursor.malformed('a NULL for what was sent before')
      return { type, name, value: undefined }
    }
    if (isNull(i)) return { type, name, value: null }
    return { type, name, value: readBinary(cursor, type.type) }
  })
  return { kind: 'stmt-execute', statement, flags, typed, parameters }
}

interface Named {
  readonly type: ValueType
  readonly name: string
}

function readTypes(
  cursor: Cursor,
  count: number,
  named: boolean,
  prototype: Prototype,
  limits: MysqlLimits,
): { readonly typed: boolean; readonly types: readonly Named[] } {
  const flag = cursor.number(1)
  if (flag > 1) throw cursor.malformed('types that are neither there nor not')
  if (flag === 1) {
    const types: Named[] = []
    for (let i = 0; i < count; i++) {
      types.push({ type: readType(cursor), name: named ? cursor.text(limits.nameBytes) : '' })
    }
    return { typed: true, types }
  }
  // Query attributes have names, which only come with types.
  if (prototype.types?.length !== count || count !== prototype.parameters) {
    throw cursor.malformed('no types, and there are none of before')
  }
  return { typed: false, types: prototype.types.map(type => ({ type, name: '' })) }
}

/** Query attributes: as the parameters of an execution, always with types and names. */
export function readNamedParameters(cursor: Cursor, count: number, limits: MysqlLimits): Parameter[] {
  cursor.count(count, limits.entries, NAMED_BYTES, 'attributes')
  const isNull = readBitmap(cursor, count)
  cursor.expect(1, 'attributes without types')
  const types: Named[] = []
  for (let i = 0; i < count; i++) {
    types.push({ type: readType(cursor), name: cursor.text(limits.nameBytes) })
  }
  return types.map(({ type, name }, i) => ({
    type,
    name,
    value: isNull(i) ? null : readBinary(cursor, type.type),
  }))
}

/**
 * The payload of a COM_STMT_EXECUTE. Where executions are denied, `typed` has to be true whatever was read: the server
 * may not have seen the one that named the types.
 */
export function writeExecute(command: StatementExecute, capabilities: number): Buffer {
  const { statement, flags, parameters } = command
  const named = has(capabilities, 'queryAttributes')
  const packer = new Packer()
    .number(COMMANDS['stmt-execute'], 1)
    .number(statement, 4)
    .number(flags, 1)
    .number(1, 4)
  if (named && (flags & COUNT_GIVEN) !== 0) packer.length(parameters.length)
  if (parameters.length === 0) return packer.take()
  writeNulls(packer, parameters)
  packer.number(command.typed ? 1 : 0, 1)
  if (command.typed) {
    for (const { type, name } of parameters) {
      writeType(packer, type)
      if (named) packer.text(name)
      else if (name !== '') throw unwritable('a name that was not agreed on')
    }
  }
  writeValues(packer, parameters)
  return packer.take()
}

export function writeNamedParameters(packer: Packer, parameters: readonly Parameter[]): void {
  packer.length(parameters.length).number(1, 1)
  if (parameters.length === 0) return
  writeNulls(packer, parameters)
  packer.number(1, 1)
  for (const { type, name } of parameters) {
    writeType(packer, type)
    packer.text(name)
  }
  writeValues(packer, parameters)
}

function writeNulls(packer: Packer, parameters: readonly Parameter[]): void {
  writeBitmap(
    packer,
    parameters.map(({ value }) => value === null),
  )
}

function writeValues(packer: Packer, parameters: readonly Parameter[]): void {
  for (const { type, value } of parameters) {
    if (value === null || value === undefined) continue
    writeBinary(packer, type.type, value)
  }
}
