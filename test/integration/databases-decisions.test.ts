import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import mysql from 'mysql2/promise'
import pg from 'pg'
import type { RequestView } from '../../src/contract/approvals.ts'
import type { DecisionEvent, OutcomeEvent } from '../../src/record/event.ts'
import { asksOnCall, numberIn } from '../harness/caller.ts'
import { ControlClient } from '../harness/control.ts'
import { type DatabaseWorld, startDatabaseWorld, startServers } from '../harness/database-world.ts'
import { POSTGRES_PASSWORD } from '../harness/postgres.ts'
import { type Finished, which } from '../harness/process.ts'

/** What a role may do, asks people for, and does not see, through `sallyport serve` and in what it has recorded. */

const servers = await startServers()
/** In no table but where masks are, so that it is nowhere in what the gate writes. */
const CANARY = `canary${randomBytes(8).toString('hex')}@example.com`
const FOUND = `found${randomBytes(8).toString('hex')}@example.com`
const rows = (operator: string, count: number): object => ({ [operator]: { 'sql:RowsAffected': `${count}` } })

const POLICY = {
  Version: '2012-10-17',
  Statement: [
    { Sid: 'Everything', Effect: 'Allow', Action: 'sql:*', Resource: '*' },
    { Sid: 'NoSalaries', Effect: 'Deny', Action: 'sql:*', Resource: 'arn:sallyport:sql:*:*:*/*.salaries' },
    asksOnCall('Deleting', 'sql:Delete', { Hold: '60s' }, 'arn:sallyport:sql:*:*:*/*.jobs'),
    asksOnCall('Numbers', 'sql:Delete', { Hold: '1s' }, 'arn:sallyport:sql:*:*:*/*.queue'),
    {
      ...asksOnCall('Many', 'sql:Update', { Hold: '60s' }),
      Condition: rows('NumericGreaterThan', 2),
    },
    {
      Sid: 'HideMail',
      Effect: 'Mask',
      Action: 'sql:Select',
      Resource: 'arn:sallyport:sql:*:*:*/*.people',
      Mask: { Columns: ['people.email'], As: 'partial' },
    },
    {
      Sid: 'FindMail',
      Effect: 'Mask',
      Action: 'sql:Select',
      Resource: 'arn:sallyport:sql:*:*:*/*.notes',
      Mask: { Detect: ['email-address'] },
    },
  ],
}

const TABLES = `
  create table people (id int primary key, name varchar(40), email varchar(80));
  create table salaries (id int, amount int);
  create table jobs (id int primary key, state varchar(20));
  create table queue (id int primary key);
  create table notes (id int primary key, words varchar(200));
  insert into people values (1, 'ann', '${CANARY}'), (2, 'ben', '${CANARY}');
  insert into salaries values (1, 4711);
  insert into jobs values (1, 'new'), (2, 'new'), (3, 'new'), (4, 'new');
  insert into queue values (1), (2);
  insert into notes values (1, 'write to ${FOUND} soon')`

