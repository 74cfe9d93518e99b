import { isAscii } from 'node:buffer'
import { GateError } from '../../core/errors.ts'
import type { Row } from '../../interpret/sql/mysql/catalog/load.ts'
import type { Dialect } from '../../interpret/sql/mysql/lex/token.ts'

/** How the server reads a session's texts now. */
export interface SessionState {
  /** Undefined before the first USE. */
  readonly database: string | undefined
  readonly dialect: Dialect
  readonly charset: Charset
}

/** What of a dialect no session can change. */
export type ServerDialect = Pick<Dialect, 'mariadb' | 'readsVersionComments'>

/** Character sets of texts that the gate reads as the server does. */
export type Charset = 'utf8mb4' | 'utf8mb3' | 'latin1' | 'ascii'

/** What is asked of the server on the session's own connection. The limit holds whatever `sql_select_limit` is. */
export const STATE_QUESTION: string =
  'select hex(convert(database() using utf8mb4)) as `database`, @@session.sql_mode as `mode`, @@session.character_set_client as `client`, ' +
  '@@session.character_set_connection as `connection` limit 1'

/** Parts of sql_mode that change nothing of how texts are cut and names are found; of others nobody knows. */
const HARMLESS_MODES: ReadonlySet<string> = new Set([
  ...['ONLY_FULL_GROUP_BY', 'STRICT_TRANS_TABLES', 'STRICT_ALL_TABLES', 'NO_ZERO_IN_DATE', 'NO_ZERO_DATE'],
  ...['ERROR_FOR_DIVISION_BY_ZERO', 'TRADITIONAL', 'NO_ENGINE_SUBSTITUTION', 'NO_AUTO_CREATE_USER'],
  ...['NO_AUTO_VALUE_ON_ZERO', 'NO_UNSIGNED_SUBTRACTION', 'NO_DIR_IN_CREATE', 'PAD_CHAR_TO_FULL_LENGTH'],
  ...['ANSI', 'IGNORE_SPACE', 'PIPES_AS_CONCAT', 'REAL_AS_FLOAT', 'HIGH_NOT_PRECEDENCE'],
  ...['ALLOW_INVALID_DATES', 'TIME_TRUNCATE_FRACTIONAL', 'SIMULTANEOUS_ASSIGNMENT', 'EMPTY_STRING_IS_NULL'],
  ...['NO_KEY_OPTIONS', 'NO_TABLE_OPTIONS', 'NO_FIELD_OPTIONS'],
])
const CHARSETS: ReadonlyMap<string, Charset> = new Map([
  ['utf8mb4', 'utf8mb4'],
  ['utf8mb3', 'utf8mb3'],
  ['utf8', 'utf8mb3'],
  ['latin1', 'latin1'],
  ['ascii', 'ascii'],
  // Bytes as they are: where they are ASCII, they mean it.
  ['binary', 'ascii'],
])

/** The state that the server tells. Throws `sql-session-unclear` where the gate would read texts otherwise than the server. */
export function stateOf([row]: readonly Row[], server: ServerDialect): SessionState {
  if (row === undefined) throw unclear('tells nothing of itself')
  const dialect = dialectOf(row['mode'] ?? '', server)
  const charset = CHARSETS.get(row['client'] ?? '')
  const connection = CHARSETS.get(row['connection'] ?? '')
  if (charset === undefined) throw unclear(`has texts in the character set \`${row['client']}\``)
  if (connection === undefined) throw unclear(`has texts in the character set \`${row['connection']}\``)
  return { database: nameOf(row['database'] ?? null), dialect, charset }
}

/** The name is asked for in hex: in some character sets of results, bytes of one name are those of another. */
function nameOf(hex: string | null): string | undefined {
  if (hex === null) return undefined
  if (!/^(?:[0-9A-F]{2})+$/.test(hex)) throw unclear('does not tell the name of its database')
  return Buffer.from(hex, 'hex').toString('utf8')
}

function dialectOf(mode: string, server: ServerDialect): Dialect {
  const modes = new Set(mode.split(',').filter(part => part !== ''))
  const ansiQuotes = modes.delete('ANSI_QUOTES')
  const noBackslashEscapes = modes.delete('NO_BACKSLASH_ESCAPES')
  for (const other of modes) {
    if (!HARMLESS_MODES.has(other)) throw unclear(`has \`${other}\` in its sql_mode`)
  }
  return { ...server, ansiQuotes, noBackslashEscapes }
}

function unclear(what: string): GateError {
  return new GateError('sql-session-unclear', `the session ${what}`)
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
/** What MySQL calls latin1, with C1 controls where that has nothing. */
const LATIN1 = new TextDecoder('windows-1252')

/** The text of bytes that a client sent; undefined where they are none in its character set. */
export function textOf(bytes: Buffer, charset: Charset): string | undefined {
  if (isAscii(bytes)) return bytes.toString('latin1')
  if (charset === 'ascii') return undefined
  if (charset === 'latin1') return LATIN1.decode(bytes)
  try {
    const text = UTF8.decode(bytes)
    return charset === 'utf8mb3' && /[\u{10000}-\u{10ffff}]/u.test(text) ? undefined : text
  } catch {
    return undefined
  }
}
