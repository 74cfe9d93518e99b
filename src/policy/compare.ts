import { hash } from 'node:crypto'
import { matcher, matches } from './glob/match.ts'
import { bindToArn, glob, literal, type Pattern } from './glob/pattern.ts'
import type { Comparison, Condition } from './model.ts'
import { takesVariables } from './operators.ts'
import { parseDate } from './values/date.ts'
import { compareDecimals, parseDecimal } from './values/decimal.ts'
import { contains, parseNetwork } from './values/network.ts'
import {
  fill,
  isDynamic,
  parseTemplate,
  plainText,
  type Resolve,
  type Template,
  withoutVariables,
} from './variables.ts'

/** The values of a condition key in a request; undefined where the request has none. */
export type Lookup = (key: string) => readonly string[] | undefined

/**
 * Whether a condition holds. `unresolved`: a policy variable in it has no value in the request, so that the
 * statement says nothing about it.
 */
export type Held = true | false | 'unresolved'

export type CompiledCondition = (lookup: Lookup, resolve: Resolve) => Held

/** Whether one value of the request fits one of the policy. */
type ValueTest = (value: string) => boolean

/**
 * Compiles one key under one operator. Source: IAM User Guide, "IAM JSON policy elements: Condition
 * operators" and "Set operators for multivalued context keys":
 * - the values of the policy are alternatives; for a negated operator none of them may fit
 * - a key that the request does not have: false, but true for a negated operator and for `IfExists`
 * - `ForAllValues` holds for every value of the request (so for none, too), `ForAnyValue` for at least one
 */
export function compileCondition(condition: Condition, variables: boolean): CompiledCondition {
  const { operator } = condition
  const key = condition.key.toLowerCase()
  if (operator.comparison === 'Null') return compileNull(condition, key)
  const tests = compileValues(condition, variables)
  return (lookup, resolve) => {
    const values = lookup(key)
    const fits = typeof tests === 'function' ? tests(resolve) : tests
    if (fits === undefined) return 'unresolved'
    if (values === undefined || values.length === 0) return whenAbsent(operator)
    const holds = (value: string): boolean => fits.some(test => test(value)) !== operator.negated
    if (operator.set === 'ForAllValues') return values.every(holds)
    if (operator.set === 'ForAnyValue') return values.some(holds)
    // A plain operator on several values: one that fits is enough, and for a negated one, too many.
    return operator.negated ? values.every(holds) : values.some(holds)
  }
}

function whenAbsent({ set, negated, ifExists }: Condition['operator']): boolean {
  if (ifExists || set === 'ForAllValues') return true
  return negated && set === undefined
}

function compileNull({ values }: Condition, key: string): CompiledCondition {
  const absent = new Set(values.map(({ text }) => text.toLowerCase() === 'true'))
  return lookup => absent.has((lookup(key)?.length ?? 0) === 0)
}

/** The tests of all values; made for each request where one of them holds a variable. */
function compileValues(
  { operator: { comparison }, values }: Condition,
  variables: boolean,
): readonly ValueTest[] | ((resolve: Resolve) => readonly ValueTest[] | undefined) {
  const templates = values.map(({ text }) => templateOf(text, variables && takesVariables(comparison)))
  if (!templates.some(isDynamic)) return templates.map(template => valueTest(comparison, template))
  return resolve => {
    const tests: ValueTest[] = []
    for (const template of templates) {
      const filled = fill(template, resolve)
      if (filled === undefined) return undefined
      tests.push(valueTest(comparison, filled))
    }
    return tests
  }
}

/** The text taken apart; the parser has refused what cannot be. */
export function templateOf(text: string, variables: boolean): Template {
  const template = variables ? parseTemplate(text) : withoutVariables(text)
  return typeof template === 'string' ? withoutVariables(text) : template
}

/** A filled template as a pattern: wildcards as written are wildcards, those of variables are not. */
export function patternOf(filled: Template): Pattern {
  return filled.flatMap(part => {
    if (part.kind === 'variable') return []
    return part.kind === 'literal' ? literal(part.text) : glob(part.text)
  })
}

function valueTest(comparison: Comparison, filled: Template): ValueTest {
  const text = plainText(filled)
  switch (comparison) {
    case 'StringEquals':
      return value => value === text
    case 'StringEqualsIgnoreCase': {
      const folded = text.toLowerCase()
      return value => value.toLowerCase() === folded
    }
    case 'StringLike':
      return matcher(patternOf(filled))
    case 'ArnLike': {
      const pattern = bindToArn(patternOf(filled), 'component')
      return value => value.split(':').length >= 6 && matches(pattern, value)
    }
    case 'Bool':
      return value => value.toLowerCase() === text.toLowerCase()
    case 'BinaryEquals':
      return value =>
        hash('sha256', Buffer.from(value, 'base64')) === hash('sha256', Buffer.from(text, 'base64'))
    case 'IpAddress':
      return ipTest(text)
    default:
      return comparison.startsWith('Date') ? dateTest(comparison, text) : numericTest(comparison, text)
  }
}

function ipTest(text: string): ValueTest {
  const network = parseNetwork(text)
  return value => {
    const address = parseNetwork(value)
    return network !== undefined && address !== undefined && contains(network, address)
  }
}

function numericTest(comparison: Comparison, text: string): ValueTest {
  const bound = parseDecimal(text)
  const ordered = orderTest(comparison.slice('Numeric'.length))
  return value => {
    const number = parseDecimal(value)
    return bound !== undefined && number !== undefined && ordered(compareDecimals(number, bound))
  }
}

function dateTest(comparison: Comparison, text: string): ValueTest {
  const bound = parseDate(text)
  const ordered = orderTest(comparison.slice('Date'.length))
  return value => {
    const date = parseDate(value)
    return bound !== undefined && date !== undefined && ordered(date - bound)
  }
}

/** What must be true of (value compared with bound). */
function orderTest(name: string): (order: number) => boolean {
  if (name === 'LessThan') return order => order < 0
  if (name === 'LessThanEquals') return order => order <= 0
  if (name === 'GreaterThan') return order => order > 0
  if (name === 'GreaterThanEquals') return order => order >= 0
  return order => order === 0
}
