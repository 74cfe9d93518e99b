/**
 * Reads the commands of clients.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_command_phase.html
 *
 *     COM_QUERY               03 | with query attributes: n | 1 | bitmap | 1 | (type, name) × n | values | | sql |
 *     COM_STMT_PREPARE        16 | sql |               COM_INIT_DB   02 | database |
 *     COM_STMT_SEND_LONG_DATA 18 | statement, 4 | parameter, 2 | data |
 *     COM_STMT_CLOSE, _RESET  19, 1a | statement, 4 |  COM_STMT_FETCH 1c | statement, 4 | rows, 4 |
 *     COM_CHANGE_USER         11 | user 0 | proof | database 0 | collation, 2 | plugin 0 | attributes |
 *     COM_FIELD_LIST          04 | table 0 | wildcard |   COM_SET_OPTION 1b | 0 or 1, 2 bytes |
 *     COM_PROCESS_KILL        0c | connection id, 4 |
 *     COM_QUIT 01, COM_STATISTICS 09, COM_DEBUG 0d, COM_PING 0e, COM_RESET_CONNECTION 1f      nothing more
 *
 * COM_STMT_EXECUTE is in `execute.ts`: what it says depends on what was prepared.
 *
 * Invariant: what is read here and written by `write-command.ts` is the same bytes; anything else is refused.
 */
import { Redacted } from '../../core/redacted.ts'
import { has } from './capabilities.ts'
import { Cursor } from './cursor.ts'
import { type Prototype, readExecute, readNamedParameters } from './execute.ts'
import { MYSQL_LIMITS, type MysqlLimits } from './limits.ts'
import type { ChangeUser, Command } from './messages.ts'
import { readAttributes } from './read-handshake.ts'
import { COMMANDS, commandName } from './types.ts'

/** What the form of a command depends on. */
export interface CommandContext {
  /** What client and server agreed on. */
  readonly capabilities: number
  /** What is known of a prepared statement; undefined for one that is not. */
  readonly prototype: (statement: number) => Prototype | undefined
}

type Read = (cursor: Cursor, context: CommandContext, limits: MysqlLimits) => Command

const READERS: ReadonlyMap<number, Read> = new Map<number, Read>([
  [COMMANDS.quit, () => ({ kind: 'quit' })],
  [COMMANDS['init-db'], (cursor, _, limits) => readInitDb(cursor, limits)],
  [COMMANDS.query, readQuery],
  [COMMANDS['field-list'], (cursor, _, limits) => readFieldList(cursor, limits)],
  [COMMANDS.statistics, () => ({ kind: 'statistics' })],
  [COMMANDS['process-kill'], cursor => ({ kind: 'process-kill', connectionId: cursor.number(4) })],
  [COMMANDS.debug, () => ({ kind: 'debug' })],
  [COMMANDS.ping, () => ({ kind: 'ping' })],
  [COMMANDS['change-user'], readChangeUser],
  [COMMANDS['stmt-prepare'], cursor => ({ kind: 'stmt-prepare', sql: cursor.rest() })],
  [
    COMMANDS['stmt-execute'],
    (cursor, context, limits) => readExecute(cursor, context.capabilities, context.prototype, limits),
  ],
  [COMMANDS['stmt-send-long-data'], readLongData],
  [COMMANDS['stmt-close'], cursor => ({ kind: 'stmt-close', statement: cursor.number(4) })],
  [COMMANDS['stmt-reset'], cursor => ({ kind: 'stmt-reset', statement: cursor.number(4) })],
  [COMMANDS['set-option'], readSetOption],
  [
    COMMANDS['stmt-fetch'],
    cursor => ({ kind: 'stmt-fetch', statement: cursor.number(4), rows: cursor.number(4) }),
  ],
  [COMMANDS['reset-connection'], () => ({ kind: 'reset-connection' })],
])

/** The command of a packet. Throws `mysql-malformed`, `mysql-text-invalid` and limits. */
export function readCommand(
  payload: Buffer,
  context: CommandContext,
  limits: MysqlLimits = MYSQL_LIMITS,
): Command {
  const code = payload[0]
  const name = code === undefined ? 'empty' : commandName(code)
  const cursor = new Cursor('client', name, payload, 1)
  if (code === undefined) throw cursor.malformed('no command')
  const read = READERS.get(code)
  if (read === undefined) return { kind: 'other', code, name }
  const command = read(cursor, context, limits)
  cursor.end()
  return command
}

function readInitDb(cursor: Cursor, limits: MysqlLimits): Command {
  return { kind: 'init-db', database: cursor.decode(cursor.rest(), limits.nameBytes) }
}

function readQuery(cursor: Cursor, { capabilities }: CommandContext, limits: MysqlLimits): Command {
  const attributes = has(capabilities, 'queryAttributes') ? readQueryAttributes(cursor, limits) : []
  return { kind: 'query', attributes, sql: cursor.rest() }
}

function readQueryAttributes(cursor: Cursor, limits: MysqlLimits): ReturnType<typeof readNamedParameters> {
  const count = cursor.length()
  cursor.expect(1, 'several sets of attributes')
  return count === 0 ? [] : readNamedParameters(cursor, count, limits)
}

function readFieldList(cursor: Cursor, limits: MysqlLimits): Command {
  const table = cursor.textUntilZero(limits.nameBytes)
  return { kind: 'field-list', table, wildcard: cursor.decode(cursor.rest(), limits.nameBytes) }
}

function readLongData(cursor: Cursor): Command {
  const statement = cursor.number(4)
  const parameter = cursor.number(2)
  return { kind: 'stmt-send-long-data', statement, parameter, data: cursor.rest() }
}

function readSetOption(cursor: Cursor): Command {
  const option = cursor.number(2)
  if (option > 1) throw cursor.malformed('an option that has no meaning')
  return { kind: 'set-option', option }
}

function readChangeUser(cursor: Cursor, { capabilities }: CommandContext, limits: MysqlLimits): ChangeUser {
  const user = cursor.textUntilZero(limits.nameBytes)
  const proof = new Redacted(Buffer.from(cursor.take(cursor.number(1))))
  const database = cursor.textUntilZero(limits.nameBytes)
  const collation = cursor.number(2)
  const plugin = cursor.textUntilZero(limits.nameBytes)
  const attributes = has(capabilities, 'connectAttributes') ? readAttributes(cursor, limits) : []
  return { kind: 'change-user', user, proof, database, collation, plugin, attributes }
}
