import { type Output, type SchemaCatalog, type Touch, Unresolved } from '../../model.ts'
import { mergedTouches, touchesOf } from '../../touches.ts'
import type { Token } from '../lex/token.ts'
import { canonical } from '../parse/canonical.ts'
import type { QueryParser } from '../parse/parser.ts'
import { checkAgreement } from './agree.ts'
import { Analysis, type Readers, type ReadQuery, type Session } from './analysis.ts'
import { expressionLineage } from './expression.ts'
import { lockAll, queryColumns } from './query.ts'
import { type Columns, TOP } from './scope.ts'
import { Tree, variantOf } from './tree.ts'
import { deleteColumns, insertColumns, updateColumns } from './write.ts'

const READERS: Readers = { expression: expressionLineage, query: queryColumns }

/** A query or a change, understood. */
export interface QueryMeaning {
  readonly analysis: Analysis
  readonly touches: readonly Touch[]
  /** Absent for a change without RETURNING. */
  readonly output?: Output
}

/** The grammar's tree of a query or change. Rejects with `Unresolved` if it has none, and with `GateError` if it is gone. */
export async function readQuery(
  tokens: readonly Token[],
  parser: Pick<QueryParser, 'parse'>,
): Promise<ReadQuery> {
  const text = canonical(withoutModifiers(tokens))
  const read = await parser.parse(text.sql)
  if (read.kind === 'tree') return { canonical: text, tree: read.tree, isLocking: hasShareLock(tokens) }
  throw new Unresolved(
    read.kind === 'too-complex'
      ? read.reason
      : `the gate's grammar does not know the statement: ${read.message}`,
  )
}

/** What a query or change does. Throws `Unresolved` where that cannot be told in full. */
export function understandQuery(
  { canonical: text, tree, isLocking }: ReadQuery,
  catalog: SchemaCatalog,
  session: Session,
): QueryMeaning {
  const analysis = new Analysis(catalog, session, READERS)
  const read = new Tree(text)
  const columns = statementColumns(tree, { analysis, tree: read, scope: TOP })
  checkAgreement(read)
  if (isLocking) lockAll(analysis)
  return {
    analysis,
    touches: mergedTouches([...analysis.touches, ...touchesOf(analysis.seen)]),
    ...(columns === undefined ? {} : { output: { columns } }),
  }
}

type StatementPlace = Parameters<typeof queryColumns>[1]

function statementColumns(node: unknown, place: StatementPlace): Columns | undefined {
  const { tag, body } = variantOf(node)
  const first = place.tree.canonical.tokens.find(({ text }) => text !== '(')?.text.toUpperCase() ?? ''
  const words: readonly string[] | undefined = WORDS[tag]
  if (words === undefined || !words.includes(first)) {
    throw new Unresolved(`the grammar reads ${tag} where the text begins with \`${first}\``)
  }
  if (tag === 'Insert') return insertColumns(body, place)
  if (tag === 'Update') return updateColumns(body, place)
  if (tag === 'Delete') return deleteColumns(body, place)
  return queryColumns(body, place)
}

const WORDS: Readonly<Record<string, readonly string[]>> = {
  Query: ['SELECT', 'WITH', 'VALUES'],
  Insert: ['INSERT', 'REPLACE'],
  Update: ['UPDATE'],
  Delete: ['DELETE'],
}

/** Words behind the first that say how, not what, and that the grammar does not know. */
const MODIFIERS: ReadonlySet<string> = new Set([
  'LOW_PRIORITY',
  'HIGH_PRIORITY',
  'DELAYED',
  'QUICK',
  'IGNORE',
])
const CHANGES: ReadonlySet<string> = new Set(['INSERT', 'REPLACE', 'UPDATE', 'DELETE'])
const PHRASES: readonly (readonly string[])[] = [
  ['WITH', 'ROLLUP'],
  ['LOCK', 'IN', 'SHARE', 'MODE'],
]

function withoutModifiers(tokens: readonly Token[]): readonly Token[] {
  const kept: Token[] = []
  let isHead = CHANGES.has(wordOf(tokens[0]))
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]
    if (token === undefined) break
    if (i > 0 && isHead) {
      if (MODIFIERS.has(wordOf(token))) continue
      isHead = false
    }
    const phrase = PHRASES.find(words => words.every((word, at) => wordOf(tokens[i + at]) === word))
    if (phrase === undefined) kept.push(token)
    else i += phrase.length - 1
  }
  return kept
}

function wordOf(token: Token | undefined): string {
  return token?.kind === 'word' ? token.text.toUpperCase() : ''
}

/** LOCK IN SHARE MODE, which the grammar does not know; LOCK is reserved. */
function hasShareLock(tokens: readonly Token[]): boolean {
  return tokens.some((token, i) => wordOf(token) === 'LOCK' && wordOf(tokens[i + 1]) === 'IN')
}
