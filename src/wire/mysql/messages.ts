import type { Redacted } from '../../core/redacted.ts'

/*
 * The packets of MySQL's protocol 10, read. Nothing in them has been verified or decided.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/PAGE_PROTOCOL.html
 *
 * Text is what was sent, valid UTF-8. Buffers are parts of the packet's own bytes and not copies, but for what is
 * redacted: nobody may write to them. SQL is bytes, since its character set is a matter of the session.
 */

/** A name and its value, in the order that they were sent in. */
export type Attribute = readonly [name: string, value: string]

/** What a server says first. */
export interface Handshake {
  readonly version: string
  readonly connectionId: number
  /** 20 random bytes, none of them zero; what a proof of a password is bound to. */
  readonly challenge: Buffer
  /** What the server can do: 32 bits without a sign. */
  readonly capabilities: number
  /** MariaDB's further capabilities; 0 for MySQL. */
  readonly extended: number
  /** Id of a collation. */
  readonly collation: number
  readonly status: number
  /** The plugin that the server would like to authenticate with. */
  readonly plugin: string
}

/** A client's request for TLS; it answers the handshake in full once TLS is there. */
export interface TlsRequest {
  readonly kind: 'tls-request'
  readonly capabilities: number
  readonly mostPacketBytes: number
  readonly collation: number
}

/** A client's answer to the handshake. */
export interface HandshakeResponse {
  readonly kind: 'handshake-response'
  /** What the client wants to be agreed on: 32 bits without a sign. */
  readonly capabilities: number
  readonly mostPacketBytes: number
  readonly collation: number
  readonly user: string
  /** The first step of the plugin. */
  readonly proof: Redacted<Buffer>
  readonly database: string | undefined
  readonly plugin: string
  readonly attributes: readonly Attribute[]
}

/** What a server says of a client's proof, beside OK and ERR. */
export type AuthenticationReply =
  | { readonly kind: 'auth-switch'; readonly plugin: string; readonly challenge: Buffer }
  | { readonly kind: 'auth-more'; readonly data: Buffer }

/** A type of a parameter or column: https://dev.mysql.com/doc/dev/mysql-server/latest/field__types_8h.html */
export interface ValueType {
  readonly type: number
  readonly unsigned: boolean
}

/** A value in the binary protocol: bytes as the type has them, without length; null for NULL. */
export type Value = Buffer | null

/** A parameter of a statement. */
export interface Parameter {
  readonly type: ValueType
  /** Given with query attributes; empty for the statement's own parameters. */
  readonly name: string
  /** Undefined if it was sent by COM_STMT_SEND_LONG_DATA before. */
  readonly value: Value | undefined
}

export interface ChangeUser {
  readonly kind: 'change-user'
  readonly user: string
  readonly proof: Redacted<Buffer>
  readonly database: string
  readonly collation: number
  readonly plugin: string
  readonly attributes: readonly Attribute[]
}

export interface StatementExecute {
  readonly kind: 'stmt-execute'
  readonly statement: number
  /** 0 none, 1 read-only cursor; 8: the number of parameters is given. */
  readonly flags: number
  /** Whether the types are in the packet; otherwise those of the last time count. */
  readonly typed: boolean
  readonly parameters: readonly Parameter[]
}

/** What a client asks for. */
export type Command =
  | { readonly kind: 'quit' | 'statistics' | 'debug' | 'ping' | 'reset-connection' }
  | { readonly kind: 'init-db'; readonly database: string }
  | { readonly kind: 'query'; readonly attributes: readonly Parameter[]; readonly sql: Buffer }
  | { readonly kind: 'field-list'; readonly table: string; readonly wildcard: string }
  | { readonly kind: 'process-kill'; readonly connectionId: number }
  | ChangeUser
  | { readonly kind: 'stmt-prepare'; readonly sql: Buffer }
  | StatementExecute
  | {
      readonly kind: 'stmt-send-long-data'
      readonly statement: number
      readonly parameter: number
      readonly data: Buffer
    }
  | { readonly kind: 'stmt-close' | 'stmt-reset'; readonly statement: number }
  | { readonly kind: 'stmt-fetch'; readonly statement: number; readonly rows: number }
  /** An execution of a statement that was not prepared, or was closed: its parameters cannot be read. */
  | { readonly kind: 'stmt-unknown'; readonly statement: number }
  /** Several statements in one: 0 on, 1 off. */
  | { readonly kind: 'set-option'; readonly option: number }
  /** One that never passes: replication, shutdown, clone, what MariaDB added; to be denied by its name. */
  | { readonly kind: 'other'; readonly code: number; readonly name: string }

/** A change of the session's state that an OK tells of. */
export interface SessionChange {
  /** 0 system variables, 1 schema, 2 state, 3 GTIDs, 4 and 5 the transaction. */
  readonly type: number
  readonly data: Buffer
}

export interface Ok {
  readonly kind: 'ok'
  readonly affectedRows: bigint
  readonly lastInsertId: bigint
  readonly status: number
  readonly warnings: number
  /** Undefined where the field is absent. */
  readonly info: string | undefined
  readonly changes: readonly SessionChange[]
}

export interface Failure {
  readonly kind: 'error'
  readonly code: number
  /** Five characters; undefined before capabilities are agreed on. */
  readonly sqlstate: string | undefined
  readonly message: string
}

export interface Eof {
  readonly kind: 'eof'
  readonly warnings: number
  readonly status: number
}

/** A column of a result, or a parameter of a prepared statement. */
export interface Column {
  /** Database. */
  readonly schema: string
  /** The table's alias. */
  readonly table: string
  /** The table itself; empty for expressions. */
  readonly originalTable: string
  /** The column's alias. */
  readonly name: string
  readonly originalName: string
  /** Id of a collation; 63 for bytes. */
  readonly collation: number
  readonly length: number
  readonly type: number
  readonly flags: number
  readonly decimals: number
  /** In the answer to COM_FIELD_LIST only: the default value, or null; undefined elsewhere. */
  readonly defaultValue: Value | undefined
}

export interface Prepared {
  readonly kind: 'prepared'
  readonly statement: number
  readonly columns: number
  readonly parameters: number
  readonly warnings: number
}
