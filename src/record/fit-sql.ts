import { cutString, jsonBytes } from './cut.ts'
import type { RecordedCall, RecordedResult, RecordedSql, RecordedTable } from './event.ts'

/** What of an event with SQL can be long, made shorter. */

/** Characters of a text, its normal form and its names that are kept, tried in this order. */
const LENGTHS = [131_072, 65_536, 16_384, 4_096, 1_024, 256]
const NAME_LENGTH = 256

/** The call with its text cut until what says its SQL takes `limitBytes` of JSON; unchanged where it does. */
export function withShortSql(call: RecordedCall, limitBytes: number): RecordedCall {
  const { sql } = call
  if (sql === undefined || jsonBytes([call.operation, sql]) <= limitBytes) return call
  for (const length of LENGTHS) {
    const short = { ...call, operation: cutString(call.operation, NAME_LENGTH), sql: cutSql(sql, length) }
    const isLast = length === LENGTHS.at(-1)
    if (isLast || jsonBytes([short.operation, short.sql]) <= limitBytes) return { ...short, truncated: true }
  }
  return call
}

function cutSql(sql: RecordedSql, length: number): RecordedSql {
  const { target, database, text, normalized } = sql
  return {
    ...sql,
    target: cutString(target, NAME_LENGTH),
    database: cutString(database, NAME_LENGTH),
    ...(text === undefined ? {} : { text: cutString(text, length) }),
    ...(normalized === undefined ? {} : { normalized: cutString(normalized, length) }),
  }
}

/** The first rows of a result, in at most about `limitBytes` of JSON; it is said what is missing. */
export function cutResult(result: RecordedResult, limitBytes: number): RecordedResult {
  let left = limitBytes
  const tables: RecordedTable[] = []
  for (const { columns, rows } of result.tables) {
    left -= jsonBytes(columns) + OVERHEAD
    if (left < 0) break
    const kept = []
    for (const row of rows) {
      left -= jsonBytes(row) + 1
      if (left < 0) break
      kept.push(row)
    }
    tables.push({ columns, rows: kept })
    if (left < 0) break
  }
  if (left >= 0) return result
  const why = 'rows are left out: the event was too large'
  return { tables, cut: result.cut === undefined ? why : `${cutString(result.cut, NAME_LENGTH)}; ${why}` }
}

/** `{"columns":,"rows":[]},` */
const OVERHEAD = 24
