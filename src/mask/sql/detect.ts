import { MARKER } from '../marker.ts'
import type { ResultColumn, ValueMask } from './row.ts'

/**
 * Looks for what is secret in values of PostgreSQL's results, whose columns nobody has named. Detection is for what stands
 * where it was not expected: whoever writes the query can change its form.
 */

/** Finds what is secret in a text, and masks it. */
export interface SecretFinder {
  /** The text as it was where nothing was found. */
  mask(text: string): { readonly text: string; readonly count: number }
}

/** Types whose values are numbers, moments, places or addresses of machines: they are no texts (pg_type.dat). */
const HARMLESS: ReadonlySet<number> = new Set([
  ...[16, 20, 21, 23, 26, 27, 28, 29, 700, 701, 790, 1700, 3220, 5069], // bool, numbers, ids
  ...[1082, 1083, 1114, 1184, 1186, 1266], // dates and times
  ...[600, 601, 602, 603, 604, 628, 718], // geometry
  ...[650, 774, 829, 869, 1560, 1562, 2278, 2950], // addresses, bits, void, uuid
])
/** Types in whose values a part may be replaced by a mask: name, text, unknown, xml, bpchar, varchar. */
const TEXTS: ReadonlySet<number> = new Set([19, 25, 142, 705, 1042, 1043])
/** Arrays of these: in the form of text, where a mask needs no quotes. */
const TEXT_ARRAYS: ReadonlySet<number> = new Set([1003, 1009, 1014, 1015])
const BYTEA = 17
const JSON_TYPE = 114
const JSONB_TYPE = 3802
/** Deeper JSON is not looked into: it is masked whole. */
const MAX_DEPTH = 200

/** The mask of a column's values by what is found in them; undefined where its type holds no text. */
export function detectingMask({ type, format }: ResultColumn, finder: SecretFinder): ValueMask | undefined {
  if (HARMLESS.has(type)) return undefined
  if (type === JSON_TYPE || type === JSONB_TYPE) return json(type === JSONB_TYPE && format === 1, finder)
  if (TEXTS.has(type) || (format === 0 && TEXT_ARRAYS.has(type))) {
    return value => {
      const { text, count } = finder.mask(value.toString('utf8'))
      return count === 0 ? value : Buffer.from(text)
    }
  }
  const isHex = type === BYTEA && format === 0
  // What a part of it means is not known: with something in it that is to be masked, all of it is NULL.
  return value => (finder.mask(textOf(value, isHex)).count === 0 ? value : null)
}

function textOf(value: Buffer, isHex: boolean): string {
  if (!isHex) return value.toString('utf8')
  const text = value.toString('latin1')
  return text.startsWith('\\x') ? Buffer.from(text.slice(2), 'hex').toString('utf8') : text
}

function json(isVersioned: boolean, finder: SecretFinder): ValueMask {
  const start = isVersioned ? 1 : 0
  return value => {
    const before = value.toString('utf8', start)
    const { text, count } = finder.mask(before)
    const isHidden = count === 0 && before.includes('\\') && hasSecret(before, finder)
    if (count === 0 && !isHidden) return value
    // A number that was found leaves no number behind.
    const masked = !isHidden && isJson(text) ? text : `"${MARKER}"`
    return Buffer.concat([value.subarray(0, start), Buffer.from(masked)])
  }
}

/** Whether something is written with escapes in which it is not seen. */
function hasSecret(text: string, finder: SecretFinder): boolean {
  const open: { readonly value: unknown; readonly depth: number }[] = [{ value: parsed(text), depth: 0 }]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, depth } = next
    if (typeof value === 'string' && finder.mask(value).count > 0) return true
    if (typeof value !== 'object' || value === null) continue
    if (depth > MAX_DEPTH) return true
    for (const [name, inner] of Object.entries(value)) {
      open.push({ value: name, depth: depth + 1 }, { value: inner, depth: depth + 1 })
    }
  }
  return false
}

function isJson(text: string): boolean {
  return parsed(text) !== undefined
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
