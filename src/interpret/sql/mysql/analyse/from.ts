import { ANY_COLUMN, type BaseColumn, type Lineage, type Relation, Unresolved } from '../../model.ts'
import type { Analysis, Place, ReadQuery } from './analysis.ts'
import { columnsOf, decides, lineageOf, partial } from './flow.ts'
import {
  beside,
  type Column,
  type Columns,
  type Items,
  isPlain,
  isSameColumn,
  joined,
  NO_ITEMS,
  queryNamed,
  renamed,
  shown,
  TOP,
  union,
  wholeOf,
} from './scope.ts'
import { Fields, listOf, Tree, variantOf } from './tree.ts'
import { NAMES_ONLY } from './words.ts'

/** What the commas of FROM stand between. LATERAL queries, and ON, see what stands before them. */
export function fromItems(nodes: readonly unknown[], place: Place): Items {
  return nodes.reduce<Items>((before, node) => beside(before, joinedItems(node, before, place)), NO_ITEMS)
}

export function joinedItems(node: unknown, before: Items, place: Place): Items {
  const fields = new Fields('FROM', node)
  let items = factorItems(fields.take('relation'), before, place)
  for (const each of fields.list('joins')) items = joinItems(each, items, before, place)
  fields.done()
  return items
}

const JOINS: ReadonlySet<string> = new Set([
  'Join',
  'Inner',
  'Left',
  'LeftOuter',
  'Right',
  'RightOuter',
  'CrossJoin',
  'StraightJoin',
])

function joinItems(node: unknown, left: Items, before: Items, place: Place): Items {
  const fields = new Fields('JOIN', node)
  const right = factorItems(fields.take('relation'), beside(before, left), place)
  const { tag, body } = variantOf(fields.take('join_operator'))
  fields.done()
  if (!JOINS.has(tag)) throw new Unresolved(`a join of the kind ${tag} is not known`)
  const { tag: how, body: by } = variantOf(body ?? 'None')
  if (how === 'None') return beside(left, right)
  if (how === 'On') {
    decides(by, within(beside(before, beside(left, right)), place))
    return beside(left, right)
  }
  if (how !== 'Using' && how !== 'Natural') throw new Unresolved(`a join with ${how} is not known`)
  const shared = how === 'Using' ? inOrder(usedNames(by, place), left) : common(left, right)
  const items = joined(left, right, shared)
  const both = [...left.columns, ...right.columns]
  if (shown(both).length < both.length || !shared.every(isPlain))
    throw new Unresolved('a join by names has names that the gate cannot compare, or invisible columns')
  place.analysis.infer(wholeOf(both.filter(({ name }) => shared.some(each => isSameColumn(each, name)))))
  // The server puts the columns of the right side first, for a right join: which one is which must be told.
  if (tag.startsWith('Right'))
    throw new Unresolved('a RIGHT JOIN with USING or NATURAL turns its columns around')
  return items
}

function usedNames(paths: unknown, { tree }: Place): readonly string[] {
  return listOf(paths).map(path => tree.path(path, 'column').join('.'))
}

/** Shared columns stand in the order of the left side, whatever order USING names them in. */
function inOrder(names: readonly string[], { columns }: Items): readonly string[] {
  const placeOf = (name: string): number => columns.findIndex(column => isSameColumn(column.name, name))
  return names.toSorted((one, other) => placeOf(one) - placeOf(other))
}

function common(left: Items, right: Items): readonly string[] {
  const all = [...left.columns, ...right.columns]
  if (all.some(({ name }) => !isPlain(name))) {
    throw new Unresolved('a NATURAL JOIN compares names that the gate does not know')
  }
  return left.columns
    .map(({ name }) => name)
    .filter(name => right.columns.some(each => isSameColumn(each.name, name)))
}

function within(items: Items, { scope, ...place }: Place): Place {
  return { ...place, scope: { ...scope, items, results: [] } }
}

function factorItems(node: unknown, before: Items, place: Place): Items {
  const { tag, body } = variantOf(node)
  const fields = new Fields('a table', body)
  if (tag === 'Table') return tableItems(fields, place)
  if (tag === 'NestedJoin') {
    const items = joinedItems(fields.take('table_with_joins'), before, place)
    fields.done()
    return items
  }
  if (tag === 'Derived') return derivedItems(fields, before, place)
  if (tag === 'JsonTable') return jsonItems(fields, before, place)
  throw new Unresolved(`the gate does not know ${tag} in FROM`)
}

interface Alias {
  readonly name: string
  readonly columns: readonly string[]
}

function aliasOf(fields: Fields, { tree }: Place): Alias | undefined {
  const node = fields.take('alias')
  if (node === undefined) return undefined
  return readAlias(node, tree)
}

export function readAlias(node: unknown, tree: Tree): Alias {
  const alias = new Fields('an alias', node).skip('explicit')
  const name = tree.name(alias.take('name'), 'alias')
  const columns = alias.list('columns').map(each => {
    const column = new Fields('a column', each)
    const written = tree.name(column.take('name'), 'column')
    column.done()
    return written
  })
  alias.done()
  return { name, columns }
}

