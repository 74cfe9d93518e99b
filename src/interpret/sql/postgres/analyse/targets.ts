import type { Node } from 'libpg-query'
import { type Lineage, type Output, type OutputColumn, Unresolved } from '../../model.ts'
import { shown } from './expression.ts'
import type { Place } from './flow.ts'
import { NOTHING, rangeNamed, union, wholeOf } from './scope.ts'
import { bodyOf, ifKind, kindOf, namesOf } from './tree.ts'

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
      columns.push({ name: target.name ?? nameOf(target.val), from: shown(target.val, place) })
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

/** The name that the server gives a column without one, as far as another name can refer to it. */
function nameOf(value: Node): string {
  switch (kindOf(value)) {
    case 'ColumnRef':
      return namesOf(bodyOf(value, 'ColumnRef').fields).at(-1) ?? ''
    case 'FuncCall':
      return namesOf(bodyOf(value, 'FuncCall').funcname).at(-1) ?? ''
    case 'TypeCast': {
      const { arg, typeName } = bodyOf(value, 'TypeCast')
      const inner = arg === undefined ? '' : nameOf(arg)
      return inner === '' || inner === '?column?' ? (namesOf(typeName?.names).at(-1) ?? '') : inner
    }
    case 'CoalesceExpr':
      return 'coalesce'
    case 'CaseExpr': {
      const { defresult } = bodyOf(value, 'CaseExpr')
      const inner = defresult === undefined ? '' : nameOf(defresult)
      return inner === '' || inner === '?column?' ? 'case' : inner
    }
    case 'CollateClause': {
      const { arg } = bodyOf(value, 'CollateClause')
      return arg === undefined ? '' : nameOf(arg)
    }
    case 'A_Indirection': {
      const { arg, indirection } = bodyOf(value, 'A_Indirection')
      const field = (indirection ?? []).flatMap(step => ifKind(step, 'String')?.sval ?? []).at(-1)
      return field ?? (arg === undefined ? '' : nameOf(arg))
    }
    case 'SubLink': {
      const { subLinkType, subselect } = bodyOf(value, 'SubLink')
      if (subLinkType === 'EXISTS_SUBLINK') return 'exists'
      if (subLinkType === 'ARRAY_SUBLINK') return 'array'
      const target = ifKind(ifKind(subselect, 'SelectStmt')?.targetList?.[0], 'ResTarget')
      if (subLinkType !== 'EXPR_SUBLINK' || target?.val === undefined) return '?column?'
      return target.name ?? nameOf(target.val)
    }
    default:
      return '?column?'
  }
}
