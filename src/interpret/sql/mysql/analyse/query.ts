import { type OutputColumn, Unresolved } from '../../model.ts'
import type { Place } from './analysis.ts'
import { orderedBy, windowLineage } from './call.ts'
import { decides, lineageOf } from './flow.ts'
import { fromItems, readAlias } from './from.ts'
import {
  type Columns,
  NO_ITEMS,
  NOTHING,
  type Queries,
  rangeNamed,
  renamed,
  type Scope,
  shown,
  union,
  wholeOf,
} from './scope.ts'
import { Fields, listOf, variantOf } from './tree.ts'

/** A query with all that belongs to it; `place` is where it stands. */
export function queryColumns(node: unknown, place: Place): Columns {
  const fields = new Fields('a query', node)
  const queries = withQueries(fields.take('with'), place)
  const scope: Scope = { items: NO_ITEMS, results: [], outer: place.scope, queries }
  const own = { ...place, scope, isBehindList: false, waiting: undefined }
  const { columns, inside } = bodyColumns(fields.take('body'), own)
  endOf(fields, columns, inside)
  fields.done()
  return columns
}

/** Brackets and signs around a number in ORDER BY; behind more, any column is meant. */
const MAX_SIGNS = 16

/** A query's columns, and what ORDER BY behind it sees. */
interface Body {
  readonly columns: Columns
  readonly inside: Place
}

function bodyColumns(node: unknown, place: Place): Body {
  const { tag, body } = variantOf(node)
  switch (tag) {
    case 'Select':
      return selectColumns(body, place)
    case 'Query': {
      const columns = queryColumns(body, place)
      return { columns, inside: behind(columns, place) }
    }
    case 'SetOperation':
      return setColumns(body, place)
    case 'Values':
      return valuesColumns(body, place)
    default:
      throw new Unresolved(`the gate does not know ${tag} as a query`)
  }
}

function behind(columns: Columns, { scope, ...place }: Place): Place {
  return { ...place, scope: { ...scope, results: [...columns] }, isBehindList: true }
}

/** What follows a query's rows: their order, how many, and locks. */
function endOf(fields: Fields, columns: Columns, place: Place): void {
  const order = fields.take('order_by')
  if (order !== undefined) {
    const by = new Fields('ORDER BY', order)
    const { tag, body } = variantOf(by.take('kind'))
    by.done()
    if (tag !== 'Expressions') throw new Unresolved(`ORDER BY ${tag} is not known`)
    for (const each of listOf(body)) byPlace((each as { readonly expr?: unknown }).expr, columns, place)
    for (const each of listOf(body)) orderedBy(each, place)
  }
  const limit = fields.take('limit_clause')
  if (limit !== undefined) readLimit(limit, place)
  for (const each of fields.list('locks')) readLock(each, place)
}

/** Numbers mean columns of the result; so do those in brackets and behind signs, of which the server keeps nothing. */
function byPlace(node: unknown, columns: Columns, { analysis }: Place): void {
  let bare = variantOf(node)
  for (let i = 0; i < MAX_SIGNS && (bare.tag === 'Nested' || bare.tag === 'UnaryOp'); i++) {
    const { body } = bare
    bare = variantOf(bare.tag === 'Nested' ? body : (body as { readonly expr?: unknown }).expr)
  }
  if (bare.tag === 'Value' || bare.tag === 'Nested' || bare.tag === 'UnaryOp')
    analysis.infer(wholeOf(columns))
}

function readLimit(node: unknown, place: Place): void {
  const { tag, body } = variantOf(node)
  const fields = new Fields('LIMIT', body)
  const [limit, offset] = [fields.take('limit'), fields.take('offset')]
  fields.done()
  if (tag !== 'LimitOffset' && tag !== 'OffsetCommaLimit')
    throw new Unresolved(`LIMIT of the kind ${tag} is not known`)
  decides(limit, place)
  if (offset === undefined) return
  if (tag === 'OffsetCommaLimit') {
    decides(offset, place)
    return
  }
  const from = new Fields('OFFSET', offset).skip('rows')
  decides(from.take('value'), place)
  from.done()
}

