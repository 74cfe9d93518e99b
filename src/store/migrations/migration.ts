import type { Expression } from 'kysely'
import type { Tx } from '../schema.ts'

/** Types of columns that the two databases name differently. */
export interface ColumnTypes {
  /** Text that is compared byte by byte, whatever the language of the database. */
  readonly key: Expression<string>
  readonly bytes: 'blob' | 'bytea'
}

/** A step from one version of the store to the next. What was released is never changed again. */
export interface Migration {
  /** 1, 2, 3 ... without a gap. */
  readonly version: number
  up(tx: Tx, columns: ColumnTypes): Promise<void>
}
