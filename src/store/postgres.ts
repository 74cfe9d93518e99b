import { createHash } from 'node:crypto'
import { Kysely, PostgresDialect, sql } from 'kysely'
import type { Redacted } from '../core/redacted.ts'
import type { Engine } from './engine.ts'
import { openPool, POOL_LIMITS, type PoolLimits } from './postgres-pool.ts'
import { readPostgresUrl } from './postgres-url.ts'
import type { Db, Tables, Tx } from './schema.ts'

/** The tables have a schema of their own: the database may be shared. */
const SCHEMA = 'sallyport'
/** First key of our advisory locks, so that they are nobody else's: `SALY` in ASCII. */
const LOCK_CLASS = 0x53_41_4c_59
/** Transactions that the server ended because of another are begun anew, at most so often. */
const ATTEMPTS = 5
/** serialization_failure, deadlock_detected */
const CONFLICTS: ReadonlySet<string> = new Set(['40001', '40P01'])

/** The store in PostgreSQL, for replicas. Errors: `store-url-invalid`; the driver's when it is first used. */
export function openPostgres(url: Redacted, limits: PoolLimits = POOL_LIMITS): Engine {
  const dialect = new PostgresDialect({ pool: openPool(readPostgresUrl(url), limits) })
  const plain = new Kysely<Tables>({ dialect })
  const db = plain.withSchema(SCHEMA)
  return {
    db,
    columns: { key: sql`text collate "C"`, bytes: 'bytea' },
    locksRows: true,
    atomically: work => atomically(db, work),
    lock,
    prepare,
    close: () => plain.destroy(),
  }
}

/**
 * READ COMMITTED: what must not happen twice is held apart by locks: of a name (`lock`), or of a row that is
 * written. Each statement sees what was committed before it began, so what is read after `lock` is current.
 */
async function atomically<T>(db: Db, work: (tx: Tx) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await db.transaction().setIsolationLevel('read committed').execute(work)
    } catch (error) {
      if (attempt === ATTEMPTS || !isConflict(error)) throw error
    }
  }
}

/** An advisory lock, by 32 bits of the name's hash: names that share them only wait for each other. */
async function lock(tx: Tx, name: string): Promise<void> {
  const key = createHash('sha256').update(name).digest().readInt32BE(0)
  await sql`SELECT pg_advisory_xact_lock(${LOCK_CLASS}::int4, ${key}::int4)`.execute(tx)
}

/** Where an administrator has made the schema, the gate's role needs no right to make one. */
async function prepare(tx: Tx): Promise<void> {
  const { rows } = await sql`SELECT 1 FROM pg_namespace WHERE nspname = ${SCHEMA}`.execute(tx)
  if (rows.length === 0) await tx.schema.createSchema(SCHEMA).execute()
}

function isConflict(error: unknown): boolean {
  return error instanceof Error && 'code' in error && CONFLICTS.has(String(error.code))
}
