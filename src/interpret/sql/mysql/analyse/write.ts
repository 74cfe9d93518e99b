import { type Lineage, type OutputColumn, type SqlAction, Unresolved } from '../../model.ts'
import type { Place } from './analysis.ts'
import { orderedBy } from './call.ts'
import { decides } from './flow.ts'
import { fromItems, joinedItems, readRelation } from './from.ts'
import { queryColumns, targetColumns, valueLineage } from './query.ts'
import {
  type Columns,
  columnsNamed,
  type Items,
  isSameTable,
  NOTHING,
  type Range,
  rangeNamed,
  wholeOf,
} from './scope.ts'
import { Fields, listOf, variantOf } from './tree.ts'

/** A table that is written to; its relation is known. */
type Target = Range & { readonly relation: NonNullable<Range['relation']> }

/** Names of columns as the table has them: a policy knows them by these alone. Throws `Unresolved`. */
function ownNames(names: Iterable<string>, { columns, alias }: Range): readonly string[] {
  return [...names].flatMap(name => {
    const found = columnsNamed(columns, name)
    if (found.length === 0) throw new Unresolved(`\`${alias}\` has no column \`${name}\``)
    return found.map(column => column.name)
  })
}

/** Records the write; of a view, on what it reads, too: the server writes through it. */
function touchTarget(action: SqlAction, target: Target, columns: Iterable<string>, place: Place): void {
  const { analysis } = place
  const { schema, name } = target.relation
  analysis.touchRelation(action, target.relation, ownNames(columns, target))
  const relation = analysis.catalog.relation(schema, name)
  if (relation === undefined || relation.kind !== 'view') return
  const inside = analysis.inside(analysis.session.database)
  readRelation(relation, inside)
  for (const { object } of inside.touches) if (object.kind === 'relation') analysis.touch(action, object)
}

/** A table that is only written to: that its columns are read is said where they are. */
function targetOf(path: readonly string[], { analysis }: Place): Target {
  const relation = analysis.relation(path)
  const { schema, name } = relation
  const inside = analysis.inside(analysis.session.database)
  const columns = readRelation(relation, inside)
  return { alias: name, schema, columns, relation: { schema, name } }
}

function writable(range: Range): Target {
  const { relation } = range
  if (relation === undefined) throw new Unresolved(`\`${range.alias}\` is no table that can be written to`)
  return { ...range, relation }
}

/** INSERT and REPLACE. The result is that of RETURNING, which MariaDB has. */
export function insertColumns(node: unknown, place: Place): Columns | undefined {
  const { analysis, tree } = place
  const fields = new Fields('INSERT', node).skip('into', 'ignore')
  const { tag, body } = variantOf(fields.take('table'))
  if (tag !== 'TableName') throw new Unresolved(`INSERT into ${tag} is not known`)
  const target = targetOf(tree.path(body, 'table'), place)
  const named = fields.list('columns').map(path => tree.path(path, 'column').at(-1) ?? '')
  const isReplace = fields.take('replace_into') === true
  const source = fields.take('source')
  const items: Items = { ranges: [target], columns: target.columns }
  const inside: Place = { ...place, scope: { ...place.scope, items, results: [] } }
  const given = source === undefined ? NOTHING : wholeOf(queryColumns(source, place))
  analysis.copy(given)
  const set = fields.list('assignments').map(each => assignment(each, inside))
  const alias = rowAlias(fields.take('insert_alias'), target, given, place)
  const { items: later, written } = duplicates(fields.take('on'), alias, inside)
  const columns = [...named, ...set.map(({ name }) => name)]
  const all = columns.length === 0 ? target.columns.map(({ name }) => name) : columns
  touchTarget('sql:Insert', target, all, place)
  // REPLACE deletes what is in its way.
  if (isReplace) touchTarget('sql:Delete', target, [], place)
  if (written.length > 0) touchTarget('sql:Update', target, written, place)
  // How many rows it counts tells whether those in its way were the same.
  const compared = isReplace ? target.columns.map(({ name }) => name) : written
  inferColumns(compared, target, place)
  const output = returned(fields, { ...inside, scope: { ...inside.scope, items: later } })
  fields.done()
  return output
}

/** Rows that have the value already are not changed, and not counted: whoever writes one learns which they are. */
function inferColumns(names: readonly string[], { columns }: Range, { analysis }: Place): void {
  // They are not read: nothing but what is masked hangs on that.
  for (const column of wholeOf(names.flatMap(name => columnsNamed(columns, name))))
    analysis.inferred.add(column)
}

/** `AS new`: the row that was to be inserted. */
function rowAlias(node: unknown, target: Target, given: Lineage, { tree }: Place): Range | undefined {
  if (node === undefined) return undefined
  const fields = new Fields('an alias of the row', node)
  const [alias = ''] = tree.path(fields.take('row_alias'), 'alias')
  const names = fields.list('col_aliases').map(path => tree.path(path, 'column').at(-1) ?? '')
  fields.done()
  const columns = target.columns.map(({ name }, i) => ({ name: names[i] ?? name, from: given }))
  return { alias, columns }
}

