import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'
import type {
  CompiledQuery,
  DatabaseConnection,
  DatabaseIntrospector,
  Dialect,
  DialectAdapter,
  Driver,
  Kysely,
  QueryCompiler,
  QueryResult,
} from 'kysely'
import { SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely'
import { Turnstile } from './turnstile.ts'

/** Statements kept prepared; there are about thirty. */
const MAX_PREPARED = 100
/** SQLITE_BUSY: another connection is writing. https://sqlite.org/rescode.html#busy */
const SQLITE_BUSY = 5
const PRIMARY_CODE = 0xff

/** Kysely over node:sqlite: one connection, which calls of this process take in turns. */
export class NodeSqliteDialect implements Dialect {
  readonly #database: DatabaseSync
  readonly #patienceMs: number

  /** `patienceMs`: how long to wait for a turn, and as long again for other processes to have written. */
  constructor(database: DatabaseSync, patienceMs: number) {
    this.#database = database
    this.#patienceMs = patienceMs
  }

  createDriver(): Driver {
    return new NodeSqliteDriver(this.#database, this.#patienceMs)
  }

  createQueryCompiler(): QueryCompiler {
    return new SqliteQueryCompiler()
  }

  createAdapter(): DialectAdapter {
    return new SqliteAdapter()
  }

  createIntrospector(db: Kysely<unknown>): DatabaseIntrospector {
    return new SqliteIntrospector(db)
  }
}

class NodeSqliteDriver implements Driver {
  readonly #database: DatabaseSync
  readonly #connection: NodeSqliteConnection
  readonly #turnstile: Turnstile
  readonly #patienceMs: number

  constructor(database: DatabaseSync, patienceMs: number) {
    this.#database = database
    this.#connection = new NodeSqliteConnection(database, patienceMs)
    this.#turnstile = new Turnstile(patienceMs)
    this.#patienceMs = patienceMs
  }

  async init(): Promise<void> {
    // The database was opened before: whoever opens it checks the file first.
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    await this.#turnstile.enter()
    return this.#connection
  }

  async releaseConnection(): Promise<void> {
    this.#turnstile.leave()
  }

  /**
   * IMMEDIATE takes the write lock at once, so that nothing which was read in the transaction can change
   * before it is written. Where another process holds it, this one waits off the thread: SQLite's own
   * waiting would hold up every call of the worker.
   */
  async beginTransaction(): Promise<void> {
    await whenFree(() => this.#database.exec('BEGIN IMMEDIATE'), this.#patienceMs)
  }

  async commitTransaction(): Promise<void> {
    this.#database.exec('COMMIT')
  }

  /** A COMMIT that failed for want of space may have ended the transaction itself. */
  async rollbackTransaction(): Promise<void> {
    if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
  }

  async destroy(): Promise<void> {
    if (this.#database.isOpen) this.#database.close()
  }
}

class NodeSqliteConnection implements DatabaseConnection {
  readonly #database: DatabaseSync
  readonly #prepared = new Map<string, StatementSync>()
  readonly #patienceMs: number

  constructor(database: DatabaseSync, patienceMs: number) {
    this.#database = database
    this.#patienceMs = patienceMs
  }

  async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    // What Kysely hands over are the values of the typed tables: numbers, texts, bytes and null.
    const values = parameters as SQLInputValue[]
    const run = (): QueryResult<Row> => {
      const statement = this.#prepare(sql)
      if (statement.columns().length > 0) return { rows: statement.all(...values) as Row[] }
      const { changes } = statement.run(...values)
      return { rows: [], numAffectedRows: BigInt(changes) }
    }
    // Within a transaction nobody else can be in the way: it has the write lock.
    return this.#database.isTransaction ? run() : whenFree(run, this.#patienceMs)
  }

  streamQuery(): AsyncIterableIterator<never> {
    throw new Error('the store reads whole results')
  }

  #prepare(sql: string): StatementSync {
    const known = this.#prepared.get(sql)
    if (known !== undefined) return known
    const [oldest] = this.#prepared.keys()
    if (this.#prepared.size >= MAX_PREPARED && oldest !== undefined) this.#prepared.delete(oldest)
    const statement = this.#database.prepare(sql)
    this.#prepared.set(sql, statement)
    return statement
  }
}

/** Does it as soon as no other connection is in the way; rejects with SQLite's error after `patienceMs`. */
export async function whenFree<T>(act: () => T, patienceMs: number): Promise<T> {
  const until = performance.now() + patienceMs
  for (let waitMs = 1; ; waitMs = Math.min(waitMs * 2, 16)) {
    try {
      return act()
    } catch (error) {
      if (!isBusy(error) || performance.now() > until) throw error
    }
    // A share at random, so that those who met once do not meet again at the next try.
    await pause(waitMs * (0.5 + Math.random()))
  }
}

function isBusy(error: unknown): boolean {
  return (
    error instanceof Error &&
    'errcode' in error &&
    typeof error.errcode === 'number' &&
    (error.errcode & PRIMARY_CODE) === SQLITE_BUSY
  )
}
