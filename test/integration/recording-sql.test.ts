import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { TEST_PRINCIPAL } from '../../src/policy/testing.ts'
import { startPostgres } from '../harness/postgres.ts'
import { startPostgresGate, type TestGate } from '../harness/postgres-gate.ts'
import { assertNowhere, KEPT_BYTES, type SqlRecording, startSqlRecording } from '../harness/sql-recording.ts'

const started = await startPostgres()
const skip = 'missing' in started ? started.missing : false
let gate: TestGate
let recording: SqlRecording

/** What is masked everywhere; each stands in one way of getting at it. */
const CANARY = /canary-?\d+/i
const HEX = Buffer.from('canary').toString('hex')

before(async () => {
  if ('missing' in started) return
  const admin = new pg.Client({ connectionString: started.url })
  await admin.connect()
  await admin.query(`
    create table customers (id int primary key, name text, ssn text unique);
    insert into customers values (1, 'Ana', 'canary-1'), (2, 'Bob', 'canary-2');
    create table plain (id int, note text);
    insert into plain select i, 'note ' || i from generate_series(1, 5000) i;
  `)
  await admin.end()
  recording = await startSqlRecording()
  gate = await startPostgresGate(started.port, undefined, { rooms: { recorder: recording.recorder } })
})
after(async () => {
  if ('missing' in started) return
  await gate.stop()
  await recording.stop()
  await started.stop()
})

async function client(): Promise<pg.Client> {
  const found = new pg.Client({ connectionString: gate.url() })
  found.on('error', () => undefined)
  await found.connect()
  return found
}

/** Whatever comes of it: what is recorded is of interest. */
const tried = (work: Promise<unknown>): Promise<unknown> => work.catch(() => undefined)

test('no event holds a masked value, however it was asked for, said or quoted', { skip }, async () => {
  gate.policy.masks = [{ columns: ['customers.ssn'], as: 'full' }]
  gate.policy.deny = [/^sql:Delete/]
  const db = await client()
  const asked: (string | pg.QueryConfig)[] = [
    'select * from customers order by id',
    'select id, upper(ssn) as s, row_to_json(customers) from customers',
    'select id from customers; select ssn from customers -- canary-90',
    "select 'canary-91', $$canary-92$$, E'canary\\x2d93'",
    "select * from customers where ssn = 'canary-1'",
    "delete from customers where ssn = 'canary-1'",
    "selec canary_94 from customers where ssn = 'canary-95'",
    "select 'canary-96",
    "insert into customers values (3, 'Cid', 'canary-3') returning *",
    "insert into customers values (4, 'Dan', 'canary-1')",
    "update customers set ssn = 'canary-4' where id = 3 returning ssn",
    'copy customers to stdout',
    "prepare p as select ssn, 'canary-97' from customers where id = $1",
    'execute p(1)',
    'begin; declare c cursor for select ssn from customers',
    'fetch all from c',
    'rollback',
    'select ssn::int from customers',
    "do $$ begin raise notice 'canary-98 %', (select ssn from customers where id = 1); end $$",
    "comment on table customers is 'canary-99'",
    "set app.note = 'canary-88'",
    "select set_config('app.note', 'canary-87', false)",
    { text: 'select $1::text, ssn from customers where id = $2', values: ['canary-86', 1] },
    { text: 'select ssn from customers where ssn = $1', values: ['canary-1'] },
    { text: 'insert into customers values ($1, $2, $3) returning *', values: [5, 'Eve', 'canary-85'] },
  ]
  for (const query of asked) {
    await tried(typeof query === 'string' ? db.query(query) : db.query(query))
    await tried(db.query('rollback'))
  }
  await db.end()
  const all = await recording.events()
  const statements = all.filter(event => event.type === 'decision' && event.call?.sql !== undefined)
  assert.ok(statements.length >= asked.length, `${statements.length} statements`)
  assertNowhere(all, CANARY, HEX)
  // And yet it is there: what was masked as it was, and what was said without its constants.
  const results = all.flatMap(event =>
    event.type === 'outcome' && event.result !== undefined ? [event.result] : [],
  )
  assert.ok(results.some(({ tables }) => tables.some(({ rows }) => rows.some(row => row.includes('~mask~')))))
  const forms = statements.flatMap(event => (event.type === 'decision' ? [event.call?.sql?.normalized] : []))
  assert.ok(forms.includes('delete from customers where ssn = ?'))
  assert.ok(forms.includes('insert into customers values ($1, $2, $3) returning *'))
})

test('a replay shows what the person saw', { skip }, async () => {
  gate.policy.masks = []
  gate.policy.deny = [/secrets/]
  const db = await client()
  await db.query("select id, note from plain where id in (1, 2) and note <> 'x'")
  await db.query({
    text: 'select note as n, $2::int + 1 from plain where id = $1',
    values: [3, 41],
    rowMode: 'array',
  })
  await db.query({ text: 'select id from plain order by id' })
  await db.end()
  await recording.events()
  const text = await recording.shown('replay', TEST_PRINCIPAL.sessionId)
  assert.match(
    text,
    /t\/postgres=> select id, note from plain where id in \(1, 2\) and note <> 'x';\n id \| +note\n----\+--------\n {2}1 \| note 1\n {2}2 \| note 2\n\(2 rows\)\n/,
  )
  assert.match(text, /-- \$1 = '3'\n-- \$2 = '41'\n +n +\| \?column\?\n-+\+-+\n note 3 \| +42\n\(1 row\)\n/)
  assert.match(
    text,
    new RegExp(`-- more rows came: ${KEPT_BYTES} bytes are kept, as .record.keep. says\n\\(5,000 rows\\)`),
  )
  assert.match(text, /\\connect t\/postgres/)
})

test('each statement that passed has one outcome; lists and searches know them', { skip }, async () => {
  const all = await recording.events()
  const decisions = all.filter(event => event.type === 'decision')
  const outcomes = all.filter(event => event.type === 'outcome')
  const passed = decisions.filter(({ effect }) => effect === 'allow')
  assert.equal(outcomes.length, passed.length)
  for (const { protocol } of outcomes) assert.equal(protocol, 'sql')
  const listed = await recording.shown('list')
  assert.match(listed, new RegExp(` ${decisions.length} +${decisions.length - passed.length} `))
  const found = await recording.shown(
    'search',
    'target:t',
    'operation:SELECT',
    'plain',
    '--scan',
    '--limit',
    '3',
  )
  assert.match(found, /select id from plain order by id/)
})
