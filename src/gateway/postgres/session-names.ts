import { GateError } from '../../core/errors.ts'
import type { SchemaCatalog } from '../../interpret/sql/model.ts'
import type { SqlParser } from '../../interpret/sql/postgres/parse/parser.ts'
import type { TransactionState } from '../../wire/postgres/messages.ts'
import { type Change, greater } from '../sql/understood.ts'
import { type OwnCatalog, type OwnQuery, readOwnCatalog, readSettings } from './own-queries.ts'
import type { CatalogView } from './shared-catalog.ts'
import type { Names } from './understanding.ts'

/** Settings by which the gate reads SQL; a session that has others is read no more. */
const NEEDED: ReadonlyMap<string, string> = new Map([
  ['standard_conforming_strings', 'on'],
  ['client_encoding', 'UTF8'],
])

export interface SessionNamesParts {
  readonly ask: OwnQuery
  readonly parser: Pick<SqlParser, 'parse'>
  /** What all sessions see. */
  readonly shared: CatalogView
  readonly state: TransactionState
}

/**
 * What names mean in a session, and since when that is in doubt. The catalog is that of all sessions; while a session has
 * temporary objects, or has changed something in its transaction, it has one of its own, read on its own connection. Whatever
 * was read within a transaction is in doubt when it ends, for it may have been rolled back.
 */
export class SessionNames {
  readonly #parts: SessionNamesParts
  /** What all sessions saw when the names were settled last. */
  #base: SchemaCatalog | undefined
  /** By what the search_path was resolved when it was read last. */
  #paths: string | undefined
  #own: OwnCatalog | undefined
  #names: Names | undefined
  #stale: Change = 'catalog'
  #readInTransaction: Change = 'nothing'
  #state: TransactionState
  #version = 0
  #isSuspect = false
  /** What the server is ready after is the gate's own question, which has changed nothing. */
  #isReading = false
  #broken: GateError | undefined

  constructor(parts: SessionNamesParts) {
    this.#parts = parts
    this.#state = parts.state
  }

  get state(): TransactionState {
    return this.#state
  }

  /** Changes whenever names may mean something else: what was understood before is to be read anew. */
  get version(): number {
    return this.#version
  }

  /** Whether names mean what was read last, as far as anybody can tell now. */
  get areSettled(): boolean {
    const { current } = this.#parts.shared
    return this.#stale === 'nothing' && current?.catalog === this.#base && current?.paths === this.#paths
  }

  /** Whether there is nothing to be asked before the next text is read. */
  get areFresh(): boolean {
    return !this.#isSuspect && this.areSettled
  }

  /** Why nothing is read in this session any more. */
  get broken(): GateError | undefined {
    return this.#broken
  }

  /** Names as they were read last. Throws `sql-catalog-unclear` where they never were. */
  get names(): Names {
    if (this.#names !== undefined) return this.#names
    throw new GateError('sql-catalog-unclear', 'the catalog was not read yet')
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
    // What it has done is seen by all others from now on.
    if (state === 'I' && this.#stale === 'catalog' && !this.#isReading) this.#parts.shared.doubt()
    this.#state = state
  }

  onParameter(name: string, value: string): void {
    const needed = NEEDED.get(name)
    if (needed === undefined || needed === value) return
    this.#broken = new GateError('sql-session-unclear', `the session has \`${name}\` set to \`${value}\``)
  }

  /**
   * Looks what others have changed. To be called while the session's connection cannot be asked: then names are settled unless
   * something in the session itself is in doubt; whether they are. Rejects with `sql-catalog-unclear`, `database-…`.
   */
  async follow(): Promise<boolean> {
    const { catalog, paths } = await this.#parts.shared.confirm()
    // A schema that others made, or may be used now, may stand in the path before those that were there.
    if (this.#stale !== 'nothing' || paths !== this.#paths) return false
    if (catalog !== this.#base && this.#own !== undefined) return false
    if (catalog !== this.#base) this.#settle(catalog, undefined, this.names.searchPath)
    return true
  }

  /**
   * Reads anew what is in doubt. To be called while the server is idle. In a failed transaction nothing can be read, and
   * the server runs nothing but its end. Whether all is known then. Rejects with `sql-catalog-unclear`, `database-…`.
   */
  async refresh(): Promise<boolean> {
    if (this.#state === 'E') return this.areSettled
    if (!this.#isSuspect && (await this.follow())) return true
    this.#isReading = true
    try {
      await this.#read()
      return this.#stale === 'nothing'
    } finally {
      this.#isReading = false
    }
  }

  async #read(): Promise<void> {
    const { ask, shared } = this.#parts
    const isOpen = this.#state === 'T'
    const known = await shared.confirm()
    const settings = await readSettings(ask)
    const isInDoubt = this.#stale === 'catalog' || known.catalog !== this.#base
    const mayDiffer =
      settings.hasTemporary || (isOpen && this.#stale === 'catalog') || this.#own !== undefined
    let own: OwnCatalog | 'unclear' | undefined = this.#own
    if (isInDoubt) own = mayDiffer ? await this.#readOwn(known, isOpen && settings.isFrozen) : undefined
    if (isOpen && own !== this.#own) this.#readInTransaction = 'catalog'
    if (isOpen) this.#readInTransaction = greater(this.#readInTransaction, this.#stale)
    this.#isSuspect = false
    this.#paths = known.paths
    this.#stale = own === 'unclear' ? 'catalog' : 'nothing'
    this.#settle(known.catalog, own === 'unclear' ? undefined : own, settings.searchPath)
  }

  /**
   * What the session alone sees; undefined where that is what all do. A transaction that goes on seeing what it saw when it
   * began cannot tell its own changes from what others have changed since; the server knows both.
   */
  async #readOwn(known: OwnCatalog, isFrozen: boolean): Promise<OwnCatalog | 'unclear' | undefined> {
    const { ask, parser } = this.#parts
    const isBefore = this.#own !== undefined && !(isFrozen && known.catalog !== this.#base)
    const before = isBefore && this.#own !== undefined ? [known, this.#own] : [known]
    const found = await readOwnCatalog(ask, isFrozen ? undefined : parser, this.#state, before)
    return found === known ? undefined : (found ?? 'unclear')
  }

  #settle(base: SchemaCatalog, own: OwnCatalog | undefined, searchPath: readonly string[]): void {
    this.#base = base
    this.#own = own
    const catalog = own?.catalog ?? base
    const before = this.#names
    if (before?.catalog === catalog && before.searchPath.join('\0') === searchPath.join('\0')) return
    if (before !== undefined && this.#state === 'T') {
      this.#readInTransaction = greater(this.#readInTransaction, 'names')
    }
    this.#names = { catalog, searchPath }
    this.#version += 1
  }
}
