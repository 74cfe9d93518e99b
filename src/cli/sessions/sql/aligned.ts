import type { RecordedTable } from '../../../record/event.ts'
import { printable } from '../../../record/shell.ts'
import { displayWidth } from '../wrap.ts'

/** How a table is laid out. */
export interface AlignedLayout {
  /** Of the terminal; a table that is wider is shown a record at a time. Undefined: it is as wide as it comes. */
  readonly columns: number | undefined
}

/** Characters of a value that are shown. */
const MAX_SHOWN = 1_000
const NULL = 'NULL'
/** At most so many digits: what reads as a number stands on the right. */
const NUMERIC = /^-?\d{1,40}(?:\.\d{1,40})?$/

/**
 * The lines of a result, as psql's aligned format has them. All that was recorded is made printable here: what the
 * database held must not speak to the reader's terminal.
 */
export function alignedTable(table: RecordedTable, { columns }: AlignedLayout): string[] {
  const names = table.columns.map(shown)
  const rows = table.rows.map(row => names.map((_, i) => shownValue(row[i])))
  const widths = names.map((name, i) =>
    rows.reduce((widest, row) => Math.max(widest, displayWidth(row[i] ?? '')), displayWidth(name)),
  )
  const width = widths.reduce((sum, each) => sum + each + 3, 0) - 1
  if (columns !== undefined && width > columns) return records(names, rows)
  const isNumeric = names.map((_, i) => {
    const values = table.rows.flatMap(row => (typeof row[i] === 'string' ? [row[i]] : []))
    return values.length > 0 && values.every(value => NUMERIC.test(value))
  })
  const lines = rows.map(row =>
    row.map((value, i) => padded(value, widths[i] ?? 0, isNumeric[i] === true ? 'right' : 'left')).join('|'),
  )
  return [
    names
      .map((name, i) => padded(name, widths[i] ?? 0, 'middle'))
      .join('|')
      .trimEnd(),
    widths.map(each => '-'.repeat(each + 2)).join('+'),
    ...lines.map(line => line.trimEnd()),
  ]
}

/** `-[ RECORD 1 ]-`, and a line for each column. */
function records(names: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widest = Math.max(0, ...names.map(displayWidth))
  return rows.flatMap((row, number) => [
    `-[ RECORD ${number + 1} ]${'-'.repeat(Math.max(widest - 8, 1))}`,
    ...names.map((name, i) => {
      return `${name}${' '.repeat(widest - displayWidth(name))} | ${row[i] ?? ''}`.trimEnd()
    }),
  ])
}

function padded(text: string, width: number, where: 'left' | 'right' | 'middle'): string {
  const space = width - displayWidth(text)
  const before = where === 'left' ? 0 : where === 'right' ? space : Math.floor(space / 2)
  return ` ${' '.repeat(before)}${text}${' '.repeat(space - before)} `
}

function shownValue(value: string | null | undefined): string {
  return value === null || value === undefined ? NULL : shown(value)
}

function shown(text: string): string {
  if (text.length <= MAX_SHOWN) return printable(text)
  return `${printable(text.slice(0, MAX_SHOWN))}… ${text.length - MAX_SHOWN} characters more`
}
