/**
 * Reads the messages of servers. Every field is drawn beside its message in
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 *
 *     Authentication  R | kind, 4 bytes | … |       BackendKeyData   K | process id | secret, 4 to 256 bytes |
 *     RowDescription  T | n | (name 0 | table OID | attribute | type OID | size | modifier | format) × n |
 *     DataRow         D | n | (length | value) × n |   ParameterStatus  S | name 0 | value 0 |
 *     CommandComplete C | tag 0 |                      ReadyForQuery    Z | I, T or E |
 *     ErrorResponse   E | (letter | text 0) × any | 0 |                 NoticeResponse   N | the same |
 *     Copy…Response   G, H, W | format, 1 byte | n | format, 2 bytes × n |
 *     NotificationResponse    A | process id | channel 0 | payload 0 |
 *     ParameterDescription    t | n | type OID × n |   FunctionCallResponse    V | length | value |
 *     NegotiateProtocolVersion v | version | n, 4 bytes | name 0 × n |
 *
 * Invariant: what is read here and written by `write-backend.ts` is the same bytes; anything else is refused.
 */
import { Cursor } from './cursor.ts'
import type { PostgresLimits } from './limits.ts'
import type {
  Authentication,
  BackendMessage,
  BareReply,
  Column,
  DataRow,
  Fields,
  Format,
  Value,
} from './messages.ts'
import { readFormat, readFormats } from './read-frontend.ts'
import { readCancelKey } from './read-startup.ts'
import { AUTHENTICATION, BACKEND } from './types.ts'

const HEAD_BYTES = 5
/** A column's name is at least its zero byte. */
const COLUMN_BYTES = 19

type Read = (cursor: Cursor, limits: PostgresLimits) => BackendMessage

const bare =
  (kind: BareReply): Read =>
  () => ({ kind })

/** How each message is read, by its type. */
const MESSAGES: ReadonlyMap<number, readonly [name: string, read: Read]> = new Map<number, [string, Read]>([
  [BACKEND.authentication, ['Authentication', readAuthentication]],
  [
    BACKEND['backend-key'],
    ['BackendKeyData', cursor => ({ kind: 'backend-key', key: readCancelKey(cursor) })],
  ],
  [BACKEND['parameter-status'], ['ParameterStatus', readParameterStatus]],
  [BACKEND.ready, ['ReadyForQuery', cursor => ({ kind: 'ready', state: cursor.letter(['I', 'T', 'E']) })]],
  [BACKEND['row-description'], ['RowDescription', readRowDescription]],
  [BACKEND['data-row'], ['DataRow', readValues]],
  [BACKEND['copy-in-response'], ['CopyInResponse', copyResponse('copy-in-response')]],
  [BACKEND['copy-out-response'], ['CopyOutResponse', copyResponse('copy-out-response')]],
  [BACKEND['copy-both-response'], ['CopyBothResponse', copyResponse('copy-both-response')]],
  [BACKEND['copy-data'], ['CopyData', cursor => ({ kind: 'copy-data', data: cursor.rest() })]],
  [BACKEND['copy-done'], ['CopyDone', bare('copy-done')]],
  [
    BACKEND['command-complete'],
    ['CommandComplete', cursor => ({ kind: 'command-complete', tag: cursor.text() })],
  ],
  [
    BACKEND.error,
    ['ErrorResponse', (cursor, limits) => ({ kind: 'error', fields: readFields(cursor, limits) })],
  ],
  [
    BACKEND.notice,
    ['NoticeResponse', (cursor, limits) => ({ kind: 'notice', fields: readFields(cursor, limits) })],
  ],
  [BACKEND.notification, ['NotificationResponse', readNotification]],
  [BACKEND['parameter-description'], ['ParameterDescription', readParameterDescription]],
  [
    BACKEND['function-result'],
    ['FunctionCallResponse', cursor => ({ kind: 'function-result', value: cursor.value() })],
  ],
  [BACKEND['negotiate-version'], ['NegotiateProtocolVersion', readNegotiateVersion]],
  [BACKEND['parse-complete'], ['ParseComplete', bare('parse-complete')]],
  [BACKEND['bind-complete'], ['BindComplete', bare('bind-complete')]],
  [BACKEND['close-complete'], ['CloseComplete', bare('close-complete')]],
  [BACKEND['no-data'], ['NoData', bare('no-data')]],
  [BACKEND['portal-suspended'], ['PortalSuspended', bare('portal-suspended')]],
  [BACKEND['empty-query'], ['EmptyQueryResponse', bare('empty-query')]],
])

/** The name of a type of message; undefined for one that servers do not send. */
export function backendName(type: number): string | undefined {
  return MESSAGES.get(type)?.[0]
}

/** The message of a whole frame. Throws `postgres-reply-malformed`, `postgres-reply-too-wide`. */
export function readBackendMessage(type: number, bytes: Buffer, limits: PostgresLimits): BackendMessage {
  const [name, read] = MESSAGES.get(type) ?? []
  const cursor = new Cursor('server', name ?? 'unknown', bytes, HEAD_BYTES)
  if (read === undefined) throw cursor.malformed('a type that servers do not send')
  const message = read(cursor, limits)
  cursor.end()
  return message
}

