import type { Clock } from '../../core/clock.ts'
import { asGateError, GateError } from '../../core/errors.ts'
import type { SchemaCatalog } from '../../interpret/sql/model.ts'
import type { After } from '../../interpret/sql/parse/threads.ts'
import { CATALOG_STATE, PATHS, SNAPSHOT } from '../../interpret/sql/postgres/catalog/changes.ts'
import { loadCatalog } from '../../interpret/sql/postgres/catalog/load.ts'
import type { SqlParser } from '../../interpret/sql/postgres/parse/parser.ts'
import type { PostgresConnection } from '../../upstream/postgres/port.ts'
import { CatalogConnection } from './catalog-connection.ts'
import { UnderstoodTexts } from './understood-texts.ts'

/** The server is asked whether anything has changed when what was read is so old, ms. Nobody waits for that. */
const FRESH_MS = 500
/** And nothing is read by what is older: whoever asks waits until it is confirmed. */
const STALE_MS = 1_000
/** How long the server may take to answer, and to tell all of its catalog, ms. */
const CHECK_MS = 10_000
const LOAD_MS = 120_000
/** How long the connection stays when the last session has gone, ms. */
const LINGER_MS = 300_000

/** Opens a connection to the database of the catalog, logged in as somebody who may. */
export type Connect = (signal: AbortSignal) => Promise<PostgresConnection>

export interface SharedCatalogPorts {
  readonly parser: Pick<SqlParser, 'parse'>
  readonly clock: Clock
  readonly after: After
}

/** What is told of the catalog, and by which answers of the server it is told whether it has changed. */
export interface KnownCatalog {
  readonly catalog: SchemaCatalog
  /** Equal for equal catalogs; also on a connection with temporary objects or changes of its own: to CATALOG_STATE. */
  readonly state: string
  /** Equal where each search_path leads to the same schemas as before. */
  readonly paths: string
  readonly snapshot: string
}

/** The catalog as one session uses it. */
export interface CatalogView {
  /** As it was a moment ago; undefined where that must be confirmed first. The catalog is the same object while nothing changes. */
  readonly current: KnownCatalog | undefined
  /**
   * As it is: what was committed before the call, through whatever connection, is in it where `doubt` was called for it, and
   * else what was committed more than STALE_MS ago. Rejects with `sql-catalog-unclear`, `database-…`.
   */
  confirm(): Promise<KnownCatalog>
  /** As it is: what was committed before the call, by whomever, is in it. Rejects as `confirm` does. */
  confirmNow(): Promise<KnownCatalog>
  /** Something was committed that may have changed it. */
  doubt(): void
  leave(): void
}

interface Check {
  readonly promise: Promise<KnownCatalog>
  /** The doubts that it settles. */
  readonly doubts: number
  readonly beganMs: number
}

/**
 * The catalog of a database, for all sessions of a target: read once, on a connection of its own, and anew whenever anybody
 * has changed it. It is told by a short question whether somebody has; where that cannot be asked, nothing is read by what was
 * known before.
 */
export class SharedCatalog {
  /** What texts were understood to be by it. */
  readonly texts: UnderstoodTexts = new UnderstoodTexts()
  readonly #ports: SharedCatalogPorts
  #known: KnownCatalog | undefined
  /** As it was loaded last. */
  #catalog: SchemaCatalog | undefined
  #confirmedMs = Number.NEGATIVE_INFINITY
  #doubts = 0
  #settledDoubts = 0
  #check: Check | undefined
  /** The check behind that one. */
  #next: Promise<KnownCatalog> | undefined
  #connection: CatalogConnection | undefined
  #members = 0
  #cancelLinger: (() => void) | undefined
  #isClosed = false

  constructor(ports: SharedCatalogPorts) {
    this.#ports = ports
  }

  /** @param connect opens the catalog's connection, where there is none when this session needs one */
  join(connect: Connect): CatalogView {
    this.#members += 1
    this.#cancelLinger?.()
    this.#cancelLinger = undefined
    let isIn = true
    const shared = this
    return {
      get current() {
        return shared.#current(connect)
      },
      confirm: () => this.#confirm(connect),
      confirmNow: () => this.#following(connect),
      doubt: () => {
        this.#doubts += 1
      },
      leave: () => {
        if (isIn) this.#leave()
        isIn = false
      },
    }
  }

  /** For good: who asks later is told so. */
  close(): void {
    this.#isClosed = true
    this.#cancelLinger?.()
    this.#cancelLinger = undefined
    this.#disconnect()
  }

  #leave(): void {
    this.#members -= 1
    if (this.#members > 0 || this.#isClosed) return
    this.#cancelLinger = this.#ports.after(LINGER_MS, () => this.#disconnect())
  }

  #current(connect: Connect): KnownCatalog | undefined {
    if (this.#settledDoubts !== this.#doubts) return undefined
    const ageMs = this.#ports.clock.now() - this.#confirmedMs
    if (ageMs > STALE_MS || ageMs < 0) return undefined
    // Where it fails, whoever needs it next is told.
    if (ageMs > FRESH_MS && this.#check === undefined) this.#checked(connect).catch(() => undefined)
    return this.#known
  }

  #confirm(connect: Connect): Promise<KnownCatalog> {
    const known = this.#current(connect)
    return known === undefined ? this.#checked(connect) : Promise.resolve(known)
  }

