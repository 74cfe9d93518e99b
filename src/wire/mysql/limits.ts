/** What the reader of MySQL's packets takes at most. Beyond: the code that is named, for clients and replies. */
export interface MysqlLimits {
  /** Bytes of a packet before a session has begun, or that authenticates. Beyond: `mysql-message-too-large`. */
  readonly handshakeBytes: number
  /** Bytes of a command, all its parts together. Beyond: `mysql-message-too-large`. */
  readonly commandBytes: number
  /** Bytes of every packet of a server but rows. Beyond: `mysql-reply-too-large`. */
  readonly replyBytes: number
  /** Bytes of a row that passes in pieces. Beyond: `mysql-reply-too-large`. */
  readonly rowBytes: number
  /** Bytes of a row that is to be held whole, to be masked. Beyond: `mysql-reply-too-large`. */
  readonly heldBytes: number
  /** A row of more bytes than this passes in pieces, unless it is to be held whole. */
  readonly windowBytes: number
  /** Parameters of a statement. Beyond: `mysql-too-many-values`. */
  readonly parameters: number
  /** Columns of a result. Beyond: `mysql-reply-too-wide`. */
  readonly columns: number
  /** Attributes of a connection, changes of a session. Beyond: `mysql-too-many-values`, `mysql-reply-too-wide`. */
  readonly entries: number
  /** Bytes of the names of users, databases, tables, columns, plugins. Beyond: `mysql-name-too-long`. */
  readonly nameBytes: number
}

/** MySQL's own limits where it has them: names of 64 characters, aliases of 256, packets of 64 MiB by default. */
export const MYSQL_LIMITS: MysqlLimits = Object.freeze({
  handshakeBytes: 64 * 1024,
  commandBytes: 64 * 1024 * 1024,
  replyBytes: 4 * 1024 * 1024,
  rowBytes: 0x4000_0000,
  heldBytes: 64 * 1024 * 1024,
  windowBytes: 256 * 1024,
  parameters: 65_535,
  columns: 4_096,
  entries: 512,
  nameBytes: 1_024,
})
