import type { Node } from 'libpg-query'
import { type Lineage, type Output, type OutputColumn, Unresolved } from '../../model.ts'
import { columnNameOf } from './column-name.ts'
import { shown } from './expression.ts'
import type { Place } from './flow.ts'
import { NOTHING, rangeNamed, union, wholeOf } from './scope.ts'
import { bodyOf, ifKind, namesOf } from './tree.ts'

/** The columns that a list of targets makes: of SELECT and of RETURNING. */
export function targetsOutput(targets: readonly Node[] | undefined, place: Place): Output {
  const columns: OutputColumn[] = []
  let open: Lineage | undefined
  for (const node of targets ?? []) {
    const target = bodyOf(node, 'ResTarget')
    place.analysis.reading.mark(target)
    if (target.val === undefined) throw new Unresolved('a target has no value')
    const spread = spreadOf(target.val, place)
    if (spread === undefined)
      columns.push({ name: target.name ?? columnNameOf(target.val), from: shown(target.val, place) })
    else {
      place.analysis.see(wholeOf(spread))
      columns.push(...spread.columns)
      if (spread.open !== undefined) open = union(open ?? NOTHING, spread.open)
    }
  }
  // Once the number of columns is not known, their places are not, either.
  if (open === undefined) return { columns }
  const all = union(open, ...columns.map(({ from }) => from))
  return { columns: columns.map(({ name }) => ({ name, from: all })), open: all }
}

/** `*`, `t.*` and `(row).*`: several columns; undefined for what is one. */
function spreadOf(value: Node, place: Place): Output | undefined {
  const { analysis, scope } = place
  const column = ifKind(value, 'ColumnRef')
  const fields = column?.fields ?? []
  if (column !== undefined && ifKind(fields.at(-1), 'A_Star') !== undefined) {
    analysis.reading.mark(column)
    const [alias, schema, other] = namesOf(fields.slice(0, -1)).reverse()
    if (other !== undefined) throw new Unresolved('`*` is qualified by a database')
    if (alias === undefined) return scope.items
    const range = rangeNamed(scope, alias, schema)
    if (range === undefined) throw new Unresolved(`\`${alias}.*\` is of nothing that FROM names`)
    return range
  }
  const indirection = ifKind(value, 'A_Indirection')
  const isSpread = ifKind(indirection?.indirection?.at(-1), 'A_Star') !== undefined
  return isSpread ? { columns: [], open: shown(value, place) } : undefined
}
