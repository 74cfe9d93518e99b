import type { Redacted } from '../../core/redacted.ts'

/*
 * The messages of PostgreSQL's protocol 3, read. Nothing in them has been verified or decided.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 *
 * Text is what was sent, valid UTF-8 and without zero bytes. Buffers are parts of the message's own bytes
 * and not copies: nobody may write to them.
 */

/** The version of the protocol that a startup packet asks for: 3 and 0, or 3 and 2. */
export interface PostgresVersion {
  readonly major: number
  readonly minor: number
}

/** A name and its value, in the order that they were sent in. Names are unique. */
export type Setting = readonly [name: string, value: string]

/** What comes before the first message with a type: on a new connection, or after TLS began. */
export type StartupPacket =
  | {
      readonly kind: 'startup'
      readonly version: PostgresVersion
      /** `user`, `database`, `replication`, `options`, settings, and `_pq_.…` extensions of the protocol. */
      readonly parameters: readonly Setting[]
    }
  | { readonly kind: 'ssl-request' }
  | { readonly kind: 'gss-request' }
  | { readonly kind: 'cancel'; readonly key: CancelKey }

/** What lets its holder cancel the queries of a session. */
export interface CancelKey {
  readonly processId: number
  /** 4 bytes with protocol 3.0, 4 to 256 with 3.2. */
  readonly secret: Redacted<Buffer>
}

/** 0 text, 1 binary. */
export type Format = 0 | 1

/** One format for all, one for each, or none: text for all. */
export type Formats = readonly Format[]

/** A value in its format, or NULL. */
export type Value = Buffer | null

/** Whether a Describe or Close means a prepared statement or a portal. */
export type Handle = 'S' | 'P'

export interface Query {
  readonly kind: 'query'
  readonly sql: string
}

export interface Parse {
  readonly kind: 'parse'
  /** Name of the prepared statement; empty for the unnamed one. */
  readonly statement: string
  readonly sql: string
  /** OIDs of the parameters' types; 0 for what the server shall infer. May be fewer than the parameters. */
  readonly types: readonly number[]
}

export interface Bind {
  readonly kind: 'bind'
  readonly portal: string
  readonly statement: string
  readonly formats: Formats
  readonly parameters: readonly Value[]
  readonly resultFormats: Formats
}

export interface FunctionCall {
  readonly kind: 'function-call'
  readonly oid: number
  readonly formats: Formats
  readonly parameters: readonly Value[]
  readonly resultFormat: Format
}

/** What a client sends after the startup packet. */
export type FrontendMessage =
  | Query
  | Parse
  | Bind
  | { readonly kind: 'describe'; readonly handle: Handle; readonly name: string }
  | { readonly kind: 'execute'; readonly portal: string; readonly maxRows: number }
  | { readonly kind: 'close'; readonly handle: Handle; readonly name: string }
  | FunctionCall
  /** A password or a step of SASL or GSS: what was asked for says which; see `authentication.ts`. */
  | { readonly kind: 'authentication'; readonly data: Redacted<Buffer> }
  | CopyData
  | { readonly kind: 'copy-fail'; readonly reason: string }
  | { readonly kind: 'copy-done' | 'flush' | 'sync' | 'terminate' }

/** Data of COPY; where its pieces begin and end has no meaning. */
export interface CopyData {
  readonly kind: 'copy-data'
  readonly data: Buffer
}

/** What the server wants next from a client that connects, or that it is content. */
export type Authentication =
  | { readonly kind: 'authentication'; readonly method: 'ok' | 'kerberos' | 'cleartext' | 'gss' | 'sspi' }
  | { readonly kind: 'authentication'; readonly method: 'md5'; readonly salt: Buffer }
  | { readonly kind: 'authentication'; readonly method: 'sasl'; readonly mechanisms: readonly string[] }
  | {
      readonly kind: 'authentication'
      readonly method: 'sasl-continue' | 'sasl-final' | 'gss-continue'
      readonly data: Buffer
    }

/** A column of a result. */
export interface Column {
  readonly name: string
  /** OID of the table, or 0: lost through expressions, UNION, functions; a view reports its own. */
  readonly table: number
  /** Number of the attribute in that table, or 0. */
  readonly attribute: number
  /** OID of the type. */
  readonly type: number
  /** `pg_type.typlen`: negative for types of variable width. */
  readonly typeSize: number
  readonly typeModifier: number
  /** Always text in the answer to a Describe of a statement, whatever Bind asks for later. */
  readonly format: Format
}

/**
 * Fields of an error or notice by their letters, in their order: `S` severity, `V` severity untranslated, `C`
 * SQLSTATE, `M` message, `D` detail, `H` hint, `P` position, …
 * https://www.postgresql.org/docs/current/protocol-error-fields.html
 */
export type Fields = readonly (readonly [letter: string, text: string])[]

/** The state of the session's transaction: idle, in a transaction, in one that failed. */
export type TransactionState = 'I' | 'T' | 'E'

export interface RowDescription {
  readonly kind: 'row-description'
  readonly columns: readonly Column[]
}

export interface DataRow {
  readonly kind: 'data-row'
  readonly values: readonly Value[]
}

export interface CopyResponse {
  readonly kind: 'copy-in-response' | 'copy-out-response' | 'copy-both-response'
  readonly format: Format
  readonly columnFormats: Formats
}

/** What a server sends after the answer to a request for encryption. */
export type BackendMessage =
  | Authentication
  | { readonly kind: 'backend-key'; readonly key: CancelKey }
  | { readonly kind: 'parameter-status'; readonly name: string; readonly value: string }
  | { readonly kind: 'ready'; readonly state: TransactionState }
  | RowDescription
  | DataRow
  | CopyResponse
  | CopyData
  | { readonly kind: 'command-complete'; readonly tag: string }
  | { readonly kind: 'error' | 'notice'; readonly fields: Fields }
  | {
      readonly kind: 'notification'
      readonly processId: number
      readonly channel: string
      readonly payload: string
    }
  | { readonly kind: 'parameter-description'; readonly types: readonly number[] }
  | { readonly kind: 'function-result'; readonly value: Value }
  | {
      readonly kind: 'negotiate-version'
      /** The newest version that the server speaks of the major one that was asked for. */
      readonly version: PostgresVersion
      /** Names of the `_pq_.…` parameters that the server does not know. */
      readonly unknown: readonly string[]
    }
  | { readonly kind: BareReply }

/** Replies that say all by their type. */
export type BareReply =
  | 'parse-complete'
  | 'bind-complete'
  | 'close-complete'
  | 'no-data'
  | 'portal-suspended'
  | 'empty-query'
  | 'copy-done'
