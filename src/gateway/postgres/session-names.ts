import { GateError } from '../../core/errors.ts'
import type { SchemaCatalog } from '../../interpret/sql/model.ts'
import type { SqlParser } from '../../interpret/sql/postgres/parse/parser.ts'
import type { TransactionState } from '../../wire/postgres/messages.ts'
import { type Change, greater } from '../sql/understood.ts'
import { leadsElsewhere, mergedCatalog } from './meaning.ts'
import {
  type OwnCatalog,
  type OwnQuery,
  type OwnSettings,
  readOwnCatalog,
  readSettings,
} from './own-queries.ts'
import type { CatalogView } from './shared-catalog.ts'
import type { Names } from './understanding.ts'

/** Settings by which the gate reads SQL; a session that has others is read no more. */
const NEEDED: ReadonlyMap<string, string> = new Map([
  ['standard_conforming_strings', 'on'],
  ['client_encoding', 'UTF8'],
])

/** What names meant at some time, and where that was read. */
export interface Settled {
  readonly names: Names
  /** What all sessions saw. */
  readonly base: SchemaCatalog
  /** What the session saw, where that was something else. */
  readonly own: OwnCatalog | undefined
  /** By what the search_path was resolved, and as it is written. */
  readonly paths: string
  readonly path: string
}

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
  #settled: Settled | undefined
  /** What the session alone sees was not read, but put together of what it saw before and what others have changed since. */
  #isMerged = false
  #temporaries = ''
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
    if (this.#stale !== 'nothing' || current === undefined) return false
    return current.catalog === this.#settled?.base && current.paths === this.#settled.paths
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
    return this.settled.names
  }

  /** What a text is read by. Throws as `names` does. */
  get settled(): Settled {
    if (this.#settled !== undefined) return this.#settled
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
    if (this.#stale !== 'nothing' || this.#settled === undefined) return false
    const { base, own, names, path, paths: before } = this.#settled
    // A schema that others made, or may be used now, may stand in the path before those that were there.
    if (leadsElsewhere(path, before, paths)) return false
    if (catalog === base) return true
    if (own !== undefined) this.#isMerged = true
    const merged = own && { ...own, catalog: mergedCatalog(own.catalog, base, catalog) }
    this.#settle({ ...this.#settled, base: catalog, own: merged }, names.searchPath)
    return true
  }

  /**
   * What names mean now that meant something then, where others have changed something in the meantime; undefined where nobody has.
   * What the session itself has changed since does not count. Throws `sql-names-changed` where that cannot be told.
   */
  async since({ base, own, names, path, paths: before }: Settled): Promise<Names | undefined> {
    const { catalog, paths } = await this.#parts.shared.confirmNow()
    if (leadsElsewhere(path, before, paths)) {
      throw new GateError('sql-names-changed', 'a schema of the search_path has changed meanwhile')
    }
    if (catalog === base) return undefined
    return { ...names, catalog: own === undefined ? catalog : mergedCatalog(own.catalog, base, catalog) }
  }

  /**
   * Reads anew what is in doubt. To be called while the server is idle. In a failed transaction nothing can be read, and
   * the server runs nothing but its end. Whether all is known then. Rejects with `sql-catalog-unclear`, `database-…`.
   */
  async refresh(): Promise<boolean> {
    if (this.#state === 'E') return this.areSettled
    if (!this.#isSuspect && !this.#mustReadOwn && (await this.follow()) && this.areFresh) return true
    this.#isReading = true
    try {
      await this.#read()
      return this.#stale === 'nothing'
    } finally {
      this.#isReading = false
    }
  }

  /** Whether what the session alone sees may be another for what others have changed. */
  get #mustReadOwn(): boolean {
    if (this.#isMerged) return true
    return this.#settled?.own !== undefined && !this.areSettled
  }

  async #read(): Promise<void> {
    const { ask, shared } = this.#parts
    const isOpen = this.#state === 'T'
    const known = await shared.confirm()
    const settings = await readSettings(ask)
    const before = this.#settled?.own
    const isAnother = settings.temporaries !== this.#temporaries || known.catalog !== this.#settled?.base
    const isInDoubt = this.#stale === 'catalog' || this.#isMerged || isAnother
    const mayDiffer = settings.hasTemporary || (isOpen && this.#stale === 'catalog') || before !== undefined
    let own: OwnCatalog | 'unclear' | undefined = before
    if (isInDoubt) own = mayDiffer ? await this.#readOwn(known, isOpen && settings.isFrozen) : undefined
    if (isOpen && own !== before) this.#readInTransaction = 'catalog'
    if (isOpen) this.#readInTransaction = greater(this.#readInTransaction, this.#stale)
    this.#isSuspect = false
    this.#isMerged = false
    this.#temporaries = settings.temporaries
    this.#stale = own === 'unclear' ? 'catalog' : 'nothing'
    const { catalog: base, paths } = known
    const { path, searchPath } = settings
    this.#settle({ base, own: own === 'unclear' ? undefined : own, paths, path }, searchPath)
  }

  /**
   * What the session alone sees; undefined where that is what all do. A transaction that goes on seeing what it saw when it
   * began cannot tell its own changes from what others have changed since; the server knows both.
   */
  async #readOwn(known: OwnCatalog, isFrozen: boolean): Promise<OwnCatalog | 'unclear' | undefined> {
    const { ask, parser } = this.#parts
    const own = this.#settled?.own
    const isBefore = !this.#isMerged && !(isFrozen && known.catalog !== this.#settled?.base)
    const before = isBefore && own !== undefined ? [known, own] : [known]
    const found = await readOwnCatalog(ask, isFrozen ? undefined : parser, this.#state, before)
    return found === known ? undefined : (found ?? 'unclear')
  }

  #settle(read: Omit<Settled, 'names'>, searchPath: OwnSettings['searchPath']): void {
    const catalog = read.own?.catalog ?? read.base
    const before = this.#settled?.names
    const isSame = before?.catalog === catalog && before.searchPath.join('\0') === searchPath.join('\0')
    this.#settled = { ...read, names: isSame && before !== undefined ? before : { catalog, searchPath } }
    if (isSame) return
    if (before !== undefined && this.#state === 'T') {
      this.#readInTransaction = greater(this.#readInTransaction, 'names')
    }
    this.#version += 1
  }
}
