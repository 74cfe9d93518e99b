import type { Kind } from './kind.ts'
import type { Token } from './lex/token.ts'
import { wordOf } from './split.ts'
import { HOLDS_QUERY, holdsMore, matched } from './words.ts'

const MADE: readonly (readonly [string, 'CREATE TABLE' | 'CREATE VIEW'])[] = [
  ['CREATE ?OR ?REPLACE ?TEMPORARY TABLE ?IF ?NOT ?EXISTS', 'CREATE TABLE'],
  ['CREATE ?OR ?REPLACE VIEW ?IF ?NOT ?EXISTS', 'CREATE VIEW'],
]

/** A table or view that is made of a query. What stands between its name and the query holds none. */
export function made(tokens: readonly Token[]): Kind | undefined {
  const plain = withoutViewOptions(tokens)
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

/**
 * `ALGORITHM = …`, `DEFINER = a@b`, `SQL SECURITY …` before VIEW: whose rights count is the server's matter. Behind anything else
 * VIEW is a name, which a table, a routine or an event may have.
 */
function withoutViewOptions(tokens: readonly Token[]): readonly Token[] {
  if (wordOf(tokens[0]) !== 'CREATE') return tokens
  const first = wordOf(tokens[1]) === 'OR' && wordOf(tokens[2]) === 'REPLACE' ? 3 : 1
  let at = first
  for (;;) {
    const word = wordOf(tokens[at])
    if (word === 'VIEW') return [...tokens.slice(0, first), ...tokens.slice(at)]
    const length = optionLength(word, tokens.slice(at))
    if (length === 0) return tokens
    at += length
  }
}

/** How many words an option of a view takes; 0 where none stands there. */
function optionLength(word: string, [, second, third, fourth]: readonly Token[]): number {
  if (word === 'SQL' && wordOf(second) === 'SECURITY') return 3
  if (second?.text !== '=') return 0
  if (word === 'ALGORITHM' && third?.kind === 'word') return 3
  if (word !== 'DEFINER' || third === undefined || !ACCOUNTS.has(third.kind)) return 0
  return fourth?.kind === 'variable' ? 4 : 3
}

/** What the name of an account may be written as; the host is `@…` behind it. */
const ACCOUNTS: ReadonlySet<Token['kind']> = new Set<Token['kind']>(['word', 'name', 'string'])

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
