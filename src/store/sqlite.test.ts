import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { storeContract } from '../../test/harness/store/contract.ts'
import { revocationsContract } from '../../test/harness/store/revocations.ts'
import { MemoryGrantStore } from '../grants/memory-store.fixture.ts'
import { openStore } from './open.ts'

storeContract('memory', async () => {
  const store = new MemoryGrantStore()
  return { open: async () => store, remove: async () => undefined }
})

async function sqlite() {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-store-'))
  const path = join(folder, 'store', 'grants.db')
  return { open: () => openStore({ kind: 'sqlite', path }), remove: () => rm(folder, { recursive: true }) }
}

storeContract('SQLite', sqlite)
revocationsContract('SQLite', sqlite)
