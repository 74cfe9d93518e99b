import { GateError } from '../../core/errors.ts'
import type { SchemaCatalog } from '../../interpret/sql/model.ts'
import type { SqlParser } from '../../interpret/sql/postgres/parse/parser.ts'
import type { TransactionState } from '../../wire/postgres/messages.ts'
import { type Change, greater } from '../sql/understood.ts'
import { type OwnQuery, readCatalog, readSearchPath } from './own-queries.ts'
import type { Names } from './understanding.ts'

/** Settings by which the gate reads SQL; a session that has others is read no more. */
const NEEDED: ReadonlyMap<string, string> = new Map([
  ['standard_conforming_strings', 'on'],
  ['client_encoding', 'UTF8'],
])

/**
 * What names mean in a session, and since when that is in doubt. Whatever was read within a transaction is in doubt when it
 * ends, for it may have been rolled back.
 */
export class SessionNames {
  readonly #ask: OwnQuery
  readonly #parser: Pick<SqlParser, 'parse'>
  #catalog: SchemaCatalog | undefined
  #searchPath: readonly string[] = []
  #stale: Change = 'catalog'
  #readInTransaction: Change = 'nothing'
  #state: TransactionState
  #version = 0
  #isSuspect = false
  #broken: GateError | undefined

  constructor(ask: OwnQuery, parser: Pick<SqlParser, 'parse'>, state: TransactionState) {
    this.#ask = ask
    this.#parser = parser
    this.#state = state
  }

  get state(): TransactionState {
    return this.#state
  }

  /** Changes whenever names may mean something else: what was understood before is to be read anew. */
  get version(): number {
    return this.#version
  }

  get isStale(): boolean {
    return this.#stale !== 'nothing'
  }

  /** Why nothing is read in this session any more. */
  get broken(): GateError | undefined {
    return this.#broken
  }

  /** Names as they were read last. Throws `sql-catalog-unclear` where they never were. */
  get names(): Names {
    if (this.#catalog === undefined)
      throw new GateError('sql-catalog-unclear', 'the catalog was not read yet')
    return { catalog: this.#catalog, searchPath: this.#searchPath }
  }

  /**
   * Something was sent that may change them. Where the catalog was read within the transaction, that may be undone, too: a
   * temporary table that ROLLBACK TO took away would hide the real one.
   */
  doubt(change: Change): void {
    if (change !== 'nothing') this.#stale = greater(this.#stale, greater(change, this.#readInTransaction))
  }

  /**
   * Something was sent that runs what others wrote: defaults, triggers, generated columns. These could set the search_path. It
   * is looked at when the server can be asked next, and nothing is held up meanwhile.
   */
  suspect(): void {
    this.#isSuspect = true
  }

  onReady(state: TransactionState): void {
    if (state === 'I' && this.#state !== 'I') {
      this.doubt(this.#readInTransaction)
      this.#readInTransaction = 'nothing'
    }
    this.#state = state
  }

  onParameter(name: string, value: string): void {
    const needed = NEEDED.get(name)
    if (needed === undefined || needed === value) return
    this.#broken = new GateError('sql-session-unclear', `the session has \`${name}\` set to \`${value}\``)
  }

  /**
   * Reads anew what is in doubt. To be called while the server is idle. In a failed transaction nothing can be read, and
   * the server runs nothing but its end. Rejects with `sql-catalog-unclear`.
   */
  async refresh(): Promise<void> {
    if ((!this.isStale && !this.#isSuspect) || this.#state === 'E') return
    const change = this.#stale
    const before = this.#searchPath
    if (change === 'catalog') this.#catalog = await readCatalog(this.#ask, this.#parser, this.#state)
    this.#searchPath = await readSearchPath(this.#ask)
    this.#isSuspect = false
    if (change === 'nothing' && before.join('\0') === this.#searchPath.join('\0')) return
    if (this.#state === 'T')
      this.#readInTransaction = greater(this.#readInTransaction, greater(change, 'names'))
    this.#stale = 'nothing'
    this.#version += 1
  }
}
