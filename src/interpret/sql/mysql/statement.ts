import {
  ANY_COLUMN,
  type Lineage,
  type SchemaCatalog,
  type SessionEffect,
  type SqlAction,
  type SqlStatement,
  type Touch,
  Unresolved,
} from '../model.ts'
import type { Session } from './analyse/analysis.ts'
import { type QueryMeaning, readQuery, understandQuery } from './analyse/query-statement.ts'
import { classify, type Kind } from './classify.ts'
import { lex } from './lex/lexer.ts'
import type { Dialect, Token } from './lex/token.ts'
import type { QueryParser } from './parse/parser.ts'
import { setEffects } from './set.ts'
import { MAX_STATEMENTS, splitStatements, wordOf } from './split.ts'

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

const ANYTHING: Lineage = new Set([ANY_COLUMN])

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
    return { text, statement: await meaningOf(tokens, place) }
  } catch (error) {
    if (error instanceof Unresolved) return unknown(text, error.message)
    throw error
  }
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

function plain(tag: string, touches: readonly Touch[], effects: readonly SessionEffect[] = []): SqlStatement {
  return { tag, touches, functions: new Set(), inferred: new Set(), copied: new Set(), effects }
}

function touched(action: SqlAction): Touch {
  return { action, object: { kind: 'database', name: '*' }, columns: new Set() }
}

async function meaningOf(tokens: readonly Token[], place: MysqlPlace): Promise<SqlStatement> {
  const found = classify(tokens)
  switch (found.kind) {
    case 'query':
      return queryStatement(tokens, place)
    case 'set':
      return setStatement(tokens)
    case 'explain':
      return explainStatement(tokens.slice(found.from), place)
    case 'show':
      return { ...plain('SHOW', []), output: { columns: [], open: found.isTelling ? ANYTHING : new Set() } }
    case 'command':
      return commandStatement(found, tokens, place)
    default:
      throw new Unresolved(`the gate does not know \`${wordOf(tokens[0])}\` by its words`)
  }
}

/** A plan may hold the values of rows that were read to make it: servers put them for columns. */
async function explainStatement(tokens: readonly Token[], place: MysqlPlace): Promise<SqlStatement> {
  const meaning = await meaningOfQuery(tokens, place)
  const inner = ofQuery('EXPLAIN', meaning)
  const output = { columns: [], open: meaning.analysis.seen }
  return { ...inner, touches: [...inner.touches, touched('sql:Explain')], output }
}

/**
 * Renaming and generated columns take values from under their masks, and what does not fit a new type, key or check is
 * quoted by the error. Which columns that are is not followed yet.
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
  ],
])

type Command = Extract<Kind, { readonly kind: 'command' }>

function commandStatement(found: Command, tokens: readonly Token[], { session }: MysqlPlace): SqlStatement {
  const touches =
    found.object === 'nothing' ? [touched(found.action)] : relations(found, tokens.slice(found.end), session)
  const statement = plain(found.tag, touches, useEffect(tokens))
  const isMoving = tokens.some(token => MOVING.has(wordOf(token)))
  const output = { columns: [], open: new Set<never>() }
  return isMoving ? { ...statement, copied: ANYTHING, inferred: ANYTHING } : { ...statement, output }
}

/** The names behind the words, one behind each comma; of CREATE and ALTER, the first alone. */
function relations({ action, tag }: Command, tokens: readonly Token[], session: Session): readonly Touch[] {
  const isOne = action === 'sql:Create' || tag === 'ALTER TABLE'
  const starts = tokens.flatMap((token, i) =>
    token.kind === 'operator' && token.text === ',' ? [i + 1] : [],
  )
  return [0, ...(isOne ? [] : starts)].map(start => {
    const [first, dot, second] = tokens.slice(start, start + 3)
    if (first === undefined || (first.kind !== 'word' && first.kind !== 'name')) {
      throw new Unresolved('no name stands where the words want one')
    }
    const isQualified = dot?.kind === 'operator' && dot.text === '.' && second !== undefined
    const schema = isQualified ? first.value : session.database
    const object = { kind: 'relation', name: isQualified ? second.value : first.value } as const
    return {
      action,
      object: schema === undefined ? object : { ...object, schema },
      columns: new Set<string>(),
    }
  })
}

async function queryStatement(tokens: readonly Token[], place: MysqlPlace): Promise<SqlStatement> {
  return ofQuery(wordOf(tokens[0]) || 'SELECT', await meaningOfQuery(tokens, place))
}

async function meaningOfQuery(
  tokens: readonly Token[],
  { parser, catalog, session }: MysqlPlace,
): Promise<QueryMeaning> {
  const isInsert = /^(?:INSERT|REPLACE)$/.test(wordOf(tokens[0]))
  if (!isInsert && tokens.some(token => wordOf(token) === 'INTO')) {
    throw new Unresolved('SELECT … INTO puts values where the gate does not follow them')
  }
  return understandQuery(await readQuery(tokens, parser), catalog, session)
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
