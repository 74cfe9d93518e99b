const UNITS: ReadonlyMap<string, number> = new Map([
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
  ['w', 604_800_000],
])

const AGO = /^(\d{1,6})([smhdw])$/
const DATE = /^\d{4}-\d\d-\d\d$/
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)?$/

/**
 * A moment, ms since the epoch: `2026-01-02` (its first moment), `2026-01-02T03:04:05Z` with seconds and
 * zone as far as they are given, or how long before `nowMs`: `90m`, `2h`, `7d`. UTC where no zone is
 * named. Undefined for anything else.
 */
export function parseTime(text: string, nowMs: number): number | undefined {
  const ago = AGO.exec(text)
  if (ago !== null) return nowMs - Number(ago[1]) * (UNITS.get(ago[2] ?? '') ?? 0)
  if (!DATE.test(text) && !MOMENT.test(text)) return undefined
  const zoned = DATE.test(text) || /(Z|[+-]\d\d:\d\d)$/.test(text) ? text : `${text}Z`
  const timeMs = Date.parse(zoned)
  // The 31st of February is the 3rd of March to the platform.
  const day = Number(text.slice(8, 10))
  const isDay = Number.isFinite(timeMs) && new Date(Date.parse(text.slice(0, 10))).getUTCDate() === day
  return isDay ? timeMs : undefined
}