function tableItems(fields: Fields, place: Place): Items {
  const { analysis, tree, scope } = place
  const written = fields.take('name')
  const alias = aliasOf(fields, place)
  for (const each of fields.list('partitions')) tree.name(each, 'column')
  for (const hint of fields.list('index_hints')) readHint(hint, tree)
  fields.done()
  if (isDual(written)) {
    markDual(written, tree)
    return NO_ITEMS
  }
  const path = tree.path(written, 'table')
  const [only = '', other] = path
  const query = other === undefined ? queryNamed(scope.queries, only) : undefined
  if (query !== undefined) {
    const columns = renamed(query, alias?.columns ?? [])
    return { columns, ranges: [{ alias: alias?.name ?? only, columns }] }
  }
  const relation = analysis.relation(path)
  const columns = readRelation(relation, analysis)
  const { schema, name } = relation
  return { columns, ranges: [{ alias: alias?.name ?? name, schema, columns, relation: { schema, name } }] }
}

function readHint(node: unknown, tree: Tree): void {
  const hint = new Fields('an index hint', node).skip('hint_type', 'index_type', 'for_clause')
  for (const each of hint.list('index_names')) tree.name(each, 'column')
  hint.done()
}

/** `FROM DUAL` is nothing; with backticks, it would be a table. */
function isDual(path: unknown): boolean {
  const [part, other] = listOf(path)
  if (part === undefined || other !== undefined) return false
  const { body } = variantOf(part)
  const { value, quote_style: quote } = body as { readonly value?: unknown; readonly quote_style?: unknown }
  return typeof value === 'string' && value.toLowerCase() === 'dual' && (quote ?? undefined) === undefined
}

/** The word is reserved, so no name: only its place counts. */
function markDual(path: unknown, tree: Tree): void {
  const { body } = variantOf(listOf(path)[0])
  const { span } = body as { readonly span?: { readonly start?: { readonly column?: number } } }
  const index = tree.canonical.at(span?.start?.column ?? 0)
  if (index === undefined) throw new Unresolved('`dual` stands where no word does')
  tree.tables.add(index)
}

/** The columns of a relation, with what they come from; through the definition of a view. */
export function readRelation(relation: Relation, analysis: Analysis): Columns {
  analysis.touchRelation('sql:Select', relation)
  if (relation.kind !== 'view') return relation.columns.map(column => tableColumn(column, relation))
  if (relation.definition === undefined) {
    throw new Unresolved(`the view \`${relation.name}\` cannot be read by the gate`)
  }
  const { canonical, tree } = relation.definition as ReadQuery
  const { tag, body } = variantOf(tree)
  if (tag !== 'Query') throw new Unresolved(`the view \`${relation.name}\` is no query`)
  const inside = analysis.inside(relation.schema)
  const columns = columnsOf(body, { analysis: inside, tree: new Tree(canonical), scope: TOP })
  analysis.takeIn(inside)
  if (columns.length !== relation.columns.length) {
    throw new Unresolved(`the view \`${relation.name}\` has other columns than its query`)
  }
  // A mask may name the view's own column, too.
  return relation.columns.map((column, i) => ({
    name: column.name,
    from: union(lineageOfColumn(column), columns[i]?.from ?? new Set()),
  }))
}

function tableColumn(column: BaseColumn, { hidden }: Relation): Column {
  const known = { name: column.name, from: lineageOfColumn(column) }
  return hidden?.has(column.name) === true ? { ...known, isHidden: true } : known
}

/** The server's own tables hold values of anybody's: texts of statements, statistics, pages. */
function lineageOfColumn(column: BaseColumn): Lineage {
  const schema = column.schema.toLowerCase()
  if (['mysql', 'performance_schema', 'sys'].includes(schema)) return new Set([column, ANY_COLUMN])
  const isOpen = schema === 'information_schema' && !NAMES_ONLY.has(column.relation.toLowerCase())
  return new Set(isOpen ? [column, ANY_COLUMN] : [column])
}

function derivedItems(fields: Fields, before: Items, place: Place): Items {
  const isLateral = fields.take('lateral') === true
  const query = fields.take('subquery')
  const alias = aliasOf(fields, place)
  fields.done()
  if (alias === undefined) throw new Unresolved('a query in FROM has no name')
  const { scope } = place
  // What stands beside it is no part of what it sees, but for LATERAL.
  const outer = isLateral
    ? { ...scope, items: before, results: [] }
    : (scope.outer ?? { ...TOP, queries: scope.queries })
  const columns = columnsOf(query, { ...place, scope: { ...outer, queries: scope.queries } })
  const all = renamed(columns, alias.columns)
  return { columns: all, ranges: [{ alias: alias.name, columns: all }] }
}

/** JSON_TABLE: any column may hold any part of the document, and a document that is none is an error. */
function jsonItems(fields: Fields, before: Items, place: Place): Items {
  const alias = aliasOf(fields, place)
  const document = fields.take('json_expr')
  fields.skip('json_path')
  const inside = within(before, place)
  const names = fields.list('columns').flatMap(column => jsonNames(column, inside))
  fields.done()
  if (alias === undefined) throw new Unresolved('JSON_TABLE has no name')
  const from = partial(lineageOf(document, inside), inside)
  const columns = names.map(name => ({ name, from }))
  return { columns, ranges: [{ alias: alias.name, columns }] }
}

function jsonNames(node: unknown, { tree }: Place): readonly string[] {
  const { tag, body } = variantOf(node)
  if (tag === 'ForOrdinality') return [tree.name(body, 'alias')]
  if (tag !== 'Named') throw new Unresolved(`JSON_TABLE with ${tag} is not known`)
  const column = new Fields('a column', body).skip('type', 'path', 'exists', 'on_empty', 'on_error')
  const name = tree.name(column.take('name'), 'alias')
  column.done()
  return [name]
}
