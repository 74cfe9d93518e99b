import { GateError } from '../core/errors.ts'
import { type KeptRevocation, REVOCATION_LIMITS, type Revocation } from '../core/revocation.ts'
import type { Engine } from './engine.ts'
import { readRevocation, revocationRow, targetOf } from './rows.ts'
import type { Db, Tx } from './schema.ts'

/** Under it numbers are given: whoever sees one number sees all below it, as they were committed before. */
const LOCK = 'revocations'

/** See `RevocationStore.revoke`. */
export async function revoke(engine: Engine, order: Revocation, most: number): Promise<void> {
  await engine.atomically(async tx => {
    await engine.lock(tx, LOCK)
    const last = await lastNumber(tx)
    // The last row stays whatever its age: numbers go on from it, and never back.
    await tx
      .deleteFrom('revocations')
      .where('keep_until', '<=', order.atMs)
      .where('number', '<', last)
      .execute()
    const before = await tx
      .selectFrom('revocations')
      .selectAll()
      .where('target', '=', targetOf(order))
      .executeTakeFirst()
    if (before === undefined) await checkRoom(tx, order, most)
    else await tx.deleteFrom('revocations').where('number', '=', before.number).execute()
    const revocation = before === undefined ? order : reachingAsFar(order, readRevocation(before).revocation)
    await tx
      .insertInto('revocations')
      .values(revocationRow({ number: last + 1, revocation }))
      .execute()
  })
}

/** See `RevocationStore.revocations`. */
export async function revocationsFrom(
  db: Db,
  from: number,
  limit: number,
): Promise<readonly KeptRevocation[]> {
  const rows = await db
    .selectFrom('revocations')
    .selectAll()
    .where('number', '>=', from)
    .orderBy('number')
    .limit(limit)
    .execute()
  return rows.map(readRevocation)
}

function reachingAsFar(order: Revocation, before: Revocation): Revocation {
  return {
    ...order,
    issuedUntilMs: Math.max(order.issuedUntilMs, before.issuedUntilMs),
    keepUntilMs: Math.max(order.keepUntilMs, before.keepUntilMs),
  }
}

async function lastNumber(tx: Tx): Promise<number> {
  const { last } = await tx
    .selectFrom('revocations')
    .select(({ fn }) => fn.max('number').as('last'))
    .executeTakeFirstOrThrow()
  return last ?? 0
}

async function checkRoom(tx: Tx, { by, atMs }: Revocation, most: number): Promise<void> {
  const { standing } = REVOCATION_LIMITS
  const all = await tx
    .selectFrom('revocations')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('keep_until', '>', atMs)
    .executeTakeFirstOrThrow()
  if (all.count >= standing) {
    throw new GateError('revocations-too-many', `${standing} orders to end sessions stand`)
  }
  const own = await tx
    .selectFrom('revocations')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('ordered_by', '=', by)
    .where('keep_until', '>', atMs)
    .executeTakeFirstOrThrow()
  if (own.count >= most) {
    throw new GateError('revocations-too-many', `${most} orders to end sessions stand that are of \`${by}\``)
  }
}
