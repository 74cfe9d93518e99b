import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { startPostgres } from '../harness/postgres.ts'
import { startPostgresGate, type TestGate } from '../harness/postgres-gate.ts'
import { bind, execute, parse, RawPostgres, sqlstates, sync } from '../harness/postgres-raw.ts'

/*
 * What others change in the database while a session goes on: the gate notices, though they come by other ways. In all of
 * these `public.people` may not be read, and `ssn` is masked wherever it comes from.
 */
const started = await startPostgres()
const skip = 'missing' in started ? started.missing : false
let gate: TestGate
let admin: pg.Client

before(async () => {
  if ('missing' in started) return
  admin = new pg.Client({ connectionString: started.url })
  await admin.connect()
  await admin.query(`
    create table secrets (ssn text);
    insert into secrets values ('canary');
    create table people (name text);
    insert into people values ('ann');
    create table plain (name text);
    insert into plain values ('bob');
  `)
  gate = await startPostgresGate(started.port)
  gate.policy.deny = [/public\.people/]
  gate.policy.masks = [{ columns: ['public.secrets.ssn'], as: 'full' }]
})
after(async () => {
  if ('missing' in started) return
  await admin.end()
  await gate.stop()
  await started.stop()
})

async function client(): Promise<pg.Client> {
  const found = new pg.Client({ connectionString: gate.url() })
  await found.connect()
  return found
}

async function codeOf(answer: Promise<unknown>): Promise<string | undefined> {
  return answer.then(
    () => undefined,
    (error: pg.DatabaseError) => error.code,
  )
}

/** Asks again and again, as a client would that waits for somebody's change; each answer until then is the one of before. */
async function until(ask: () => Promise<boolean>): Promise<void> {
  while (!(await ask())) await new Promise(resolve => setTimeout(resolve, 50))
}

/**
 * Whether the gate knows that a view shows what is masked. In a session of its own: where the machine is so slow that a
 * statement waited, its session ends.
 */
async function isMasked(view: string): Promise<boolean> {
  const db = await client()
  db.on('error', () => undefined)
  const answer = await db.query(`select * from ${view}`).catch(() => undefined)
  await db.end()
  const name = answer?.rows[0]?.name
  return name !== undefined && name !== 'canary' && name !== 'bob'
}

test('a view that somebody else redefines over a masked column', { skip }, async () => {
  await admin.query('create view shown as select name from plain')
  const db = await client()
  const named = { name: 'n', text: 'select * from shown' }
  assert.deepEqual((await db.query('select * from shown')).rows, [{ name: 'bob' }])
  assert.deepEqual((await db.query(named)).rows, [{ name: 'bob' }])
  await admin.query('create or replace view shown as select ssn as name from secrets')
  await until(() => isMasked('shown'))
  assert.notEqual((await db.query(named)).rows[0]?.name, 'canary')
  await db.end()
})

test('a function, a column and a schema that somebody else makes', { skip }, async () => {
  const db = await client()
  const isUnknown = (sql: string): Promise<boolean> =>
    db.query(sql).then(
      () => false,
      (error: Error) => error.message.includes('not known'),
    )
  assert.equal(await isUnknown('select told()'), true)
  await admin.query(`create function told() returns text language sql as 'select 1::text'`)
  await until(async () => !(await isUnknown('select told()')))
  await admin.query('alter table plain rename column name to label')
  await until(async () => (await codeOf(db.query('select label from plain'))) === undefined)
  await admin.query('alter table plain rename column label to name')
  await until(async () => (await codeOf(db.query('select name from plain'))) === undefined)
  await admin.query('create schema fresh; create table fresh.people (name text)')
  await until(async () => (await codeOf(db.query('select * from fresh.people'))) === undefined)
  await db.end()
})

test('what one session commits, another one has at once', { skip }, async () => {
  const [one, other] = [await client(), await client()]
  for (let n = 0; n < 3; n++) {
    await one.query(`create table made_${n} (a int)`)
    assert.deepEqual((await other.query(`select * from made_${n}`)).rows, [])
    await other.query(`alter table made_${n} rename to moved_${n}`)
    assert.deepEqual((await one.query(`select * from moved_${n}`)).rows, [])
  }
  await one.end()
  await other.end()
})

test('a temporary table is its session’s alone, and hides a table for no other', { skip }, async () => {
  const [one, other] = [await client(), await client()]
  await one.query('create temp table people (name text)')
  assert.deepEqual((await one.query('select * from people')).rows, [])
  assert.equal(await codeOf(other.query('select * from people')), '42501')
  assert.equal(await codeOf(one.query('select * from public.people')), '42501')
  // Both see what somebody commits meanwhile.
  await other.query('create table later (a int)')
  assert.deepEqual((await one.query('select * from later')).rows, [])
  await one.query('drop table people')
  assert.equal(await codeOf(one.query('select * from people')), '42501')
  await one.end()
  await other.end()
})

