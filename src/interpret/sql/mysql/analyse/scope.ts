import { type BaseColumn, type Lineage, type OutputColumn, Unresolved } from '../../model.ts'

/** Nothing: a constant. */
export const NOTHING: Lineage = new Set()

export function union(...lineages: readonly Lineage[]): Lineage {
  const some = lineages.filter(({ size }) => size > 0)
  if (some.length <= 1) return some[0] ?? NOTHING
  const all = new Set<BaseColumn>()
  for (const lineage of some) for (const column of lineage) all.add(column)
  return all
}

/** A column; its name is empty where the server makes one up from the text. */
export interface Column extends OutputColumn {
  /** `*` does not mean it, and NATURAL JOIN passes over it: INVISIBLE. */
  readonly isHidden?: true
}

/** Columns in their order. */
export type Columns = readonly Column[]

/** Those that `*` means. */
export function shown(columns: Columns): Columns {
  return columns.filter(({ isHidden }) => isHidden !== true)
}

export function wholeOf(columns: Columns): Lineage {
  return union(...columns.map(({ from }) => from))
}

/** Something in FROM that has a name. */
export interface Range {
  readonly alias: string
  /** For a relation without an alias: it may be qualified by it. */
  readonly schema?: string
  readonly columns: Columns
  /** The relation that is read, where it is one: it can be written to. */
  readonly relation?: { readonly schema: string; readonly name: string }
}

/** What FROM gives: by qualified names its ranges, by plain ones its columns, in the order of `*`. */
export interface Items {
  readonly ranges: readonly Range[]
  readonly columns: Columns
}

export const NO_ITEMS: Items = { ranges: [], columns: [] }

export function beside(left: Items, right: Items): Items {
  return { ranges: [...left.ranges, ...right.ranges], columns: [...left.columns, ...right.columns] }
}

/** The two sides of a join whose `shared` columns become one each, and stand first. */
export function joined(left: Items, right: Items, shared: readonly string[]): Items {
  const isShared = ({ name }: OutputColumn): boolean => shared.some(each => isSameColumn(each, name))
  const merged = shared.map(name => ({
    name,
    from: wholeOf([...left.columns, ...right.columns].filter(column => isSameColumn(column.name, name))),
  }))
  const rest = ({ columns }: Items): Columns => columns.filter(column => !isShared(column))
  return {
    ranges: [...left.ranges, ...right.ranges],
    columns: [...merged, ...rest(left), ...rest(right)],
  }
}

/** Names that a query can use: its own, and around it those of the queries that it stands in. */
export interface Scope {
  readonly items: Items
  /** What its list of results named so far: ORDER BY and HAVING use these, and so do queries in the list. */
  readonly results: OutputColumn[]
  readonly outer?: Scope
  readonly queries: Queries
}

/** WITH: queries by their names as they were written. */
export type Queries = ReadonlyMap<string, Columns>

/**
 * The query of WITH that a name means, if any. Whether case counts hangs on the server's version: where two could be
 * meant, or a table, that cannot be told.
 */
export function queryNamed(queries: Queries, name: string): Columns | undefined {
  const similar = [...queries.keys()].filter(each => each.toLowerCase() === name.toLowerCase())
  const [only, other] = similar
  if (only === undefined) return undefined
  if (other === undefined && only === name) return queries.get(name)
  throw new Unresolved(`\`${name}\` and a query of WITH differ in case alone`)
}

export const TOP: Scope = { items: NO_ITEMS, results: [], queries: new Map() }

/** Names of columns are compared without regard to case, and beyond ASCII in ways that the gate does not know. */
export function isSameColumn(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase()
}

/** Servers take spaces away that an alias begins with, and compare those at its end in different ways. */
export function isPlain(name: string): boolean {
  return /^[\x20-\x7e]+$/.test(name) && name.trim() === name
}

/**
 * The columns that a name may mean among some: those called so, or else all whose names the gate cannot compare.
 * Empty if none can be meant.
 */
export function columnsNamed(columns: Columns, name: string): Columns {
  const found = columns.filter(column => isSameColumn(column.name, name))
  if (found.length > 0 && isPlain(name)) return found
  if (!isPlain(name)) return columns
  return columns.filter(column => !isPlain(column.name))
}

/** A name by which servers give a table's key of one number, whatever that is called. */
const ROW_ID = '_rowid'

/** What a plain name means. `withResults`: results of the query itself may be meant, as in ORDER BY. */
export function columnNamed(scope: Scope, name: string, withResults: boolean): Lineage {
  if (isSameColumn(name, ROW_ID)) throw new Unresolved(`\`${name}\` may be the key of any table`)
  const possible: Lineage[] = []
  let isFound = false
  let isInner = true
  for (let at: Scope | undefined = scope; at !== undefined; at = at.outer) {
    const results = withResults || !isInner ? at.results : []
    const found = [...columnsNamed(at.items.columns, name), ...columnsNamed(results, name)]
    possible.push(wholeOf(found))
    if (found.length > 0) isFound = true
    // A name that may be made up leaves open whether an outer query is meant.
    if (found.some(column => isSameColumn(column.name, name)) && isPlain(name)) return union(...possible)
    isInner = false
  }
  if (!isFound) throw new Unresolved(`the column \`${name}\` is not known`)
  return union(...possible)
}

/** How names of tables and aliases are compared: `lower_case_table_names`. */
export interface TableNames {
  readonly isCaseSensitive: boolean
}

export function isSameTable(one: string, other: string, { isCaseSensitive }: TableNames): boolean {
  return isCaseSensitive ? one === other : one.toLowerCase() === other.toLowerCase()
}

export function rangeNamed(
  scope: Scope,
  alias: string,
  schema: string | undefined,
  names: TableNames,
): Range {
  for (let at: Scope | undefined = scope; at !== undefined; at = at.outer) {
    const called = at.items.ranges.filter(range => isSameTable(range.alias, alias, names))
    if (schema !== undefined && called.some(range => range.schema === undefined)) {
      throw new Unresolved(`\`${alias}\` is of no database`)
    }
    const found = called.filter(
      range => schema === undefined || isSameTable(range.schema ?? '', schema, names),
    )
    const [only, other] = found
    // Two of one name are of two databases.
    if (other !== undefined) throw new Unresolved(`\`${alias}\` may be more than one`)
    if (only !== undefined) return only
  }
  throw new Unresolved(`\`${alias}\` is nothing that FROM names`)
}

/** Gives columns the names of an alias's list. */
export function renamed(columns: Columns, names: readonly string[]): Columns {
  if (names.length === 0) return columns
  if (names.length !== columns.length) throw new Unresolved('an alias names other columns than there are')
  return columns.map(({ from }, i) => ({ name: names[i] ?? '', from }))
}
