import type { Token } from './lex/token.ts'
import { wordOf } from './split.ts'

/** Commands that hold a query, or expressions with queries, are for the grammar, or not told at all. */
export const HOLDS_QUERY: ReadonlySet<string> = new Set(['SELECT', 'WITH', 'VALUES'])

/** The place behind the words of a pattern; undefined if they do not stand there. */
export function matched(pattern: string, tokens: readonly Token[]): number | undefined {
  let at = 0
  for (const word of pattern.split(' ')) {
    const isOptional = word.startsWith('?')
    if (wordOf(tokens[at]) === (isOptional ? word.slice(1) : word)) at += 1
    else if (!isOptional) return undefined
  }
  return at
}

/** Engines that keep the rows that a table was given, and read nothing else. */
const ENGINES: ReadonlySet<string> = new Set(['INNODB', 'MYISAM', 'ARIA', 'MEMORY', 'ARCHIVE'])

/** Whether a command holds a query or several statements, or a table that is made of others. */
export function holdsMore(rest: readonly Token[], first: string): boolean {
  return rest.some((token, i) => {
    const word = wordOf(token)
    if (token.kind === 'end' || HOLDS_QUERY.has(word)) return true
    if (first !== 'CREATE' && first !== 'ALTER') return false
    if (word !== 'ENGINE')
      return word === 'TABLE' || word === 'UNION' || word === 'SONAME' || word === 'DIRECTORY'
    const value = rest[i + 1]?.text === '=' ? rest[i + 2] : rest[i + 1]
    return !ENGINES.has(value?.value.toUpperCase() ?? '')
  })
}
