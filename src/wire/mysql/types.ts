import type { Command } from './messages.ts'

/*
 * The first bytes of commands.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/my__command_8h.html
 */

/** Commands that are read, by what they are here. */
export const COMMANDS: Readonly<Record<Exclude<Command['kind'], 'other' | 'stmt-unknown'>, number>> =
  Object.freeze({
    quit: 0x01,
    'init-db': 0x02,
    query: 0x03,
    'field-list': 0x04,
    statistics: 0x09,
    'process-kill': 0x0c,
    debug: 0x0d,
    ping: 0x0e,
    'change-user': 0x11,
    'stmt-prepare': 0x16,
    'stmt-execute': 0x17,
    'stmt-send-long-data': 0x18,
    'stmt-close': 0x19,
    'stmt-reset': 0x1a,
    'set-option': 0x1b,
    'stmt-fetch': 0x1c,
    'reset-connection': 0x1f,
  })

/** Commands that never pass: of old, of servers among themselves, of MariaDB alone. */
const OTHERS: ReadonlyMap<number, string> = new Map([
  [0x00, 'COM_SLEEP'],
  [0x05, 'COM_CREATE_DB'],
  [0x06, 'COM_DROP_DB'],
  [0x07, 'COM_REFRESH'],
  [0x08, 'COM_SHUTDOWN'],
  [0x0a, 'COM_PROCESS_INFO'],
  [0x0b, 'COM_CONNECT'],
  [0x0f, 'COM_TIME'],
  [0x10, 'COM_DELAYED_INSERT'],
  [0x12, 'COM_BINLOG_DUMP'],
  [0x13, 'COM_TABLE_DUMP'],
  [0x14, 'COM_CONNECT_OUT'],
  [0x15, 'COM_REGISTER_SLAVE'],
  [0x1d, 'COM_DAEMON'],
  [0x1e, 'COM_BINLOG_DUMP_GTID'],
  [0x20, 'COM_CLONE'],
  [0xfa, 'COM_STMT_BULK_EXECUTE'],
  [0xfe, 'COM_MULTI'],
])

const NAMES: ReadonlyMap<number, string> = new Map([
  ...OTHERS,
  ...Object.entries(COMMANDS).map(
    ([kind, code]) => [code, `COM_${kind.toUpperCase().replaceAll('-', '_')}`] as const,
  ),
])

/** The command's name in MySQL's documentation: `COM_QUERY`. */
export function commandName(code: number): string {
  return NAMES.get(code) ?? `COM_${code}`
}
