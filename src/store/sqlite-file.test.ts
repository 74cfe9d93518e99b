import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { sql } from 'kysely'
import { aRequest, NOW, only } from '../../test/harness/store/samples.ts'
import { SqlGrantStore } from './grant-store.ts'
import { openStore } from './open.ts'
import { openSqlite } from './sqlite.ts'

let folder = ''
let path = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-store-'))
  path = join(folder, 'store', 'grants.db')
})
afterEach(() => rmSync(folder, { recursive: true }))

const modeOf = (file: string): number => statSync(file).mode & 0o777

test('the folder and every file in it are for the gate alone', async () => {
  const store = await openStore({ kind: 'sqlite', path })
  await store.open(only(aRequest(1)), NOW)
  const files = readdirSync(join(folder, 'store')).toSorted()
  assert.deepEqual(files, ['grants.db', 'grants.db-shm', 'grants.db-wal'])
  assert.equal(modeOf(join(folder, 'store')), 0o700)
  for (const file of files) assert.equal(modeOf(join(folder, 'store', file)), 0o600, file)
  await store.close()
})

test('a file that others can read or write is not used', async () => {
  await (await openStore({ kind: 'sqlite', path })).close()
  for (const mode of [0o640, 0o604, 0o660, 0o606]) {
    chmodSync(path, mode)
    await assert.rejects(openStore({ kind: 'sqlite', path }), { code: 'store-unsafe' })
  }
  chmodSync(path, 0o600)
  chmodSync(join(folder, 'store'), 0o770)
  await assert.rejects(openStore({ kind: 'sqlite', path }), { code: 'store-unsafe' })
  chmodSync(join(folder, 'store'), 0o755)
  await (await openStore({ kind: 'sqlite', path })).close()
})

test('what is no database is refused and left as it is', async () => {
  mkdirSync(join(folder, 'store'))
  writeFileSync(path, 'x'.repeat(4096), { mode: 0o600 })
  await assert.rejects(openStore({ kind: 'sqlite', path }), { code: 'store-unavailable' })
  assert.equal(statSync(path).size, 4096)
  assert.deepEqual(readdirSync(join(folder, 'store')), ['grants.db'])
})

test('a file whose pages were overwritten is an error, not an answer', async () => {
  const store = await openStore({ kind: 'sqlite', path })
  for (let number = 0; number < 50; number++) await store.open(only(aRequest(number)), NOW)
  await store.close()
  const bytes = readFileSync(path)
  // The first page has the schema; all rows are behind it.
  writeFileSync(path, bytes.fill(0xee, 4096))
  const outcome = async (): Promise<unknown> => {
    const damaged = await openStore({ kind: 'sqlite', path })
    try {
      return await damaged.get(aRequest(7).id)
    } finally {
      await damaged.close()
    }
  }
  await assert.rejects(outcome(), { code: 'store-unavailable', message: /`SQLITE 11`/ })
})

test('a folder that cannot be made is an error of the store', async () => {
  writeFileSync(join(folder, 'store'), '')
  await assert.rejects(openStore({ kind: 'sqlite', path }), { code: 'store-unavailable' })
})

test('a commit is synced before it returns', async () => {
  const engine = await openSqlite(path)
  const { rows } = await sql`PRAGMA synchronous`.execute(engine.db)
  // 2 is FULL: https://sqlite.org/pragma.html#pragma_synchronous
  assert.equal(JSON.stringify(rows), '[{"synchronous":2}]')
  await engine.close()
})

test('while another holds the file, reading goes on, and writing fails once its patience is over', async () => {
  await (await openStore({ kind: 'sqlite', path })).close()
  const store = new SqlGrantStore(await openSqlite(path, 30))
  await store.open(only(aRequest(1)), NOW)
  const other = new DatabaseSync(path)
  other.exec('BEGIN IMMEDIATE')
  const writes = [
    store.open(only(aRequest(2)), NOW),
    store.delivered('x'),
    store.secret('s', Buffer.alloc(32)),
  ]
  for (const outcome of await Promise.allSettled(writes)) {
    assert.equal(outcome.status, 'rejected')
    assert.equal(outcome.reason.code, 'store-unavailable')
  }
  assert.deepEqual(await store.get(aRequest(1).id), aRequest(1))
  other.close()
  await store.close()
})

test('a write that finds the file held goes on when it is free', async () => {
  const store = await openStore({ kind: 'sqlite', path })
  const other = new DatabaseSync(path)
  other.exec('BEGIN IMMEDIATE')
  let isDone = false
  const opening = store.open(only(aRequest(1)), NOW).finally(() => {
    isDone = true
  })
  for (let turn = 0; turn < 5; turn++) await setImmediate()
  assert.equal(isDone, false)
  other.exec('ROLLBACK')
  assert.deepEqual(await opening, aRequest(1))
  other.close()
  await store.close()
})

test('a full disk is an error of the store, and leaves what was there', async () => {
  await (await openStore({ kind: 'sqlite', path })).close()
  const engine = await openSqlite(path)
  const store = new SqlGrantStore(engine)
  await store.open(only(aRequest(1)), NOW)
  await sql`PRAGMA max_page_count = 1`.execute(engine.db)
  const large = aRequest(2, { reason: 'x'.repeat(1_000_000) })
  await assert.rejects(store.open(only(large), NOW), {
    code: 'store-unavailable',
    message: 'the store of access requests could not be used (`SQLITE 13`)',
  })
  await sql`PRAGMA max_page_count = 100000`.execute(engine.db)
  assert.equal(await store.get(large.id), undefined)
  assert.deepEqual(await store.open(only(large), NOW), large)
  await store.close()
})
