import {
  type SchemaCatalog,
  type SessionEffect,
  type SqlStatement,
  type Touch,
  Unresolved,
} from '../model.ts'
import type { Session } from './analyse/analysis.ts'
import { type QueryMeaning, readQuery, understandQuery } from './analyse/query-statement.ts'
import { classify } from './classify.ts'
import { checkConstant } from './constants.ts'
import type { Kind } from './kind.ts'
import { lex } from './lex/lexer.ts'
import type { Dialect, Token } from './lex/token.ts'
import { type Command, commandTouches, replaced } from './objects.ts'
import type { QueryParser } from './parse/parser.ts'
import { ANYTHING, pathAt, plain, relationOf, touched } from './plain.ts'
import { deallocateStatement, executeStatement, prepareStatement } from './prepare.ts'
import { callStatement, killStatement, loadStatement } from './routines.ts'
import { setEffects } from './set.ts'
import { isProgram, MAX_STATEMENTS, splitStatements, wordOf } from './split.ts'
import { matched } from './words.ts'

/** What the meaning of a text hangs on. */
export interface MysqlPlace {
  readonly dialect: Dialect
  readonly catalog: SchemaCatalog
  readonly session: Session
  readonly parser: Pick<QueryParser, 'parse'>
}

/** One statement of a text. */
export interface MysqlStatement {
  /** As it was written. */
  readonly text: string
  readonly statement: SqlStatement
  /** Why it is `sql:Unknown`, in prose; absent where it is understood. */
  readonly doubt?: string
}

/**
 * Understands the statements of a text, each by itself; a text of which nothing can be said is one that is `sql:Unknown`.
 * A statement is read for the session as it stands now: what an earlier one of the text changes (USE, sql_mode) is in
 * its effects, and whoever runs them must read the rest anew. Rejects with `sql-parser-gone` and `overloaded`.
 */
export async function understandText(sql: string, place: MysqlPlace): Promise<readonly MysqlStatement[]> {
  const lexed = lex(sql, place.dialect)
  if (lexed.kind === 'refused') return [unknown(sql, lexed.reason)]
  const statements = splitStatements(lexed.tokens)
  if (statements.length > MAX_STATEMENTS)
    return [unknown(sql, `the text has more than ${MAX_STATEMENTS} statements`)]
  const understood: MysqlStatement[] = []
  for (const tokens of statements) {
    const text = sql.slice(tokens[0]?.start, tokens.at(-1)?.end)
    understood.push(await understandOne(text, tokens, place))
  }
  return understood
}

async function understandOne(
  text: string,
  tokens: readonly Token[],
  place: MysqlPlace,
): Promise<MysqlStatement> {
  try {
    const statement = await meaningOf(tokens, place)
    return {
      text,
      statement: readsVariables(tokens, statement) ? { ...statement, readsVariables: true } : statement,
    }
  } catch (error) {
    if (error instanceof Unresolved) return unknown(text, error.message)
    throw error
  }
}

/** Whether values of `@a` go anywhere but to another variable. */
function readsVariables(tokens: readonly Token[], { tag, effects }: SqlStatement): boolean {
  const isBetweenVariables =
    tag === 'SET' && effects.every(effect => effect.kind === 'set' && effect.name.startsWith('@'))
  return !isBetweenVariables && tokens.some(({ kind }) => kind === 'variable')
}

/** Of such a statement anything may be: it is asked about as `sql:Unknown`, and all that comes out may be anything. */
function unknown(text: string, doubt: string): MysqlStatement {
  const statement: SqlStatement = {
    ...plain('UNKNOWN', [touched('sql:Unknown')]),
    output: { columns: [], open: ANYTHING },
    inferred: ANYTHING,
    copied: ANYTHING,
  }
  return { text, statement, doubt }
}

async function meaningOf(tokens: readonly Token[], place: MysqlPlace): Promise<SqlStatement> {
  const found = classify(tokens)
  switch (found.kind) {
    case 'query':
      return queryStatement(tokens, place)
    case 'table':
      return queryStatement(selecting(tokens), place)
    case 'do':
      return doStatement(tokens, place)
    case 'set':
      return setStatement(tokens)
    case 'explain':
      return explainStatement(tokens.slice(found.from), place)
    case 'show':
      return showStatement(found, tokens)
    case 'command':
      return commandStatement(found, tokens, place)
    case 'making':
      return makingStatement(found, tokens, place)
    case 'call':
      return callStatement(tokens, place)
    case 'kill':
      return killStatement(tokens)
    case 'load':
      return loadStatement(tokens, place)
    case 'prepare':
      return prepareStatement(tokens, sql => innerStatement(sql, place))
    case 'execute':
      return executeStatement(tokens)
    case 'deallocate':
      return deallocateStatement(tokens)
    default:
      throw new Unresolved(`the gate does not know \`${wordOf(tokens[0])}\` by its words`)
  }
}

