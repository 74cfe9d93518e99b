import type { Node } from 'libpg-query'
import type { NormalForm } from '../../normal-form.ts'

/** What a text is to the parser. */
export type Parsed =
  | {
      readonly kind: 'statements'
      readonly statements: readonly ParsedStatement[]
      /** Of the whole text; absent where it was not parsed as one. */
      readonly normalized?: NormalForm
    }
  /** PostgreSQL's own grammar does not take it. `message` may quote the text; its words are told apart all the same. */
  | {
      readonly kind: 'syntax-error'
      readonly message: string
      readonly position: number
      readonly normalized?: NormalForm
    }
  /** Beyond a limit of the gate, in prose. */
  | { readonly kind: 'too-complex'; readonly reason: string }

/** One statement of a text. */
export interface ParsedStatement {
  /** Its own text, without the semicolon behind it. */
  readonly text: string
  readonly tree: Node
}
