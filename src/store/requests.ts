import { sql } from 'kysely'
import type { AccessRequest, RequestState } from '../grants/model.ts'
import type { Change, RequestFilter } from '../grants/port.ts'
import type { Engine } from './engine.ts'
import { deliveryRow, eventRow, readRequest, readState, requestRow } from './rows.ts'
import type { Db, Tx } from './schema.ts'

/** Ids in one query; databases have a limit on parameters. */
const MAX_IDS = 500

/** See `GrantStore.open`. */
export async function open(
  { atomically, lock }: Engine,
  change: Change,
  nowMs: number,
): Promise<AccessRequest> {
  const { request } = change
  return await atomically(async tx => {
    if (request.standsUntilMs > nowMs) {
      // Two who find nothing would both write: the lock makes finding and writing one step.
      await lock(tx, `digest ${request.digest}`)
      const standing = await standingFor(tx, request.digest, nowMs)
      if (standing !== undefined) return standing
    }
    await tx.insertInto('access_requests').values(requestRow(request)).execute()
    await keepTold(tx, change)
    return request
  })
}

/** See `GrantStore.replace`. */
export async function replace({ atomically }: Engine, change: Change): Promise<boolean> {
  const { id, ...row } = requestRow(change.request)
  return await atomically(async tx => {
    // In PostgreSQL the second of two writers waits here, and then finds that the version has changed.
    const { numUpdatedRows } = await tx
      .updateTable('access_requests')
      .set(row)
      .where('id', '=', id)
      .where('version', '=', row.version - 1)
      .executeTakeFirst()
    if (numUpdatedRows !== 1n) return false
    await keepTold(tx, change)
    return true
  })
}

async function keepTold(tx: Tx, { events, deliveries }: Change): Promise<void> {
  if (events.length > 0) await tx.insertInto('request_events').values(events.map(eventRow)).execute()
  if (deliveries.length > 0) await tx.insertInto('deliveries').values(deliveries.map(deliveryRow)).execute()
}

export async function get(db: Db, id: string): Promise<AccessRequest | undefined> {
  const row = await db.selectFrom('access_requests').selectAll().where('id', '=', id).executeTakeFirst()
  return row && readRequest(row)
}

/**
 * A pending request that is approved just as it closes can stand beside the one that took its place; then
 * the approved one counts, as a person has answered it.
 */
export async function standingFor(db: Db, digest: string, nowMs: number): Promise<AccessRequest | undefined> {
  const rows = await db
    .selectFrom('access_requests')
    .selectAll()
    .where('digest', '=', digest)
    .where('stands_until', '>', nowMs)
    .orderBy('id', 'desc')
    .execute()
  const row = rows.find(({ state }) => state === 'approved') ?? rows[0]
  return row && readRequest(row)
}

export async function states(db: Db, ids: readonly string[]): Promise<ReadonlyMap<string, RequestState>> {
  const found = new Map<string, RequestState>()
  for (const some of portions(ids)) {
    const rows = await db
      .selectFrom('access_requests')
      .select(['id', 'state'])
      .where('id', 'in', some)
      .execute()
    for (const row of rows) found.set(row.id, readState(row))
  }
  return found
}

/** See `GrantStore.list`. */
export async function list(db: Db, filter: RequestFilter): Promise<readonly AccessRequest[]> {
  const { states: among, roleArn, before, limit } = filter
  if (among?.length === 0) return []
  let query = db.selectFrom('access_requests').selectAll()
  if (among !== undefined) query = query.where('state', 'in', among)
  if (roleArn !== undefined) query = query.where('role_arn', '=', roleArn)
  if (before !== undefined) query = query.where('id', '<', before)
  const rows = await query.orderBy('id', 'desc').limit(limit).execute()
  return rows.map(readRequest)
}

/**
 * See `GrantStore.scopes`. Here and below the words of a partial index stand in the query itself: SQLite does
 * not look into parameters when it chooses an index.
 */
export async function scopes(
  db: Db,
  principalKey: string,
  roleArn: string,
  nowMs: number,
): Promise<readonly AccessRequest[]> {
  const rows = await db
    .selectFrom('access_requests')
    .selectAll()
    .where('kind', '=', sql.lit('scope'))
    .where('state', '=', sql.lit('approved'))
    .where('principal_key', '=', principalKey)
    .where('role_arn', '=', roleArn)
    .where('stands_until', '>', nowMs)
    .orderBy('id')
    .execute()
  return rows.map(readRequest)
}

/** See `GrantStore.overdue`. */
export async function overdue(db: Db, nowMs: number, limit: number): Promise<readonly AccessRequest[]> {
  const rows = await db
    .selectFrom('access_requests')
    .selectAll()
    .where('state', 'in', [sql.lit<RequestState>('pending'), sql.lit<RequestState>('approved')])
    .where('stands_until', '<=', nowMs)
    .orderBy('stands_until')
    .limit(limit)
    .execute()
  return rows.map(readRequest)
}

/** See `GrantStore.forget`. */
export async function forget({ atomically }: Engine, beforeId: string, limit: number): Promise<number> {
  return await atomically(async tx => {
    const rows = await tx
      .selectFrom('access_requests')
      .select('id')
      .where('id', '<', beforeId)
      .where('state', 'not in', ['pending', 'approved'])
      .orderBy('id')
      .limit(limit)
      .execute()
    for (const some of portions(rows.map(({ id }) => id))) {
      await tx.deleteFrom('access_requests').where('id', 'in', some).execute()
    }
    return rows.length
  })
}

/** See `GrantStore.pendingOf`. */
export async function pendingOf(db: Db, principalKey: string, nowMs: number): Promise<number> {
  const { count } = await db
    .selectFrom('access_requests')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('state', '=', sql.lit('pending'))
    .where('principal_key', '=', principalKey)
    .where('stands_until', '>', nowMs)
    .executeTakeFirstOrThrow()
  return count
}

/** The ids, in lists that one query takes. */
export function* portions(ids: readonly string[]): Generator<readonly string[]> {
  for (let start = 0; start < ids.length; start += MAX_IDS) yield ids.slice(start, start + MAX_IDS)
}
