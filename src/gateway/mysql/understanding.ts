import type { SqlPlace } from '../../interpret/sql/ask.ts'
import {
  ANY_COLUMN,
  type BaseColumn,
  type Lineage,
  type SqlStatement,
  Unresolved,
} from '../../interpret/sql/model.ts'
import { isNative } from '../../interpret/sql/mysql/analyse/words.ts'
import type { MysqlCatalog } from '../../interpret/sql/mysql/catalog/load.ts'
import { normalFormOf } from '../../interpret/sql/mysql/normalize.ts'
import type { QueryParser } from '../../interpret/sql/mysql/parse/parser.ts'
import { understandText } from '../../interpret/sql/mysql/statement.ts'
import type { NormalForm } from '../../interpret/sql/normal-form.ts'
import {
  asked,
  type Change,
  greater,
  isTransactionOnly,
  type Understood,
  unknown,
  writes,
} from '../sql/understood.ts'
import type { Names } from './session-names.ts'

/** Texts that are remembered for one catalog, and the longest of them. */
const MAX_REMEMBERED = 5_000
const MAX_TEXT = 4 * 1024

/** A text, with what it is for whoever searches what was recorded. */
export interface ReadText {
  readonly understood: Understood
  readonly normalized?: NormalForm
}

/** A statement that PREPARE gave a name to, as it would be read now; undefined: the gate does not know it. */
export type PreparedByText = (name: string, names: Names) => Promise<SqlStatement | undefined>

const SPLIT =
  'a statement before it in the same text may change what names mean: send the statements one by one'

/** Reads the texts of one target's sessions. What was read is remembered as long as names mean the same. */
export class Understanding {
  readonly #parser: Pick<QueryParser, 'parse'>
  readonly #place: SqlPlace
  readonly #remembered = new WeakMap<MysqlCatalog, Map<string, ReadText>>()

  constructor(parser: Pick<QueryParser, 'parse'>, place: SqlPlace) {
    this.#parser = parser
    this.#place = place
  }

  /**
   * What a text asks. What cannot be told is `sql:Unknown`. Rejects with `sql-parser-gone` and `overloaded`.
   */
  async read(sql: string, names: Names, prepared: PreparedByText): Promise<ReadText> {
    const known = this.#of(names.catalog)
    const key = keyOf(sql, names)
    const found = known.get(key)
    if (found !== undefined) return found
    const understood = await this.#read(sql, names, prepared)
    const normalized = normalFormOf(sql, names.dialect)
    const read = { understood, ...(normalized === undefined ? {} : { normalized }) }
    // What a name stands for hangs on the session.
    const isItsOwn = understood.statements.some(({ effects }) =>
      effects.some(({ kind }) => kind === 'execute'),
    )
    if (isItsOwn || sql.length > MAX_TEXT) return read
    if (known.size >= MAX_REMEMBERED) known.delete(known.keys().next().value ?? '')
    known.set(key, read)
    return read
  }