test('what a transaction makes is known in it, and forgotten where it is rolled back', { skip }, async () => {
  const [one, other] = [await client(), await client()]
  await one.query('begin')
  await one.query('create table undone (name text)')
  assert.deepEqual((await one.query('select * from undone')).rows, [])
  await one.query('rollback')
  assert.equal(await codeOf(one.query('select * from undone')), '42501')
  await one.query('begin')
  await one.query('create view window_on as select name as other from plain')
  assert.deepEqual((await one.query('select other from window_on')).rows, [{ other: 'bob' }])
  assert.equal(await codeOf(other.query('select * from window_on')), '42501')
  await one.query('rollback')
  await one.query('create view window_on as select name from plain')
  assert.deepEqual((await one.query('select * from window_on')).rows, [{ name: 'bob' }])
  assert.deepEqual((await other.query('select * from window_on')).rows, [{ name: 'bob' }])
  await one.query('begin')
  await one.query('drop view window_on')
  await one.query('create view window_on as select name as new from plain')
  await one.query('commit')
  assert.deepEqual((await one.query('select new from window_on')).rows, [{ new: 'bob' }])
  assert.deepEqual((await other.query('select new from window_on')).rows, [{ new: 'bob' }])
  await one.end()
  await other.end()
})

test('a transaction that sees the catalog of before is told so where that matters', { skip }, async () => {
  const db = await client()
  await admin.query('create view seen as select name from plain')
  await until(async () => (await codeOf(db.query('select * from seen'))) === undefined)
  await db.query('rollback; begin isolation level repeatable read')
  assert.deepEqual((await db.query('select * from plain')).rows, [{ name: 'bob' }])
  await admin.query('create or replace view seen as select ssn as name from secrets')
  // The server itself takes the view of now.
  await until(() => isMasked('seen'))
  assert.equal(await codeOf(db.query('create temp table own (a int)')), undefined)
  assert.equal(await codeOf(db.query('select * from seen')), '42501')
  await db.query('rollback')
  assert.notEqual((await db.query('select * from seen')).rows[0]?.name, 'canary')
  await db.end()
})

test('an unnamed statement survives what the gate asks for itself', { skip }, async () => {
  const raw = await RawPostgres.open(gate.port)
  raw.say(parse('select 1'), sync)
  await raw.until('ready')
  // Named statements that set the search_path: what names mean is asked for behind each.
  raw.say(parse('set search_path to public', 's'), bind('s', 'p'), execute('p'), sync)
  await raw.until('ready')
  raw.say(bind(), execute(), sync)
  const heard = await raw.until('ready')
  assert.deepEqual(sqlstates(heard), [])
  assert.ok(heard.some(({ kind }) => kind === 'data-row'))
  raw.socket.destroy()
})

