import type { Pair } from '../core/decision.ts'
import type { CompiledStatement, PolicySet } from './compile.ts'
import { type Asking, keysOf, type PolicyLayer } from './decide.ts'
import { keysOfStatement } from './keys.ts'

/** How many rows a change makes: known only once it was made. */
export const ROWS_KEY = 'sql:rowsaffected'

/** Which statements of policies name the key; most policies have none. */
const NAMING = new WeakMap<PolicySet, readonly CompiledStatement[]>()
const NONE: readonly number[] = []

/**
 * The numbers that conditions on `sql:RowsAffected` name, in statements that could be about one of the pairs; ascending.
 * A condition that names no number (`Null`, a pattern) counts as 0. Empty: no answer hangs on how many rows there are.
 */
export function rowThresholds(request: Asking, layers: readonly PolicyLayer[]): readonly number[] {
  let found: Set<number> | undefined
  for (const { policies } of layers) {
    for (const statement of naming(policies)) {
      if (!request.pairs.some(pair => couldBeAbout(statement, pair, request))) continue
      found ??= new Set()
      for (const threshold of numbersOf(statement)) found.add(threshold)
    }
  }
  return found === undefined ? NONE : [...found].sort((a, b) => a - b)
}

function naming(policies: PolicySet): readonly CompiledStatement[] {
  const known = NAMING.get(policies)
  if (known !== undefined) return known
  const statements = policies.statements.filter(({ source }) =>
    keysOfStatement(source, true).some(({ text }) => text.toLowerCase() === ROWS_KEY),
  )
  NAMING.set(policies, statements)
  return statements
}

/** Conditions aside: what they say may change with the number. */
function couldBeAbout(statement: CompiledStatement, pair: Pair, { context }: Asking): boolean {
  if (!statement.action(pair.action.toLowerCase())) return false
  // A resource that has the number in it can't be told yet.
  const patterns = statement.source.resources?.patterns ?? []
  if (patterns.some(({ text }) => text.toLowerCase().includes(ROWS_KEY))) return true
  return statement.resource(pair, keysOf(context, pair.context).resolve)
}

function numbersOf({ source }: CompiledStatement): readonly number[] {
  const numbers = source.conditions
    .filter(({ key, operator }) => key.toLowerCase() === ROWS_KEY && operator.comparison !== 'Null')
    .flatMap(({ values }) => values.map(({ text }) => Number(text)))
    .filter(value => Number.isFinite(value))
  // Rows are whole: what lies between two numbers is decided by either.
  return numbers.length === 0 ? [0] : numbers.flatMap(value => [Math.floor(value), Math.ceil(value)])
}