  /** A check that began a moment ago and settles every doubt of now: the one that goes on, or the one behind it, which settles those until it begins. */
  #checked(connect: Connect): Promise<KnownCatalog> {
    const going = this.#check
    const isYoung = going !== undefined && this.#ports.clock.now() - going.beganMs <= STALE_MS
    if (isYoung && this.#next === undefined && going.doubts === this.#doubts) return going.promise
    return this.#following(connect)
  }

  /** A check that has not begun yet. */
  #following(connect: Connect): Promise<KnownCatalog> {
    if (this.#next !== undefined) return this.#next
    if (this.#check === undefined) return this.#run(connect)
    this.#next = this.#check.promise.catch(() => undefined).then(() => this.#run(connect))
    return this.#next
  }

  #run(connect: Connect): Promise<KnownCatalog> {
    const [beganMs, doubts] = [this.#ports.clock.now(), this.#doubts]
    const check = { promise: this.#confirmed(connect, doubts, beganMs), doubts, beganMs }
    this.#check = check
    this.#next = undefined
    const forget = (): void => {
      if (this.#check === check) this.#check = undefined
    }
    check.promise.then(forget, forget)
    return check.promise
  }

  async #confirmed(connect: Connect, doubts: number, beganMs: number): Promise<KnownCatalog> {
    const known = await this.#look(connect)
    this.#known = known
    this.#confirmedMs = beganMs
    this.#settledDoubts = doubts
    return known
  }

  /** A connection that has gone since it was used last is no reason to refuse anybody: another is tried, once. */
  async #look(connect: Connect): Promise<KnownCatalog> {
    const wasOpen = this.#connection !== undefined
    try {
      return await this.#lookOnce(connect)
    } catch (error) {
      this.#disconnect()
      if (!wasOpen) throw asGateError(error)
    }
    try {
      return await this.#lookOnce(connect)
    } catch (error) {
      this.#disconnect()
      throw asGateError(error)
    }
  }

  async #lookOnce(connect: Connect): Promise<KnownCatalog> {
    const connection = await this.#connected(connect)
    const known = this.#known
    const [found] = await this.#within(CHECK_MS, connection.ask(SNAPSHOT))
    const snapshot = told(found?.['snapshot'])
    if (snapshot === known?.snapshot) return known
    const [path] = await this.#within(CHECK_MS, connection.ask(PATHS))
    const paths = told(path?.['paths'])
    if (known !== undefined) {
      const now = await this.#within(CHECK_MS, stateOf(connection))
      if (now === known.state) return { ...known, paths, snapshot }
    }
    const loaded = await this.#within(LOAD_MS, this.#load(connection))
    // What is equal stays the same object: much is remembered by it.
    const isSame = this.#catalog?.version === loaded.catalog.version
    this.#catalog = isSame ? this.#catalog : loaded.catalog
    return { ...loaded, paths, snapshot, catalog: this.#catalog ?? loaded.catalog }
  }

  async #load(connection: CatalogConnection): Promise<Omit<KnownCatalog, 'paths' | 'snapshot'>> {
    await connection.ask('begin isolation level repeatable read read only')
    try {
      const state = await stateOf(connection)
      return { catalog: await loadCatalog(sql => connection.ask(sql), this.#ports.parser), state }
    } finally {
      await connection.ask('rollback')
    }
  }

  async #connected(connect: Connect): Promise<CatalogConnection> {
    if (this.#isClosed) throw unclear('the gate is stopping')
    if (this.#connection?.isOver === false) return this.#connection
    this.#disconnect()
    // Another server may stand behind the name now, with a history of its own.
    this.#known = undefined
    const opened = new CatalogConnection(await connect(AbortSignal.timeout(CHECK_MS)))
    this.#connection = opened
    await this.#within(CHECK_MS, opened.ask("set search_path = ''"))
    return opened
  }

  #disconnect(): void {
    this.#connection?.close()
    this.#connection = undefined
  }

  async #within<T>(ms: number, answer: Promise<T>): Promise<T> {
    const late = Promise.withResolvers<never>()
    const cancel = this.#ports.after(ms, () =>
      late.reject(unclear(`the server has not answered within ${ms} ms`)),
    )
    try {
      return await Promise.race([answer, late.promise])
    } finally {
      cancel()
    }
  }
}

async function stateOf(connection: CatalogConnection): Promise<string> {
  const [found] = await connection.ask(CATALOG_STATE)
  return told(found?.['state'])
}

function told(value: string | null | undefined): string {
  if (typeof value === 'string') return value
  throw unclear('the server does not say whether it has changed')
}

function unclear(why: string): GateError {
  return new GateError('sql-catalog-unclear', `the catalog of the upstream cannot be read: ${why}`)
}
