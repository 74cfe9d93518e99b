import type { TimestampFormat } from '../../../catalog/model.ts'
import type { Json } from '../../../core/json.ts'
import type { ResolvedShape } from './shapes.ts'
import { readTimestamp, toEpoch, toIso8601, toRfc822 } from './timestamp.ts'
import { asString, malformedParameter } from './walk.ts'

/*
 * Scalars as text, as query strings, forms, headers, labels and XML carry them. One value has one text:
 * `+1`, `01` or `TRUE` could be read in two ways and are refused.
 */

const INTEGER = /^(?:0|-?[1-9][0-9]*)$/
const DECIMAL = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/
const MAX_NUMBER_CHARACTERS = 64
const NOT_FINITE: ReadonlySet<string> = new Set(['NaN', 'Infinity', '-Infinity'])

/** A scalar from its text. */
export function readScalar(resolved: ResolvedShape, text: string, path: string): Json {
  switch (resolved.shape.type) {
    case 'string':
    case 'character':
      return text
    case 'boolean':
      if (text === 'true') return true
      if (text === 'false') return false
      throw malformedParameter(path, '`true` or `false`')
    case 'integer':
    case 'long':
    case 'biginteger':
      return readInteger(text, path)
    case 'float':
    case 'double':
      return readDouble(text, path)
    case 'bigdecimal':
      return readDecimal(text, path)
    case 'blob':
      return readBase64(text, path)
    case 'timestamp':
      return readTimestamp(text, path)
    default:
      throw malformedParameter(path, `a ${resolved.shape.type}`)
  }
}

/** A scalar's text. @param defaultFormat of timestamps, where the shape does not say */
export function writeScalar(
  resolved: ResolvedShape,
  value: Json,
  defaultFormat: TimestampFormat,
  path: string,
): string {
  switch (resolved.shape.type) {
    case 'string':
    case 'character':
      return asString(value, path)
    case 'boolean':
      if (typeof value === 'boolean') return String(value)
      throw malformedParameter(path, 'a boolean')
    case 'integer':
    case 'long':
    case 'biginteger':
      return integerText(value, path)
    case 'float':
    case 'double':
      return doubleText(value, path)
    case 'bigdecimal':
      return decimalText(value, path)
    case 'blob':
      return readBase64(asString(value, path), path)
    case 'timestamp':
      return writeTimestamp(resolved.timestampFormat ?? defaultFormat, asString(value, path), path)
    default:
      throw malformedParameter(path, `a ${resolved.shape.type}`)
  }
}

export function writeTimestamp(format: TimestampFormat, iso: string, path: string): string {
  if (format === 'rfc822') return toRfc822(iso, path)
  return format === 'unixTimestamp' ? toEpoch(iso, path) : toIso8601(iso, path)
}

/** An integer: a number up to 2^53, beyond it the decimal string. */
export function readInteger(text: string, path: string): number | string {
  if (text.length > MAX_NUMBER_CHARACTERS || !INTEGER.test(text)) throw malformedParameter(path, 'an integer')
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : text
}

/** A double; its three values that are no numbers are strings. */
export function readDouble(text: string, path: string): number | string {
  if (NOT_FINITE.has(text)) return text
  if (text.length > MAX_NUMBER_CHARACTERS || !DECIMAL.test(text)) throw malformedParameter(path, 'a number')
  const value = Number(text)
  if (!Number.isFinite(value)) throw malformedParameter(path, 'a number that a double can hold')
  return value === 0 ? 0 : value
}

/** A decimal of any precision: always its text. */
export function readDecimal(text: string, path: string): string {
  if (text.length > MAX_NUMBER_CHARACTERS || !DECIMAL.test(text)) throw malformedParameter(path, 'a number')
  return text
}

export function integerText(value: Json, path: string): string {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value)
  if (typeof value === 'string' && typeof readInteger(value, path) === 'string') return value
  throw malformedParameter(path, 'an integer')
}

export function doubleText(value: Json, path: string): string {
  if (typeof value === 'number' && Number.isFinite(value)) return String(value)
  if (typeof value === 'string' && NOT_FINITE.has(value)) return value
  throw malformedParameter(path, 'a number')
}

export function decimalText(value: Json, path: string): string {
  return readDecimal(asString(value, path), path)
}

/**
 * Strict base64 (RFC 4648, section 4): no line ends, the right padding, no bits left over. Returns it as
 * it is, for it has one form only.
 */
export function readBase64(text: string, path: string): string {
  if (text.length % 4 !== 0 || !BASE64.test(text) || !endsCleanly(text)) {
    throw malformedParameter(path, 'base64')
  }
  return text
}

/** Whether the bits that the last character has to spare are zero. */
function endsCleanly(text: string): boolean {
  if (!text.endsWith('=')) return true
  const last = text.slice(-4)
  return Buffer.from(last, 'base64').toString('base64') === last
}
