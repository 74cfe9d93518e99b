import type { Alias, JoinExpr, Node, RangeFunction, RangeTableFunc, RangeVar } from 'libpg-query'
import { type Lineage, type Output, type Relation, Unresolved } from '../../model.ts'
import { Analysis, CATALOG_SCHEMA } from './analysis.ts'
import { decides, flowOf, flowsOf, maybe, touchesOwnOperators, valueFlow } from './expression.ts'
import { type Place, together } from './flow.ts'
import { HOLDS_TEXTS, HOLDS_VALUES } from './harmless.ts'
import {
  ANYTHING,
  beside,
  columnOf,
  FORWARD,
  type FromItems,
  joined,
  NO_ITEMS,
  NOTHING,
  named,
  type Queries,
  type Range,
  type Scope,
  union,
} from './scope.ts'
import { bodyOf, kindOf, namesOf } from './tree.ts'

/** Where FROM stands: its items see the scope around it, and lateral ones those before them. */
export interface FromPlace {
  readonly analysis: Analysis
  readonly outer: Scope | undefined
  readonly queries: Queries
}

/** Everything that a FROM clause names, items in their order. */
export function fromItems(nodes: readonly Node[] | undefined, place: FromPlace): FromItems {
  let items = NO_ITEMS
  for (const node of nodes ?? []) items = beside(items, fromItem(node, items, place))
  return items
}

/** One item; `before` is what a lateral one sees beside the outer scope. */
function fromItem(node: Node, before: FromItems, place: FromPlace): FromItems {
  const kind = kindOf(node)
  const body = bodyOf(node, kind)
  place.analysis.reading.mark(body as object)
  switch (kind) {
    case 'RangeVar':
      return relationItem(bodyOf(node, 'RangeVar'), place)
    case 'RangeSubselect': {
      const { lateral, subquery, alias } = bodyOf(node, 'RangeSubselect')
      const query = bodyOf(subquery, 'SelectStmt')
      place.analysis.reading.mark(query)
      const scope = lateral === true ? lateralScope(before, place) : outerScope(place)
      return aliased(place.analysis.readers.query(query, scope, place.analysis), alias, '')
    }
    case 'RangeFunction':
      return functionItem(bodyOf(node, 'RangeFunction'), before, place)
    case 'RangeTableFunc':
      return xmlItem(bodyOf(node, 'RangeTableFunc'), before, place)
    case 'JsonTable':
      return jsonItem(node, before, place)
    case 'RangeTableSample': {
      const { relation, args, repeatable } = bodyOf(node, 'RangeTableSample')
      if (relation === undefined) throw new Unresolved('a sample is of nothing')
      // Not even what stands before it is seen from there.
      const at = placeIn(outerScope(place), place)
      for (const each of [...(args ?? []), ...(repeatable === undefined ? [] : [repeatable])])
        decides(each, at)
      return fromItem(relation, before, place)
    }
    case 'JoinExpr':
      return joinItem(bodyOf(node, 'JoinExpr'), before, place)
    default:
      throw new Unresolved(`the gate does not know what a ${kind} means in FROM`)
  }
}

function outerScope({ outer, queries }: FromPlace): Scope {
  return { items: NO_ITEMS, queries, ...(outer === undefined ? {} : { outer }) }
}

function lateralScope(before: FromItems, place: FromPlace): Scope {
  return { ...outerScope(place), items: before }
}

function placeIn(scope: Scope, { analysis }: FromPlace): Place {
  return { analysis, scope }
}

function aliased(output: Output, alias: Alias | undefined, otherwise: string, schema?: string): FromItems {
  const name = alias?.aliasname
  return named(output, name ?? otherwise, namesOf(alias?.colnames), name === undefined ? schema : undefined)
}

