import type { RequestEvent } from '../grants/model.ts'
import type { Delivery } from '../grants/port.ts'
import type { Engine } from './engine.ts'
import { portions } from './requests.ts'
import { readDelivery, readEvent } from './rows.ts'
import type { Db } from './schema.ts'

/** What is kept of why a delivery failed, in characters. */
const MAX_WHY = 500

/** See `GrantStore.unrecorded`. */
export async function unrecorded(db: Db, beforeMs: number, limit: number): Promise<readonly RequestEvent[]> {
  const rows = await db
    .selectFrom('request_events')
    .selectAll()
    .where('time_ms', '<', beforeMs)
    .orderBy('time_ms')
    .orderBy('id')
    .limit(limit)
    .execute()
  return rows.map(readEvent)
}

/** The journal is where events are kept; here they only wait for it. */
export async function recorded({ atomically }: Engine, eventIds: readonly string[]): Promise<void> {
  await atomically(async tx => {
    for (const some of portions(eventIds)) {
      await tx.deleteFrom('request_events').where('id', 'in', some).execute()
    }
  })
}

/** See `GrantStore.takeDeliveries`. */
export async function takeDeliveries(
  { atomically, locksRows }: Engine,
  nowMs: number,
  leaseUntilMs: number,
  limit: number,
): Promise<readonly Delivery[]> {
  return await atomically(async tx => {
    const rows = await tx
      .selectFrom('deliveries')
      .selectAll()
      .where('due_ms', 'is not', null)
      .where('due_ms', '<=', nowMs)
      .orderBy('due_ms')
      .orderBy('id')
      .limit(limit)
      .$if(locksRows, query => query.forUpdate().skipLocked())
      .execute()
    for (const some of portions(rows.map(({ id }) => id))) {
      await tx.updateTable('deliveries').set({ due_ms: leaseUntilMs }).where('id', 'in', some).execute()
    }
    return rows.map(readDelivery)
  })
}

export async function delivered(db: Db, id: string): Promise<void> {
  await db.deleteFrom('deliveries').where('id', '=', id).execute()
}

/** See `GrantStore.failed`. One that was given up keeps its row, with the reason. */
export async function failed(db: Db, id: string, dueMs: number | undefined, why: string): Promise<void> {
  await db
    .updateTable('deliveries')
    .set(({ eb }) => ({ attempts: eb('attempts', '+', 1), due_ms: dueMs ?? null, why: storable(why) }))
    .where('id', '=', id)
    .execute()
}

/** What the far side answered, as far as every database takes it: PostgreSQL has no U+0000. */
function storable(text: string): string {
  return text.slice(0, MAX_WHY).replaceAll('\0', '\uFFFD').toWellFormed()
}
