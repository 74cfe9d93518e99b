import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { startPostgres } from '../harness/postgres.ts'
import { startPostgresGate, type TestGate } from '../harness/postgres-gate.ts'

const started = await startPostgres()
const skip = 'missing' in started ? started.missing : false
let gate: TestGate

before(async () => {
  if ('missing' in started) return
  const admin = new pg.Client({ connectionString: started.url })
  await admin.connect()
  await admin.query(`
    create table people (id int primary key, name text, ssn text, data jsonb, born date);
    insert into people values
      (1, 'Ada', 'canary-1', '{"a": 1}', '1815-12-10'), (2, 'Bob', 'canary-2', '{"b": 2}', '1999-01-01');
    create table secrets (word text);
    insert into secrets values ('canary-3');
  `)
  await admin.end()
  gate = await startPostgresGate(started.port)
})
after(async () => {
  if ('missing' in started) return
  await gate.stop()
  await started.stop()
})

async function client(): Promise<pg.Client> {
  gate.policy.deny = [/secrets/]
  gate.policy.masks = []
  gate.noted.length = 0
  const found = new pg.Client({ connectionString: gate.url() })
  found.on('error', () => undefined)
  await found.connect()
  return found
}

const code = (expected: string) => (error: unknown) => {
  assert.equal((error as pg.DatabaseError).code, expected, String(error))
  return true
}

test('what is allowed passes, and is recorded with its outcome', { skip }, async () => {
  const db = await client()
  const { rows } = await db.query('select id, name from people order by id')
  assert.deepEqual(rows, [
    { id: 1, name: 'Ada' },
    { id: 2, name: 'Bob' },
  ])
  assert.deepEqual(gate.decisions(), ['allow Query select id, name from people order by id'])
  const { outcome } = await gate.until(
    ({ what, question }) => what === 'outcome' && question?.text.message === 'Query',
  )
  assert.equal(outcome?.rows, 2)
  assert.equal(outcome?.error, undefined)
  await db.end()
})

test("a denial is the server's own error, and the session goes on", { skip }, async () => {
  const db = await client()
  await assert.rejects(db.query('select * from secrets'), (error: pg.DatabaseError) => {
    assert.equal(error.code, '42501')
    assert.match(error.message, /public\.secrets is denied/)
    assert.equal(error.detail, 'test.yaml: NotThat')
    assert.match(error.hint ?? '', /^event [0-9A-Z]{26}$/)
    return true
  })
  assert.deepEqual((await db.query('select 1 as one')).rows, [{ one: 1 }])
  await db.end()
})

test('a denial fails the transaction', { skip }, async () => {
  const db = await client()
  await db.query('begin')
  await db.query("insert into people values (3, 'Eve')")
  await assert.rejects(db.query('select * from secrets'), code('42501'))
  await assert.rejects(db.query('select 1'), code('25P02'))
  await db.query('rollback')
  assert.deepEqual((await db.query('select count(*)::int as n from people')).rows, [{ n: 2 }])
  await db.end()
})

test('all statements of a text are one question', { skip }, async () => {
  const db = await client()
  const results = (await db.query('select 1 as a; select 2 as b')) as unknown as pg.QueryResult[]
  assert.deepEqual(
    results.map(({ rows }) => rows),
    [[{ a: 1 }], [{ b: 2 }]],
  )
  await assert.rejects(db.query("insert into people values (4, 'No'); select * from secrets"), code('42501'))
  assert.deepEqual((await db.query('select id from people where id = 4')).rows, [])
  await assert.rejects(db.query('set search_path to pg_catalog; select * from people'), (error: Error) => {
    assert.match(error.message, /send the statements one by one/)
    return true
  })
  await db.end()
})