/** A name in FROM: a query of WITH, else a relation. */
function relationItem(range: RangeVar, place: FromPlace): FromItems {
  const { schemaname, catalogname, relname = '', alias } = range
  const query = schemaname === undefined && catalogname === undefined ? place.queries.get(relname) : undefined
  if (query !== undefined) {
    if (query === FORWARD)
      throw new Unresolved(`\`${relname}\` is used before WITH RECURSIVE says what it is`)
    place.analysis.reading.mark(range)
    return aliased(query, alias, relname)
  }
  const relation = place.analysis.relation(range)
  place.analysis.touchRelation('sql:Select', relation)
  return aliased(readRelation(relation, place.analysis), alias, relname, relation.schema)
}

/** The columns of a relation, and what they come from: through views to the tables behind them. */
export function readRelation(relation: Relation, analysis: Analysis): Output {
  if (relation.kind === 'view' || relation.kind === 'materialized-view') return viewOutput(relation, analysis)
  const children = relation.children.map(({ schema, name }) => {
    const found = analysis.catalog.relation(schema, name)
    if (found === undefined)
      throw new Unresolved(`\`${name}\`, which is read with \`${relation.name}\`, is not known`)
    return found
  })
  for (const child of children) analysis.touchRelation('sql:Select', child)
  const family = [...children, ...parentsOf(relation, analysis)]
  return {
    columns: relation.columns.map(column => ({
      name: column.name,
      from: new Set([
        column,
        ...heldBy(relation, HOLDS_VALUES, column.name),
        ...family.flatMap(({ columns }) => columns.filter(({ name }) => name === column.name)),
      ]),
    })),
  }
}

/** What is masked of a partitioned table is so of its partitions. */
function parentsOf({ parents = [] }: Relation, analysis: Analysis): readonly Relation[] {
  return parents.flatMap(({ schema, name }) => analysis.catalog.relation(schema, name) ?? [])
}

/** A view's own columns count beside those that they come from: a mask may name either. */
function viewOutput(view: Relation, analysis: Analysis): Output {
  const { definition, columns, schema, name } = view
  if (definition === undefined) throw new Unresolved(`the view \`${schema}.${name}\` is not known in full`)
  const tree = definition as Node
  const inner = new Analysis(analysis.catalog, { searchPath: [] }, analysis.readers, analysis.depth + 1)
  const select = bodyOf(tree, 'SelectStmt')
  inner.reading.mark(select)
  const output = analysis.readers.query(select, { items: NO_ITEMS, queries: new Map() }, inner)
  inner.reading.checkAll(tree)
  analysis.takeIn(inner)
  const isKnown = schema === CATALOG_SCHEMA && HOLDS_TEXTS.has(name)
  const behind = (i: number): Lineage => union(output.columns[i]?.from ?? NOTHING, output.open ?? NOTHING)
  return {
    columns: columns.map((column, i) => ({
      name: column.name,
      from: union(new Set([column]), isKnown ? heldBy(view, HOLDS_TEXTS, column.name) : behind(i)),
    })),
  }
}

/** Any column for one that holds values of others; nothing for the rest. */
function heldBy(
  { schema, name }: Relation,
  holders: ReadonlyMap<string, ReadonlySet<string>>,
  column: string,
): Lineage {
  const isHolder = schema === CATALOG_SCHEMA && holders.get(name)?.has(column) === true
  return isHolder ? ANYTHING : NOTHING
}

/** A function in FROM: whatever its columns are called, they come from what it is given. */
function functionItem(range: RangeFunction, before: FromItems, place: FromPlace): FromItems {
  const at = placeIn(lateralScope(before, place), place)
  const { functions, coldeflist, alias, ordinality } = range
  const calls = (functions ?? []).map(node => {
    const [call, definitions] = bodyOf(node, 'List').items ?? []
    if (call === undefined) throw new Unresolved('a function in FROM is none')
    const { from } = flowOf(call, at)
    // How many rows come hangs on the arguments.
    at.analysis.infer(from)
    return { call, from, isDefined: definitions !== undefined && Object.keys(definitions).length > 0 }
  })
  const from = union(...calls.map(call => call.from))
  const [first] = calls
  const name = first === undefined ? '' : callName(first.call)
  const isDefined = coldeflist !== undefined || calls.some(call => call.isDefined)
  const columns = (coldeflist ?? []).map(node => ({ name: bodyOf(node, 'ColumnDef').colname ?? '', from }))
  const output: Output =
    isDefined && coldeflist !== undefined && ordinality !== true ? { columns } : { columns: [], open: from }
  const items = aliased(output, alias, name)
  // A function of one value gives its column the name of its alias.
  return output.open === undefined ? items : { ...items, open: from }
}

