import type { OutcomeEvent, RecordedCall, RecordedSql } from '../../../record/event.ts'
import { printable } from '../../../record/shell.ts'
import { count } from '../format.ts'
import { alignedTable } from './aligned.ts'

/** Lines of a statement that are shown, and characters of one. */
const MAX_LINES = 200
const MAX_LINE = 2_000
const MAX_PARAMETERS = 100
const MAX_PARAMETER = 200

/** `orders/shop`, or `orders` where both go by one name. */
export function placeOf({ target, database }: RecordedSql): string {
  return printable(target === database ? target : `${target}/${database}`)
}

/** The text of a statement as printable lines, with prompts as psql's; without its constants where it was kept so. */
export function statementLines(sql: RecordedSql, most: number = MAX_LINES): string[] {
  const { text, normalized, message } = sql
  const place = placeOf(sql)
  if (message === 'Connect') return [`\\connect ${place}`]
  const said = text ?? normalized
  if (said === undefined) return [`${place}=> (what it said is not kept)`]
  const lines = said.replace(/\s+$/, '').split(/\r\n|\n|\r/, most + 1)
  const shown = lines.slice(0, most).map((line, i) => {
    return `${place}${i === 0 ? '=>' : '->'} ${printable(cut(line.replaceAll('\t', '    '), MAX_LINE))}`
  })
  const last = shown.pop() ?? `${place}=>`
  const isWhole = lines.length <= most
  return [...shown, isWhole ? `${last}${last.endsWith(';') ? '' : ';'}` : `${last} …`]
}

/** What is to be known of messages that run nothing themselves. */
const WHEN: ReadonlyMap<string, string> = new Map([
  ['Parse', 'at Parse'],
  ['Bind', 'at Bind'],
  ['Commit', 'asked again, now that its rows are counted'],
])

/** What a statement was given, and what is to be known of how it came; empty where there is nothing. */
export function statementFacts({ sql, parameters, redacted }: RecordedCall): string[] {
  if (sql === undefined) return []
  const given = Object.entries(parameters)
  const shown = given.slice(0, MAX_PARAMETERS).map(([name, value]) => {
    const isText = typeof value === 'string' && !redacted.includes(name)
    const written = isText ? `'${value.replaceAll("'", "''")}'` : value === null ? 'NULL' : String(value)
    return printable(`${name} = ${cut(written, MAX_PARAMETER)}`)
  })
  const more = given.length - shown.length
  const isBlank = sql.text === undefined && sql.message !== 'Connect' && hasConstants(sql.normalized)
  return [
    ...(WHEN.has(sql.message) ? [WHEN.get(sql.message) ?? ''] : []),
    ...(isBlank ? ['its constants are not kept'] : []),
    ...shown,
    ...(more > 0 ? [`${count(more, 'parameter')} more`] : []),
  ]
}

/** Whether a normal form has something left out. */
function hasConstants(normalized = ''): boolean {
  return normalized.includes('?') || normalized.includes('...')
}

/** `(3 rows)`; `INSERT 3` where it gave no table; empty where nothing is known. */
export function rowsLine(operation: string, { rows, result }: OutcomeEvent): string {
  const table = result?.tables.at(-1)
  if (rows === undefined)
    return table === undefined ? printable(operation) : `(${tableRows(table.rows.length)})`
  return isQuery(operation) || table !== undefined
    ? `(${tableRows(rows)})`
    : `${printable(operation)} ${Number(rows)}`
}

function tableRows(rows: number): string {
  return rows === 1 ? '1 row' : `${Number(rows).toLocaleString('en-US')} rows`
}

/** Whether a statement answers with rows. */
function isQuery(operation: string): boolean {
  return /(?:^|; )(?:SELECT|SHOW|EXPLAIN|FETCH|VALUES|TABLE|EXECUTE|WITH)$/.test(operation)
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length)}… ${text.length - length} characters more`
}

/** Rows of a result that a recording shows; one call shows all that were kept. */
const RECORDING_ROWS = 8

/** What was kept of the results of a text, as tables; empty where nothing was. */
export function resultLines(
  { result }: OutcomeEvent,
  room: 'recording' | 'call',
  columns?: number | undefined,
): string[] {
  if (result === undefined) return []
  const most = room === 'recording' ? RECORDING_ROWS : Number.POSITIVE_INFINITY
  const lines = result.tables.flatMap((table, i) => {
    const more = table.rows.length - most
    const shown = alignedTable({ ...table, rows: table.rows.slice(0, most) }, { columns })
    return [...(i === 0 ? [] : ['']), ...shown, ...(more > 0 ? [`… ${count(more, 'row')} more`] : [])]
  })
  return result.cut === undefined ? lines : [...lines, `-- ${printable(result.cut)}`]
}
