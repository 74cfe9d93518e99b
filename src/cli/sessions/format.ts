import type { Json } from '../../core/json.ts'

/** ECMA-262, Time Values: a date is at most this far from the epoch. */
const LAST_MS = 8.64e15

/** ISO 8601 in UTC; the nearest moment there is, for numbers that are none. */
function iso(timeMs: number): string {
  return new Date(Math.min(Math.max(Number(timeMs) || 0, 0), LAST_MS)).toISOString()
}

/** `2026-01-02 03:04:05`, in UTC. */
export function dateTime(timeMs: number): string {
  return iso(timeMs).slice(0, 19).replace('T', ' ')
}

/** `2026-01-02`, in UTC. */
export function day(timeMs: number): string {
  return iso(timeMs).slice(0, 10)
}

/** `03:04:05.678`, in UTC. */
export function timeOfDay(timeMs: number): string {
  return iso(timeMs).slice(11, 23)
}

const SIZES = ['kB', 'MB', 'GB', 'TB', 'PB']

/** `512 B`, `1.2 kB`, `34 MB`: powers of 1000, two digits or more; what is none of a number is `NaN`. */
export function size(bytes: number): string {
  let value = Number(bytes)
  if (value < 1000) return `${value} B`
  let unit = ''
  for (const next of SIZES) {
    if (value < 999.5 && unit !== '') break
    value /= 1000
    unit = next
  }
  return `${value < 9.95 ? value.toFixed(1) : value.toFixed(0)} ${unit}`
}

/** `12 ms`, `1.2 s`, `3 min 4 s`, `2 h 5 min`. */
export function duration(spanMs: number): string {
  const ms = Math.max(Math.round(spanMs), 0)
  if (ms < 1000) return `${ms} ms`
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  const minutes = Math.round(seconds / 60)
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** `1 call`, `1,234 calls` */
export function count(number: number, one: string, many: string = `${one}s`): string {
  // What was read may be any value: text has no place here.
  return `${Number(number).toLocaleString('en-US')} ${number === 1 ? one : many}`
}

/** Rows as columns, two spaces apart; columns of `rightAligned` end where the widest of them ends. */
export function table(rows: readonly (readonly string[])[], rightAligned: ReadonlySet<number>): string[] {
  const widths: number[] = []
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length)
  }
  return rows.map(row =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0
        return rightAligned.has(column) ? cell.padStart(width) : cell.padEnd(width)
      })
      .join('  ')
      .trimEnd(),
  )
}

/** What `JSON.stringify` leaves as it is though a terminal acts upon it or hides it. */
const UNSAFE_IN_JSON =
  /[\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\udb40[\udc00-\udc7f]/g

/** JSON that is the same value and that a terminal may be shown. */
export function safeJson(value: Json | object, indent = 0): string {
  return JSON.stringify(value, undefined, indent).replace(UNSAFE_IN_JSON, characters =>
    Array.from({ length: characters.length }, (_, at) => {
      return `\\u${characters.charCodeAt(at).toString(16).padStart(4, '0')}`
    }).join(''),
  )
}
