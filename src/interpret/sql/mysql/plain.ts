import {
  ANY_COLUMN,
  type Lineage,
  type SchemaCatalog,
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

/** What names are looked for in. */
export interface NamePlace {
  readonly catalog: SchemaCatalog
  readonly session: Session
}

/**
 * A relation as the catalog has it, for a policy knows it by that name alone. One that is not there yet is called as it will be:
 * in lower case, unless the server tells names apart by it.
 */
export function relationOf(
  { schema, name }: { readonly schema?: string; readonly name: string },
  { catalog, session }: NamePlace,
): SqlObject {
  if (schema === undefined) return { kind: 'relation', name }
  const [of, called] = session.isCaseSensitive ? [schema, name] : [schema.toLowerCase(), name.toLowerCase()]
  const found = catalog.relation(of, called)
  return { kind: 'relation', schema: found?.schema ?? of, name: found?.name ?? called }
}

/** A procedure or function, as the catalog has it: servers find them without regard to case. */
export function routineOf(
  { schema, name }: { readonly schema: string; readonly name: string },
  { catalog }: Pick<NamePlace, 'catalog'>,
): SqlObject & { readonly schema: string } {
  const [found] = catalog.functions(schema, name)
  return { kind: 'function', schema: found?.schema ?? schema, name: found?.name ?? name }
}
