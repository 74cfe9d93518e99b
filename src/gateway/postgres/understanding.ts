import type { SqlPlace } from '../../interpret/sql/ask.ts'
import {
  type SchemaCatalog,
  type SqlAction,
  type SqlStatement,
  Unresolved,
} from '../../interpret/sql/model.ts'
import type { NameSpace } from '../../interpret/sql/postgres/analyse/analysis.ts'
import { understand } from '../../interpret/sql/postgres/analyse/statement.ts'
import type { Parsed } from '../../interpret/sql/postgres/parse/messages.ts'
import {
  asked,
  type Change,
  greater,
  isTransactionOnly,
  type Understood,
  unknown,
} from '../sql/understood.ts'

/** What names mean in a session now. */
export interface Names extends NameSpace {
  readonly catalog: SchemaCatalog
}

/** What a session has given names to, beside the catalog. Undefined: the gate does not know it, and it is denied. */
export interface Named {
  /** A prepared statement, as it would be read now. */
  prepared(name: string): SqlStatement | undefined
  /** What an open cursor or portal was made of, with its result. */
  cursor(name: string): SqlStatement | undefined
}

/** Reads a text that was parsed. Never throws for what the text is: what cannot be told is `sql:Unknown`. */
export function understandText(parsed: Parsed, names: Names, named: Named, place: SqlPlace): Understood {
  if (parsed.kind === 'syntax-error') {
    return unknown(`${withoutQuotes(parsed.message)} at character ${parsed.position}`, place)
  }
  if (parsed.kind === 'too-complex') return unknown(parsed.reason, place)
  try {
    const statements: SqlStatement[] = []
    let change: Change = 'nothing'
    for (const { tree } of parsed.statements) {
      const statement = followed(understand(tree, names.catalog, names), local(named, statements))
      if (change !== 'nothing' && !isTransactionOnly(statement)) throw new Unresolved(SPLIT)
      change = greater(change, changeOf(statement))
      statements.push(statement)
    }
    return asked(statements, change, place)
  } catch (error) {
    if (error instanceof Unresolved) return unknown(error.message, place)
    throw error
  }
}

/** What the grammar says, without what it quotes of the text: that may be a constant, and reasons are recorded. */
function withoutQuotes(message: string): string {
  const quote = message.indexOf('"')
  return (quote === -1 ? message : message.slice(0, quote)).replace(/ (?:at or near )?$/, '')
}

/** Whether a text only sets settings: no name in it stands for anything in the catalog. */
export function isSettingsOnly(parsed: Parsed): boolean {
  return parsed.kind === 'statements' && parsed.statements.every(({ tree }) => 'VariableSetStmt' in tree)
}

const SPLIT =
  'a statement before it in the same text may change what names mean: send the statements one by one'

/** A statement that was understood before, as a question of its own. */
export function understoodAs(statement: SqlStatement, place: SqlPlace): Understood {
  return asked([statement], changeOf(statement), place)
}

/** EXECUTE and FETCH are what they execute and fetch from. */
function followed(statement: SqlStatement, named: Named): SqlStatement {
  let whole = statement
  for (const effect of statement.effects) {
    if (effect.kind === 'execute') whole = joined(whole, known(named.prepared(effect.name), effect.name))
    if (effect.kind === 'fetch') whole = joined(whole, known(named.cursor(effect.name), effect.name))
  }
  return whole
}

function known(statement: SqlStatement | undefined, name: string): SqlStatement {
  if (statement !== undefined) return statement
  throw new Unresolved(`the gate does not know what \`${name}\` stands for in this session`)
}

function joined(outer: SqlStatement, inner: SqlStatement): SqlStatement {
  return {
    ...outer,
    touches: [...outer.touches, ...inner.touches],
    functions: new Set([...outer.functions, ...inner.functions]),
    inferred: new Set([...outer.inferred, ...inner.inferred]),
    copied: new Set([...outer.copied, ...inner.copied]),
    ...(inner.output === undefined ? {} : { output: inner.output }),
    ...(inner.hasWhere === undefined ? {} : { hasWhere: inner.hasWhere }),
    ...(inner.changes === undefined ? {} : { changes: inner.changes }),
  }
}

/** Names with those that earlier statements of the same text have given. */
function local(named: Named, before: readonly SqlStatement[]): Named {
  return {
    prepared: name => preparedIn(before, name) ?? named.prepared(name),
    cursor: name => cursorIn(before, name) ?? named.cursor(name),
  }
}

/** What a text prepared under a name. */
export function preparedIn(statements: readonly SqlStatement[], name: string): SqlStatement | undefined {
  for (const { effects } of statements.toReversed()) {
    const found = effects.find(effect => effect.kind === 'prepare' && effect.name === name)
    if (found?.kind === 'prepare') return found.inner
  }
  return undefined
}

/** What a text declared a cursor for. */
export function cursorIn(statements: readonly SqlStatement[], name: string): SqlStatement | undefined {
  for (const statement of statements.toReversed()) {
    const found = statement.effects.find(effect => effect.kind === 'declare' && effect.name === name)
    if (found?.kind === 'declare') return { ...statement, output: found.output }
  }
  return undefined
}

/** Transaction commands after which settings and tables are what they were before. */
const ENDS: ReadonlySet<string> = new Set([
  'TRANS_STMT_COMMIT',
  'TRANS_STMT_ROLLBACK',
  'TRANS_STMT_ROLLBACK_TO',
  'TRANS_STMT_PREPARE',
])
/**
 * Settings that say what names mean. After any other the gate asks the server nothing: a transaction could not be set to
 * SERIALIZABLE any more once it has.
 */
const NAMING: ReadonlySet<string> = new Set(['search_path', 'role', 'session_authorization'])
const CHANGES_CATALOG: ReadonlySet<SqlAction> = new Set<SqlAction>([
  'sql:Create',
  'sql:Alter',
  'sql:Drop',
  // Whose schemas a path leads to hangs on who may use them.
  'sql:Grant',
  'sql:Revoke',
  'sql:Do',
  'sql:Unknown',
])

function changeOf({ touches, effects, functions }: SqlStatement): Change {
  let change: Change = functions.has('pg_catalog.set_config') ? 'names' : 'nothing'
  for (const effect of effects) {
    const isSetting = effect.kind === 'set' || effect.kind === 'reset'
    const isOfNames = isSetting ? NAMING.has(effect.name) : effect.kind === 'reset-all'
    if (isOfNames || (effect.kind === 'transaction' && ENDS.has(effect.what)))
      change = greater(change, 'names')
    // Temporary tables go with the one, and what was prepared comes with the other.
    const isPrepared = effect.kind === 'transaction' && effect.what === 'TRANS_STMT_COMMIT_PREPARED'
    if (effect.kind === 'discard' || isPrepared) change = 'catalog'
  }
  for (const { action, object } of touches) {
    if (CHANGES_CATALOG.has(action)) change = 'catalog'
    // What somebody wrote a function for is not known; the server's own change settings at most.
    if (action === 'sql:Call') change = greater(change, object.schema === 'pg_catalog' ? 'names' : 'catalog')
  }
  return change
}
