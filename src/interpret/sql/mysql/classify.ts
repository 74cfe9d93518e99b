import type { SqlAction } from '../model.ts'
import type { Token } from './lex/token.ts'
import { wordOf } from './split.ts'

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
  | { readonly kind: 'show'; readonly isTelling: boolean }
  | { readonly kind: 'set' }
  | { readonly kind: 'explain'; readonly from: number }
  /** Whatever it may be. */
  | { readonly kind: 'unknown' }

/** What stands behind the words: names of relations, or nothing that the gate reads. */
export type Named = 'relations' | 'nothing'

const QUERIES: ReadonlySet<string> = new Set([
  'SELECT',
  'WITH',
  'VALUES',
  'INSERT',
  'REPLACE',
  'UPDATE',
  'DELETE',
  '(',
])

/** The first that fits. Each word must stand there; `?` before one says that it may. */
const COMMANDS: readonly (readonly [string, SqlAction, Named])[] = [
  ['TRUNCATE ?TABLE', 'sql:Truncate', 'relations'],
  ['DROP ?TEMPORARY TABLE ?IF ?EXISTS', 'sql:Drop', 'relations'],
  ['DROP VIEW ?IF ?EXISTS', 'sql:Drop', 'relations'],
  ['DROP', 'sql:Drop', 'nothing'],
  ['RENAME TABLE ?IF ?EXISTS', 'sql:Alter', 'relations'],
  ['ALTER ?ONLINE ?IGNORE TABLE ?IF ?EXISTS', 'sql:Alter', 'relations'],
  ['ALTER', 'sql:Alter', 'nothing'],
  ['CREATE ?OR ?REPLACE ?TEMPORARY TABLE ?IF ?NOT ?EXISTS', 'sql:Create', 'relations'],
  ['CREATE', 'sql:Create', 'nothing'],
  ['GRANT', 'sql:Grant', 'nothing'],
  ['REVOKE', 'sql:Revoke', 'nothing'],
  ['LOCK TABLES', 'sql:Lock', 'nothing'],
  ['LOCK TABLE', 'sql:Lock', 'nothing'],
  ['UNLOCK TABLES', 'sql:Lock', 'nothing'],
  ['ANALYZE TABLE', 'sql:Maintain', 'relations'],
  ['OPTIMIZE ?LOCAL TABLE', 'sql:Maintain', 'relations'],
  ['CHECK TABLE', 'sql:Maintain', 'nothing'],
  ['REPAIR ?LOCAL TABLE', 'sql:Maintain', 'nothing'],
  ['FLUSH', 'sql:Maintain', 'nothing'],
  ['START TRANSACTION', 'sql:Transaction', 'nothing'],
  ['BEGIN', 'sql:Transaction', 'nothing'],
  ['COMMIT', 'sql:Transaction', 'nothing'],
  ['ROLLBACK', 'sql:Transaction', 'nothing'],
  ['SAVEPOINT', 'sql:Transaction', 'nothing'],
  ['RELEASE SAVEPOINT', 'sql:Transaction', 'nothing'],
  ['XA', 'sql:Transaction', 'nothing'],
  ['USE', 'sql:Set', 'nothing'],
]

const EXPLAINS: ReadonlySet<string> = new Set(['EXPLAIN', 'DESCRIBE', 'DESC'])
/** Commands that hold a query, or expressions with queries, are for the grammar, or not told at all. */
const HOLDS_QUERY: ReadonlySet<string> = new Set(['SELECT', 'WITH', 'VALUES'])

/** The kind of one statement. What the words alone do not tell in full is `unknown`. */
export function classify(tokens: readonly Token[]): Kind {
  const first = tokens[0]?.text === '(' ? '(' : wordOf(tokens[0])
  if (QUERIES.has(first)) return { kind: 'query' }
  if (first === 'SET') return { kind: 'set' }
  if (EXPLAINS.has(first)) return explained(tokens)
  if (first === 'SHOW') return shown(tokens)
  for (const [pattern, action, object] of COMMANDS) {
    const end = matched(pattern, tokens)
    if (end === undefined) continue
    const isPlain = !holdsMore(tokens.slice(end), first)
    // BEGIN NOT ATOMIC, and a program's body, hold statements of every kind.
    if (!isPlain || (first === 'BEGIN' && tokens.length > 1 && wordOf(tokens[1]) !== 'WORK')) break
    const tag = pattern
      .split(' ')
      .filter(word => !word.startsWith('?'))
      .join(' ')
    return { kind: 'command', action, tag, object, end }
  }
  return { kind: 'unknown' }
}

/** Engines that keep the rows that a table was given, and read nothing else. */
const ENGINES: ReadonlySet<string> = new Set(['INNODB', 'MYISAM', 'ARIA', 'MEMORY', 'ARCHIVE'])

/** Whether a command holds a query or several statements, or a table that is made of others. */
function holdsMore(rest: readonly Token[], first: string): boolean {
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

/** What SHOW may show of names and settings; warnings, threads and logs quote values. */
const SHOWS: ReadonlySet<string> = new Set([
  ...[
    'TABLES',
    'DATABASES',
    'SCHEMAS',
    'COLUMNS',
    'FIELDS',
    'INDEX',
    'INDEXES',
    'KEYS',
    'VARIABLES',
    'STATUS',
  ],
  ...['GLOBAL', 'SESSION', 'FULL', 'COLLATION', 'CHARACTER', 'ENGINES', 'PLUGINS', 'PRIVILEGES', 'GRANTS'],
  ...['CREATE', 'TABLE', 'TRIGGERS', 'PROCEDURE', 'FUNCTION', 'EVENTS', 'EXTENDED'],
])

function shown(tokens: readonly Token[]): Kind {
  const words = tokens.map(wordOf)
  if (words.some(word => HOLDS_QUERY.has(word))) return { kind: 'unknown' }
  const isTelling = !SHOWS.has(words[1] ?? '') || words.includes('PROCESSLIST')
  return { kind: 'show', isTelling }
}

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

/** EXPLAIN of a query; the words between say in which form. Whether it runs or not, its plan tells of the values. */
function explained(tokens: readonly Token[]): Kind {
  const [, second, third] = tokens
  const skipped = ['EXTENDED', 'PARTITIONS', 'ANALYZE'].includes(wordOf(second)) ? 2 : 1
  const isFormat = wordOf(second) === 'FORMAT' && third?.text === '='
  const from = isFormat ? 4 : skipped
  return QUERIES.has(wordOf(tokens[from])) ? { kind: 'explain', from } : { kind: 'unknown' }
}
