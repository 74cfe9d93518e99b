import {
  ANY_COLUMN,
  type Lineage,
  type SessionEffect,
  type SqlAction,
  type SqlObject,
  type SqlStatement,
  type Touch,
  Unresolved,
} from '../model.ts'
import type { Session } from './analyse/analysis.ts'
import type { Token } from './lex/token.ts'

export const ANYTHING: Lineage = new Set([ANY_COLUMN])

/** A statement that reads nothing which its words do not say. */
export function plain(
  tag: string,
  touches: readonly Touch[],
  effects: readonly SessionEffect[] = [],
): SqlStatement {
  return { tag, touches, functions: new Set(), inferred: new Set(), copied: new Set(), effects }
}

export function touched(action: SqlAction, object: SqlObject = { kind: 'database', name: '*' }): Touch {
  return { action, object, columns: new Set() }
}

/** A name that stands at a place, and how many words it takes. Throws `Unresolved`. */
export function pathAt(
  tokens: readonly Token[],
  at: number,
  { database }: Session,
): { readonly schema?: string; readonly name: string; readonly length: number } {
  const [first, dot, second] = tokens.slice(at, at + 3)
  if (first === undefined || (first.kind !== 'word' && first.kind !== 'name')) {
    throw new Unresolved('no name stands where the words want one')
  }
  const isQualified = dot?.kind === 'operator' && dot.text === '.' && second !== undefined
  const schema = isQualified ? first.value : database
  const path = { name: isQualified ? second.value : first.value, length: isQualified ? 3 : 1 }
  return schema === undefined ? path : { ...path, schema }
}