test('where the server cannot be asked for changes, nothing is read', { skip }, async () => {
  const db = await client()
  assert.deepEqual((await db.query('select * from plain')).rows, [{ name: 'bob' }])
  gate.faults.catalogAway = true
  await admin.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'sallyport catalog'`,
  )
  await until(async () => (await codeOf(db.query('select * from plain'))) !== undefined)
  gate.faults.catalogAway = false
  await until(async () => (await codeOf(db.query('select * from plain'))) === undefined)
  await db.end()
})

test('a temporary type by the name of the server’s own has no part in what the gate asks', {
  skip,
}, async () => {
  await admin.query(`
    create view shown_a as select ssn as name from secrets;
    create view shown_b as select name from plain;
  `)
  const db = await client()
  // Names cut to 6 characters would make one of both views.
  await db.query('create domain pg_temp.text as varchar(6)')
  await db.query('create temp table scratch (a int)')
  assert.deepEqual((await db.query('select * from scratch')).rows, [])
  assert.deepEqual((await db.query('select * from shown_b')).rows, [{ name: 'bob' }])
  assert.notEqual((await db.query('select * from shown_a')).rows[0]?.name, 'canary')
  assert.equal(await codeOf(db.query('select * from public.people')), '42501')
  await db.end()
})

/**
 * Waits until the server makes somebody wait for the view, and then for long enough that nobody takes that for quick; or until
 * there is an answer.
 */
async function untilSomebodyWaits(answer: Promise<unknown>): Promise<void> {
  let isAnswered = false
  const onAnswer = (): void => {
    isAnswered = true
  }
  answer.then(onAnswer, onAnswer)
  const isWaiting = async (): Promise<boolean> => {
    const { rows } = await admin.query(
      `select from pg_stat_activity where wait_event_type = 'Lock' and application_name <> 'sallyport catalog'`,
    )
    return isAnswered || rows.length > 0
  }
  await until(isWaiting)
  await admin.query('select pg_sleep(0.1)')
}

/**
 * Resolves when the gate knows the view as it is now: what comes from another column is masked. In sessions of their own: one whose
 * statement waited meanwhile, as on a slow machine, ends.
 */
async function untilNoticed(): Promise<void> {
  await until(async () => {
    const db = await client()
    db.on('error', () => undefined)
    const answer = await db.query('select * from slow').catch(() => undefined)
    await db.end()
    return answer?.rows[0]?.name === 'bob'
  })
}

const WAITS: Readonly<Record<string, (db: pg.Client) => Promise<unknown>>> = {
  'by a Query': db => db.query('select * from slow'),
  'by a prepared statement': db => db.query({ name: 'n', text: 'select * from slow' }),
  'in a text of two': db => db.query('select count(*) from generate_series(1, 10); select * from slow'),
  'by a copy': db => db.query('copy (select * from slow) to stdout'),
  'by a cursor': async db => {
    await db.query('begin; declare c cursor for select * from slow')
    return db.query('fetch all from c')
  },
  'by PREPARE': async db => db.query('execute p'),
  'beside a temporary table': db => db.query('select * from slow, mine'),
}

for (const [way, ask] of Object.entries(WAITS)) {
  test(`what has waited for somebody who redefines a view, ${way}, shows nothing of it`, {
    skip,
  }, async () => {
    await admin.query('create or replace view slow as select name from plain')
    await untilNoticed()
    const db = await client()
    db.on('error', () => undefined)
    await db.query('prepare p as select * from slow')
    await db.query('create temp table mine as select 1 as a')
    await db.query('select 1')
    await admin.query('begin; create or replace view slow as select ssn as name from secrets')
    const answer = ask(db).catch((error: pg.DatabaseError) => error)
    await untilSomebodyWaits(answer)
    await admin.query('commit')
    const said = await answer
    assert.ok(said instanceof Error, JSON.stringify(said))
    assert.equal((said as pg.DatabaseError).code, '42501', String(said))
    await db.end()
  })
}

test('what has waited means what it meant where somebody changes something else', { skip }, async () => {
  await admin.query('create or replace view slow as select name from plain')
  for (const temporary of [false, true]) {
    await untilNoticed()
    const db = await client()
    if (temporary) await db.query('create temp table mine as select 1 as a')
    await admin.query('begin; lock table slow; create table beside_it (a int)')
    const answer = db.query({ name: 'n', text: 'select * from slow' })
    await untilSomebodyWaits(answer)
    await admin.query('commit; drop table beside_it')
    assert.deepEqual((await answer).rows, [{ name: 'bob' }])
    await db.end()
  }
})

test('what others change between the messages of one batch denies nothing in it that they do not change', {
  skip,
}, async () => {
  const other = await client()
  const raw = await RawPostgres.open(gate.port)
  const flush = { kind: 'flush' } as const
  const isDone = (heard: readonly { readonly kind: string }[]): boolean =>
    heard.some(({ kind }) => kind === 'command-complete')
  for (const [n, temporary] of [false, true].entries()) {
    if (temporary) {
      raw.say({ kind: 'query', sql: 'create temp table scratch (a int)' })
      assert.deepEqual(sqlstates(await raw.until('ready')), [])
    }
    const texts = [
      `create table batched_${n} (a int)`,
      'explain select name from plain',
      temporary ? 'select a from scratch, plain' : 'select name from plain',
      'declare c cursor with hold for select name from plain',
      'close c',
    ]
    for (const [i, sql] of texts.entries()) {
      raw.say(parse(sql, 's'), flush)
      await raw.until('parse-complete')
      await other.query(`create table between_${n}_${i} (a int)`)
      raw.say(bind('s', 'p'), flush)
      await raw.until('bind-complete')
      await other.query(`drop table between_${n}_${i}`)
      raw.say(execute('p'), { kind: 'close', handle: 'S', name: 's' }, sync)
      const heard = await raw.until('ready')
      assert.deepEqual(sqlstates(heard), [], sql)
      assert.ok(isDone(heard), sql)
    }
  }
  raw.socket.destroy()
  await other.end()
})