function callName(call: Node): string {
  return kindOf(call) === 'FuncCall' ? (namesOf(bodyOf(call, 'FuncCall').funcname).at(-1) ?? '') : ''
}

function xmlItem(range: RangeTableFunc, before: FromItems, place: FromPlace): FromItems {
  const at = placeIn(lateralScope(before, place), place)
  const { docexpr, rowexpr, namespaces, columns, alias } = range
  const inside = (columns ?? []).map(node => {
    const column = bodyOf(node, 'RangeTableFuncCol')
    place.analysis.reading.mark(column)
    return {
      name: column.colname ?? '',
      flow: together(maybe(column.colexpr, at), maybe(column.coldefexpr, at)),
    }
  })
  const given = together(maybe(docexpr, at), maybe(rowexpr, at), flowsOf(namespaces, at))
  const from = union(given.from, ...inside.map(({ flow }) => flow.from))
  place.analysis.infer(from)
  return aliased({ columns: inside.map(({ name }) => ({ name, from })) }, alias, 'xmltable')
}

function jsonItem(node: Node, before: FromItems, place: FromPlace): FromItems {
  const at = placeIn(lateralScope(before, place), place)
  const {
    context_item: item,
    passing,
    columns,
    alias,
    on_error: failed,
    pathspec,
  } = bodyOf(node, 'JsonTable')
  const from = union(
    together(valueFlow(item, at), flowsOf(passing, at), maybe(failed?.expr, at), maybe(pathspec?.string, at))
      .from,
  )
  place.analysis.infer(from)
  const names: string[] = []
  const open = [...(columns ?? [])]
  for (let next = open.shift(); next !== undefined; next = open.shift()) {
    const column = bodyOf(next, 'JsonTableColumn')
    place.analysis.reading.mark(column)
    for (const each of [column.on_empty?.expr, column.on_error?.expr]) decides(each, at)
    if (column.coltype === 'JTC_NESTED') open.unshift(...(column.columns ?? []))
    else names.push(column.name ?? '')
  }
  return aliased({ columns: names.map(name => ({ name, from })) }, alias, 'json_table')
}

function joinItem(join: JoinExpr, before: FromItems, place: FromPlace): FromItems {
  const { larg, rarg, isNatural, usingClause, quals, alias, join_using_alias: usingAlias } = join
  if (larg === undefined || rarg === undefined) throw new Unresolved('a join has one side')
  const left = fromItem(larg, before, place)
  const right = fromItem(rarg, beside(before, left), place)
  if (isNatural === true && (left.open ?? right.open) !== undefined) {
    throw new Unresolved('a NATURAL join has a side whose columns are not known')
  }
  const shared =
    isNatural === true
      ? left.columns
          .map(({ name }) => name)
          .filter(name => right.columns.some(column => column.name === name))
      : namesOf(usingClause)
  const items = joined(left, right, shared)
  for (const name of shared) place.analysis.infer(sideOf(items, name))
  if (shared.length > 0) touchesOwnOperators([['=']], placeIn(outerScope(place), place))
  decides(quals, placeIn(lateralScope(items, place), place))
  const { ranges, ...output } = items
  if (alias !== undefined) return aliased(output, alias, '')
  if (usingAlias === undefined) return items
  const merged = named({ columns: items.columns.slice(0, shared.length) }, usingAlias.aliasname ?? '', [])
  return { ...items, ranges: [...ranges, ...merged.ranges] }
}

function sideOf(items: FromItems, name: string): Lineage {
  const whole: Range = { ...items, alias: '' }
  return columnOf(whole, name) ?? NOTHING
}
