import {
  ANY_COLUMN,
  type BaseColumn,
  type Lineage,
  type Output,
  type OutputColumn,
  Unresolved,
} from '../../model.ts'

/** Nothing: a constant. */
export const NOTHING: Lineage = new Set()
export const ANYTHING: Lineage = new Set([ANY_COLUMN])

export function union(...lineages: readonly Lineage[]): Lineage {
  const some = lineages.filter(({ size }) => size > 0)
  if (some.length <= 1) return some[0] ?? NOTHING
  const all = new Set<BaseColumn>()
  for (const lineage of some) for (const column of lineage) all.add(column)
  return all
}

/** All that a result may hold. */
export function wholeOf({ columns, open }: Output): Lineage {
  return union(...columns.map(({ from }) => from), open ?? NOTHING)
}

/** Something in FROM that has a name. */
export interface Range extends Output {
  readonly alias: string
  /** For a relation without an alias: it may be qualified by it. */
  readonly schema?: string
}

/** What FROM gives: by qualified names its ranges, by plain ones its columns, in the order of `*`. */
export interface FromItems extends Output {
  readonly ranges: readonly Range[]
}

export const NO_ITEMS: FromItems = { ranges: [], columns: [] }

export function beside(left: FromItems, right: FromItems): FromItems {
  return {
    ranges: [...left.ranges, ...right.ranges],
    columns: [...left.columns, ...right.columns],
    ...openOf(left, right),
  }
}

/** The two sides of a join whose `shared` columns become one each, and stand first. */
export function joined(left: FromItems, right: FromItems, shared: readonly string[]): FromItems {
  const merged = shared.map(name => ({ name, from: union(plain(left, name), plain(right, name)) }))
  const rest = (of: FromItems): readonly OutputColumn[] =>
    of.columns.filter(({ name }) => !shared.includes(name))
  return {
    ranges: [...left.ranges, ...right.ranges],
    columns: [...merged, ...rest(left), ...rest(right)],
    ...openOf(left, right),
  }
}

function plain(of: FromItems, name: string): Lineage {
  return union(
    ...of.columns.filter(column => column.name === name).map(({ from }) => from),
    of.open ?? NOTHING,
  )
}

function openOf(...outputs: readonly Output[]): { readonly open?: Lineage } {
  const open = outputs.flatMap(output => output.open ?? [])
  return open.length === 0 ? {} : { open: union(...open) }
}

/** Names that a query can use: its own, and around it those of the queries that it stands in. */
export interface Scope {
  readonly items: FromItems
  readonly outer?: Scope
  readonly queries: Queries
  /** Around the query whose result is the statement's. */
  readonly isTop?: boolean
}

/** WITH: names of queries, those of the inner before those of the outer. */
export type Queries = ReadonlyMap<string, Output>

/** A query of WITH RECURSIVE that stands behind the one that is read. */
export const FORWARD: Output = { columns: [] }

/**
 * What a plain name means: a column, or the whole row of a range. Undefined if it means nothing in any scope. Where a
 * scope has columns that the gate does not know, the name may be one of them, or one of an outer scope: both count. So it is
 * with names of the system's columns: tables have them, and queries in FROM do not.
 */
export function columnNamed(scope: Scope | undefined, name: string): Lineage | undefined {
  const possible: Lineage[] = []
  let isSystems = false
  for (let at = scope; at !== undefined; at = at.outer) {
    const { items } = at
    const found = items.columns.filter(column => column.name === name)
    // Two of one name are ambiguous to the server; both count.
    if (found.length > 0) return union(...possible, ...found.map(({ from }) => from))
    if (items.open !== undefined) possible.push(items.open)
    isSystems ||= SYSTEM_COLUMNS.has(name) && items.ranges.length > 0
  }
  const range = rangeNamed(scope, name)
  if (range !== undefined) possible.push(wholeOf(range))
  return possible.length === 0 && !isSystems ? undefined : union(...possible)
}

export function rangeNamed(scope: Scope | undefined, alias: string, schema?: string): Range | undefined {
  for (let at = scope; at !== undefined; at = at.outer) {
    const found = at.items.ranges.find(
      range => range.alias === alias && (schema === undefined || range.schema === schema),
    )
    if (found !== undefined) return found
  }
  return undefined
}

/** Columns of the system, that every table has: they tell nothing of its values. */
const SYSTEM_COLUMNS: ReadonlySet<string> = new Set(['tableoid', 'ctid', 'xmin', 'cmin', 'xmax', 'cmax'])

/** A column of a range; undefined if it has none of that name. */
export function columnOf(range: Range, name: string): Lineage | undefined {
  const found = range.columns.filter(column => column.name === name)
  if (found.length > 0) return union(...found.map(({ from }) => from))
  if (SYSTEM_COLUMNS.has(name)) return NOTHING
  return range.open
}

/** Gives a result the name and the columns' names of an alias. */
export function named(output: Output, alias: string, columns: readonly string[], schema?: string): FromItems {
  if (columns.length > output.columns.length && output.open === undefined) {
    throw new Unresolved(`the alias \`${alias}\` names more columns than there are`)
  }
  const renamed = output.columns.map(({ name, from }, i) => ({ name: columns[i] ?? name, from }))
  const added = columns.slice(renamed.length).map(name => ({ name, from: output.open ?? NOTHING }))
  const whole: Output = { columns: [...renamed, ...added], ...openOf(output) }
  return { ...whole, ranges: [{ ...whole, alias, ...(schema === undefined ? {} : { schema }) }] }
}
