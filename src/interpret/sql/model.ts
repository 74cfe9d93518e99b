/** The actions of SQL, as policies name them. */
export type SqlAction = `sql:${
  | 'Connect'
  | 'Select'
  | 'Insert'
  | 'Update'
  | 'Delete'
  | 'Merge'
  | 'Truncate'
  | 'Create'
  | 'Alter'
  | 'Drop'
  | 'Grant'
  | 'Revoke'
  | 'Copy'
  | 'Call'
  | 'Do'
  | 'Explain'
  | 'Set'
  | 'Lock'
  | 'Maintain'
  | 'Listen'
  | 'Notify'
  | 'Transaction'
  | 'Unknown'}`

/** A column of a table or of something that is read like one; one object for each, so that sets compare by identity. */
export interface BaseColumn {
  readonly schema: string
  readonly relation: string
  readonly name: string
}

/** Which columns a value may come from: never too few. */
export type Lineage = ReadonlySet<BaseColumn>

/** What a relation is in the catalog of the upstream. */
export interface Relation {
  readonly schema: string
  readonly name: string
  readonly kind:
    | 'table'
    | 'view'
    | 'materialized-view'
    | 'foreign-table'
    | 'sequence'
    | 'index'
    | 'composite-type'
  /** In their order; dropped ones are left out. */
  readonly columns: readonly BaseColumn[]
  /** Names of those that `*` passes over: MySQL's INVISIBLE. Absent: none. */
  readonly hidden?: ReadonlySet<string>
  /** The query of a view, parsed, with every name in it qualified. */
  readonly definition?: unknown
  /** Tables whose rows are read with it: partitions and what inherits, at any distance. */
  readonly children: readonly { readonly schema: string; readonly name: string }[]
  /** Tables with which its rows are read: a mask on a column of one of these is one for its own. Absent: none. */
  readonly parents?: readonly { readonly schema: string; readonly name: string }[]
}

/** A function, as far as it matters who calls it. Overloads of a name are told apart by their number of arguments. */
export interface SqlFunction {
  readonly schema: string
  readonly name: string
  readonly volatility: 'immutable' | 'stable' | 'volatile'
  /** `internal`, `c`, `sql`, `plpgsql` … */
  readonly language: string
  readonly kind: 'function' | 'procedure' | 'aggregate' | 'window'
  /** Runs with its owner's rights. */
  readonly securityDefiner: boolean
  /** Names of its columns where it returns rows; absent where they are not known. */
  readonly columns?: readonly string[]
}

/** What the upstream's catalog says; a snapshot. */
export interface SchemaCatalog {
  /** Changes when anything in it does. */
  readonly version: string
  relation(schema: string, name: string): Relation | undefined
  /** All overloads of a name. */
  functions(schema: string, name: string): readonly SqlFunction[]
  /** Whether somebody defined an operator of that name, beside those of the server. */
  isOwnOperator(name: string): boolean
  /** Whether somebody defined a type by the name of one of the server's to which texts are cast: it may come before that. */
  isOwnType(name: string): boolean
  hasSchema(schema: string): boolean
}

/**
 * Stands for every column of the database: what comes out of a function whose insides the gate does not know. Any mask is
 * one for it.
 */
export const ANY_COLUMN: BaseColumn = { schema: '*', relation: '*', name: '*' }

/** Something that a statement does to something. */
export interface Touch {
  readonly action: SqlAction
  readonly object: SqlObject
  /** Columns that are read or written, where the statement names them. */
  readonly columns: ReadonlySet<string>
}

export interface SqlObject {
  readonly kind:
    | 'relation'
    | 'function'
    | 'schema'
    | 'type'
    | 'role'
    | 'database'
    | 'server'
    | 'setting'
    | 'channel'
    | 'file'
    | 'program'
    | 'other'
  /** Absent where the kind has none, or it is not known: then the resource is any of that name. */
  readonly schema?: string
  readonly name: string
}

/** A column of a result, as the statement makes it. */
export interface OutputColumn {
  readonly name: string
  readonly from: Lineage
}

/** The result of a statement. */
export interface Output {
  readonly columns: readonly OutputColumn[]
  /** Set where the number of columns is not known: then each may come from any of these. */
  readonly open?: Lineage
}

/** What a statement changes in its session; tracked, for the meaning of the next ones hangs on it. */
export type SessionEffect =
  | {
      readonly kind: 'set'
      readonly name: string
      readonly values: readonly string[]
      readonly local: boolean
    }
  | { readonly kind: 'reset'; readonly name: string }
  | { readonly kind: 'reset-all' }
  | { readonly kind: 'discard'; readonly what: string }
  | { readonly kind: 'transaction'; readonly what: string; readonly savepoint?: string }
  /** `text`: what was prepared, where it is read anew for each execution. */
  | {
      readonly kind: 'prepare'
      readonly name: string
      readonly inner: SqlStatement
      readonly text?: string
    }
  /** A connection, or what it runs, is to end; by the number that the client knows it by. */
  | { readonly kind: 'kill'; readonly what: 'query' | 'connection'; readonly id: number }
  /** A table of the session's own, which hides that of its name. */
  | { readonly kind: 'temporary'; readonly schema: string; readonly name: string }
  | { readonly kind: 'execute'; readonly name: string }
  | { readonly kind: 'deallocate'; readonly name?: string }
  | { readonly kind: 'declare'; readonly name: string; readonly output: Output }
  | { readonly kind: 'fetch'; readonly name: string }
  /** A cursor or portal; all of them without a name. */
  | { readonly kind: 'close'; readonly name?: string }

/** How COPY writes rows in the form of text or CSV: https://www.postgresql.org/docs/current/sql-copy.html */
export interface CopyForm {
  readonly format: 'text' | 'csv'
  /** One character of ASCII, as `quote` and `escape`, which are of CSV. */
  readonly delimiter: string
  /** What stands for NULL. */
  readonly null: string
  readonly quote: string
  readonly escape: string
  /** The first line surely has the names of the columns. */
  readonly header: boolean
}

/** A statement, understood. */
export interface SqlStatement {
  /** Its leading words: `SELECT`, `CREATE TABLE`. */
  readonly tag: string
  readonly touches: readonly Touch[]
  /** Whether each of its UPDATEs and DELETEs has a condition; absent where it has none of these. */
  readonly hasWhere?: boolean
  /** How many INSERTs, UPDATEs, DELETEs and MERGEs stand in it, at any depth; absent where that was not counted. */
  readonly changes?: number
  /** Functions by their qualified names. */
  readonly functions: ReadonlySet<string>
  /** Absent where it has no result. */
  readonly output?: Output
  /** How COPY writes that to the client; absent where it does not, or in a form that is not read. */
  readonly copies?: CopyForm
  /** Columns on whose values it depends which rows come, in which order, or whether an error does. */
  readonly inferred: Lineage
  /** Columns whose values it puts where they would be read unmasked. */
  readonly copied: Lineage
  readonly effects: readonly SessionEffect[]
  /** Values of the session's own variables go into it: whoever put them there, nobody follows. */
  readonly readsVariables?: boolean
}

/** Why a statement cannot be told in full. */
export class Unresolved extends Error {
  override readonly name = 'Unresolved'
}
