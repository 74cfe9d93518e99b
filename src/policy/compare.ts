import type { Condition } from './model.ts'
import { takesVariables } from './operators.ts'
import type { Sureness } from './sureness.ts'
import { type ValueTest, valueTest } from './value-test.ts'
import { fill, isDynamic, perValues, type Resolve, templateOf } from './variables.ts'

/** The values of a condition key in a request; undefined where the request has none. */
export type Lookup = (key: string) => readonly string[] | undefined

/** Whether a condition holds. */
export type CompiledCondition = (lookup: Lookup, resolve: Resolve) => boolean

/**
 * Compiles one key under one operator. Source: IAM User Guide, "IAM JSON policy elements: Condition
 * operators" and "Set operators for multivalued context keys":
 * - the values of the policy are alternatives; for a negated operator none of them may fit
 * - a key that the request does not have: false, but true for a negated operator and for `IfExists`
 * - `ForAllValues` holds for every value of the request (so for none, too), `ForAnyValue` for at least one;
 *   to both, a key with nothing but empty texts is one that the request does not have
 *
 * IAM leaves open what a plain operator means for several values, what a policy variable without a value does
 * to its statement, and what a text is to a numeric operator; `sureness` decides there.
 */
export function compileCondition(
  condition: Condition,
  variables: boolean,
  sureness: Sureness,
): CompiledCondition {
  const { operator } = condition
  const key = condition.key.toLowerCase()
  if (operator.comparison === 'Null') return compileNull(condition, key)
  const tests = compileValues(condition, variables, sureness)
  const open = sureness === 'possibly'
  const all = operator.set === undefined ? !open : operator.set === 'ForAllValues'
  return (lookup, resolve) => {
    const values = lookup(key)
    const fits = typeof tests === 'function' ? tests(resolve) : tests
    if (fits === 'unresolved') return false
    if (values === undefined || isNothing(values, operator)) return whenAbsent(operator)
    const holds = (value: string): boolean => {
      const found = anyFits(fits, value)
      return found === undefined ? open : found !== operator.negated
    }
    return all ? values.every(holds) : values.some(holds)
  }
}

/** Undefined: the value is none that the operator can compare. */
function anyFits(tests: readonly ValueTest[], value: string): boolean | undefined {
  for (const test of tests) {
    const found = test(value)
    if (found !== false) return found
  }
  return false
}

function isNothing(values: readonly string[], { set }: Condition['operator']): boolean {
  return values.length === 0 || (set !== undefined && values.every(value => value === ''))
}

function whenAbsent({ set, negated, ifExists }: Condition['operator']): boolean {
  if (ifExists || set === 'ForAllValues') return true
  return negated && set === undefined
}

function compileNull({ values }: Condition, key: string): CompiledCondition {
  const absent = new Set(values.map(({ text }) => text.toLowerCase() === 'true'))
  return lookup => absent.has((lookup(key)?.length ?? 0) === 0)
}

/**
 * The tests of all values; made for each request where one of them holds a variable. One without a value is
 * equal to nothing; an Allow that has one does not hold, which is what `unresolved` says.
 */
function compileValues(
  { operator: { comparison }, values }: Condition,
  variables: boolean,
  sureness: Sureness,
): readonly ValueTest[] | ((resolve: Resolve) => readonly ValueTest[] | 'unresolved') {
  const templates = values.map(({ text }) => templateOf(text, variables && takesVariables(comparison)))
  if (!templates.some(isDynamic)) return templates.map(template => valueTest(comparison, template))
  return perValues(templates, resolve => {
    const tests: ValueTest[] = []
    for (const template of templates) {
      const filled = fill(template, resolve)
      if (filled !== undefined) tests.push(valueTest(comparison, filled))
      else if (sureness === 'surely') return 'unresolved'
    }
    return tests
  })
}
