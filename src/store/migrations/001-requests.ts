import { sql } from 'kysely'
import type { Tx } from '../schema.ts'
import type { Migration } from './migration.ts'

/** Version 1: access requests, and their events until a journal has them. */
export const requests: Migration = {
  version: 1,
  async up(tx, columns) {
    await tx.schema
      .createTable('access_requests')
      .addColumn('id', columns.key, column => column.primaryKey().notNull())
      .addColumn('digest', columns.key, column => column.notNull())
      .addColumn('principal_key', columns.key, column => column.notNull())
      .addColumn('role_arn', columns.key, column => column.notNull())
      .addColumn('kind', columns.key, column => column.notNull())
      .addColumn('state', columns.key, column => column.notNull())
      .addColumn('asked_at', 'bigint', column => column.notNull())
      .addColumn('stands_until', 'bigint', column => column.notNull())
      .addColumn('version', 'bigint', column => column.notNull())
      .addColumn('body', 'text', column => column.notNull())
      .execute()
    await indexes(tx)
    await tx.schema
      .createTable('request_events')
      .addColumn('id', columns.key, column => column.primaryKey().notNull())
      .addColumn('time_ms', 'bigint', column => column.notNull())
      .addColumn('body', 'text', column => column.notNull())
      .execute()
    await tx.schema.createIndex('request_events_by_time').on('request_events').columns(['time_ms']).execute()
  },
}

/** One for each way in which requests are looked for; the partial ones stay small, as most requests end. */
async function indexes(tx: Tx): Promise<void> {
  const on = (name: string) => tx.schema.createIndex(name).on('access_requests')
  await on('access_requests_by_digest').columns(['digest', 'stands_until']).execute()
  await on('access_requests_by_role').columns(['role_arn', 'id']).execute()
  await on('access_requests_by_state').columns(['state', 'id']).execute()
  await on('access_requests_pending')
    .columns(['principal_key', 'stands_until'])
    .where(sql.ref('state'), '=', 'pending')
    .execute()
  await on('access_requests_scopes')
    .columns(['principal_key', 'role_arn', 'stands_until'])
    .where(sql.ref('kind'), '=', 'scope')
    .where(sql.ref('state'), '=', 'approved')
    .execute()
  await on('access_requests_open')
    .columns(['stands_until'])
    .where(sql.ref('state'), 'in', ['pending', 'approved'])
    .execute()
}
