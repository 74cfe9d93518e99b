import type { SqlAction } from '../model.ts'

/** What a statement is, by its leading words. */
export type Kind =
  /** The grammar reads it. */
  | { readonly kind: 'query' }
  /** The words say what it does, and to what kind of thing. */
  | {
      readonly kind: 'command'
      readonly action: SqlAction
      readonly tag: string
      readonly object: Named
      /** How many words that are. */
      readonly end: number
    }
  /** `telling`: what it shows may quote values of any column. */
  | { readonly kind: 'show'; readonly tag: string; readonly isTelling: boolean }
  /** A command with a query in it, from `query` on: a table or view that is made of it. */
  | {
      readonly kind: 'making'
      readonly tag: 'CREATE TABLE' | 'CREATE VIEW'
      /** How many words stand before the name. */
      readonly end: number
      readonly query: number
    }
  | { readonly kind: 'call' | 'do' | 'prepare' | 'execute' | 'deallocate' | 'kill' | 'load' | 'table' }
  | { readonly kind: 'set' }
  | { readonly kind: 'explain'; readonly from: number }
  /** Whatever it may be. */
  | { readonly kind: 'unknown' }

/** What stands behind the words: names of relations, of a database, of a routine, or nothing that is read there. */
export type Named = 'relations' | 'schema' | 'routine' | 'nothing'
