import type { Comparison, Operator } from './model.ts'

/**
 * Every condition operator of IAM by its name: what it compares, and whether it says the opposite.
 * Source: IAM User Guide, "IAM JSON policy elements: Condition operators".
 */
const BASE: ReadonlyMap<string, readonly [comparison: Comparison, negated: boolean]> = new Map([
  ['StringEquals', ['StringEquals', false]],
  ['StringNotEquals', ['StringEquals', true]],
  ['StringEqualsIgnoreCase', ['StringEqualsIgnoreCase', false]],
  ['StringNotEqualsIgnoreCase', ['StringEqualsIgnoreCase', true]],
  ['StringLike', ['StringLike', false]],
  ['StringNotLike', ['StringLike', true]],
  ['NumericEquals', ['NumericEquals', false]],
  ['NumericNotEquals', ['NumericEquals', true]],
  ['NumericLessThan', ['NumericLessThan', false]],
  ['NumericLessThanEquals', ['NumericLessThanEquals', false]],
  ['NumericGreaterThan', ['NumericGreaterThan', false]],
  ['NumericGreaterThanEquals', ['NumericGreaterThanEquals', false]],
  ['DateEquals', ['DateEquals', false]],
  ['DateNotEquals', ['DateEquals', true]],
  ['DateLessThan', ['DateLessThan', false]],
  ['DateLessThanEquals', ['DateLessThanEquals', false]],
  ['DateGreaterThan', ['DateGreaterThan', false]],
  ['DateGreaterThanEquals', ['DateGreaterThanEquals', false]],
  ['Bool', ['Bool', false]],
  ['BinaryEquals', ['BinaryEquals', false]],
  ['IpAddress', ['IpAddress', false]],
  ['NotIpAddress', ['IpAddress', true]],
  ['ArnEquals', ['ArnLike', false]],
  ['ArnNotEquals', ['ArnLike', true]],
  ['ArnLike', ['ArnLike', false]],
  ['ArnNotLike', ['ArnLike', true]],
  ['Null', ['Null', false]],
])

/** The names without prefix and suffix, for messages. */
export const OPERATOR_NAMES: readonly string[] = [...BASE.keys()]

const BY_LOWER_CASE: ReadonlyMap<string, readonly [Comparison, boolean]> = new Map(
  Array.from(BASE, ([name, meaning]) => [name.toLowerCase(), meaning]),
)

const SETS = ['ForAllValues', 'ForAnyValue'] as const

/**
 * Takes an operator apart; undefined where there is no such operator. `Null` takes neither a set
 * prefix nor `IfExists`: it asks only whether the key is there.
 */
export function parseOperator(name: string): Operator | undefined {
  let rest = name.toLowerCase()
  const set = SETS.find(prefix => rest.startsWith(`${prefix.toLowerCase()}:`))
  if (set !== undefined) rest = rest.slice(set.length + 1)
  const ifExists = rest.endsWith('ifexists')
  if (ifExists) rest = rest.slice(0, -'ifexists'.length)
  const meaning = BY_LOWER_CASE.get(rest)
  if (meaning === undefined) return undefined
  const [comparison, negated] = meaning
  if (comparison === 'Null' && (ifExists || set !== undefined)) return undefined
  return { name, comparison, negated, ifExists, ...(set === undefined ? {} : { set }) }
}

/** The comparisons whose policy values may hold policy variables: the string and ARN operators. */
export function takesVariables(comparison: Comparison): boolean {
  return comparison.startsWith('String') || comparison === 'ArnLike'
}
