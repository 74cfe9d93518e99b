import { printable } from '../../record/shell.ts'
import { count, dateTime } from '../sessions/format.ts'
import type { Paint } from '../sessions/paint.ts'
import { displayWidth, wrapText } from '../sessions/wrap.ts'
import type { ReviewReport } from './report.ts'
import { type Section, sectionsOf, strangers, summaryOf } from './sections.ts'

/** A review for a terminal. What clients sent is made printable. */
export function reviewText(report: ReviewReport, colors: Paint, columns: number | undefined): string {
  const lines = [
    colors.bold(`Review of ${dateTime(report.span.sinceMs)} to ${dateTime(report.span.untilMs)} (UTC)`),
    `compared with the span of equal length before it, from ${dateTime(report.before.sinceMs)}`,
  ]
  if (report.beyond > 0)
    lines.push(
      `${count(report.beyond, 'event')} whose role is not known, or of too many roles, are not in it`,
    )
  const add = (section: Section): void => void lines.push('', ...sectionLines(section, colors, columns))
  for (const role of report.roles) {
    lines.push('', colors.bold(printable(role.roleArn)), ...summaryOf(role).map(line => `  ${line}`))
    for (const section of sectionsOf(role)) add(section)
  }
  if (report.unidentified.calls > 0) {
    lines.push('', colors.bold('Nobody that the gate knows'), `  ${count(report.unidentified.calls, 'call')}`)
    for (const section of strangers(report)) add(section)
  }
  return `${lines.join('\n')}\n`
}

function sectionLines(section: Section, colors: Paint, columns: number | undefined): string[] {
  const title = section.alarming === true ? colors.warn(section.title) : section.title
  const note =
    section.note === ''
      ? []
      : wrapText(section.note, { columns, indent: 2 }).map(line => `  ${colors.dim(line)}`)
  const rows = section.rows.map(row => row.map(printable))
  const more = section.more === 0 ? [] : [`    and ${section.more} more`]
  return [`  ${title}`, ...note, ...table([section.headings, ...rows]).map(line => `    ${line}`), ...more]
}

/** Columns as wide as their widest cell, but no column is wider than this for the sake of the next. */
const WIDEST = 60

function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = []
  for (const row of rows) {
    for (const [at, cell] of row.entries()) {
      widths[at] = Math.max(widths[at] ?? 0, Math.min(displayWidth(cell), WIDEST))
    }
  }
  return rows.map(row =>
    row
      .map((cell, at) => `${cell}${' '.repeat(Math.max((widths[at] ?? 0) - displayWidth(cell), 0))}`)
      .join('  ')
      .trimEnd(),
  )
}
