import type { Socket } from 'node:net'
import type { Redacted } from '../../core/redacted.ts'
import type { CancelKey, Setting, TransactionState } from '../../wire/postgres/messages.ts'
import type { BackendReader } from '../../wire/postgres/reader.ts'

/** A database server, and how to come to it. */
export interface PostgresPlace {
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

/** As whom, and to what. */
export interface PostgresLogin {
  readonly user: string
  readonly database: string
  /** Asked for when the server wants it; a token may be good for one use. */
  readonly password: () => Promise<Redacted>
  /** Settings of the client (`application_name`, `options`, …), and nothing that names a user or a database. */
  readonly settings: readonly Setting[]
}

/** A connection on which the server is ready for a query. */
export interface PostgresConnection {
  readonly socket: Socket
  /** Has what came behind the greeting, if anything did. */
  readonly reader: BackendReader
  /** What the server reported: `server_version`, `standard_conforming_strings`, `client_encoding` … */
  readonly parameters: ReadonlyMap<string, string>
  /** Absent where the server gave none. */
  readonly cancelKey?: CancelKey
  readonly state: TransactionState
}

export interface ConnectOptions {
  readonly timeoutMs: number
  /** Fresh, strong bytes. */
  readonly random: { bytes(length: number): Buffer }
  readonly signal?: AbortSignal
}
