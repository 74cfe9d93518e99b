import type { Node, RangeVar, SelectStmt } from 'libpg-query'
import {
  type BaseColumn,
  type Lineage,
  type Output,
  type Relation,
  type SchemaCatalog,
  type SessionEffect,
  type SqlAction,
  type SqlFunction,
  type SqlObject,
  type Touch,
  Unresolved,
} from '../../model.ts'
import type { Scope } from './scope.ts'
import { Reading } from './tree.ts'

/** What of a session the meaning of a statement hangs on. */
export interface NameSpace {
  /** Schemas in which unqualified names are looked for, in order; `"$user"` is resolved, what is not there left out. */
  readonly searchPath: readonly string[]
}

/** How queries are read, wherever they stand: expressions and FROM hold queries, and these hold them. */
export interface Readers {
  query(query: SelectStmt, outer: Scope, analysis: Analysis): Output
  /** INSERT, UPDATE, DELETE and MERGE: the result is that of RETURNING. */
  write(node: Node, outer: Scope, analysis: Analysis): Output
}

export const CATALOG_SCHEMA = 'pg_catalog'
const TEMPORARY_SCHEMA = 'pg_temp'
/** Views in views; more are not followed. */
const MAX_VIEWS = 32

/** What is found out about one statement, while its tree is walked. */
export class Analysis {
  readonly reading: Reading = new Reading()
  readonly catalog: SchemaCatalog
  readonly names: NameSpace
  readonly readers: Readers
  readonly touches: Touch[] = []
  readonly functions: Set<string> = new Set()
  /** Columns that an expression or a result names. */
  readonly seen: Set<BaseColumn> = new Set()
  readonly inferred: Set<BaseColumn> = new Set()
  readonly copied: Set<BaseColumn> = new Set()
  readonly effects: SessionEffect[] = []
  /** Of each UPDATE and DELETE: whether it has a condition. */
  readonly conditions: boolean[] = []
  /** How many INSERTs, UPDATEs, DELETEs and MERGEs there are. */
  changes = 0
  /** How many views deep the walk is. */
  readonly depth: number

  constructor(catalog: SchemaCatalog, names: NameSpace, readers: Readers, depth = 0) {
    if (depth > MAX_VIEWS) throw new Unresolved(`more than ${MAX_VIEWS} views stand in each other`)
    this.catalog = catalog
    this.names = names
    this.readers = readers
    this.depth = depth
  }

  touch(action: SqlAction, object: SqlObject, columns: Iterable<string> = []): void {
    this.touches.push({ action, object, columns: new Set(columns) })
  }

  touchRelation(action: SqlAction, { schema, name }: Relation, columns: Iterable<string> = []): void {
    this.touch(action, { kind: 'relation', schema, name }, columns)
  }

  /**
   * Takes in what a view does. What it infers is its author's doing and says nothing that the client chose: a statement that
   * makes a view is asked about by itself.
   */
  takeIn(view: Analysis): void {
    this.touches.push(...view.touches)
    for (const name of view.functions) this.functions.add(name)
    this.copy(view.copied)
    this.see(view.seen)
  }

  see(lineage: Lineage): void {
    for (const column of lineage) this.seen.add(column)
  }

  /** On these values it depends what the client can see of the statement beside them. */
  infer(lineage: Lineage): void {
    for (const column of lineage) {
      this.inferred.add(column)
      this.seen.add(column)
    }
  }

  copy(lineage: Lineage): void {
    for (const column of lineage) this.copied.add(column)
  }

  /** The relation that a name stands for, as the server finds it. Throws `Unresolved` if the catalog has none. */
  relation(named: RangeVar): Relation {
    this.reading.mark(named)
    const { catalogname, schemaname, relname = '' } = named
    if (catalogname !== undefined) throw new Unresolved(`\`${catalogname}\` before a schema names a database`)
    const found = this.find(schemaname, relname)
    if (found !== undefined) return found
    throw new Unresolved(
      `the relation \`${schemaname === undefined ? '' : `${schemaname}.`}${relname}\` is not known`,
    )
  }

  /** A relation by its name, where the server would look for it. */
  find(schema: string | undefined, name: string): Relation | undefined {
    for (const each of schema === undefined ? this.#schemasOfRelations() : [schema]) {
      const found = this.catalog.relation(each, name)
      if (found !== undefined) return found
    }
    return undefined
  }

  /** Where a relation without a schema would be made; undefined where nothing can be. */
  schemaOfNew(): string | undefined {
    return this.names.searchPath.find(schema => schema !== TEMPORARY_SCHEMA && schema !== CATALOG_SCHEMA)
  }

  /** Temporary tables go before all others, then the server's own, unless the path says otherwise. */
  #schemasOfRelations(): readonly string[] {
    const { searchPath } = this.names
    const first = [TEMPORARY_SCHEMA, CATALOG_SCHEMA].filter(schema => !searchPath.includes(schema))
    return [...first, ...searchPath]
  }

  /**
   * All functions that a call could mean. Which of them it is hangs on the types of its arguments, so all of the
   * path count, not the first schema's alone. Functions are never looked for among temporary things.
   */
  functionsOf(schema: string | undefined, name: string): readonly SqlFunction[] {
    if (schema !== undefined) return this.catalog.functions(schema, name)
    const { searchPath } = this.names
    const schemas = searchPath.includes(CATALOG_SCHEMA) ? searchPath : [CATALOG_SCHEMA, ...searchPath]
    return schemas.flatMap(each => this.catalog.functions(each, name))
  }
}
