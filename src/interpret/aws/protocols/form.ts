import { isAscii } from 'node:buffer'
import { GateError } from '../../../core/errors.ts'
import type { NameValue } from '../../../core/http.ts'

/** PutMetricData with 1000 metrics of 30 dimensions has about 70,000. */
const MAX_FORM_PAIRS = 100_000

/**
 * The pairs of an `application/x-www-form-urlencoded` body, decoded once, in their order. Strict: ASCII
 * only, whole `%XX` escapes that make valid UTF-8, no pair without a name.
 * @throws GateError `parameter-malformed`
 */
export function readForm(body: Buffer): readonly NameValue[] {
  if (!isAscii(body)) throw new GateError('parameter-malformed', 'the form has bytes that are not encoded')
  const text = body.toString('latin1')
  if (text === '') return []
  const pairs = text.split('&', MAX_FORM_PAIRS + 1)
  if (pairs.length > MAX_FORM_PAIRS) {
    throw new GateError('parameter-malformed', `the form has more than ${MAX_FORM_PAIRS} parameters`)
  }
  return pairs.map(readPair)
}

function readPair(pair: string): NameValue {
  const equals = pair.indexOf('=')
  const name = decode(equals < 0 ? pair : pair.slice(0, equals))
  if (name === '') throw new GateError('parameter-malformed', 'the form has a parameter without a name')
  return [name, equals < 0 ? '' : decode(pair.slice(equals + 1))]
}

function decode(text: string): string {
  if (!/[%+]/.test(text)) return text
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch (cause) {
    throw new GateError('parameter-malformed', 'the form has an escape that is not UTF-8', { cause })
  }
}