/** As `readBackendMessage` for a DataRow. */
export function readDataRow(bytes: Buffer, limits: PostgresLimits): DataRow {
  const cursor = new Cursor('server', 'DataRow', bytes, HEAD_BYTES)
  const row = readValues(cursor, limits)
  cursor.end()
  return row
}

function readValues(cursor: Cursor, limits: PostgresLimits): DataRow {
  const count = cursor.count(limits.columns, 4, 'columns')
  const values: Value[] = []
  for (let i = 0; i < count; i++) values.push(cursor.value())
  return { kind: 'data-row', values }
}

function readRowDescription(cursor: Cursor, limits: PostgresLimits): BackendMessage {
  const count = cursor.count(limits.columns, COLUMN_BYTES, 'columns')
  const columns: Column[] = []
  for (let i = 0; i < count; i++) {
    columns.push({
      name: cursor.text(limits.labelBytes),
      table: cursor.uint32(),
      attribute: cursor.int16(),
      type: cursor.uint32(),
      typeSize: cursor.int16(),
      typeModifier: cursor.int32(),
      format: readFormat(cursor),
    })
  }
  return { kind: 'row-description', columns }
}

function readAuthentication(cursor: Cursor, limits: PostgresLimits): Authentication {
  const code = cursor.int32()
  switch (code) {
    case AUTHENTICATION.ok:
      return { kind: 'authentication', method: 'ok' }
    case AUTHENTICATION.kerberos:
      return { kind: 'authentication', method: 'kerberos' }
    case AUTHENTICATION.cleartext:
      return { kind: 'authentication', method: 'cleartext' }
    case AUTHENTICATION.md5:
      return { kind: 'authentication', method: 'md5', salt: cursor.take(4) }
    case AUTHENTICATION.gss:
      return { kind: 'authentication', method: 'gss' }
    case AUTHENTICATION.sspi:
      return { kind: 'authentication', method: 'sspi' }
    case AUTHENTICATION['gss-continue']:
      return { kind: 'authentication', method: 'gss-continue', data: cursor.rest() }
    case AUTHENTICATION.sasl:
      return { kind: 'authentication', method: 'sasl', mechanisms: readMechanisms(cursor, limits) }
    case AUTHENTICATION['sasl-continue']:
      return { kind: 'authentication', method: 'sasl-continue', data: cursor.rest() }
    case AUTHENTICATION['sasl-final']:
      return { kind: 'authentication', method: 'sasl-final', data: cursor.rest() }
    default:
      throw cursor.malformed(`the unknown kind ${code}`)
  }
}

function readMechanisms(cursor: Cursor, limits: PostgresLimits): string[] {
  const mechanisms: string[] = []
  for (;;) {
    const name = cursor.text(limits.labelBytes)
    if (name === '') return mechanisms
    mechanisms.push(name)
    cursor.checkCount(mechanisms.length, limits.fields, 0, 'mechanisms')
  }
}

function readParameterStatus(cursor: Cursor, limits: PostgresLimits): BackendMessage {
  return { kind: 'parameter-status', name: cursor.text(limits.labelBytes), value: cursor.text() }
}

function readFields(cursor: Cursor, limits: PostgresLimits): Fields {
  const fields: (readonly [string, string])[] = []
  const letters = new Set<number>()
  for (;;) {
    const letter = cursor.byte()
    if (letter === 0) return fields
    if (letter < 0x21 || letter > 0x7e) throw cursor.malformed('a field whose name is no letter')
    if (letters.has(letter)) throw cursor.malformed('a field twice')
    letters.add(letter)
    fields.push([String.fromCharCode(letter), cursor.text()])
    cursor.checkCount(fields.length, limits.fields, 0, 'fields')
  }
}

function copyResponse(kind: 'copy-in-response' | 'copy-out-response' | 'copy-both-response'): Read {
  return (cursor, limits) => {
    const format = cursor.byte()
    if (format !== 0 && format !== 1) throw cursor.malformed(`the format ${format}`)
    const columnFormats: Format[] = readFormats(cursor, limits.columns, 'columns')
    return { kind, format, columnFormats }
  }
}

function readNotification(cursor: Cursor, limits: PostgresLimits): BackendMessage {
  const processId = cursor.int32()
  return { kind: 'notification', processId, channel: cursor.text(limits.labelBytes), payload: cursor.text() }
}

function readParameterDescription(cursor: Cursor, limits: PostgresLimits): BackendMessage {
  const types: number[] = []
  const count = cursor.count(limits.parameters, 4, 'parameters')
  for (let i = 0; i < count; i++) types.push(cursor.uint32())
  return { kind: 'parameter-description', types }
}

function readNegotiateVersion(cursor: Cursor, limits: PostgresLimits): BackendMessage {
  const version = { major: cursor.uint16(), minor: cursor.uint16() }
  const count = cursor.checkCount(cursor.int32(), limits.fields, 1, 'options')
  const unknown: string[] = []
  for (let i = 0; i < count; i++) unknown.push(cursor.text(limits.labelBytes))
  return { kind: 'negotiate-version', version, unknown }
}
