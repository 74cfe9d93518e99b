import type { ColumnTypes } from './migrations/migration.ts'
import type { Db, Tx } from './schema.ts'

/** What differs between the databases; all else is written once, in the language of Kysely. */
export interface Engine {
  readonly db: Db
  readonly columns: ColumnTypes
  /**
   * Runs the work as one transaction: durable when it resolves, without a trace when it rejects. May run it
   * more than once where the database found it in conflict with another. Rejects with the database's error.
   */
  atomically<T>(work: (tx: Tx) => Promise<T>): Promise<T>
  /** Holds off every other transaction that asks for the same name, until this one ends. */
  lock(tx: Tx, name: string): Promise<void>
  /** Whether a reader has to lock rows that it is about to change, and can pass over locked ones. */
  readonly locksRows: boolean
  /** Makes the place for the tables where it is missing. */
  prepare(tx: Tx): Promise<void>
  close(): Promise<void>
}
