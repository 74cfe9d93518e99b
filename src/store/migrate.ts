import { GateError } from '../core/errors.ts'
import type { Engine } from './engine.ts'
import { requests } from './migrations/001-requests.ts'
import { deliveries } from './migrations/002-deliveries.ts'
import { revocations } from './migrations/003-revocations.ts'
import type { Migration } from './migrations/migration.ts'
import type { Tx } from './schema.ts'

/** Every step, in order. */
export const MIGRATIONS: readonly Migration[] = [requests, deliveries, revocations]

/** Name of the lock under which one process migrates and the others wait. */
const LOCK = 'migrations'

/**
 * Brings the store to the version of this code, all steps in one transaction: a store is never between two
 * versions. Errors: `store-newer` where another release has taken it further than this code knows; the
 * database's own otherwise.
 */
export async function migrate(
  engine: Engine,
  nowMs: number,
  steps: readonly Migration[] = MIGRATIONS,
): Promise<void> {
  await engine.atomically(async tx => {
    await engine.lock(tx, LOCK)
    await engine.prepare(tx)
    await tx.schema
      .createTable('migrations')
      .ifNotExists()
      .addColumn('version', 'bigint', column => column.primaryKey().notNull())
      .addColumn('applied_at', 'bigint', column => column.notNull())
      .execute()
    const version = await currentVersion(tx)
    const newest = steps.at(-1)?.version ?? 0
    if (version > newest) {
      throw new GateError(
        'store-newer',
        `the store is of version ${version}, and this release knows none above ${newest}`,
      )
    }
    for (const step of steps) {
      if (step.version <= version) continue
      await step.up(tx, engine.columns)
      await tx.insertInto('migrations').values({ version: step.version, applied_at: nowMs }).execute()
    }
  })
}

async function currentVersion(tx: Tx): Promise<number> {
  const row = await tx
    .selectFrom('migrations')
    .select(({ fn }) => fn.max('version').as('version'))
    .executeTakeFirst()
  return row?.version ?? 0
}
