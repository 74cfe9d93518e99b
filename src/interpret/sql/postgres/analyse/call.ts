import type { FuncCall } from 'libpg-query'
import { type Lineage, type SqlFunction, Unresolved } from '../../model.ts'
import { CATALOG_SCHEMA } from './analysis.ts'
import { type Flow, type Place, partial } from './flow.ts'
import {
  HARMLESS_VOLATILE,
  OWN_LANGUAGES,
  READS_BY_NAME,
  TELLS_NOTHING,
  TOTAL_FUNCTIONS,
} from './harmless.ts'
import { ANYTHING, NOTHING, rangeNamed, union } from './scope.ts'
import { ifKind, namesOf } from './tree.ts'

/** What the value of a call may come from, by what it is given. */
export function calledFlow(call: FuncCall, given: Flow, place: Place): Flow {
  const found = calledFunctions(call, place)
  // `email(users)` is `users.email`: the row's lineage holds the column's.
  if (found === undefined) return given
  const inside = insideOf(found)
  // What has an effect may put what it is given anywhere.
  if (found.some(hasEffect)) place.analysis.copy(given.from)
  const isTotal = inside.size === 0 && found.every(({ name }) => TOTAL_FUNCTIONS.has(name))
  if (inside.size > 0) place.analysis.infer(given.from)
  const flow: Flow = { from: union(given.from, inside), total: given.total }
  return isTotal ? flow : partial(flow)
}

/** All that a call may mean, recorded; undefined where it is a column, written as a function of its row. */
export function calledFunctions(
  { funcname, args }: FuncCall,
  { analysis, scope }: Place,
): readonly SqlFunction[] | undefined {
  const path = namesOf(funcname)
  const name = path.at(-1) ?? ''
  if (path.length > 2) throw new Unresolved(`\`${path.join('.')}\` names a database`)
  const found = analysis.functionsOf(path.length === 2 ? path[0] : undefined, name)
  if (found.length === 0) {
    const [row, other] = args ?? []
    const alias = namesOf(ifKind(row, 'ColumnRef')?.fields?.slice(-1)).at(0)
    const isColumn =
      path.length === 1 &&
      other === undefined &&
      alias !== undefined &&
      rangeNamed(scope, alias)?.columns.some(column => column.name === name)
    if (isColumn) return undefined
    throw new Unresolved(`the function \`${path.join('.')}\` is not known`)
  }
  for (const each of found) {
    analysis.functions.add(`${each.schema}.${name}`)
    if (hasEffect(each)) analysis.touch('sql:Call', { kind: 'function', schema: each.schema, name })
  }
  return found
}

/** Whether a function may do more than to give a value: all that the server did not bring, and some that it did. */
export function hasEffect(called: SqlFunction): boolean {
  const { name, volatility } = called
  const isHarmless = volatility !== 'volatile' || HARMLESS_VOLATILE.has(name)
  return !isServers(called) || !isHarmless || READS_BY_NAME.has(name)
}

function isServers({ schema, name, language }: SqlFunction): boolean {
  // The views of the standard have functions of their own, and so have drivers that were written after these.
  const isStandards = schema === 'information_schema' && name.startsWith('_pg_')
  return (schema === CATALOG_SCHEMA || isStandards) && OWN_LANGUAGES.has(language)
}

/** What comes out of functions whose insides are not known: the server's own read what they are given, but for some. */
export function insideOf(functions: readonly SqlFunction[]): Lineage {
  return functions.some(isOpen) ? ANYTHING : NOTHING
}

function isOpen(called: SqlFunction): boolean {
  const { name } = called
  if (!isServers(called) || READS_BY_NAME.has(name)) return true
  return hasEffect(called) && !TELLS_NOTHING.has(name)
}
