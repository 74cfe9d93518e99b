import type { Migration } from './migration.ts'

/** Version 2: messages to be delivered, people who were verified, and secrets that replicas share. */
export const deliveries: Migration = {
  version: 2,
  async up(tx, columns) {
    await tx.schema
      .createTable('deliveries')
      .addColumn('id', columns.key, column => column.primaryKey().notNull())
      .addColumn('channel', columns.key, column => column.notNull())
      .addColumn('attempts', 'bigint', column => column.notNull())
      .addColumn('due_ms', 'bigint')
      .addColumn('why', 'text')
      .addColumn('body', 'text', column => column.notNull())
      .execute()
    await tx.schema
      .createIndex('deliveries_due')
      .on('deliveries')
      .columns(['due_ms', 'id'])
      .where('due_ms', 'is not', null)
      .execute()
    await tx.schema
      .createTable('people')
      .addColumn('id', columns.key, column => column.primaryKey().notNull())
      .addColumn('verified_at', 'bigint', column => column.notNull())
      .addColumn('body', 'text', column => column.notNull())
      .execute()
    await tx.schema
      .createTable('secrets')
      .addColumn('name', columns.key, column => column.primaryKey().notNull())
      .addColumn('value', columns.bytes, column => column.notNull())
      .execute()
  },
}