/** FOR UPDATE and FOR SHARE lock rows of all that the statement has read so far. */
function readLock(node: unknown, { analysis, tree }: Place): void {
  const fields = new Fields('a lock', node).skip('lock_type', 'nonblock')
  const of = fields.take('of')
  fields.done()
  if (of !== undefined) tree.path(of, 'alias')
  lockAll(analysis)
}

export function lockAll(analysis: Place['analysis']): void {
  for (const { action, object } of [...analysis.touches]) {
    if (action === 'sql:Select') analysis.touch('sql:Lock', object)
  }
}

function selectColumns(node: unknown, place: Place): Body {
  const fields = new Fields('SELECT', node).skip('select_modifiers', 'flavor', 'window_before_qualify')
  const items = fromItems(fields.list('from'), place)
  const results: OutputColumn[] = []
  const inside: Place = { ...place, scope: { ...place.scope, items, results } }
  const waiting: ((behind: Place) => unknown)[] = []
  for (const each of fields.list('projection')) results.push(...targetColumns(each, { ...inside, waiting }))
  const columns: Columns = [...results]
  const later: Place = { ...inside, isBehindList: true }
  for (const read of waiting) read(later)
  decides(fields.take('selection'), inside)
  readGroups(fields.take('group_by'), columns, later)
  decides(fields.take('having'), later)
  for (const each of fields.list('named_window')) {
    const [name, window] = listOf(each)
    place.tree.name(name, 'alias')
    windowLineage(window, later)
  }
  const distinct = fields.take('distinct')
  if (distinct !== undefined && distinct !== 'All' && distinct !== 'Distinct') {
    throw new Unresolved('DISTINCT of some columns is not known')
  }
  // How many rows are left tells which are equal.
  if (distinct === 'Distinct') place.analysis.infer(wholeOf(columns))
  fields.done()
  return { columns, inside: later }
}

function readGroups(node: unknown, columns: Columns, place: Place): void {
  const { tag, body } = variantOf(node)
  if (tag !== 'Expressions') throw new Unresolved(`GROUP BY ${tag} is not known`)
  const [expressions, modifiers] = listOf(body)
  if (listOf(modifiers).length > 0) throw new Unresolved('a modifier of GROUP BY is not known')
  for (const each of listOf(expressions)) {
    byPlace(each, columns, place)
    decides(each, place)
  }
}

/** The columns that one of a list of results makes. */
export function targetColumns(node: unknown, place: Place): Columns {
  const { tag, body } = variantOf(node)
  const { analysis, tree, scope } = place
  switch (tag) {
    case 'UnnamedExpr':
      return [{ name: nameOf(body), from: lineageOf(body, place) }]
    case 'ExprWithAlias': {
      const fields = new Fields('a result', body)
      const from = lineageOf(fields.take('expr'), place)
      const name = tree.name(fields.take('alias'), 'alias')
      fields.done()
      return [{ name, from }]
    }
    case 'Wildcard':
      new Fields('`*`', body).done()
      analysis.see(wholeOf(scope.items.columns))
      return shown(scope.items.columns)
    case 'QualifiedWildcard': {
      const [of, options] = listOf(body)
      new Fields('`*`', options).done()
      const { tag: kind, body: path } = variantOf(of)
      if (kind !== 'ObjectName') throw new Unresolved(`\`*\` of ${kind} is not known`)
      const [alias = '', schema, other] = tree.path(path, 'column').toReversed()
      if (other !== undefined) throw new Unresolved('`*` has more parts than a table')
      const { columns } = rangeNamed(scope, alias, schema, analysis.session)
      analysis.see(wholeOf(columns))
      return shown(columns)
    }
    default:
      throw new Unresolved(`the gate does not know ${tag} as a result`)
  }
}

/** The name that a column has without an alias: its own, or one made of the text, which is not told. */
function nameOf(node: unknown): string {
  const { tag, body } = variantOf(node)
  const last = tag === 'Identifier' ? body : tag === 'CompoundIdentifier' ? listOf(body).at(-1) : undefined
  const name = (last as { readonly value?: unknown } | undefined)?.value
  return typeof name === 'string' ? name : ''
}

