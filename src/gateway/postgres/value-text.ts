import { isUtf8 } from 'node:buffer'
import type { Column, Value } from '../../wire/postgres/messages.ts'
import type { SqlParameter } from '../sql/ports.ts'

/** Types whose binary form is their text; pg_type.dat. */
const TEXTS: ReadonlySet<number> = new Set([18, 19, 25, 114, 142, 705, 1042, 1043])

/** OIDs of pg_type.dat, and how the binary form of each reads as text; undefined where it has another length. */
const BINARY: ReadonlyMap<number, (bytes: Buffer) => string | undefined> = new Map([
  [16, bytes => (bytes.length === 1 ? (bytes[0] === 0 ? 'f' : 't') : undefined)],
  [17, bytes => `\\x${bytes.toString('hex')}`],
  [20, bytes => (bytes.length === 8 ? String(bytes.readBigInt64BE()) : undefined)],
  [21, bytes => (bytes.length === 2 ? String(bytes.readInt16BE()) : undefined)],
  [23, bytes => (bytes.length === 4 ? String(bytes.readInt32BE()) : undefined)],
  [26, bytes => (bytes.length === 4 ? String(bytes.readUInt32BE()) : undefined)],
  [700, bytes => (bytes.length === 4 ? floatText(bytes.readFloatBE()) : undefined)],
  [701, bytes => (bytes.length === 8 ? String(bytes.readDoubleBE()) : undefined)],
  [1082, bytes => (bytes.length === 4 ? dateText(bytes.readInt32BE() * DAY_MS) : undefined)],
  [1114, bytes => (bytes.length === 8 ? timestampText(bytes.readBigInt64BE()) : undefined)],
  [1184, bytes => (bytes.length === 8 ? timestampText(bytes.readBigInt64BE(), '+00') : undefined)],
  [2950, bytes => (bytes.length === 16 ? uuidText(bytes) : undefined)],
  [3802, bytes => (bytes[0] === 1 && isUtf8(bytes) ? bytes.toString('utf8', 1) : undefined)],
])

const DAY_MS = 86_400_000
/** What dates of PostgreSQL count from. */
const EPOCH_MS = Date.UTC(2000, 0, 1)

/** A value as text, where that is certain; else the bytes as they came. */
export function valueText(value: Value, column: Pick<Column, 'format' | 'type'> | undefined): SqlParameter {
  if (value === null || column === undefined) return value
  if (column.format === 0 || TEXTS.has(column.type)) return isUtf8(value) ? value.toString('utf8') : value
  return BINARY.get(column.type)?.(value) ?? value
}

/** The shortest number that is the same one in 4 bytes. */
function floatText(value: number): string {
  const short = [6, 7, 8].map(digits => Number(value.toPrecision(digits)))
  return String(short.find(each => Math.fround(each) === value) ?? value)
}

function uuidText(bytes: Buffer): string {
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

/** Undefined before the year 1 and after 9999, and for infinity: these have words of their own. */
function dateText(sinceMs: number): string | undefined {
  const timeMs = EPOCH_MS + sinceMs
  return timeMs >= FIRST_MS && timeMs <= LAST_MS ? new Date(timeMs).toISOString().slice(0, 10) : undefined
}

const FIRST_MS = Date.parse('0001-01-01T00:00:00Z')
const LAST_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999)

/** @param micros since the epoch of PostgreSQL, in UTC */
function timestampText(micros: bigint, zone = ''): string | undefined {
  const seconds = micros / 1_000_000n - (micros % 1_000_000n < 0n ? 1n : 0n)
  const rest = Number(micros - seconds * 1_000_000n)
  const timeMs = EPOCH_MS + Number(seconds) * 1000
  if (timeMs < FIRST_MS || timeMs > LAST_MS) return undefined
  const text = new Date(timeMs).toISOString().slice(0, 19).replace('T', ' ')
  const fraction = rest === 0 ? '' : `.${String(rest).padStart(6, '0')}`.replace(/0{1,6}$/, '')
  return `${text}${fraction}${zone}`
}
