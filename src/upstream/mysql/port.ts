import type { Socket } from 'node:net'
import type { Redacted } from '../../core/redacted.ts'
import type { Attribute } from '../../wire/mysql/messages.ts'
import type { ServerReader } from '../../wire/mysql/reader.ts'

/** A database server, and how to come to it. */
export interface MysqlPlace {
  readonly host: string
  readonly port: number
  /**
   * `verify`: TLS, with the host's name in a certificate of one of these authorities (PEM; absent: the system's).
   * `none`: in the clear, for a server on the same machine.
   */
  readonly tls:
    | { readonly kind: 'verify'; readonly ca?: string; readonly name?: string }
    | { readonly kind: 'none' }
}

/** As whom, to what, and which form packets shall have. */
export interface MysqlLogin extends MysqlWishes {
  readonly user: string
  readonly database: string
  /** Asked for when the server wants it; a token may be good for one use. */
  readonly password: () => Promise<Redacted>
}

/** What a client agreed on with the gate, and the server must agree on too: then packets go on by their bytes. */
export interface MysqlWishes {
  /** Of `wire/mysql/capabilities.ts`; what concerns authentication and TLS counts for nothing here. */
  readonly capabilities: number
  /** Id of the collation that the client's texts are in; its character set is one that the gate reads. */
  readonly collation: number
  /** What the client says of itself: recorded by the server, and unverified. */
  readonly attributes: readonly Attribute[]
}

export type MysqlProduct = 'mysql' | 'mariadb'

/** A connection on which the server waits for a command. */
export interface MysqlConnection {
  readonly socket: Socket
  /** Has nothing left; call `expect` before each answer. */
  readonly reader: ServerReader
  /** What was agreed on with the server: the same as with the client wherever the form of packets hangs on it. */
  readonly capabilities: number
  /** As the server says it: `8.0.36`, `10.11.6-MariaDB-0+deb12u1` (without the `5.5.5-` that MariaDB puts before it). */
  readonly version: string
  readonly product: MysqlProduct
  /** The server's own id; clients see another one. */
  readonly connectionId: number
  /** `STATUS` of `wire/mysql/capabilities.ts`, as the server last said it. */
  readonly status: number
  /** Variables of the session as they stood when it began, read on the connection itself: `READ_VARIABLES`. */
  readonly variables: ReadonlyMap<ReadVariable, string>
}

/** What is read of the session before its first command, by the names of variables. */
export const READ_VARIABLES = [
  'sql_mode',
  'character_set_client',
  'character_set_connection',
  'character_set_results',
  'collation_connection',
  'lower_case_table_names',
  'max_allowed_packet',
  'local_infile',
] as const

export type ReadVariable = (typeof READ_VARIABLES)[number]

export interface MysqlConnectOptions {
  readonly timeoutMs: number
  readonly signal?: AbortSignal
}
