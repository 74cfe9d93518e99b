import type { Span } from '../../record/export/span.ts'

const DATE = /^\d{4}-\d\d-\d\d$/
const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/

/** `2026-01-02` (in UTC), `2026-01-02T03:04:05Z`: ms since the epoch; undefined for anything else. */
export function parseTime(text: string): number | undefined {
  if (!DATE.test(text) && !DATE_TIME.test(text)) return undefined
  const timeMs = Date.parse(text)
  // ECMA-262 takes the 31st of February for a day in March.
  if (
    Number.isNaN(timeMs) ||
    !new Date(`${text.slice(0, 10)}T00:00Z`).toISOString().startsWith(text.slice(0, 10))
  )
    return undefined
  return timeMs
}

/** The span that `--since` and `--until` name, or what is wrong with them. */
export function parseSpan(since: string | undefined, until: string | undefined): Span | string {
  const sinceMs = since === undefined ? undefined : parseTime(since)
  const untilMs = until === undefined ? undefined : parseTime(until)
  const forms = 'a time such as `2026-01-02` or `2026-01-02T03:04:05Z`'
  if (since !== undefined && sinceMs === undefined) return `--since takes ${forms}, not \`${since}\``
  if (until !== undefined && untilMs === undefined) return `--until takes ${forms}, not \`${until}\``
  if (sinceMs !== undefined && untilMs !== undefined && sinceMs >= untilMs) {
    return '--until must be later than --since'
  }
  return { ...(sinceMs === undefined ? {} : { sinceMs }), ...(untilMs === undefined ? {} : { untilMs }) }
}