function showStatement(
  { tag, isTelling }: Extract<Kind, { readonly kind: 'show' }>,
  tokens: readonly Token[],
): SqlStatement {
  // Its condition may call functions, whose values stand in its errors, as those of any query.
  const where = tokens.findIndex(token => wordOf(token) === 'WHERE')
  if (where !== -1) checkConstant(tokens.slice(where + 1))
  return { ...plain(tag, []), output: { columns: [], open: isTelling ? ANYTHING : new Set() } }
}

/** A text in a text: it is one statement, understood, or it is nothing. */
async function innerStatement(sql: string, place: MysqlPlace): Promise<SqlStatement | undefined> {
  const [first, other] = await understandText(sql, place)
  return other === undefined && first?.doubt === undefined ? first?.statement : undefined
}

/** TABLE t is SELECT * FROM t. */
function selecting(tokens: readonly Token[]): readonly Token[] {
  const [first, ...rest] = tokens
  if (first === undefined) return tokens
  const word = (text: string, kind: Token['kind']): Token => ({ ...first, kind, text, value: text })
  return [word('SELECT', 'word'), word('*', 'operator'), word('FROM', 'word'), ...rest]
}

/** DO works out expressions, and gives nothing. */
async function doStatement(tokens: readonly Token[], place: MysqlPlace): Promise<SqlStatement> {
  const [first, ...rest] = tokens
  if (first === undefined) throw new Unresolved('DO has nothing to do')
  const meaning = await meaningOfQuery([{ ...first, text: 'SELECT', value: 'SELECT' }, ...rest], place)
  const { output: _, ...inner } = ofQuery('DO', meaning)
  return { ...inner, touches: [...inner.touches, touched('sql:Do')] }
}

type Making = Extract<Kind, { readonly kind: 'making' }>

/** What a table is made of is read unmasked from then on; a view is followed to its columns whenever it is read. */
async function makingStatement(
  { tag, end, query }: Making,
  tokens: readonly Token[],
  place: MysqlPlace,
): Promise<SqlStatement> {
  const object = relationOf(pathAt(tokens, end, place.session), place)
  const meaning = await meaningOfQuery(withoutCheckOption(tokens.slice(query)), place)
  const { output, ...inner } = ofQuery(tag, meaning)
  const touches = [
    touched('sql:Create', object),
    ...replaced(tag, tokens.slice(0, end), object),
    ...inner.touches,
  ]
  if (tag === 'CREATE VIEW') return { ...inner, touches }
  const copied = new Set([...inner.copied, ...(output?.columns ?? []).flatMap(({ from }) => [...from])])
  const isTemporary = tokens.slice(0, end).some(token => wordOf(token) === 'TEMPORARY')
  return { ...inner, touches, copied, effects: isTemporary ? temporaryEffect(object) : [] }
}

function temporaryEffect({ schema, name }: { schema?: string; name: string }): readonly SessionEffect[] {
  if (schema === undefined) throw new Unresolved(`no database is chosen for the table \`${name}\``)
  return [{ kind: 'temporary', schema, name }]
}

/** WITH CHECK OPTION, behind the query of a view. */
function withoutCheckOption(tokens: readonly Token[]): readonly Token[] {
  for (const words of ['WITH CHECK OPTION', 'WITH LOCAL CHECK OPTION', 'WITH CASCADED CHECK OPTION']) {
    const from = tokens.length - words.split(' ').length
    if (from > 0 && matched(words, tokens.slice(from)) !== undefined) return tokens.slice(0, from)
  }
  return tokens
}

/** A plan may hold the values of rows that were read to make it: servers put them for columns. */
async function explainStatement(tokens: readonly Token[], place: MysqlPlace): Promise<SqlStatement> {
  const meaning = await meaningOfQuery(tokens, place)
  const inner = ofQuery('EXPLAIN', meaning)
  const output = { columns: [], open: meaning.analysis.seen }
  return { ...inner, touches: [...inner.touches, touched('sql:Explain')], output }
}

/**
 * Renaming and generated columns take values from under their masks, what does not fit a new type, key or check is quoted by
 * the error, and which rows a table may have, or in which order it has them, tells of them. Which columns that are is not
 * followed yet.
 */
const MOVING: ReadonlySet<string> = new Set([
  ...[
    'RENAME',
    'CHANGE',
    'EXCHANGE',
    'AS',
    'GENERATED',
    'MODIFY',
    'CHECK',
    'UNIQUE',
    'PRIMARY',
    'PARTITION',
    'CONVERT',
    'REFERENCES',
    'ORDER',
  ],
])

