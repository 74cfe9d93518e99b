import type { Node, SelectStmt } from 'libpg-query'
import { type Output, Unresolved } from '../../model.ts'
import type { Analysis } from './analysis.ts'
import { decides, shown, touchesOwnOperators, windowFlow } from './expression.ts'
import type { Place } from './flow.ts'
import { fromItems } from './from.ts'
import { columnNamed, NO_ITEMS, NOTHING, type Scope, union, wholeOf } from './scope.ts'
import { targetsOutput } from './targets.ts'
import { bodyOf, ifKind, namesOf } from './tree.ts'
import { withQueries } from './with.ts'

/** A SELECT, VALUES or set operation: its result, and all that it touches. `outer` is where it stands. */
export function queryOutput(select: SelectStmt, outer: Scope, analysis: Analysis): Output {
  const queries = withQueries(select.withClause, outer, analysis)
  const scope: Scope = { items: NO_ITEMS, outer, queries }
  if (select.op !== undefined && select.op !== 'SETOP_NONE') return setOutput(select, scope, analysis)
  if (select.valuesLists !== undefined) return valuesOutput(select, scope, analysis)
  const touched = analysis.touches.length
  const items = fromItems(select.fromClause, { analysis, outer, queries })
  const place: Place = { analysis, scope: { items, outer, queries } }
  if (select.lockingClause !== undefined) lockRows(analysis, touched)
  decides(select.whereClause, place)
  const output = targetsOutput(select.targetList, place)
  grouped(select, output, place)
  endOf(select, output, place)
  return output
}

/** What follows a query's rows: their order, how many, and which are told apart. */
function endOf(select: SelectStmt, output: Output, place: Place): void {
  const { sortClause, limitCount, limitOffset, distinctClause } = select
  for (const sort of sortClause ?? []) {
    const by = bodyOf(sort, 'SortBy')
    place.analysis.reading.mark(by)
    if (by.useOp !== undefined) touchesOwnOperators([namesOf(by.useOp)], place)
    orderedBy(by.node, output, place)
  }
  decides(limitCount, place)
  decides(limitOffset, place)
  // A plain DISTINCT is a list of one empty node; how many rows are left tells which are equal.
  const on = (distinctClause ?? []).filter(node => Object.keys(node).length > 0)
  for (const node of on) orderedBy(node, output, place)
  if (distinctClause !== undefined && on.length === 0) place.analysis.infer(wholeOf(output))
}

function grouped(select: SelectStmt, output: Output, place: Place): void {
  const open = [...(select.groupClause ?? [])]
  for (let node = open.shift(); node !== undefined; node = open.shift()) {
    const set = ifKind(node, 'GroupingSet')
    if (set === undefined) {
      orderedBy(node, output, place)
      continue
    }
    place.analysis.reading.mark(set)
    open.push(...(set.content ?? []))
  }
  decides(select.havingClause, place)
  for (const node of select.windowClause ?? []) {
    const window = bodyOf(node, 'WindowDef')
    place.analysis.reading.mark(window)
    windowFlow(window, place)
  }
}

/** ORDER BY and GROUP BY name columns of the result by number or name, or are expressions; what it may be counts. */
function orderedBy(node: Node | undefined, output: Output, place: Place): void {
  if (node === undefined) return
  const { analysis } = place
  const number = ifKind(node, 'A_Const')?.ival?.ival
  if (number !== undefined) {
    analysis.infer(union(output.columns[number - 1]?.from ?? wholeOf(output), output.open ?? NOTHING))
    return
  }
  const column = ifKind(node, 'ColumnRef')
  const [field, other] = column?.fields ?? []
  const name = other === undefined ? ifKind(field, 'String')?.sval : undefined
  const byName = output.columns.filter(each => name !== undefined && each.name === name)
  if (column === undefined || byName.length === 0) {
    decides(node, place)
    return
  }
  analysis.reading.mark(column)
  // ORDER BY prefers the result's column of that name, GROUP BY the table's.
  for (const { from } of byName) analysis.infer(from)
  analysis.infer(columnNamed(place.scope, name ?? '') ?? NOTHING)
}

/** FOR UPDATE and the others lock rows of all that FROM reads: `from` is how many touches there were before it. */
function lockRows(analysis: Analysis, from: number): void {
  for (const { action, object } of analysis.touches.slice(from)) {
    if (action === 'sql:Select') analysis.touch('sql:Lock', object)
  }
}

function valuesOutput(select: SelectStmt, scope: Scope, analysis: Analysis): Output {
  const place: Place = { analysis, scope }
  const rows = (select.valuesLists ?? []).map(row => {
    const { items } = bodyOf(row, 'List')
    return (items ?? []).map(value => shown(value, place))
  })
  const columns = (rows[0] ?? []).map((_, i) => ({
    name: `column${i + 1}`,
    from: union(...rows.map(row => row[i] ?? NOTHING)),
  }))
  endOf(select, { columns }, place)
  return { columns }
}

/** UNION and the others: columns by their place. All but UNION ALL tell by the number of rows which are equal. */
function setOutput(select: SelectStmt, scope: Scope, analysis: Analysis): Output {
  const { larg, rarg, all, op } = select
  if (larg === undefined || rarg === undefined) throw new Unresolved('a set operation has one side')
  const [left, right] = [queryOutput(larg, scope, analysis), queryOutput(rarg, scope, analysis)]
  const open = left.open ?? right.open
  const whole = union(wholeOf(left), wholeOf(right))
  const longer = left.columns.length >= right.columns.length ? left : right
  const columns = longer.columns.map((_, i) => ({
    name: left.columns[i]?.name ?? '?column?',
    from:
      open === undefined ? union(left.columns[i]?.from ?? NOTHING, right.columns[i]?.from ?? NOTHING) : whole,
  }))
  const output: Output = { columns, ...(open === undefined ? {} : { open: whole }) }
  if (op !== 'SETOP_UNION' || all !== true) analysis.infer(whole)
  endOf(select, output, { analysis, scope })
  return output
}
