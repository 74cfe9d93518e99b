/** What the reader of PostgreSQL messages takes at most. Beyond: the code that is named, for clients and replies. */
export interface PostgresLimits {
  /** Bytes of a startup packet, as PostgreSQL itself. Beyond: `postgres-message-too-large`. */
  readonly startupBytes: number
  /** Bytes of a password or a step of SASL or GSS. Beyond: `postgres-message-too-large`. */
  readonly authenticationBytes: number
  /** Bytes of a Query or Parse. Beyond: `postgres-message-too-large`. */
  readonly statementBytes: number
  /** Bytes of a Bind or FunctionCall. Beyond: `postgres-message-too-large`. */
  readonly bindBytes: number
  /** Bytes of every other message of a client but CopyData. Beyond: `postgres-message-too-large`. */
  readonly controlBytes: number
  /** Bytes of every message of a server but DataRow and CopyData. Beyond: `postgres-reply-too-large`. */
  readonly replyBytes: number
  /** Bytes of a DataRow or CopyData that passes in pieces. Beyond: `…-too-large`. */
  readonly dataBytes: number
  /** Bytes of a DataRow or CopyData that is to be held whole, to be masked. Beyond: `…-too-large`. */
  readonly heldBytes: number
  /** A DataRow or CopyData of more bytes than this passes in pieces, unless it is to be held whole. */
  readonly windowBytes: number
  /** Parameters of a startup packet. Beyond: `postgres-too-many-values`. */
  readonly startupParameters: number
  /** Parameters of a Parse, Bind, FunctionCall, ParameterDescription. Beyond: `postgres-too-many-values`. */
  readonly parameters: number
  /** Columns of a result or of COPY. Beyond: `postgres-too-many-values`, `postgres-reply-too-wide`. */
  readonly columns: number
  /** Fields of an error or notice, mechanisms, options. Beyond: `postgres-reply-too-wide`. */
  readonly fields: number
  /** Bytes of the name of a prepared statement or portal. Beyond: `postgres-name-too-long`. */
  readonly nameBytes: number
  /** Bytes of the names of columns, settings, channels. Beyond: `postgres-name-too-long`, `…-reply-malformed`. */
  readonly labelBytes: number
}

/**
 * PostgreSQL's own limits where it has them. `nameBytes` is not a matter of taste: the server keeps the first
 * 63 bytes of a statement's or portal's name, so that two longer names may be one there and two at the gate.
 */
export const POSTGRES_LIMITS: PostgresLimits = Object.freeze({
  startupBytes: 10_000,
  authenticationBytes: 65_535,
  statementBytes: 16 * 1024 * 1024,
  bindBytes: 64 * 1024 * 1024,
  controlBytes: 64 * 1024,
  replyBytes: 4 * 1024 * 1024,
  dataBytes: 0x3fff_ffff,
  heldBytes: 64 * 1024 * 1024,
  windowBytes: 256 * 1024,
  startupParameters: 100,
  parameters: 65_535,
  columns: 1_664,
  fields: 64,
  nameBytes: 63,
  labelBytes: 1_024,
})
