import { isUtf8 } from 'node:buffer'
import { TYPES } from '../../wire/mysql/binary.ts'
import type { Value, ValueType } from '../../wire/mysql/messages.ts'
import type { SqlParameter } from '../sql/ports.ts'

/**
 * A parameter as it is recorded: as text where it can be told, else its bytes.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_binary_resultset.html
 */
export function recordedParameter({ type, unsigned }: ValueType, value: Value): SqlParameter {
  if (value === null) return null
  switch (type) {
    case TYPES.tiny:
      return String(unsigned ? value.readUInt8() : value.readInt8())
    case TYPES.short:
    case TYPES.year:
      return String(unsigned ? value.readUInt16LE() : value.readInt16LE())
    case TYPES.long:
    case TYPES.int24:
      return String(unsigned ? value.readUInt32LE() : value.readInt32LE())
    case TYPES.longlong:
      return String(unsigned ? value.readBigUInt64LE() : value.readBigInt64LE())
    case TYPES.float:
      return String(value.readFloatLE())
    case TYPES.double:
      return String(value.readDoubleLE())
    case TYPES.date:
    case TYPES.datetime:
    case TYPES.timestamp:
      return dateOf(value)
    case TYPES.time:
      return timeOf(value)
    default:
      return isUtf8(value) ? value.toString('utf8') : value
  }
}

const two = (number: number): string => String(number).padStart(2, '0')

/** Year, 2 bytes, month, day, hour, minute, second, microseconds, 4 bytes; what is absent is zero. */
function dateOf(value: Buffer): string {
  if (value.length === 0) return '0000-00-00'
  const at = (i: number): number => value[i] ?? 0
  const date = `${String(value.readUInt16LE()).padStart(4, '0')}-${two(at(2))}-${two(at(3))}`
  if (value.length < 7) return date
  return `${date} ${two(at(4))}:${two(at(5))}:${two(at(6))}${fraction(value, 7)}`
}

/** Whether it is negative, days, 4 bytes, hour, minute, second, microseconds, 4 bytes. */
function timeOf(value: Buffer): string {
  if (value.length === 0) return '00:00:00'
  const at = (i: number): number => value[i] ?? 0
  const hours = value.readUInt32LE(1) * 24 + at(5)
  return `${at(0) === 1 ? '-' : ''}${two(hours)}:${two(at(6))}:${two(at(7))}${fraction(value, 8)}`
}

function fraction(value: Buffer, at: number): string {
  return value.length < at + 4 ? '' : `.${String(value.readUInt32LE(at)).padStart(6, '0')}`
}
