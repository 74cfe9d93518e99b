import type { Migration } from './migration.ts'

/** Version 3: sessions that were ended before their credentials are. */
export const revocations: Migration = {
  version: 3,
  async up(tx, columns) {
    await tx.schema
      .createTable('revocations')
      .addColumn('number', 'bigint', column => column.primaryKey().notNull())
      .addColumn('target', columns.key, column => column.notNull())
      .addColumn('ordered_by', columns.key, column => column.notNull())
      .addColumn('keep_until', 'bigint', column => column.notNull())
      .addColumn('body', 'text', column => column.notNull())
      .execute()
    const on = (name: string) => tx.schema.createIndex(name).on('revocations')
    await on('revocations_target').unique().columns(['target']).execute()
    await on('revocations_by_person').columns(['ordered_by']).execute()
    await on('revocations_over').columns(['keep_until']).execute()
  },
}
