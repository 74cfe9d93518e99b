import type { SqlAction } from '../model.ts'
import type { Kind, Named } from './kind.ts'
import type { Token } from './lex/token.ts'
import { made } from './making.ts'
import { described, shown } from './show.ts'
import { wordOf } from './split.ts'
import { holdsMore, matched } from './words.ts'

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
  ['DROP ?TEMPORARY TABLES ?IF ?EXISTS', 'sql:Drop', 'relations'],
  ['DROP VIEW ?IF ?EXISTS', 'sql:Drop', 'relations'],
  ['DROP SEQUENCE ?IF ?EXISTS', 'sql:Drop', 'relations'],
  ['DROP DATABASE ?IF ?EXISTS', 'sql:Drop', 'schema'],
  ['DROP SCHEMA ?IF ?EXISTS', 'sql:Drop', 'schema'],
  ['DROP PROCEDURE ?IF ?EXISTS', 'sql:Drop', 'routine'],
  ['DROP FUNCTION ?IF ?EXISTS', 'sql:Drop', 'routine'],
  ['DROP', 'sql:Drop', 'nothing'],
  ['RENAME TABLE ?IF ?EXISTS', 'sql:Alter', 'relations'],
  ['ALTER ?ONLINE ?IGNORE TABLE ?IF ?EXISTS', 'sql:Alter', 'relations'],
  ['ALTER DATABASE', 'sql:Alter', 'schema'],
  ['ALTER SCHEMA', 'sql:Alter', 'schema'],
  ['ALTER PROCEDURE', 'sql:Alter', 'routine'],
  ['ALTER FUNCTION', 'sql:Alter', 'routine'],
  ['ALTER', 'sql:Alter', 'nothing'],
  ['CREATE ?OR ?REPLACE ?TEMPORARY TABLE ?IF ?NOT ?EXISTS', 'sql:Create', 'relations'],
  ['CREATE ?OR ?REPLACE DATABASE ?IF ?NOT ?EXISTS', 'sql:Create', 'schema'],
  ['CREATE ?OR ?REPLACE SCHEMA ?IF ?NOT ?EXISTS', 'sql:Create', 'schema'],
  ['CREATE', 'sql:Create', 'nothing'],
  ['GRANT', 'sql:Grant', 'nothing'],
  ['REVOKE', 'sql:Revoke', 'nothing'],
  ['LOCK TABLES', 'sql:Lock', 'relations'],
  ['LOCK TABLE', 'sql:Lock', 'relations'],
  ['UNLOCK TABLES', 'sql:Lock', 'nothing'],
  ['ANALYZE TABLE', 'sql:Maintain', 'relations'],
  ['OPTIMIZE ?LOCAL TABLE', 'sql:Maintain', 'relations'],
  ['CHECK TABLE', 'sql:Maintain', 'relations'],
  ['REPAIR ?LOCAL TABLE', 'sql:Maintain', 'relations'],
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
/** The kind of one statement. What the words alone do not tell in full is `unknown`. */
export function classify(tokens: readonly Token[]): Kind {
  const first = tokens[0]?.text === '(' ? '(' : wordOf(tokens[0])
  if (QUERIES.has(first)) return { kind: 'query' }
  if (first === 'SET') return { kind: 'set' }
  if (EXPLAINS.has(first) || (first === 'ANALYZE' && wordOf(tokens[1]) !== 'TABLE')) return explained(tokens)
  if (first === 'SHOW') return shown(tokens)
  const alone = ALONE.get(first)
  if (alone !== undefined) return { kind: alone }
  if (matched('DROP PREPARE', tokens) !== undefined) return { kind: 'deallocate' }
  const making = made(tokens)
  if (making !== undefined) return making
  for (const [pattern, action, object] of COMMANDS) {
    const end = matched(pattern, tokens)
    if (end === undefined) continue
    // A kind of thing that nobody here knows, or a word that means the same as another.
    if (DEFINING.has(pattern) && kindOf(tokens) === '') break
    const isPlain = WITH_WORDS.has(action) || !holdsMore(tokens.slice(end), first)
    // BEGIN NOT ATOMIC, and a program's body, hold statements of every kind.
    if (!isPlain || (first === 'BEGIN' && tokens.length > 1 && wordOf(tokens[1]) !== 'WORK')) break
    const words = pattern.split(' ').filter(word => !word.startsWith('?'))
    const tag = (words.length > 1 ? words : [first, kindOf(tokens)]).filter(word => word !== '').join(' ')
    return { kind: 'command', action, tag, object, end }
  }
  return { kind: 'unknown' }
}

/** Statements that are told by their first word. */
const ALONE: ReadonlyMap<
  string,
  'call' | 'do' | 'prepare' | 'execute' | 'deallocate' | 'kill' | 'load' | 'table'
> = new Map([
  ['CALL', 'call'],
  ['DO', 'do'],
  ['PREPARE', 'prepare'],
  ['EXECUTE', 'execute'],
  ['DEALLOCATE', 'deallocate'],
  ['KILL', 'kill'],
  ['LOAD', 'load'],
  ['TABLE', 'table'],
])

/** In these WITH is a word of an option, and no query can stand. */
const WITH_WORDS: ReadonlySet<SqlAction> = new Set<SqlAction>(['sql:Transaction', 'sql:Grant', 'sql:Revoke'])

/** Kinds of things that CREATE, ALTER and DROP name. */
const KINDS: ReadonlySet<string> = new Set([
  ...['USER', 'ROLE', 'DATABASE', 'SCHEMA', 'INDEX', 'PROCEDURE', 'FUNCTION', 'TRIGGER', 'EVENT', 'SERVER'],
  ...['VIEW', 'SEQUENCE', 'TABLESPACE', 'PACKAGE', 'UNDO', 'RESOURCE', 'INSTANCE', 'LOGFILE'],
])
/** Words that define things of many kinds. */
const DEFINING: ReadonlySet<string> = new Set(['CREATE', 'ALTER', 'DROP'])
/** How far behind the first word the kind of a thing stands. */
const HEAD = 16

/** The kind of thing that a statement is about, in upper case; empty for tables, and what is none of these. */
export function kindOf(tokens: readonly Token[]): string {
  return (
    tokens
      .slice(1, HEAD)
      .map(wordOf)
      .find(word => KINDS.has(word)) ?? ''
  )
}

/** EXPLAIN of a query; the words between say in which form. Whether it runs or not, its plan tells of the values. */
function explained(tokens: readonly Token[]): Kind {
  let from = 1
  for (;;) {
    if (EXPLAINING.has(wordOf(tokens[from]))) from += 1
    else if (wordOf(tokens[from]) === 'FORMAT' && tokens[from + 1]?.text === '=') from += 3
    else break
  }
  const first = tokens[from]?.text === '(' ? '(' : wordOf(tokens[from])
  if (QUERIES.has(first)) return { kind: 'explain', from }
  return from === 1 && wordOf(tokens[0]) !== 'ANALYZE' ? described(tokens) : { kind: 'unknown' }
}

const EXPLAINING: ReadonlySet<string> = new Set(['EXTENDED', 'PARTITIONS', 'ANALYZE'])
