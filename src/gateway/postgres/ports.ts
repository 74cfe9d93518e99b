import type { Principal } from '../../core/principal.ts'
import type { Redacted } from '../../core/redacted.ts'
import type { SqlPlace } from '../../interpret/sql/ask.ts'
import type { SqlParser } from '../../interpret/sql/postgres/parse/parser.ts'
import type { PostgresConnection } from '../../upstream/postgres/port.ts'
import type { CancelKey, Setting } from '../../wire/postgres/messages.ts'
import type { Identified, SqlRooms } from '../sql/ports.ts'
import type { SharedCatalog } from './shared-catalog.ts'

/** A database that clients come to, and how the gate itself does. */
export interface PostgresTarget {
  readonly place: SqlPlace
  /** Of clients, at once, in this process; beyond, they hear that there are too many. */
  readonly connections: number
  /** Opens a connection of its own for a session. Rejects with `database-…`. */
  connect(
    principal: Principal,
    settings: readonly Setting[],
    signal: AbortSignal,
  ): Promise<PostgresConnection>
  cancel(key: CancelKey): Promise<void>
  /** What is in the database, for all of its sessions: one for each target, for as long as the process runs. */
  readonly catalog: SharedCatalog
}

/** Credentials of the gate that a client names, and as whom it comes with them to what. */
export interface CredentialsClaim {
  readonly accessKeyId: string
  readonly sessionToken: string
  readonly user: string
  readonly database: string
}

/** Credentials that are authentic and alive; whoever names them has not proven yet that it knows the secret. */
export interface Offered extends Identified {
  readonly secretAccessKey: Redacted
}

/** All that a PostgreSQL session needs of the rest of the gate. */
export interface PostgresRooms extends SqlRooms {
  /** The target of a name; undefined where there is none of this engine. */
  target(name: string): PostgresTarget | undefined
  readonly parser: Pick<SqlParser, 'parse'>
  /**
   * What a client has to prove that it knows, by SCRAM; throws, or rejects, where the token proves nothing. Absent: nobody logs
   * in so.
   */
  offered?(claim: CredentialsClaim): Promise<Offered> | Offered
}