/** UNION and the others: columns by their place. All but UNION ALL tell by the number of rows which are equal. */
function setColumns(node: unknown, place: Place): Body {
  const fields = new Fields('a set operation', node)
  const left = bodyColumns(fields.take('left'), place).columns
  const right = bodyColumns(fields.take('right'), place).columns
  const [op, quantifier] = [fields.text('op'), fields.text('set_quantifier')]
  fields.done()
  if (left.length !== right.length) throw new Unresolved('the sides of a set operation differ in columns')
  const columns = left.map(({ name, from }, i) => ({ name, from: union(from, right[i]?.from ?? NOTHING) }))
  if (op !== 'Union' || quantifier !== 'All') place.analysis.infer(wholeOf(columns))
  return { columns, inside: behind(columns, place) }
}

function valuesColumns(node: unknown, place: Place): Body {
  const fields = new Fields('VALUES', node).skip('explicit_row', 'value_keyword')
  const rows = fields.list('rows').map(row => {
    const content = new Fields('a row', row)
    const values = content.list('content').map(each => valueLineage(each, place))
    content.done()
    return values
  })
  fields.done()
  const columns = (rows[0] ?? []).map((_, i) => ({
    name: '',
    from: union(...rows.map(row => row[i] ?? NOTHING)),
  }))
  return { columns, inside: behind(columns, place) }
}

/** DEFAULT, where a change may say it, is a word that the grammar takes for a name. */
export function valueLineage(node: unknown, place: Place): ReturnType<typeof lineageOf> {
  const { tag, body } = variantOf(node)
  const isDefault = tag === 'Identifier' && /^default$/i.test(nameOf(node))
  if (!isDefault) return lineageOf(node, place)
  place.tree.name(body, 'column')
  return NOTHING
}

/** How often a recursive query is read until nothing is added; each round adds a column's lineage or is the last. */
const MAX_ROUNDS = 1_000

function withQueries(node: unknown, place: Place): Queries {
  const queries = new Map(place.scope.queries)
  if (node === undefined) return queries
  const fields = new Fields('WITH', node)
  const isRecursive = fields.take('recursive') === true
  for (const each of fields.list('cte_tables')) {
    const cte = new Fields('WITH', each)
    const { name, columns: names } = readAlias(cte.take('alias'), place.tree)
    const query = cte.take('query')
    cte.done()
    const inside: Place = { ...place, scope: { ...place.scope, queries } }
    const key = name
    queries.set(
      key,
      isRecursive ? settled(query, key, names, inside, queries) : renamed(queryColumns(query, inside), names),
    )
  }
  fields.done()
  return queries
}

/** Reads a query until what its columns come from does not grow: once, unless it reads itself. */
function settled(
  query: unknown,
  key: string,
  names: readonly string[],
  place: Place,
  queries: Map<string, Columns>,
): Columns {
  let columns = firstPart(query, key, names, place, queries)
  for (let round = 0; round < MAX_ROUNDS; round++) {
    queries.set(key, columns)
    const next = renamed(queryColumns(query, place), names)
    if (next.length !== columns.length) throw new Unresolved('a recursive query changes its columns')
    const isSettled = next.every(({ from }, i) =>
      [...from].every(column => columns[i]?.from.has(column) === true),
    )
    if (isSettled) {
      // Its columns have the types of the first part: what does not fit is an error, or a warning, that quotes it.
      place.analysis.infer(wholeOf(columns))
      return columns
    }
    columns = next.map(({ name, from }, i) => ({ name, from: union(from, columns[i]?.from ?? NOTHING) }))
  }
  throw new Unresolved('a recursive query does not settle')
}

/** What a recursive query's columns come from before it has run once: what its first part gives. */
function firstPart(
  query: unknown,
  key: string,
  names: readonly string[],
  place: Place,
  queries: Map<string, Columns>,
): Columns {
  queries.delete(key)
  let first = (query as { readonly body?: unknown }).body
  for (let { tag, body } = variantOf(first); tag === 'SetOperation'; { tag, body } = variantOf(first)) {
    first = (body as { readonly left?: unknown }).left
  }
  const scope: Scope = { items: NO_ITEMS, results: [], outer: place.scope, queries }
  return renamed(bodyColumns(first, { ...place, scope }).columns, names)
}
