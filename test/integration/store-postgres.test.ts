import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { after, describe, test } from 'node:test'
import { inspect } from 'node:util'
import { sql } from 'kysely'
import pg from 'pg'
import { GateError } from '../../src/core/errors.ts'
import { Redacted } from '../../src/core/redacted.ts'
import type { GrantStore } from '../../src/grants/port.ts'
import { SqlGrantStore } from '../../src/store/grant-store.ts'
import { MIGRATIONS, migrate } from '../../src/store/migrate.ts'
import { openStore, type Store } from '../../src/store/open.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import { POOL_LIMITS } from '../../src/store/postgres-pool.ts'
import { POSTGRES_PASSWORD, type Postgres, startPostgres } from '../harness/postgres.ts'
import { storeContract } from '../harness/store/contract.ts'
import { revocationsContract } from '../harness/store/revocations.ts'
import { aRequest, NOW, only } from '../harness/store/samples.ts'
import { checkVersion1 } from '../harness/store/version-1.ts'

const VERSION_1 = readFileSync(new URL('../../vectors/store/version-1.postgres.sql', import.meta.url), 'utf8')

const postgres = await startPostgres()

if ('missing' in postgres) {
  test('the store in PostgreSQL', { skip: postgres.missing }, () => undefined)
} else {
  after(() => postgres.stop())
  tests(postgres)
}

function tests(server: Postgres): void {
  let databases = 0
  const empty = (): Promise<string> => server.database(`store_${databases++}`)
  const open = (url: string): Promise<Store> => openStore({ kind: 'postgres', url: new Redacted(url) })

  const shelf = async () => {
    const url = await empty()
    return { open: () => open(url), remove: async () => undefined }
  }
  storeContract('PostgreSQL', shelf)
  revocationsContract('PostgreSQL', shelf)
  describe('PostgreSQL: versions', () => versions(empty, open))
  describe('PostgreSQL: when it fails', () => failures(server, empty, open))
}

type Open = (url: string) => Promise<GrantStore>

async function as<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** Everything that the catalog says of the tables and indexes. */
const structure = (url: string): Promise<unknown[]> =>
  as(url, async client => {
    const columns = await client.query(`
      SELECT table_name, column_name, data_type, is_nullable, collation_name
      FROM information_schema.columns WHERE table_schema = 'sallyport' ORDER BY 1, 2`)
    const indexes = await client.query(
      "SELECT indexdef FROM pg_indexes WHERE schemaname = 'sallyport' ORDER BY 1",
    )
    return [columns.rows, indexes.rows]
  })

function versions(empty: () => Promise<string>, open: Open): void {
  test('version 1 is what it was when it was released', async () => {
    const [released, made] = [await empty(), await empty()]
    await as(released, client => client.query(VERSION_1))
    const engine = openPostgres(new Redacted(made))
    await migrate(engine, 0, MIGRATIONS.slice(0, 1))
    await engine.close()
    assert.deepEqual(await structure(made), await structure(released))
  })

  test('a store of version 1 is migrated with all that is in it, to what a new one is', async () => {
    const [old, fresh] = [await empty(), await empty()]
    await as(old, client => client.query(VERSION_1))
    const store = await open(old)
    await checkVersion1(store)
    await store.close()
    await (await open(fresh)).close()
    assert.deepEqual(await structure(old), await structure(fresh))
  })

  test('a store of a newer version is refused', async () => {
    const url = await empty()
    await (await open(url)).close()
    await as(url, client => client.query('INSERT INTO sallyport.migrations VALUES (99, 0)'))
    await assert.rejects(open(url), { code: 'store-newer' })
  })

  test('of many who open a new store at once, one migrates it and all can use it', async () => {
    const url = await empty()
    const stores = await Promise.all(Array.from({ length: 8 }, () => open(url)))
    const secrets = await Promise.all(stores.map((store, n) => store.secret('s', Buffer.alloc(32, n))))
    assert.equal(new Set(secrets.map(secret => secret.toString('hex'))).size, 1)
    for (const store of stores) await store.close()
  })

  test('a role that may make nothing in the database can use a schema that was made for it', async () => {
    const url = await empty()
    await as(url, async client => {
      await client.query(`CREATE ROLE plain LOGIN PASSWORD '${POSTGRES_PASSWORD}'`)
      await client.query('CREATE SCHEMA other')
    })
    const plain = url.replace('gate:', 'plain:')
    await assert.rejects(open(plain), { code: 'store-unavailable', message: /`42501`/ })
    await as(url, client => client.query('CREATE SCHEMA sallyport AUTHORIZATION plain'))
    const store = await open(plain)
    assert.deepEqual(await store.open(only(aRequest(1)), NOW), aRequest(1))
    await store.close()
  })
}

