import { GateError } from '../core/errors.ts'
import type { Json } from '../core/json.ts'

/** How deep a value may be nested: more than any AWS API, less than any stack. */
const MAX_DEPTH = 200

/**
 * The one text of a JSON value: members in order of their names' UTF-16 units, no white space, numbers in
 * their shortest form, lone surrogates escaped. Two values have the same text if and only if they are equal;
 * `-0` is not `0`, as two readers may tell them apart. Throws `request-too-large` beyond `MAX_DEPTH`.
 */
export function canonical(value: Json): string {
  return write(value, 0)
}

function write(value: Json, depth: number): string {
  if (typeof value === 'number') return number(value)
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (depth >= MAX_DEPTH) {
    throw new GateError('request-too-large', `the parameters are nested more than ${MAX_DEPTH} deep`)
  }
  if (isList(value)) return `[${value.map(item => write(item, depth + 1)).join()}]`
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${write(member, depth + 1)}`).join()}}`
}

function number(value: number): string {
  if (!Number.isFinite(value)) throw new TypeError('a number of JSON is finite')
  return Object.is(value, -0) ? '-0' : JSON.stringify(value)
}

/** `Array.isArray` does not narrow a readonly list. */
function isList(value: readonly Json[] | object): value is readonly Json[] {
  return Array.isArray(value)
}
