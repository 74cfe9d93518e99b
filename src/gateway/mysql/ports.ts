import type { GateError } from '../../core/errors.ts'
import type { Principal } from '../../core/principal.ts'
import type { SqlPlace } from '../../interpret/sql/ask.ts'
import type { QueryParser } from '../../interpret/sql/mysql/parse/parser.ts'
import type { MysqlConnection, MysqlWishes } from '../../upstream/mysql/port.ts'
import type { ChangeUser } from '../../wire/mysql/messages.ts'
import type { Packet } from '../../wire/mysql/packet.ts'
import type { ClientReader } from '../../wire/mysql/reader.ts'
import type { ClientFacts, SqlRooms } from '../sql/ports.ts'
import type { Source } from '../sql/source.ts'

/** `query`: what a connection runs is stopped, and it goes on. `connection`: it ends. */
export type KillKind = 'query' | 'connection'

/** A database that clients come to, and how the gate itself does. */
export interface MysqlTarget {
  readonly place: SqlPlace
  /** Most connections of clients to it at once, in this process. */
  readonly connections: number
  /** Comments that every server executes (`/*!40101 …`, of versions up to 5.0.99) are read, for dumps; absent: refused. */
  readonly readsVersionComments?: boolean
  /** Opens a connection of its own for a session. Rejects with `database-…`. */
  connect(principal: Principal, wishes: MysqlWishes, signal: AbortSignal): Promise<MysqlConnection>
  /**
   * Stops what the server runs on a connection that `connect` gave for the same principal, by its id at the server.
   * Resolves when the server has taken note. Rejects with `database-…`.
   */
  kill(principal: Principal, connectionId: number, kind: KillKind): Promise<void>
}

/** All that a MySQL session needs of the rest of the gate. */
export interface MysqlRooms extends SqlRooms {
  /** The target of a name; undefined where there is none of this engine. */
  target(name: string): MysqlTarget | undefined
  readonly parser: Pick<QueryParser, 'parse'>
}

/** What a session begins with. The client is told that it is in when `open` has resolved. */
export interface MysqlSessionStart {
  readonly principal: Principal
  readonly facts: ClientFacts
  readonly client: Source<ClientReader>
  /** What was agreed on with the client; the server's (`connection.capabilities`) are of the same form. */
  readonly capabilities: number
  /** What the client calls the database: `USE` of it, and COM_INIT_DB, is of the same one. */
  readonly database: string
  readonly connection: MysqlConnection
  readonly target: MysqlTarget
  /** The gate's id of this connection, which the client knows it by. */
  readonly connectionId: number
  /**
   * Kills by an id of the gate: `KILL`, COM_PROCESS_KILL. It is done for connections of the same principal alone;
   * `unknown` says of all others nothing else than of ids that nobody has. Rejects with `database-…`.
   */
  kill(connectionId: number, kind: KillKind): Promise<'done' | 'unknown'>
  /** LOAD DATA LOCAL INFILE may be let through. */
  readonly localFiles: boolean
}

/** How a session ended. */
export type MysqlSessionEnd =
  | { readonly kind: 'gone' }
  /** The client wants to be somebody else: the server was left, and the client waits for an answer to this packet. */
  | { readonly kind: 'change-user'; readonly command: ChangeUser; readonly packet: Packet }

/** One client on one connection of the server, from its first command to its last. */
export interface MysqlSession {
  /**
   * Reads what names mean, before the client is told that it is in. Rejects with `GateError`s: the server is left then, and the
   * client waits to be told.
   */
  open(): Promise<void>
  /** Runs until one side is gone, or the client comes anew. Never rejects; the server is left in any case. */
  run(): Promise<MysqlSessionEnd>
  /** Whether the server runs something for the client now: only then does a kill of the query have something to stop. */
  readonly runs: boolean
  /** Whether it is at something: a command that is read, held for people, or run. */
  readonly isBusy: boolean
  /** Whether it is at nothing, and no transaction is open. */
  readonly isAtRest: boolean
  /** Sends nothing more before this has settled, either way: it could be stopped in the place of what runs now. */
  holdBack(until: Promise<unknown>): void
  /** Ends the session: the client is told why, the server left, and what it is at killed. */
  fail(error: GateError): void
}

/** Makes the session of a client that came in. */
export type OpenMysqlSession = (start: MysqlSessionStart, rooms: MysqlRooms) => MysqlSession
