import { after, test } from 'node:test'
import { Redacted } from '../../src/core/redacted.ts'
import { openStore } from '../../src/store/open.ts'
import { startPostgres } from '../harness/postgres.ts'
import { storeContract } from '../harness/store/contract.ts'

const postgres = await startPostgres()

if ('missing' in postgres) {
  test('the store in PostgreSQL', { skip: postgres.missing }, () => undefined)
} else {
  after(() => postgres.stop())
  let databases = 0

  storeContract('PostgreSQL', async () => {
    const url = new Redacted(await postgres.database(`contract_${databases++}`))
    return { open: () => openStore({ kind: 'postgres', url }), remove: async () => undefined }
  })
}
