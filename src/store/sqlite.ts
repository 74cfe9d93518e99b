import { chmodSync, closeSync, fsyncSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Kysely, sql } from 'kysely'
import { GateError } from '../core/errors.ts'
import type { Engine } from './engine.ts'
import type { Tables } from './schema.ts'
import { NodeSqliteDialect, whenFree } from './sqlite-driver.ts'

const OWNER_FOLDER = 0o700
const OWNER_FILE = 0o600
const OTHERS = 0o077
const OTHERS_WRITE = 0o022
/** How long a call waits for its turn, and then as long again for other processes to have written. */
const PATIENCE_MS = 5_000
/** SQLite's own waiting holds the thread, so it gets little: enough for another's commit on a fast disk. */
const BUSY_TIMEOUT_MS = 5

/**
 * The store in a file of this machine. Any number of processes may have it open. The file has to be on a
 * local disk: SQLite's locks and its shared memory do not work over a network.
 * Errors: `store-unsafe`, `store-unavailable`; the database's own.
 */
export async function openSqlite(path: string, patienceMs: number = PATIENCE_MS): Promise<Engine> {
  makePrivate(path)
  const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS, enableForeignKeyConstraints: true })
  try {
    await whenFree(() => configure(database), patienceMs)
  } catch (error) {
    database.close()
    throw error
  }
  const db = new Kysely<Tables>({ dialect: new NodeSqliteDialect(database, patienceMs) })
  return {
    db,
    columns: { key: sql`text`, bytes: 'blob' },
    locksRows: false,
    atomically: work => db.transaction().execute(work),
    async lock() {
      // A transaction has the only write lock of the file from its beginning.
    },
    async prepare() {
      // The file is the place.
    },
    async close() {
      await db.destroy()
      // Kysely destroys what it has used.
      if (database.isOpen) database.close()
    },
  }
}

/**
 * - WAL with `synchronous=FULL`: a commit is in the file, and synced, before it returns; readers and the
 *   writer are not in each other's way. https://sqlite.org/pragma.html#pragma_synchronous
 * - `fullfsync`: on macOS a plain fsync leaves the bytes in the drive.
 * - `trusted_schema=OFF`: nothing in the file's schema is run beyond what SQL itself is.
 */
function configure(database: DatabaseSync): void {
  const mode = database.prepare('PRAGMA journal_mode = WAL').get()
  if (mode?.['journal_mode'] !== 'wal') {
    throw new GateError(
      'store-unavailable',
      'the file of the store cannot have a write-ahead log: it must be on a local disk',
    )
  }
  database.exec(`
    PRAGMA synchronous = FULL;
    PRAGMA fullfsync = ON;
    PRAGMA checkpoint_fullfsync = ON;
    PRAGMA trusted_schema = OFF;
  `)
}

/** SQLite gives its `-wal` and `-shm` files the permissions of the file itself. */
function makePrivate(path: string): void {
  const folder = dirname(path)
  if (mkdirSync(folder, { recursive: true, mode: OWNER_FOLDER }) !== undefined) {
    chmodSync(folder, OWNER_FOLDER)
    syncFolder(dirname(folder))
  }
  create(path)
  syncFolder(folder)
  if ((statSync(path).mode & OTHERS) !== 0) {
    throw new GateError('store-unsafe', `others can read or write the file of the store, \`${path}\``)
  }
  if ((statSync(folder).mode & OTHERS_WRITE) !== 0) {
    throw new GateError('store-unsafe', `others can replace files in the folder of the store, \`${folder}\``)
  }
}

/**
 * Only ever opens a file that was not there: whoever closes a file of which this process has locks loses
 * them all, and SQLite's are such locks. https://sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled
 */
function create(path: string): void {
  try {
    closeSync(openSync(path, 'ax', OWNER_FILE))
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
}

/** A new name is durable once its folder is. */
function syncFolder(path: string): void {
  const handle = openSync(path, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}
