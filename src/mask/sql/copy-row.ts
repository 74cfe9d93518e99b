/**
 * Rows of COPY TO in the form of text and CSV, as PostgreSQL writes them: to be masked field by field.
 * https://www.postgresql.org/docs/current/sql-copy.html (File Formats)
 */

/** How COPY writes its rows. */
export interface CopyForm {
  readonly format: 'text' | 'csv'
  /** One character of ASCII, like the two behind `null`. */
  readonly delimiter: string
  /** What stands for NULL. */
  readonly null: string
  /** Of CSV alone. */
  readonly quote: string
  readonly escape: string
  /** The first line has the names of the columns. */
  readonly header: boolean
}

/** What stands in the place of a field; the same text where it stays, null for NULL. */
export type FieldMask = (text: string) => string | null

const LETTERS: ReadonlyMap<string, string> = new Map([
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
])
const ESCAPES: ReadonlyMap<string, string> = new Map([...LETTERS].map(([letter, meant]) => [meant, letter]))

/**
 * A row with its fields masked, and how many were; undefined for what is no row of this form, of which nothing may pass.
 * @param line with the line feed at its end
 * @param masksOf how many fields there are: for each its mask, or undefined where it stays
 */
export function maskCopyRow(
  line: string,
  form: CopyForm,
  masksOf: (count: number) => readonly (FieldMask | undefined)[],
): { readonly line: string; readonly count: number } | undefined {
  const fields = readCopyRow(line, form)
  if (fields === undefined) return undefined
  const masks = masksOf(fields.length)
  let count = 0
  const written = fields.map((raw, i) => {
    const mask = masks[i]
    if (mask === undefined) return raw
    const value = form.format === 'csv' ? csvValue(raw, form) : textValue(raw, form)
    const masked = value === null ? value : mask(value)
    if (masked === value) return raw
    count += 1
    return masked === null ? form.null : writeField(masked, form)
  })
  return { line: `${written.join(form.delimiter)}\n`, count }
}

/** The fields as they were written. */
function readCopyRow(line: string, form: CopyForm): readonly string[] | undefined {
  if (!line.endsWith('\n')) return undefined
  const text = line.slice(0, -1)
  if (form.format === 'text' && !/[\\\r\n]/.test(text)) return text.split(form.delimiter)
  const fields: string[] = []
  for (let at = 0; ; ) {
    const end = form.format === 'csv' ? endOfCsv(text, at, form) : endOfText(text, at, form)
    if (end === undefined) return undefined
    fields.push(text.slice(at, end))
    if (end === text.length) return fields
    at = end + 1
  }
}

/** Where a field ends: at a delimiter that has no backslash before it, or with the line. */
function endOfText(text: string, start: number, { delimiter }: CopyForm): number | undefined {
  let at = start
  while (at < text.length && text[at] !== delimiter) {
    if (text[at] === '\n' || text[at] === '\r') return undefined
    at += text[at] === '\\' ? 2 : 1
  }
  return at > text.length ? undefined : at
}

function textValue(raw: string, form: CopyForm): string | null {
  // With another word for NULL a value may look like it.
  if (raw === form.null && raw === '\\N') return null
  if (!raw.includes('\\')) return raw
  let value = ''
  for (let at = 0; at < raw.length; at++) {
    const character = raw.charAt(at)
    if (character !== '\\') value += character
    else {
      at += 1
      value += LETTERS.get(raw.charAt(at)) ?? raw.charAt(at)
    }
  }
  return value
}

/** Where a field ends: a quoted one behind its quote, another at a delimiter. */
function endOfCsv(
  text: string,
  start: number,
  { delimiter, quote, escape: by }: CopyForm,
): number | undefined {
  let at = start
  if (text[at] === quote) {
    for (at += 1; at < text.length; at++) {
      const isEscaped = text[at] === by && (text[at + 1] === quote || text[at + 1] === by)
      if (isEscaped) at += 1
      else if (text[at] === quote) break
    }
    at += 1
    return at === text.length || text[at] === delimiter ? at : undefined
  }
  while (at < text.length && text[at] !== delimiter) {
    if (text[at] === quote || text[at] === '\n' || text[at] === '\r') return undefined
    at += 1
  }
  return at
}

function csvValue(raw: string, form: CopyForm): string | null {
  const { quote, escape: by } = form
  // What looks like NULL is quoted where it is none.
  if (!raw.startsWith(quote)) return raw === form.null ? null : raw
  let value = ''
  for (let at = 1; at < raw.length - 1; at++) {
    const next = raw.charAt(at + 1)
    if (raw.charAt(at) === by && at + 1 < raw.length - 1 && (next === quote || next === by)) at += 1
    value += raw.charAt(at)
  }
  return value
}

/** A field as the server would write it; in CSV in quotes. */
export function writeField(value: string, { format, delimiter, quote, escape: by }: CopyForm): string {
  let written = ''
  for (const character of value) {
    if (format === 'csv') written += character === quote || character === by ? by + character : character
    else if (character === '\\' || character === delimiter) written += `\\${character}`
    else written += ESCAPES.has(character) ? `\\${ESCAPES.get(character)}` : character
  }
  return format === 'csv' ? quote + written + quote : written
}
