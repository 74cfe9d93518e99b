import { printable } from '../shell.ts'

/**
 * What a spreadsheet takes for a formula (https://owasp.org/www-community/attacks/CSV_Injection), also
 * behind spaces that it trims and in the wide forms that it folds; and `'`, so that a leading `'` is always ours.
 */
const FORMULA = /^\s*[=+\-@'|%＝＋－＠]/u

/** The field as text that no spreadsheet runs: one `'` before it where that is needed, to be taken off again. */
export function defused(field: string): string {
  return FORMULA.test(field) ? `'${field}` : field
}

/** RFC 4180; what a terminal would act upon is written out, so that a record is always one line. */
export function csvLine(fields: readonly string[]): string {
  return `${fields.map(csvField).join(',')}\r\n`
}

function csvField(field: string): string {
  const safe = defused(printable(field))
  return /[",\s]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
