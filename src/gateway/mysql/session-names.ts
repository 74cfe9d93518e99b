import { asGateError, GateError } from '../../core/errors.ts'
import type { BaseColumn, Relation } from '../../interpret/sql/model.ts'
import { isHidden, type MysqlCatalog, type Row } from '../../interpret/sql/mysql/catalog/load.ts'
import { STATUS } from '../../wire/mysql/capabilities.ts'
import { type Change, greater } from '../sql/understood.ts'
import type { OwnQuery } from './own-answer.ts'
import { type ServerDialect, type SessionState, STATE_QUESTION, stateOf } from './session-state.ts'
import type { SharedCatalog } from './shared-catalog.ts'

/** What names mean in a session now. */
export interface Names extends SessionState {
  readonly catalog: MysqlCatalog
  /** Something ran that the gate does not know the insides of: it may have put anything into variables. */
  readonly hasForeignVariables: boolean
}

/** Temporary tables of one session that are followed. */
const MAX_TEMPORARY = 1_000

/**
 * What names mean in a session, and since when that is in doubt. The session itself is only asked when something was sent
 * that may have changed it: a question makes the server forget what it would have said of the statement before.
 */
export class SessionNames {
  readonly #ask: OwnQuery
  readonly #shared: SharedCatalog
  readonly #server: ServerDialect
  #state: SessionState | undefined
  #seen: MysqlCatalog | undefined
  /** The catalog with the session's temporary tables before it. */
  #catalog: MysqlCatalog | undefined
  #stale: Change = 'catalog'
  /** Temporary tables by schema and name; undefined: made, and not looked at yet. */
  readonly #temporary = new Map<string, Relation | undefined>()
  #broken: GateError | undefined
  #hasForeignVariables = false
  #status = 0

  constructor(ask: OwnQuery, shared: SharedCatalog, server: ServerDialect) {
    this.#ask = ask
    this.#shared = shared
    this.#server = server
  }

  /** Why nothing is read in this session any more. */
  get broken(): GateError | undefined {
    return this.#broken
  }

  get temporaryTables(): number {
    return this.#temporary.size
  }

  /** Something was sent that may change them. */
  doubt(change: Change): void {
    this.#stale = greater(this.#stale, change)
  }

  /** What the server said last of the session: `STATUS`. */
  get status(): number {
    return this.#status
  }

  /** Something was sent that runs what others wrote: procedures, functions, triggers. */
  suspect(): void {
    this.#hasForeignVariables = true
  }

  /** The status that an answer ended with: what it says of escapes must be what is known of them. */
  onStatus(status: number): void {
    this.#status = status
    const noBackslashEscapes = (status & STATUS.noBackslashEscapes) !== 0
    if (this.#state !== undefined && this.#state.dialect.noBackslashEscapes !== noBackslashEscapes)
      this.doubt('names')
  }

  /** A temporary table was made, or may have been. It hides the table of its name until it is dropped. */
  hide(schema: string, name: string): void {
    if (this.#temporary.size >= MAX_TEMPORARY) {
      const message = `the session has more than ${MAX_TEMPORARY} temporary tables`
      this.#broken = new GateError('sql-session-unclear', message)
      return
    }
    this.#temporary.set(this.#keyOf(schema, name), undefined)
    this.#catalog = undefined
  }

  /** All of them are gone: the session began anew. */
  forget(): void {
    this.#temporary.clear()
    this.#hasForeignVariables = false
    this.#catalog = undefined
    this.#stale = 'catalog'
  }

  /**
   * Names as they are now. To be called while nothing is on its way to the server. Rejects with `sql-catalog-unclear`,
   * `sql-session-unclear`, `database-…`.
   */
  async now(): Promise<Names> {
    if (this.#broken !== undefined) throw this.#broken
    const change = this.#stale
    if (change !== 'nothing' || this.#state === undefined) await this.#readState()
    const recent = change === 'catalog' ? undefined : this.#shared.recent
    const shared = recent ?? (await (change === 'catalog' ? this.#shared.fresh() : this.#shared.current()))
    const state = this.#state
    if (state === undefined) throw this.#broken ?? asGateError(new Error('no state was read'))
    // What a procedure or function has run may have dropped a temporary table: they are looked at whenever the session is.
    if (shared !== this.#seen || change !== 'nothing') this.#catalog = undefined
    this.#seen = shared
    this.#catalog ??= await this.#withTemporary(shared)
    this.#stale = 'nothing'
    return { ...state, catalog: this.#catalog, hasForeignVariables: this.#hasForeignVariables }
  }

  /** Whether the catalog is still the one of these names; looked at again where that was long ago. Rejects as `now` does. */
  async isSame({ catalog }: Names): Promise<boolean> {
    const shared = this.#shared.recent ?? (await this.#shared.current())
    return shared === this.#seen && catalog === this.#catalog
  }

  async #readState(): Promise<void> {
    const rows = await this.#told(STATE_QUESTION)
    try {
      this.#state = stateOf(rows, this.#server)
    } catch (error) {
      this.#broken = asGateError(error)
      throw this.#broken
    }
  }

  async #withTemporary(shared: MysqlCatalog): Promise<MysqlCatalog> {
    if (this.#temporary.size === 0) return shared
    for (const key of this.#temporary.keys()) {
      const found = await this.#temporaryTable(key)
      if (found === undefined) this.#temporary.delete(key)
      else this.#temporary.set(key, found)
    }
    const hidden = new Map(this.#temporary)
    const version = `${shared.version} ${[...hidden.values()].map(each => JSON.stringify(each)).join()}`
    return {
      ...shared,
      version,
      relation: (schema, name) => hidden.get(this.#keyOf(schema, name)) ?? shared.relation(schema, name),
    }
  }

  /** What it is made of; undefined where it is no temporary table any more. */
  async #temporaryTable(key: string): Promise<Relation | undefined> {
    const [schema = '', name = ''] = key.split('\0')
    const path = `\`${schema.replaceAll('`', '``')}\`.\`${name.replaceAll('`', '``')}\``
    const rows = await this.#told(`show columns from ${path}`)
    const [made] = await this.#told(`show create table ${path}`)
    if (!/^CREATE TEMPORARY TABLE /.test(made?.['create table'] ?? '')) return undefined
    const columns = rows.map(({ field }): BaseColumn => ({ schema, relation: name, name: field ?? '' }))
    const hidden = new Set(rows.flatMap(({ field, extra }) => (isHidden(extra) ? [field ?? ''] : [])))
    return { schema, name, kind: 'table', columns, hidden, children: [] }
  }

  /** Nothing where the server has no such table. After an answer that cannot be read nothing more is asked. */
  async #told(sql: string): Promise<readonly Row[]> {
    try {
      return await this.#ask(sql)
    } catch (failure) {
      const error = asGateError(failure)
      if (error.code === 'sql-catalog-unclear') return []
      this.#broken = error
      throw error
    }
  }

  #keyOf(schema: string, name: string): string {
    const key = `${schema}\0${name}`
    return this.#seen?.isCaseSensitive === false ? key.toLowerCase() : key
  }
}
