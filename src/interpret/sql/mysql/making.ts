import type { Kind } from './kind.ts'
import type { Token } from './lex/token.ts'
import { wordOf } from './split.ts'
import { HOLDS_QUERY, holdsMore, matched } from './words.ts'

/** How far behind the first word VIEW stands: its options are between them. */
const HEAD = 16

const MADE: readonly (readonly [string, 'CREATE TABLE' | 'CREATE VIEW'])[] = [
  ['CREATE ?OR ?REPLACE ?TEMPORARY TABLE ?IF ?NOT ?EXISTS', 'CREATE TABLE'],
  ['CREATE ?OR ?REPLACE VIEW ?IF ?NOT ?EXISTS', 'CREATE VIEW'],
]

/** A table or view that is made of a query. What stands between its name and the query holds none. */
export function made(tokens: readonly Token[]): Kind | undefined {
  const plain = withoutViewOptions(tokens)
  if (plain === undefined) return undefined
  for (const [pattern, tag] of MADE) {
    const end = matched(pattern, plain)
    if (end === undefined) continue
    const query = queryFrom(plain, end)
    if (query === undefined || holdsMore(plain.slice(end, query), 'CREATE')) return undefined
    const skipped = tokens.length - plain.length
    return { kind: 'making', tag, end: end + skipped, query: query + skipped }
  }
  return undefined
}

/** `ALGORITHM = …`, `DEFINER = a@b`, `SQL SECURITY …` before VIEW: whose rights count is the server's matter. */
function withoutViewOptions(tokens: readonly Token[]): readonly Token[] | undefined {
  const view = tokens.slice(0, HEAD).findIndex(token => wordOf(token) === 'VIEW')
  if (wordOf(tokens[0]) !== 'CREATE' || view === -1) return tokens
  const head = tokens.slice(0, view)
  if (head.some(({ kind, text }) => kind === 'end' || text === '(' || HOLDS_QUERY.has(text.toUpperCase())))
    return undefined
  const isReplacing = wordOf(head[1]) === 'OR' && wordOf(head[2]) === 'REPLACE'
  return [...head.slice(0, isReplacing ? 3 : 1), ...tokens.slice(view)]
}

/** Where a query begins outside of brackets, or as the first thing in them. */
function queryFrom(tokens: readonly Token[], from: number): number | undefined {
  let depth = 0
  for (let i = from; i < tokens.length; i++) {
    const { kind, text } = tokens[i] ?? { kind: 'end', text: '' }
    if (depth === 0 && beginsQuery(tokens, i)) return i
    if (kind === 'operator' && text === '(') depth += 1
    if (kind === 'operator' && text === ')') depth -= 1
  }
  return undefined
}

function beginsQuery(tokens: readonly Token[], from: number): boolean {
  let at = from
  while (tokens[at]?.kind === 'operator' && tokens[at]?.text === '(') at += 1
  return HOLDS_QUERY.has(wordOf(tokens[at]))
}
