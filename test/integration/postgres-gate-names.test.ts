import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { startPostgres } from '../harness/postgres.ts'
import { startPostgresGate, type TestGate } from '../harness/postgres-gate.ts'
import { bind, execute, kinds, parse, RawPostgres, sqlstates, sync } from '../harness/postgres-raw.ts'

/*
 * Somebody who may do all that they like in the schema `evil`, and nothing with `public.people`, tries to make the
 * gate take one for the other.
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
    create table people (ssn text);
    insert into people values ('canary');
    create schema evil;
    create table evil.people (ssn text);
    create table evil.flip (a text default set_config('search_path', 'public', false));
    create role narrow;
    grant usage on schema public, evil to narrow;
    grant select on public.people, evil.people to narrow;
  `)
  gate = await startPostgresGate(started.port)
  gate.policy.deny = [/public\.people/]
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

const denied = (error: unknown): boolean => {
  assert.equal((error as pg.DatabaseError).code, '42501', String(error))
  return true
}

test('a temporary table that ROLLBACK TO took away hides nothing', { skip }, async () => {
  const db = await client()
  await db.query('begin')
  await db.query('savepoint s')
  await db.query('create temp table pg_temp.people (ssn text)')
  assert.deepEqual((await db.query('select * from people')).rows, [])
  await db.query('rollback to s')
  await assert.rejects(db.query('select * from people'), denied)
  await db.end()
})

test('the end of a failed transaction brings the search_path back, within one batch', { skip }, async () => {
  const raw = await RawPostgres.open(gate.port)
  for (const sql of ['begin', 'set search_path to evil', 'select * from people', 'select 1/0']) {
    raw.say({ kind: 'query', sql })
    await raw.until('ready')
  }
  raw.say(parse('rollback'), bind(), execute(), parse('select * from people'), bind(), execute(), sync)
  const heard = await raw.until('ready')
  assert.deepEqual(sqlstates(heard), ['42501'])
  assert.ok(!kinds(heard).includes('data-row'))
  raw.socket.destroy()
})

test('a default that sets the search_path is noticed', { skip }, async () => {
  const db = await client()
  await db.query('set search_path to evil')
  assert.deepEqual((await db.query('select * from people')).rows, [])
  const named = { name: 'n', text: 'select * from people' }
  assert.deepEqual((await db.query(named)).rows, [])
  await db.query('insert into flip default values')
  await assert.rejects(db.query('select * from people'), denied)
  await assert.rejects(db.query(named), denied)
  await db.end()
})

test('a statement that was prepared under another search_path is read anew', { skip }, async () => {
  const db = await client()
  await db.query('set search_path to evil')
  await db.query('prepare p as select * from people')
  assert.deepEqual((await db.query('execute p')).rows, [])
  const named = { name: 'n', text: 'select * from people' }
  assert.deepEqual((await db.query(named)).rows, [])
  const leaning = { name: 'm', text: 'execute p' }
  assert.deepEqual((await db.query(leaning)).rows, [])
  await db.query('reset search_path')
  await assert.rejects(db.query('execute p'), denied)
  await assert.rejects(db.query(named), denied)
  await assert.rejects(db.query(leaning), denied)
  await db.query('set search_path to evil')
  await db.query('deallocate p')
  await db.query('prepare p as select ssn from public.people')
  await assert.rejects(db.query(leaning), denied)
  await db.end()
})

test('a schema that is made later stands in the path before those that were there', { skip }, async () => {
  gate.policy.deny = [/public\.people/, /later\.people/]
  const db = await client()
  await db.query('set search_path to later, evil')
  assert.deepEqual((await db.query('select * from people')).rows, [])
  await admin.query(`begin; create schema later; create table later.people as table public.people; commit`)
  const isNoticed = (): Promise<boolean> =>
    db.query('alter table later.people add if not exists other int').then(
      () => true,
      () => false,
    )
  gate.policy.deny = [/public\.people/, /sql:Select .*later\.people/]
  while (!(await isNoticed())) await new Promise(resolve => setImmediate(resolve))
  await assert.rejects(db.query('select * from people'), denied)
  await admin.query('drop schema later cascade')
  gate.policy.deny = [/public\.people/]
  await db.end()
})

test('a schema that may be used no more gives way to those behind it in the path', { skip }, async () => {
  const [db, other] = [await client(), await client()]
  await db.query('set role narrow')
  await db.query('set search_path to evil, public')
  assert.deepEqual((await db.query('select * from people')).rows, [])
  await other.query('revoke usage on schema evil from narrow')
  await assert.rejects(db.query('select * from people'), denied)
  await other.query('grant usage on schema evil to narrow')
  assert.deepEqual((await db.query('select * from people')).rows, [])
  await db.end()
  await other.end()
})

test('a temporary table that a trigger makes is known', { skip }, async () => {
  await admin.query(`
    create function evil.shade() returns trigger language plpgsql as
      $$ begin create temp table people (ssn text); return new; end $$;
    create table evil.shaded (a int);
    create trigger shade before insert on evil.shaded for each row execute function evil.shade();
  `)
  gate.policy.deny = [/public\.people/, /pg_temp\.people/]
  const db = await client()
  await db.query('create temp table other (a int)')
  await db.query('set search_path to evil')
  assert.deepEqual((await db.query('select * from people')).rows, [])
  await db.query('insert into shaded values (1)')
  await assert.rejects(db.query('select * from people'), denied)
  gate.policy.deny = [/public\.people/]
  await db.end()
})
