import {
  type BaseColumn,
  type Lineage,
  type Relation,
  type SchemaCatalog,
  type SqlAction,
  type SqlObject,
  type Touch,
  Unresolved,
} from '../../model.ts'
import type { Canonical } from '../parse/canonical.ts'
import type { Columns, Scope, TableNames } from './scope.ts'
import type { Tree } from './tree.ts'

/** What of a session and its server the meaning of a statement hangs on. */
export interface Session extends TableNames {
  /** The current database; undefined before the first USE. */
  readonly database: string | undefined
}

/** A query that was read by the grammar; what `Relation.definition` of a view is. */
export interface ReadQuery {
  readonly canonical: Canonical
  readonly tree: unknown
  /** It ends with LOCK IN SHARE MODE. */
  readonly isLocking: boolean
}

/** Views in views; more are not followed. */
const MAX_VIEWS = 32

/** What is found out about one statement, while its tree is walked. */
export class Analysis {
  readonly catalog: SchemaCatalog
  readonly session: Session
  readonly readers: Readers
  readonly touches: Touch[] = []
  readonly functions: Set<string> = new Set()
  /** Columns that an expression or a result names. */
  readonly seen: Set<BaseColumn> = new Set()
  readonly inferred: Set<BaseColumn> = new Set()
  readonly copied: Set<BaseColumn> = new Set()
  /** Of each UPDATE and DELETE: whether it has a condition. */
  readonly conditions: boolean[] = []
  /** How many views deep the walk is. */
  readonly depth: number

  constructor(catalog: SchemaCatalog, session: Session, readers: Readers, depth = 0) {
    if (depth > MAX_VIEWS) throw new Unresolved(`more than ${MAX_VIEWS} views stand in each other`)
    this.catalog = catalog
    this.session = session
    this.readers = readers
    this.depth = depth
  }

  touch(action: SqlAction, object: SqlObject, columns: Iterable<string> = []): void {
    this.touches.push({ action, object, columns: new Set(columns) })
  }

  touchRelation(
    action: SqlAction,
    { schema, name }: { readonly schema: string; readonly name: string },
    columns: Iterable<string> = [],
  ): void {
    this.touch(action, { kind: 'relation', schema, name }, columns)
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
    for (const column of lineage) {
      this.copied.add(column)
      this.seen.add(column)
    }
  }

  /** Takes in what a view does; what it infers its author chose, not the client. */
  takeIn(view: Analysis): void {
    this.touches.push(...view.touches)
    for (const name of view.functions) this.functions.add(name)
    this.see(view.seen)
  }

  /** For what stands in a view, or is read by the server alone. */
  inside(database: string | undefined): Analysis {
    return new Analysis(this.catalog, { ...this.session, database }, this.readers, this.depth + 1)
  }

  /** The relation that a path stands for. Throws `Unresolved` if the catalog has none. */
  relation(path: readonly string[]): Relation {
    const [name = '', schema = this.session.database, other] = path.toReversed()
    if (schema === undefined) throw new Unresolved(`no database is chosen for the table \`${name}\``)
    const fold = (text: string): string => (this.session.isCaseSensitive ? text : text.toLowerCase())
    const found = other === undefined ? this.catalog.relation(fold(schema), fold(name)) : undefined
    if (found !== undefined) return found
    throw new Unresolved(`the table \`${path.join('.')}\` is not known`)
  }
}

/** Where an expression or a query stands. */
export interface Place {
  readonly analysis: Analysis
  readonly tree: Tree
  readonly scope: Scope
  /** Names may mean results of the query itself: behind its list. */
  readonly isBehindList?: boolean
  /** In a query's list: what in it is read as if it stood behind, once the list is read. */
  readonly waiting?: ((behind: Place) => unknown)[] | undefined
}

/** How expressions and queries are read, wherever they stand: each holds the other. */
export interface Readers {
  expression(node: unknown, place: Place): Lineage
  query(node: unknown, place: Place): Columns
}
