const DATE = /^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?$/
const TIME = /^(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(Z|[+-]\d{2}:\d{2})$/
const EPOCH = /^-?\d{1,12}(?:\.\d{1,9})?$/

/**
 * A date of a policy or of a request in milliseconds since the epoch; undefined where the text is
 * none. Takes the ISO 8601 forms of the W3C note (year, month, day, with a time down to fractions of
 * a second, always with its zone) and epoch time in seconds. Four digits are a year.
 *
 * Source: https://www.w3.org/TR/NOTE-datetime, IAM User Guide, "Date condition operators".
 */
export function parseDate(text: string): number | undefined {
  const [day = '', time, ...rest] = text.split(/[Tt]/)
  const date = DATE.exec(day)
  if (date === null) return EPOCH.test(text) ? Math.round(Number(text) * 1000) : undefined
  if (rest.length > 0) return undefined
  const [year, month, dayOfMonth] = [Number(date[1]), Number(date[2] ?? 1), Number(date[3] ?? 1)]
  const startMs = startOfDay(year, month, dayOfMonth)
  if (startMs === undefined || time === undefined) return startMs
  if (date[3] === undefined) return undefined
  const withinDayMs = parseTime(time.toUpperCase())
  return withinDayMs === undefined ? undefined : startMs + withinDayMs
}

function startOfDay(year: number, month: number, day: number): number | undefined {
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? date.getTime() : undefined
}

/** The time of a day with its zone, as an offset from the day's start in UTC. */
function parseTime(text: string): number | undefined {
  const time = TIME.exec(text)
  if (time === null) return undefined
  const [hour, minute, second] = [Number(time[1]), Number(time[2]), Number(time[3] ?? 0)]
  if (hour > 23 || minute > 59 || second > 60) return undefined
  const fractionMs = Math.floor(Number(`0.${time[4] ?? '0'}`) * 1000)
  const zoneMs = parseZone(time[5] ?? 'Z')
  if (zoneMs === undefined) return undefined
  return ((hour * 60 + minute) * 60 + second) * 1000 + fractionMs - zoneMs
}

function parseZone(zone: string): number | undefined {
  if (zone === 'Z') return 0
  const [hours, minutes] = [Number(zone.slice(1, 3)), Number(zone.slice(4, 6))]
  if (hours > 23 || minutes > 59) return undefined
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000
}