describe('decisions on statements', { skip: servers.missing() }, () => {
  let world: DatabaseWorld
  let ann: ControlClient
  let annsToken: string
  let postgres: pg.Client
  let mariadb: mysql.Connection

  before(async () => {
    postgres = new pg.Client({ connectionString: servers.postgres?.url ?? '' })
    await postgres.connect()
    await postgres.query(TABLES)
    const place = {
      host: '127.0.0.1',
      port: servers.mysql?.port ?? 0,
      user: 'gate',
      password: POSTGRES_PASSWORD,
    }
    mariadb = await mysql.createConnection({
      connectTimeout: 0,
      ...place,
      database: 'shop',
      multipleStatements: true,
    })
    await mariadb.query(TABLES)
    world = await startDatabaseWorld({
      servers,
      policies: [POLICY],
      config: { record: { keep: [{ what: 'replies' }] } },
    })
    annsToken = await world.people.token('ann', { groups: ['on-call'] })
    ann = new ControlClient(world.byName, annsToken)
  })
  after(async () => {
    await postgres?.end()
    await mariadb?.end()
    await world?.stop()
    await servers.stop()
  })

  const program = (name: string) => which(name) === undefined && `no ${name} here`
  const event = async (id: string): Promise<DecisionEvent> =>
    (await world.started.events()).find((each): each is DecisionEvent => each.id === id) ??
    assert.fail(`no event ${id}`)

  /** The access request that somebody waits for. */
  const asked = (of: string): Promise<RequestView> => ann.asked(each => JSON.stringify(each).includes(of))
  const bySallyport = async (...args: string[]): Promise<string> => {
    const done = await world.sallyport(['approvals', ...args], annsToken)
    assert.equal(done.code, 0, done.stderr)
    return done.stdout
  }
  const failed = <E extends Error>(running: Promise<unknown>): Promise<E> =>
    running.then(
      () => assert.fail('it passed'),
      error => error,
    )

  describe('PostgreSQL', () => {
    let db: pg.Client
    before(async () => {
      db = await world.pg('postgres-person')
    })
    after(() => db?.end())
    const count = async (sql: string): Promise<number> =>
      (await postgres.query(`select count(*)::int as n from ${sql}`)).rows[0].n

    it('a denial is an error of the server, with the reason, the statement and the event', async () => {
      const error = await failed<pg.DatabaseError>(db.query('select * from salaries'))
      assert.equal(error.code, '42501')
      assert.match(error.message, /NoSalaries|denies|denied/)
      assert.match(error.detail ?? '', /NoSalaries/)
      const id = /[0-9A-Z]{26}/.exec(error.hint ?? '')?.[0] ?? ''
      const { effect, call } = await event(id)
      assert.deepEqual([effect, call?.sql?.normalized], ['deny', 'select * from salaries'])
      assert.equal((await db.query('select 1 as one')).rows[0].one, 1)
    })

    it('psql is told that its statement waits, and goes on when `sallyport approvals approve` says so', {
      skip: program('psql'),
    }, async () => {
      const running = world.psql(['-c', 'delete from jobs where id = 1'], 'postgres-person')
      const { id } = await asked('delete from jobs where id = 1')
      assert.match(await bySallyport('list'), new RegExp(id))
      assert.match(await bySallyport('show', id), /delete from jobs where id = 1/)
      assert.equal(await count('jobs'), 4)
      await bySallyport('approve', id, '--yes')
      const done = await running
      assert.equal(done.code, 0, done.stderr)
      assert.match(done.stdout, /DELETE 1/)
      assert.match(done.stderr, new RegExp(`NOTICE: +waiting for an approval: https://\\S+/r/${id}`))
      assert.equal(await count('jobs'), 3)
    })

    it('a statement that people deny fails with their reason', async () => {
      const running = failed<pg.DatabaseError>(db.query('delete from jobs where id = $1', [2]))
      await bySallyport(
        'deny',
        (await asked('delete from jobs where id = $1')).id,
        '--reason',
        'not today',
        '--yes',
      )
      const error = await running
      assert.equal(error.code, '42501')
      assert.match(error.message, /not today/)
      assert.equal(await count('jobs'), 3)
    })

    it('what nobody answers in time fails with the number, and passes once it is approved', async () => {
      const sql = 'delete from queue where id = 1'
      const error = await failed<pg.DatabaseError>(db.query(sql))
      assert.equal(error.code, '42501')
      assert.equal((await ann.approve(numberIn(error.hint ?? ''))).status, 200)
      assert.equal((await failed<pg.DatabaseError>(db.query('delete from queue where id = 2'))).code, '42501')
      assert.equal((await db.query(sql)).rowCount, 1)
      assert.equal((await failed<pg.DatabaseError>(db.query(sql))).code, '42501')
    })

    it('a change of too many rows waits with its transaction open: committed, or rolled back', async () => {
      assert.equal((await db.query("update jobs set state = 'few' where id = 2")).rowCount, 1)
      const done = db.query("update jobs set state = 'done'")
      const yes = await asked("update jobs set state = 'done'")
      assert.equal(await count("jobs where state = 'done'"), 0)
      assert.equal((await ann.approve(yes.id)).status, 200)
      assert.equal((await done).rowCount, 3)
      assert.equal(await count("jobs where state = 'done'"), 3)
      const lost = failed<pg.DatabaseError>(db.query("update jobs set state = 'lost'"))
      assert.equal(
        (await ann.deny((await asked("update jobs set state = 'lost'")).id, 'not today')).status,
        200,
      )
      assert.equal((await lost).code, '42501')
      assert.equal(await count("jobs where state = 'lost'"), 0)
      assert.equal((await db.query('select 1 as one')).rows[0].one, 1)
    })

    it('masks in text, in binary and in COPY; what is found in values', {
      skip: program('psql'),
    }, async () => {
      const text = await db.query('select email from people where id = 1')
      assert.deepEqual(text.rows, [{ email: '~mask~@example.com' }])
      const binary = await db.query({
        text: 'select email from people where id = $1',
        values: [1],
        binary: true,
      } as pg.QueryConfig)
      assert.deepEqual(binary.rows, [{ email: '~mask~@example.com' }])
      const copy = await world.psql(
        ['-c', 'copy people to stdout', '-c', '\\copy people to stdout csv'],
        'postgres-person',
      )
      assert.equal(copy.code, 0, copy.stderr)
      assert.match(copy.stdout, /^1\tann\t~mask~@example.com$/m)
      assert.match(copy.stdout, /^1,ann,"~mask~@example.com"$/m)
      const { rows: notes } = await db.query('select words from notes')
      assert.deepEqual(notes, [{ words: 'write to ~mask~ soon' }])
      assert.equal(
        (await failed<pg.DatabaseError>(db.query("select id from people where email like 'canary%'"))).code,
        '42501',
      )
    })
  })

  describe('MySQL', () => {
    let db: mysql.Connection
    before(async () => {
      db = await world.mysql('mysql-person')
    })
    after(() => db?.end())
    const count = async (sql: string): Promise<number> =>
      Number((await mariadb.query<mysql.RowDataPacket[]>(`select count(*) as n from ${sql}`))[0][0]?.['n'])
    const changed = async (sql: string): Promise<number> =>
      (await db.query<mysql.ResultSetHeader>(sql))[0].affectedRows

    it('a denial is an error of the server, with the reason, the statement and the event', async () => {
      const error = await failed<mysql.QueryError>(db.query('select * from salaries'))
      assert.deepEqual([error.errno, error.sqlState], [1142, '42000'])
      assert.match(error.message, /NoSalaries/)
      const { effect, call } = await event(/event ([0-9A-Z]{26})/.exec(error.message)?.[1] ?? '')
      assert.deepEqual([effect, call?.sql?.normalized?.toLowerCase()], ['deny', 'select * from salaries'])
      assert.deepEqual((await db.query('select 1 as one'))[0], [{ one: 1 }])
    })

    it('mysql waits, and goes on when `sallyport approvals approve` says so', {
      skip: program('mysql'),
    }, async () => {
      const running = world.mysqlProgram(['-vv', '-e', 'delete from jobs where id = 1'], 'mysql-person')
      const { id } = await asked('delete from jobs where id = 1')
      assert.equal(await count('jobs'), 4)
      assert.equal((await ann.approve(id)).status, 200)
      const done = await running
      assert.equal(done.code, 0, done.stderr)
      assert.match(done.stdout, /1 row affected/)
      assert.equal(await count('jobs'), 3)
    })

    it('a statement that people deny fails with their reason', async () => {
      const running = failed<mysql.QueryError>(db.execute('delete from jobs where id = ?', [2]))
      assert.equal(
        (await ann.deny((await asked('delete from jobs where id = ?')).id, 'not today')).status,
        200,
      )
      const error = await running
      assert.equal(error.errno, 1142)
      assert.match(error.message, /not today/)
      assert.equal(await count('jobs'), 3)
    })

    it('what nobody answers in time fails with the number, and passes once it is approved', async () => {
      const sql = 'delete from queue where id = 1'
      const error = await failed<mysql.QueryError>(db.query(sql))
      assert.equal(error.errno, 1142)
      assert.equal((await ann.approve(numberIn(error.message))).status, 200)
      assert.equal((await failed<mysql.QueryError>(db.query('delete from queue where id = 2'))).errno, 1142)
      assert.equal(await changed(sql), 1)
      assert.equal((await failed<mysql.QueryError>(db.query(sql))).errno, 1142)
    })

    it('a change of too many rows waits with its transaction open: committed, or rolled back', async () => {
      assert.equal(await changed("update jobs set state = 'few' where id = 2"), 1)
      const done = changed("update jobs set state = 'done'")
      const yes = await asked("update jobs set state = 'done'")
      assert.equal(await count("jobs where state = 'done'"), 0)
      assert.equal((await ann.approve(yes.id)).status, 200)
      assert.equal(await done, 3)
      assert.equal(await count("jobs where state = 'done'"), 3)
      const lost = failed<mysql.QueryError>(db.query("update jobs set state = 'lost'"))
      assert.equal(
        (await ann.deny((await asked("update jobs set state = 'lost'")).id, 'not today')).status,
        200,
      )
      assert.equal((await lost).errno, 1142)
      assert.equal(await count("jobs where state = 'lost'"), 0)
      assert.deepEqual((await db.query('select 1 as one'))[0], [{ one: 1 }])
    })

    it('masks in text and in binary; what is found in values', async () => {
      const sql = 'select email from people where id = 1'
      assert.deepEqual((await db.query(sql))[0], [{ email: '~mask~@example.com' }])
      assert.deepEqual((await db.execute(sql))[0], [{ email: '~mask~@example.com' }])
      assert.deepEqual((await db.execute('select words from notes'))[0], [{ words: 'write to ~mask~ soon' }])
      const error = await failed<mysql.QueryError>(
        db.query("select id from people where email like 'canary%'"),
      )
      assert.equal(error.errno, 1142)
    })
  })

  describe('what was recorded', () => {
    let session: string
    const sessions = (...args: string[]): Promise<Finished> =>
      world.sallyport(['sessions', ...args, '--data', join(world.started.gate.folder, 'data')])

    before(async () => {
      const begun = (await world.started.events()).find(
        each => each.type === 'session' && each.principal.subject === 'postgres-person',
      )
      session = begun?.sessionId ?? ''
    })

    it('statement, normalised form, parameters, rows, bytes and the result as the person saw it', async () => {
      const events = await world.started.events()
      const decision = events.find(
        (each): each is DecisionEvent =>
          each.type === 'decision' && each.call?.sql?.text === 'delete from jobs where id = $1',
      )
      assert.equal(decision?.call?.sql?.normalized, 'delete from jobs where id = $1')
      assert.deepEqual(decision?.call?.parameters, { $1: '2' })
      assert.match(decision?.call?.sql?.fingerprint ?? '', /^[0-9a-f]{16}$/)
      const outcomes = events.filter((each): each is OutcomeEvent => each.type === 'outcome')
      const masked = outcomes.filter(({ result }) =>
        JSON.stringify(result ?? '').includes('~mask~@example.com'),
      )
      assert.ok(masked.length >= 4, 'of both engines, in text and in binary')
      for (const { rows: seen, bytesOut } of masked) assert.ok(seen !== undefined && seen > 0 && bytesOut > 0)
    })

    it('list, show, search, replay', async () => {
      const listed = await sessions('list')
      assert.match(listed.stdout, new RegExp(session))
      const shown = await sessions('show', session)
      assert.match(shown.stdout, /delete from jobs where id = 1/)
      const found = await sessions('search', 'target:orders', 'effect:deny', 'salaries')
      assert.match(found.stdout, /salaries/)
      assert.doesNotMatch(found.stdout, /target:shop/)
      const replayed = await sessions('replay', session, '--speed', '100000')
      assert.equal(replayed.code, 0, replayed.stderr)
      assert.match(replayed.stdout, /orders.*select email from people/s)
      assert.match(replayed.stdout, / ~mask~@example\.com\n\(1 row\)/)
      assert.match(replayed.stdout, /42501|NoSalaries/)
      const elsewhere = await sessions('list', '--json')
      assert.equal((JSON.parse(elsewhere.stdout) as { sessions: unknown[] }).sessions.length, 2)
    })

    it('export as OCSF, CSV and Parquet', async () => {
      const ocsf = await sessions('export', '--format', 'ocsf', '--session', session)
      const lines = ocsf.stdout
        .trim()
        .split('\n')
        .map(line => JSON.parse(line) as object)
      assert.ok(lines.some(line => JSON.stringify(line).includes('delete from jobs')))
      const csv = await sessions('export', '--format', 'csv', '--session', session)
      assert.match(csv.stdout, /delete from jobs/)
      const folder = join(world.started.gate.folder, 'tables')
      const parquet = await sessions('export', '--format', 'parquet', '--out', folder)
      assert.equal(parquet.code, 0, parquet.stderr)
      const tables = filesBelow(folder).filter(file => file.endsWith('.parquet'))
      assert.ok(tables.length > 0)
      for (const file of tables) assert.equal(readFileSync(file).subarray(0, 4).toString(), 'PAR1')
    })

    it('is whole, and what nobody may see is nowhere: in no file, in no log, in no table that was shown', async () => {
      const verified = await sessions('verify')
      assert.equal(verified.code, 0, verified.stdout + verified.stderr)
      const { gate } = world.started
      const shown = await Promise.all([
        sessions('show', session),
        sessions('replay', session, '--speed', '100000'),
        sessions('export', '--format', 'jsonl'),
      ])
      const texts = [gate.running.output(), ...shown.map(({ stdout }) => stdout)]
      const data = join(gate.folder, 'data')
      for (const file of filesBelow(data)) texts.push(readFileSync(file, 'latin1'))
      const token =
        (await world.token('orders', 'postgres-person')).split('X-Amz-Signature=')[1] ?? assert.fail()
      for (const text of texts) {
        for (const secret of [CANARY, FOUND, POSTGRES_PASSWORD, token])
          assert.ok(!text.includes(secret), secret)
      }
    })
  })
})

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
}
