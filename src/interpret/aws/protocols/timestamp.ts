import { malformedParameter } from './walk.ts'

/*
 * Points in time: in the parameters always `YYYY-MM-DDTHH:MM:SS[.fraction]Z`, the fraction without
 * trailing zeros and with every digit that was sent; years 0001 to 9999.
 */

const ISO =
  /^([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?(?:Z|([+-])([0-9]{2}):?([0-9]{2}))$/
const RFC822 =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), ([0-9]{1,2}) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) ([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) GMT$/
const EPOCH = /^(-?)([0-9]{1,12})(?:\.([0-9]{1,9}))?$/
const SCIENTIFIC = /^(-?)([0-9])(?:\.([0-9]+))?[eE]\+?([0-9]{1,2})$/
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const FIRST_SECOND = -62135596800
const LAST_SECOND = 253402300799

/** Reads any of AWS's three text forms: ISO 8601, RFC 822 (HTTP date), seconds since the epoch. */
export function readTimestamp(text: string, path: string): string {
  const iso = ISO.exec(text)
  if (iso !== null) return fromIso(iso, path)
  const rfc822 = RFC822.exec(text)
  if (rfc822 !== null) return fromRfc822(rfc822, path)
  return readEpoch(text, path)
}

/** Reads seconds since the epoch as a decimal, also in the exponent form of `1.5E9`. */
export function readEpoch(text: string, path: string): string {
  const scientific = SCIENTIFIC.exec(text)
  const plain = scientific === null ? text : shiftPoint(scientific)
  const match = EPOCH.exec(plain)
  if (match === null) throw malformedParameter(path, 'a timestamp')
  const fraction = trimZeros(match[3] ?? '')
  const whole = Number(match[2])
  if (match[1] !== '-') return toIso(whole, fraction, path)
  // -1.25 is 0.75 seconds after -2.
  return fraction === '' ? toIso(-whole, '', path) : toIso(-whole - 1, complement(fraction), path)
}

/** The parameter as RFC 822; a fraction of a second has no place there. */
export function toRfc822(iso: string, path: string): string {
  const { seconds, fraction } = split(iso, path)
  if (fraction !== '') throw malformedParameter(path, 'a timestamp in whole seconds')
  return new Date(seconds * 1000).toUTCString()
}

/** The parameter as seconds since the epoch, an exact decimal. */
export function toEpoch(iso: string, path: string): string {
  const { seconds, fraction } = split(iso, path)
  if (fraction === '') return String(seconds)
  if (seconds >= 0) return `${seconds}.${fraction}`
  return `-${-(seconds + 1)}.${complement(fraction)}`
}

/** The parameter itself, once it is sure that it is a timestamp. */
export function toIso8601(iso: string, path: string): string {
  const { seconds, fraction } = split(iso, path)
  return toIso(seconds, fraction, path)
}

function fromIso(match: RegExpExecArray, path: string): string {
  const [, year, month, day, hour, minute, second, fraction = '', sign, offsetHour, offsetMinute] = match
  const local = secondsOf(
    Number(year),
    Number(month),
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
    path,
  )
  if (sign === undefined) return toIso(local, trimZeros(fraction), path)
  if (Number(offsetHour) > 23 || Number(offsetMinute) > 59) throw malformedParameter(path, 'a timestamp')
  const offset = (Number(offsetHour) * 60 + Number(offsetMinute)) * 60
  return toIso(local + (sign === '+' ? -offset : offset), trimZeros(fraction), path)
}

function fromRfc822(match: RegExpExecArray, path: string): string {
  const [, day, month = '', year, hour, minute, second] = match
  const monthNumber = MONTHS.indexOf(month) + 1
  const seconds = secondsOf(
    Number(year),
    monthNumber,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
    path,
  )
  return toIso(seconds, '', path)
}

function secondsOf(
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
  path: string,
): number {
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  date.setUTCHours(hour, minute, second)
  // A day that the month does not have, or an hour 24, would roll over into another moment.
  const same =
    date.getUTCMonth() === month - 1 &&
    date.getUTCDate() === day &&
    date.getUTCHours() === hour &&
    date.getUTCMinutes() === minute &&
    date.getUTCSeconds() === second
  if (!same) throw malformedParameter(path, 'a timestamp')
  return date.getTime() / 1000
}

function toIso(seconds: number, fraction: string, path: string): string {
  if (seconds < FIRST_SECOND || seconds > LAST_SECOND) {
    throw malformedParameter(path, 'a timestamp between the years 1 and 9999')
  }
  const whole = new Date(seconds * 1000).toISOString().slice(0, 19)
  return fraction === '' ? `${whole}Z` : `${whole}.${fraction}Z`
}

function split(iso: string, path: string): { seconds: number; fraction: string } {
  const match = ISO.exec(iso)
  if (match === null) throw malformedParameter(path, 'a timestamp')
  const whole = fromIso(match, path)
  const point = whole.indexOf('.')
  const fraction = point < 0 ? '' : whole.slice(point + 1, -1)
  return { seconds: Date.parse(`${whole.slice(0, 19)}Z`) / 1000, fraction }
}

/** `1.5e9` -> `1500000000`; fractions that remain stay behind the point. */
function shiftPoint(match: RegExpExecArray): string {
  const [, sign = '', first = '', rest = '', exponent] = match
  const shift = Number(exponent)
  const digits = first + rest.padEnd(shift, '0')
  const fraction = digits.slice(shift + 1)
  const whole = digits.slice(0, shift + 1)
  return fraction === '' ? sign + whole : `${sign}${whole}.${fraction}`
}

/** The digits of `1 - 0.fraction`, of the same length. */
function complement(fraction: string): string {
  return String(10n ** BigInt(fraction.length) - BigInt(fraction)).padStart(fraction.length, '0')
}

function trimZeros(fraction: string): string {
  let end = fraction.length
  while (end > 0 && fraction.charCodeAt(end - 1) === 0x30) end--
  return fraction.slice(0, end)
}
