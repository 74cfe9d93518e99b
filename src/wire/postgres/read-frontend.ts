/**
 * Reads the messages of clients. Every field is drawn beside its message in
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 *
 *     Query        Q | sql 0 |
 *     Parse        P | statement 0 | sql 0 | n | type OID × n |
 *     Bind         B | portal 0 | statement 0 | n | format × n | n | (length | value) × n | n | format × n |
 *     Describe     D | S or P | name 0 |                Close   C | the same |
 *     Execute      E | portal 0 | most rows |           CopyFail f | reason 0 |
 *     FunctionCall F | OID | n | format × n | n | (length | value) × n | format |
 *     Flush H, Sync S, CopyDone c, Terminate X          nothing more
 *     password, SASL, GSS p | data |                    CopyData d | data |
 *
 * Invariant: what is read here and written by `write-frontend.ts` is the same bytes; anything else is refused.
 */
import { Redacted } from '../../core/redacted.ts'
import { Cursor } from './cursor.ts'
import type { PostgresLimits } from './limits.ts'
import type { Bind, Format, Formats, FrontendMessage, FunctionCall, Value } from './messages.ts'
import { FRONTEND } from './types.ts'

const HEAD_BYTES = 5

type Read = (cursor: Cursor, limits: PostgresLimits) => FrontendMessage

const bare =
  (kind: 'copy-done' | 'flush' | 'sync' | 'terminate'): Read =>
  () => ({ kind })

/** How each message is read, by its type. */
const MESSAGES: ReadonlyMap<number, readonly [name: string, read: Read]> = new Map<number, [string, Read]>([
  [FRONTEND.query, ['Query', cursor => ({ kind: 'query', sql: cursor.text() })]],
  [FRONTEND.parse, ['Parse', readParse]],
  [FRONTEND.bind, ['Bind', readBind]],
  [FRONTEND.describe, ['Describe', (cursor, limits) => readHandle('describe', cursor, limits)]],
  [FRONTEND.execute, ['Execute', readExecute]],
  [FRONTEND.close, ['Close', (cursor, limits) => readHandle('close', cursor, limits)]],
  [FRONTEND.flush, ['Flush', bare('flush')]],
  [FRONTEND.sync, ['Sync', bare('sync')]],
  [FRONTEND['function-call'], ['FunctionCall', readFunctionCall]],
  [FRONTEND.authentication, ['authentication', readAuthentication]],
  [FRONTEND['copy-data'], ['CopyData', cursor => ({ kind: 'copy-data', data: cursor.rest() })]],
  [FRONTEND['copy-done'], ['CopyDone', bare('copy-done')]],
  [FRONTEND['copy-fail'], ['CopyFail', cursor => ({ kind: 'copy-fail', reason: cursor.text() })]],
  [FRONTEND.terminate, ['Terminate', bare('terminate')]],
])

/** The name of a type of message; undefined for one that clients do not send. */
export function frontendName(type: number): string | undefined {
  return MESSAGES.get(type)?.[0]
}

/** The message of a whole frame, whose type `Framer` has checked. Throws `postgres-malformed` and limits. */
export function readFrontendMessage(type: number, bytes: Buffer, limits: PostgresLimits): FrontendMessage {
  const [name, read] = MESSAGES.get(type) ?? []
  const cursor = new Cursor('client', name ?? 'unknown', bytes, HEAD_BYTES)
  if (read === undefined) throw cursor.malformed('a type that clients do not send')
  const message = read(cursor, limits)
  cursor.end()
  return message
}

function readParse(cursor: Cursor, limits: PostgresLimits): FrontendMessage {
  const statement = cursor.text(limits.nameBytes)
  const sql = cursor.text()
  const types: number[] = []
  const count = cursor.count(limits.parameters, 4, 'types of parameters')
  for (let i = 0; i < count; i++) types.push(cursor.uint32())
  return { kind: 'parse', statement, sql, types }
}

function readBind(cursor: Cursor, limits: PostgresLimits): Bind {
  const portal = cursor.text(limits.nameBytes)
  const statement = cursor.text(limits.nameBytes)
  const { formats, parameters } = readParameters(cursor, limits)
  const resultFormats = readFormats(cursor, limits.columns, 'formats of columns')
  return { kind: 'bind', portal, statement, formats, parameters, resultFormats }
}

function readFunctionCall(cursor: Cursor, limits: PostgresLimits): FunctionCall {
  const oid = cursor.uint32()
  const { formats, parameters } = readParameters(cursor, limits)
  return { kind: 'function-call', oid, formats, parameters, resultFormat: readFormat(cursor) }
}

function readParameters(
  cursor: Cursor,
  limits: PostgresLimits,
): { formats: Format[]; parameters: readonly Value[] } {
  const formats = readFormats(cursor, limits.parameters, 'formats of parameters')
  const count = cursor.count(limits.parameters, 4, 'parameters')
  if (formats.length > 1 && formats.length !== count) {
    throw cursor.malformed(`${formats.length} formats for ${count} parameters`)
  }
  const parameters: Value[] = []
  for (let i = 0; i < count; i++) parameters.push(cursor.value())
  return { formats, parameters }
}

/** As many formats as their count says. */
export function readFormats(cursor: Cursor, limit: number, things: string): Format[] {
  const formats: Format[] = []
  const count = cursor.count(limit, 2, things)
  for (let i = 0; i < count; i++) formats.push(readFormat(cursor))
  return formats
}

/** The format of the i-th of several values. */
export function formatOf(formats: Formats, i: number): Format {
  return (formats.length === 1 ? formats[0] : formats[i]) ?? 0
}

export function readFormat(cursor: Cursor): Format {
  const format = cursor.int16()
  if (format !== 0 && format !== 1) throw cursor.malformed(`the format ${format}`)
  return format
}

function readHandle(kind: 'describe' | 'close', cursor: Cursor, limits: PostgresLimits): FrontendMessage {
  return { kind, handle: cursor.letter(['S', 'P']), name: cursor.text(limits.nameBytes) }
}

function readExecute(cursor: Cursor, limits: PostgresLimits): FrontendMessage {
  const portal = cursor.text(limits.nameBytes)
  const maxRows = cursor.int32()
  if (maxRows < 0) throw cursor.malformed('a negative number of rows')
  return { kind: 'execute', portal, maxRows }
}

function readAuthentication(cursor: Cursor): FrontendMessage {
  return { kind: 'authentication', data: new Redacted(Buffer.from(cursor.rest())) }
}
