import type { Node } from 'libpg-query'

/** What a text is to the parser. */
export type Parsed =
  | { readonly kind: 'statements'; readonly statements: readonly ParsedStatement[] }
  /** PostgreSQL's own grammar does not take it. */
  | { readonly kind: 'syntax-error'; readonly message: string; readonly position: number }
  /** Beyond a limit of the gate, in prose. */
  | { readonly kind: 'too-complex'; readonly reason: string }

/** One statement of a text. */
export interface ParsedStatement {
  /** Its own text, without the semicolon behind it. */
  readonly text: string
  readonly tree: Node
  /** Equal for statements that differ in constants alone; 16 hex digits, by pg_query. */
  readonly fingerprint: string
  /** The text with `$1`, `$2` … for its constants. */
  readonly normalized: string
}