  async #read(sql: string, names: Names, prepared: PreparedByText): Promise<Understood> {
    const { dialect, catalog, database } = names
    const session = { database, isCaseSensitive: catalog.isCaseSensitive }
    const read = await understandText(sql, { dialect, catalog, session, parser: this.#parser })
    const statements: SqlStatement[] = []
    let change: Change = 'nothing'
    try {
      for (const { statement, doubt } of read) {
        if (doubt !== undefined) throw new Unresolved(doubt)
        if (change !== 'nothing' && !isTransactionOnly(statement)) throw new Unresolved(SPLIT)
        const joined = await followed(statement, statements, name => prepared(name, names))
        const whole = names.hasForeignVariables && joined.readsVariables === true ? widened(joined) : joined
        if (read.length > 1 && whole.effects.some(({ kind }) => kind === 'kill'))
          throw new Unresolved('KILL stands among other statements: send it alone')
        change = greater(change, changeOf(whole))
        statements.push(whole)
      }
      return asked(statements, change, this.#place)
    } catch (error) {
      if (error instanceof Unresolved) return unknown(error.message, this.#place)
      throw error
    }
  }

  #of(catalog: MysqlCatalog): Map<string, ReadText> {
    const found = this.#remembered.get(catalog)
    if (found !== undefined) return found
    const made = new Map<string, ReadText>()
    this.#remembered.set(catalog, made)
    return made
  }
}

function keyOf(sql: string, { database, dialect, hasForeignVariables }: Names): string {
  const { ansiQuotes, noBackslashEscapes } = dialect
  const flags = `${ansiQuotes ? 'a' : ''}${noBackslashEscapes ? 'n' : ''}${hasForeignVariables ? 'v' : ''}`
  // Neither a database's name nor a text that is understood holds a NUL.
  return `${flags}\0${database ?? '\0'}\0${sql}`
}

/** EXECUTE is what it executes. */
async function followed(
  statement: SqlStatement,
  before: readonly SqlStatement[],
  prepared: (name: string) => Promise<SqlStatement | undefined>,
): Promise<SqlStatement> {
  let whole = statement
  for (const effect of statement.effects) {
    if (effect.kind !== 'execute') continue
    const isNamedHere = before.some(({ effects }) =>
      effects.some(({ kind }) => kind === 'prepare' || kind === 'deallocate'),
    )
    if (isNamedHere) throw new Unresolved(SPLIT)
    const inner = await prepared(effect.name)
    if (inner === undefined)
      throw new Unresolved(`the gate does not know what \`${effect.name}\` stands for in this session`)
    whole = joined(whole, inner)
  }
  return whole
}

function joined(outer: SqlStatement, inner: SqlStatement): SqlStatement {
  return {
    ...inner,
    tag: outer.tag,
    touches: [...outer.touches, ...inner.touches],
    effects: [...outer.effects, ...inner.effects],
    readsVariables: outer.readsVariables === true || inner.readsVariables === true,
  }
}

const ANYTHING: Lineage = new Set([ANY_COLUMN])

/** A statement into which values of variables go that may be anything. */
function widened(statement: SqlStatement): SqlStatement {
  const { output } = statement
  return {
    ...statement,
    inferred: ANYTHING,
    copied: ANYTHING,
    ...(output === undefined ? {} : { output: { ...output, open: ANYTHING } }),
  }
}

/** Whether a text that was read twice asks the same, and tells of the same columns. */
export function meansTheSame(one: Understood, other: Understood): boolean {
  return meaningOf(one) === meaningOf(other)
}

function meaningOf({ pairs, statements }: Understood): string {
  const named = (lineage: Iterable<BaseColumn>): readonly string[] =>
    [...lineage].map(({ schema, relation, name }) => JSON.stringify([schema, relation, name])).sort()
  return JSON.stringify([
    pairs.map(({ context, ...pair }) => ({ ...pair, context: [...(context ?? [])] })),
    statements.map(({ tag, output, inferred, copied }) => ({
      tag,
      columns: output?.columns.map(({ from }) => named(from)),
      open: output?.open && named(output.open),
      inferred: named(inferred),
      copied: named(copied),
    })),
  ])
}

/** Whether a text runs what others wrote, or may do so by triggers. */
export function runsForeign(understood: Understood): boolean {
  const isForeign = ({ touches }: SqlStatement): boolean =>
    touches.some(
      ({ action, object }) => action === 'sql:Unknown' || (action === 'sql:Call' && !isNative(object)),
    )
  return writes(understood) || understood.statements.some(isForeign)
}

/** Settings that change nothing of what texts mean. */
const HARMLESS: ReadonlySet<string> = new Set([
  ...['autocommit', 'transaction', 'tx_isolation', 'transaction_isolation', 'tx_read_only', 'time_zone'],
  ...['transaction_read_only', 'foreign_key_checks', 'unique_checks', 'sql_select_limit', 'wait_timeout'],
  ...['interactive_timeout', 'net_write_timeout', 'net_read_timeout', 'lock_wait_timeout', 'sql_notes'],
  ...['innodb_lock_wait_timeout', 'group_concat_max_len', 'max_execution_time', 'max_statement_time'],
  ...['sql_safe_updates', 'sql_quote_show_create', 'character_set_results', 'session_track_schema'],
  ...['session_track_system_variables', 'sql_auto_is_null', 'timestamp', 'insert_id', 'last_insert_id'],
])

/** What a statement changes of what the next ones mean. */
export function changeOf({ touches, effects }: SqlStatement): Change {
  let change: Change = 'nothing'
  for (const effect of effects) {
    if (effect.kind === 'temporary') change = 'catalog'
    if (effect.kind !== 'set' || effect.name.startsWith('@') || HARMLESS.has(effect.name)) continue
    change = greater(change, 'names')
  }
  for (const { action, object } of touches) {
    if (CHANGES_CATALOG.has(action)) change = 'catalog'
    // The server's own functions change nothing; what stands in a procedure is not known.
    if (action === 'sql:Call' && !isNative(object)) change = greater(change, 'names')
  }
  return change
}

const CHANGES_CATALOG: ReadonlySet<string> = new Set([
  ...['sql:Create', 'sql:Alter', 'sql:Drop', 'sql:Unknown'],
])