function failures(server: Postgres, empty: () => Promise<string>, open: Open): void {
  const unavailable = (error: unknown): boolean => {
    assert.ok(error instanceof GateError)
    assert.equal(error.code, 'store-unavailable')
    assert.ok(
      !inspect(error, { depth: 9, showHidden: true }).includes(POSTGRES_PASSWORD),
      'the password is told',
    )
    return true
  }
  const backends = (url: string): Promise<number[]> =>
    as(url, async client => {
      const { rows } = await client.query<{ pid: number }>(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'sallyport'",
      )
      return rows.map(({ pid }) => pid)
    })

  test('connections that were cut, in use or not, are made anew', async () => {
    const url = await empty()
    const store = await open(url)
    await Promise.all(Array.from({ length: 8 }, (_, n) => store.open(only(aRequest(n)), NOW)))
    const cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'sallyport'"
    for (let round = 0; round < 10; round++) {
      const calls = Promise.allSettled(
        Array.from({ length: 8 }, (_, n) => store.replace(only({ ...aRequest(n), version: 2 + round }))),
      )
      await as(url, client => client.query(cut))
      for (const call of await calls) if (call.status === 'rejected') unavailable(call.reason)
      for (let n = 0; n < 8; n++) {
        const { version = 0 } = (await store.get(aRequest(n).id)) ?? {}
        if (version < 2 + round)
          assert.equal(await store.replace(only({ ...aRequest(n), version: 2 + round })), true)
      }
      await as(url, client => client.query(cut))
      assert.equal(await store.replace(only({ ...aRequest(0), version: 2 })), false)
    }
    await store.close()
  })

  test('a server that is gone is an error at once, and one that is back is used again', async () => {
    const url = await empty()
    const store = await open(url)
    await store.open(only(aRequest(1)), NOW)
    await server.halt()
    for (let n = 0; n < 3; n++) await assert.rejects(store.get(aRequest(1).id), unavailable)
    await assert.rejects(open(url), unavailable)
    await server.resume()
    assert.deepEqual(await store.get(aRequest(1).id), aRequest(1))
    await store.close()
  })

  test('a server that stopped answering is waited for, but not for ever, and its connection is not used again', async () => {
    const url = await empty()
    await (await open(url)).close()
    const store = new SqlGrantStore(
      openPostgres(new Redacted(url), { ...POOL_LIMITS, size: 1, answerTimeoutMs: 200 }),
    )
    assert.equal(await store.get('x'), undefined)
    const stopped = await backends(url)
    assert.equal(stopped.length, 1)
    for (const pid of stopped) process.kill(pid, 'SIGSTOP')
    try {
      await assert.rejects(store.get('x'), unavailable)
      assert.equal(await store.get('x'), undefined)
    } finally {
      for (const pid of stopped) process.kill(pid, 'SIGCONT')
    }
    await store.close()
  })

  test('a lock that another holds is waited for, but not for ever', async () => {
    const url = await empty()
    await (await open(url)).close()
    const store = new SqlGrantStore(
      openPostgres(new Redacted(url), { ...POOL_LIMITS, statementTimeoutMs: 100 }),
    )
    await store.open(only(aRequest(1)), NOW)
    await as(url, async client => {
      await client.query('BEGIN')
      await client.query('SELECT * FROM sallyport.access_requests FOR UPDATE')
      await assert.rejects(store.replace(only({ ...aRequest(1), version: 2 })), unavailable)
      await client.query('ROLLBACK')
    })
    assert.equal(await store.replace(only({ ...aRequest(1), version: 2 })), true)
    await store.close()
  })

  test('a server that takes connections and says nothing is given up', async () => {
    const sockets: Socket[] = []
    const mute = createServer(socket => void sockets.push(socket)).listen(0, '127.0.0.1')
    await new Promise(resolve => mute.once('listening', resolve))
    const { port } = mute.address() as AddressInfo
    const url = new Redacted(`postgres://gate:${POSTGRES_PASSWORD}@127.0.0.1:${port}/x`)
    const store = new SqlGrantStore(openPostgres(url, { ...POOL_LIMITS, connectTimeoutMs: 100 }))
    await assert.rejects(store.get('x'), unavailable)
    await store.close()
    for (const socket of sockets) socket.destroy()
    await new Promise(resolve => mute.close(resolve))
  })

  test('a wrong password is an error that does not tell it', async () => {
    const url = (await empty()).replace(POSTGRES_PASSWORD, `${POSTGRES_PASSWORD}-wrong`)
    await assert.rejects(open(url), unavailable)
  })

  test('commits are on disk before they are acknowledged, whatever the default of the server', async () => {
    const url = await empty()
    const setting = 'SHOW synchronous_commit'
    assert.equal((await as(url, client => client.query(setting))).rows[0].synchronous_commit, 'off')
    const engine = openPostgres(new Redacted(url))
    const { rows } = await sql<{ synchronous_commit: string }>`SHOW synchronous_commit`.execute(engine.db)
    assert.equal(rows[0]?.synchronous_commit, 'on')
    await engine.close()
  })
}
