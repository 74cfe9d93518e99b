import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, test } from 'node:test'
import { checkVersion1 } from '../../test/harness/store/version-1.ts'
import { MIGRATIONS, migrate } from './migrate.ts'
import { openStore } from './open.ts'
import { openSqlite } from './sqlite.ts'

const VERSION_1 = readFileSync(new URL('../../vectors/store/version-1.sqlite.sql', import.meta.url), 'utf8')
const NEWEST = MIGRATIONS.length

let folder = ''
let path = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-store-'))
  path = join(folder, 'grants.db')
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Runs SQL in the file, as another program would. */
function run(sql: string): void {
  const database = new DatabaseSync(path)
  database.exec(sql)
  database.close()
  chmodSync(path, 0o600)
}

function rows(sql: string): unknown[] {
  const database = new DatabaseSync(path)
  const found = database.prepare(sql).all()
  database.close()
  return found.map(row => Object.values(row))
}

const versions = (): unknown[] => rows('SELECT version FROM migrations ORDER BY version').flat()
const tables = (): unknown[] => rows('SELECT type, name, sql FROM sqlite_master ORDER BY name')

test('versions are counted from 1 without a gap', () => {
  assert.deepEqual(
    MIGRATIONS.map(({ version }) => version),
    MIGRATIONS.map((_, index) => index + 1),
  )
})

test('version 1 is what it was when it was released', async () => {
  run(VERSION_1)
  const released = tables()
  rmSync(path)
  const engine = await openSqlite(path)
  await migrate(engine, 0, MIGRATIONS.slice(0, 1))
  await engine.close()
  assert.deepEqual(tables(), released)
})

test('a store of version 1 is migrated with all that is in it, to what a new one is', async () => {
  run(VERSION_1)
  const store = await openStore({ kind: 'sqlite', path })
  await checkVersion1(store)
  await store.close()
  assert.deepEqual(
    versions(),
    Array.from({ length: NEWEST }, (_, index) => index + 1),
  )
  const migrated = tables()
  rmSync(path)
  await (await openStore({ kind: 'sqlite', path })).close()
  assert.deepEqual(tables(), migrated)
})

test('a store of a newer version is refused and left as it is', async () => {
  await (await openStore({ kind: 'sqlite', path })).close()
  run(`INSERT INTO migrations VALUES (${NEWEST + 1}, 0)`)
  await assert.rejects(openStore({ kind: 'sqlite', path }), {
    code: 'store-newer',
    message: `the store is of version ${NEWEST + 1}, and this release knows none above ${NEWEST}`,
  })
  assert.equal(versions().length, NEWEST + 1)
})

test('a migration that fails leaves the version from before', async () => {
  run(VERSION_1)
  const before = tables()
  const engine = await openSqlite(path)
  const broken = { version: NEWEST + 1, up: async () => assert.fail('broken') }
  await assert.rejects(migrate(engine, 0, [...MIGRATIONS, broken]), { message: 'broken' })
  await engine.close()
  assert.deepEqual(versions(), [1])
  assert.deepEqual(tables(), before)
})

test('of many who open a new store at once, one migrates it and all can use it', async () => {
  const stores = await Promise.all(Array.from({ length: 8 }, () => openStore({ kind: 'sqlite', path })))
  const secrets = await Promise.all(stores.map((store, n) => store.secret('s', Buffer.alloc(32, n))))
  assert.equal(new Set(secrets.map(secret => secret.toString('hex'))).size, 1)
  for (const store of stores) await store.close()
  assert.equal(versions().length, NEWEST)
})
