/** What MySQL's lexer makes of a text; https://dev.mysql.com/doc/refman/8.4/en/language-structure.html */
export type TokenKind =
  /** A keyword or a name without quotes. */
  | 'word'
  /** A name in backticks, or in double quotes under ANSI_QUOTES. */
  | 'name'
  /** Text in quotes, with what stands before them (`N`, `_utf8mb4`) as a word of its own. */
  | 'string'
  /** A decimal number. */
  | 'number'
  /** `0x…`, `x'…'`, `0b…`, `b'…'`. */
  | 'bytes'
  /** `@name`. */
  | 'variable'
  /** `@@name`, the scope left with it. */
  | 'system-variable'
  /** `?` of a prepared statement. */
  | 'parameter'
  | 'operator'
  /** `;` */
  | 'end'

export interface Token {
  readonly kind: TokenKind
  /** As it was written. */
  readonly text: string
  /** What it says: a name or a string without quotes and escapes; a word as it was written. */
  readonly value: string
  /** Its place in the text, in UTF-16 units. */
  readonly start: number
  readonly end: number
}

/** How a server reads texts now; both hang on the session's sql_mode, and MariaDB is not MySQL in all. */
export interface Dialect {
  readonly mariadb: boolean
  /** `"` quotes names. */
  readonly ansiQuotes: boolean
  /** `\` in a string is itself. */
  readonly noBackslashEscapes: boolean
  /**
   * Comments that every server executes (`/*!40101 … *\/`, of versions up to 5.0.99) are read as what they execute; others of
   * their kind are refused in any case. Absent: all are refused.
   */
  readonly readsVersionComments?: boolean
}

/** What the lexer found. */
export type Lexed =
  | { readonly kind: 'tokens'; readonly tokens: readonly Token[] }
  /** Nothing can be said of it; in prose. */
  | { readonly kind: 'refused'; readonly reason: string; readonly at: number }