/** Words behind DEFAULT that are constants, or say something else. */
const PLAIN_DEFAULTS: ReadonlySet<string> = new Set([
  ...['NULL', 'TRUE', 'FALSE', 'CURRENT_TIMESTAMP', 'NOW', 'LOCALTIME', 'LOCALTIMESTAMP', 'CURRENT_DATE'],
  ...['CHARACTER', 'CHARSET', 'COLLATE', 'ROLE', 'ENCRYPTION'],
])

/** DEFAULT of an expression, which may take the values of other columns. */
function isWorkedOut(token: Token, next: Token | undefined): boolean {
  if (wordOf(token) !== 'DEFAULT' || next === undefined) return false
  const isConstant = ['string', 'number', 'bytes', 'end'].includes(next.kind)
  const isSigned = next.kind === 'operator' && ['-', '+', ',', ')', '='].includes(next.text)
  return !isConstant && !isSigned && !PLAIN_DEFAULTS.has(wordOf(next))
}

function commandStatement(found: Command, tokens: readonly Token[], place: MysqlPlace): SqlStatement {
  const touches = commandTouches(found, tokens, place)
  const statement = plain(found.tag, touches, [...useEffect(tokens), ...madeEffect(found, tokens, touches)])
  // What stands in a program's body runs later, for others: it may copy anything.
  const isDefining = found.action === 'sql:Create' || found.action === 'sql:Alter'
  const isMoving =
    isProgram(tokens) ||
    (isDefining && tokens.some((token, i) => MOVING.has(wordOf(token)) || isWorkedOut(token, tokens[i + 1])))
  const output = { columns: [], open: new Set<never>() }
  return isMoving ? { ...statement, copied: ANYTHING, inferred: ANYTHING } : { ...statement, output }
}

function madeEffect(
  { tag, end }: Command,
  tokens: readonly Token[],
  [touch]: readonly Touch[],
): readonly SessionEffect[] {
  const isTemporary = tokens.slice(0, end).some(token => wordOf(token) === 'TEMPORARY')
  return tag === 'CREATE TABLE' && isTemporary && touch !== undefined ? temporaryEffect(touch.object) : []
}

async function queryStatement(tokens: readonly Token[], place: MysqlPlace): Promise<SqlStatement> {
  return ofQuery(wordOf(tokens[0]) || 'SELECT', await meaningOfQuery(tokens, place))
}

async function meaningOfQuery(
  tokens: readonly Token[],
  { parser, catalog, session }: MysqlPlace,
): Promise<QueryMeaning> {
  const isInsert = /^(?:INSERT|REPLACE)$/.test(wordOf(tokens[0]))
  const into = isInsert ? -1 : tokens.findIndex(token => wordOf(token) === 'INTO')
  if (into === -1) return understandQuery(await readQuery(tokens, parser), catalog, session)
  const kept = withoutVariables(tokens, into)
  const { output, ...meaning } = understandQuery(await readQuery(kept, parser), catalog, session)
  for (const { from } of output?.columns ?? []) meaning.analysis.copy(from)
  return meaning
}

/** A query without its `INTO @a, @b`, from where values are read without a mask. */
function withoutVariables(tokens: readonly Token[], into: number): readonly Token[] {
  let end = into + 1
  while (tokens[end]?.kind === 'variable') {
    end += 1
    if (tokens[end]?.text !== ',') break
    end += 1
  }
  const isWhole = end > into + 1 && tokens[end - 1]?.kind === 'variable'
  const rest = tokens.slice(end)
  if (!isWhole || rest.some(token => wordOf(token) === 'INTO'))
    throw new Unresolved('SELECT … INTO puts values where the gate does not follow them')
  return [...tokens.slice(0, into), ...rest]
}

function ofQuery(tag: string, { analysis, touches, output }: QueryMeaning): SqlStatement {
  const { conditions, functions, inferred, copied } = analysis
  return {
    tag,
    touches,
    ...(conditions.length === 0 ? {} : { hasWhere: conditions.every(has => has) }),
    functions,
    ...(output === undefined ? {} : { output }),
    inferred,
    copied,
    effects: [],
  }
}

function setStatement(tokens: readonly Token[]): SqlStatement {
  const effects = setEffects(tokens)
  const touches = effects.map(
    (effect): Touch => ({
      action: 'sql:Set',
      object: { kind: 'setting', name: effect.kind === 'set' ? effect.name : '*' },
      columns: new Set(),
    }),
  )
  return plain('SET', touches, effects)
}

/** USE chooses the database in which names are looked for. */
function useEffect(tokens: readonly Token[]): readonly SessionEffect[] {
  const [first, name, other] = tokens
  if (wordOf(first) !== 'USE' || name === undefined || other !== undefined) return []
  return [{ kind: 'set', name: 'database', values: [name.value], local: false }]
}