/** ON DUPLICATE KEY UPDATE: which columns are written; it tells whether there was such a key. */
function duplicates(
  node: unknown,
  alias: Range | undefined,
  place: Place,
): { readonly items: Items; readonly written: readonly string[] } {
  const { items } = place.scope
  if (node === undefined) return { items, written: [] }
  const { tag, body } = variantOf(node)
  if (tag !== 'DuplicateKeyUpdate') throw new Unresolved(`ON ${tag} is not known`)
  const ranges = alias === undefined ? items.ranges : [...items.ranges, alias]
  const inside: Place = { ...place, scope: { ...place.scope, items: { ...items, ranges } } }
  return { items, written: listOf(body).map(each => assignment(each, inside).name) }
}

function returned(fields: Fields, place: Place): Columns | undefined {
  const targets = fields.list('returning')
  if (targets.length === 0) return undefined
  const results: OutputColumn[] = []
  for (const each of targets) results.push(...targetColumns(each, place))
  return results
}

/** `a = expression`: the value goes where it is read without a mask. */
function assignment(node: unknown, place: Place): { readonly name: string; readonly range: Range } {
  const fields = new Fields('an assignment', node)
  const { tag, body } = variantOf(fields.take('target'))
  if (tag !== 'ColumnName') throw new Unresolved(`an assignment to ${tag} is not known`)
  const path = place.tree.path(body, 'column')
  const from = valueLineage(fields.take('value'), place)
  fields.done()
  place.analysis.copy(from)
  return { name: path.at(-1) ?? '', range: rangeOf(path, place) }
}

/** The table whose column is written. */
function rangeOf(path: readonly string[], { scope, analysis }: Place): Range {
  const [name = '', alias, schema] = path.toReversed()
  if (alias !== undefined) return rangeNamed(scope, alias, schema, analysis.session)
  const found = scope.items.ranges.filter(({ columns }) => columnsNamed(columns, name).length > 0)
  const [only, other] = found
  if (only === undefined || other !== undefined)
    throw new Unresolved(`\`${name}\` is a column of none, or of several`)
  return only
}

export function updateColumns(node: unknown, place: Place): undefined {
  const fields = new Fields('UPDATE', node)
  const items = joinedItems(fields.take('table'), { ranges: [], columns: [] }, place)
  const inside: Place = { ...place, scope: { ...place.scope, items, results: [] } }
  for (const each of fields.list('assignments')) {
    const { name, range } = assignment(each, inside)
    touchTarget('sql:Update', writable(range), [name], place)
    inferColumns([name], range, place)
  }
  conditions(fields, inside)
  fields.done()
  return undefined
}

function conditions(fields: Fields, place: Place): void {
  const condition = fields.take('selection')
  place.analysis.conditions.push(condition !== undefined)
  decides(condition, place)
  for (const each of fields.list('order_by')) orderedBy(each, place)
  decides(fields.take('limit'), place)
}

/** DELETE of one table, or of several by `DELETE a, b FROM …` and `DELETE FROM a, b USING …`. */
export function deleteColumns(node: unknown, place: Place): Columns | undefined {
  const fields = new Fields('DELETE', node)
  const { tag, body } = variantOf(fields.take('from'))
  if (tag !== 'WithFromKeyword') throw new Unresolved('DELETE without FROM is not known')
  const using = fields.take('using')
  const listed = fields.list('tables').map(path => place.tree.path(path, 'table'))
  const from = listOf(body)
  const items = fromItems(using === undefined ? from : listOf(using), place)
  const inside: Place = { ...place, scope: { ...place.scope, items, results: [] } }
  const named = using === undefined ? listed : from.map(each => namedTable(each, place))
  const targets = named.length === 0 ? items.ranges : named.map(path => targetAmong(path, items, place))
  for (const target of targets) touchTarget('sql:Delete', writable(target), [], place)
  conditions(fields, inside)
  const output = returned(fields, inside)
  fields.done()
  return output
}

/** A target of DELETE is called as FROM calls it. */
function targetAmong(path: readonly string[], { ranges }: Items, { analysis }: Place): Range {
  const [alias = '', schema] = path.toReversed()
  const found = ranges.filter(
    range =>
      isSameTable(range.alias, alias, analysis.session) &&
      (schema === undefined || isSameTable(range.schema ?? '', schema, analysis.session)),
  )
  const [only, other] = found
  if (only === undefined || other !== undefined)
    throw new Unresolved(`\`${path.join('.')}\` is nothing that DELETE reads`)
  return only
}

/** `DELETE FROM a USING …`: the name alone. */
function namedTable(node: unknown, { tree }: Place): readonly string[] {
  const fields = new Fields('DELETE', node)
  const { tag, body } = variantOf(fields.take('relation'))
  fields.done()
  if (tag !== 'Table') throw new Unresolved(`DELETE of ${tag} is not known`)
  const table = new Fields('a table', body)
  const path = tree.path(table.take('name'), 'table')
  table.done()
  return path
}
