import type { Principal } from '../../core/principal.ts'
import type { SqlPlace } from '../../interpret/sql/ask.ts'
import type { SqlParser } from '../../interpret/sql/postgres/parse/parser.ts'
import type { PostgresConnection } from '../../upstream/postgres/port.ts'
import type { CancelKey, Setting } from '../../wire/postgres/messages.ts'
import type { SqlRooms } from '../sql/ports.ts'

/** A database that clients come to, and how the gate itself does. */
export interface PostgresTarget {
  readonly place: SqlPlace
  /** Opens a connection of its own for a session. Rejects with `database-…`. */
  connect(
    principal: Principal,
    settings: readonly Setting[],
    signal: AbortSignal,
  ): Promise<PostgresConnection>
  cancel(key: CancelKey): Promise<void>
}

/** All that a PostgreSQL session needs of the rest of the gate. */
export interface PostgresRooms extends SqlRooms {
  /** The target of a name; undefined where there is none of this engine. */
  target(name: string): PostgresTarget | undefined
  readonly parser: Pick<SqlParser, 'parse'>
}
