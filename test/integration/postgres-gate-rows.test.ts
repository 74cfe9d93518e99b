import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import pg from 'pg'
import { startPostgres } from '../harness/postgres.ts'
import { startPostgresGate, type TestGate } from '../harness/postgres-gate.ts'
import { without } from '../harness/postgres-programs.ts'
import { execute } from '../harness/process.ts'
import { ALLOW_ALL, asks, type SqlDesk, sqlDesk } from '../harness/sql-desk.ts'

const started = await startPostgres()
const skip = 'missing' in started ? started.missing : false

const DENY_MANY = {
  Sid: 'Few',
  Effect: 'Deny',
  Action: ['sql:Insert', 'sql:Update', 'sql:Delete', 'sql:Merge', 'sql:Truncate', 'sql:Call'],
  Resource: '*',
  Condition: { NumericGreaterThan: { 'sql:RowsAffected': '3' } },
}

describe('changes whose rows are counted', { skip }, () => {
  let gate: TestGate
  let desk: SqlDesk
  let admin: pg.Client
  let db: pg.Client

  before(async () => {
    if ('missing' in started) return
    admin = new pg.Client({ connectionString: started.url })
    await admin.connect()
    await admin.query(`
      create table people (id int primary key, name text);
      create table pairs (a int, b int references people (id) deferrable initially deferred);
    `)
    desk = sqlDesk(ALLOW_ALL, DENY_MANY)
    gate = await startPostgresGate(started.port, undefined, { rooms: desk.rooms })
  })
  after(async () => {
    if ('missing' in started) return
    await db?.end().catch(() => undefined)
    await admin?.end()
    await gate?.stop()
    await started.stop()
  })
  beforeEach(async () => {
    desk.setPolicy(ALLOW_ALL, DENY_MANY)
    gate.noted.length = 0
    await admin.query(
      "truncate people, pairs; insert into people select i, 'n' || i from generate_series(1, 9) i",
    )
    await db?.end().catch(() => undefined)
    db = new pg.Client({ connectionString: gate.url() })
    db.on('error', () => undefined)
    await db.connect()
  })

  const left = async (): Promise<number> =>
    (await admin.query('select count(*)::int as n from people')).rows[0].n
  const denied = (promise: Promise<unknown>, words = /changed, and none stays so/): Promise<void> =>
    assert.rejects(promise, (error: pg.DatabaseError) => {
      assert.equal(error.code, '42501', String(error))
      assert.match(error.message, words)
      return true
    })

  for (const [how, values] of [
    ['a Query', undefined],
    ['the extended protocol', [3]],
  ] as const) {
    const run = (sql: string): Promise<pg.QueryResult> =>
      values === undefined ? db.query(sql.replaceAll('$1', '3')) : db.query(sql, [...values])

    it(`stay where they are few, as ${how}`, async () => {
      const { rows, rowCount, command } = await run('delete from people where id <= $1 returning id, name')
      assert.deepEqual([rows.length, rowCount, command], [3, 3, 'DELETE'])
      assert.equal(await left(), 6)
      const said = gate.noted
        .filter(({ what }) => what !== 'refusal')
        .map(({ what, question, effect }) => {
          return `${what} ${question?.text.message} ${effect ?? ''} ${question?.rows ?? ''}`.trim()
        })
      const kind = values === undefined ? 'Query' : 'Execute'
      assert.deepEqual(
        said.filter(line => /Commit|decision (Query|Execute)/.test(line)),
        [`decision ${kind} allow`, 'decision Commit allow 3', 'outcome Commit  3'],
      )
    })

    it(`are undone where they are many, as ${how}, and the session goes on`, async () => {
      await denied(run('delete from people where id > $1'), /6 rows were changed/)
      assert.equal(await left(), 9)
      assert.equal((await run('update people set name = name where id = $1')).rowCount, 1)
    })

    it(`fail a transaction where they are many, as ${how}`, async () => {
      await db.query('begin')
      await run('insert into people values (100 + $1)')
      await denied(run('delete from people where id > $1'))
      await assert.rejects(db.query('select 1'), { code: '25P02' })
      await db.query('commit')
      assert.equal(await left(), 9)
      await db.query('begin')
      await run('delete from people where id = $1')
      await db.query('savepoint s')
      await denied(run('delete from people where id > $1'))
      await db.query('rollback to s')
      await db.query('commit')
      assert.equal(await left(), 8)
    })

    it(`show errors as they are, as ${how}`, async () => {
      await assert.rejects(run('insert into people values ($1)'), { code: '23505' })
      await assert.rejects(run('insert into pairs values (1, 70 + $1)'), { code: '23503' })
      assert.equal((await db.query('select count(*)::int as n from pairs')).rows[0].n, 0)
      assert.deepEqual((await db.query('select 1 as one')).rows, [{ one: 1 }])
    })
  }

  it('are denied before they run where they cannot be counted', async () => {
    await denied(db.query('delete from people; select 1'), /one by one/)
    await denied(db.query('begin; delete from people; commit'), /one by one/)
    await denied(
      db.query('with d as (delete from people returning *) select count(*) from d'),
      /not told by SELECT/,
    )
    await denied(
      db.query('with d as (delete from people returning *) delete from people where id = 1'),
      /several changes/,
    )
    await denied(db.query('truncate people'), /does not tell/)
    await denied(db.query('explain analyze delete from people'), /EXPLAIN/)
    assert.equal(await left(), 9)
    assert.equal((await db.query('select * from people')).rows.length, 9)
  })

  it('count what PREPARE and EXECUTE do', async () => {
    await db.query('prepare d as delete from people where id > $1')
    await denied(db.query('execute d(1)'))
    assert.equal((await db.query('execute d(8)')).rowCount, 1)
    assert.equal(await left(), 8)
  })

  it('do not give rows that wait beyond a limit', async () => {
    desk.setPolicy(ALLOW_ALL, {
      ...DENY_MANY,
      Condition: { NumericGreaterThan: { 'sql:RowsAffected': '99999' } },
    })
    await denied(
      db.query("update people set name = 'x' returning repeat(name, 1000000)"),
      /more than 4194304 bytes/,
    )
    assert.equal((await admin.query("select count(*)::int as n from people where name = 'x'")).rows[0].n, 0)
  })

  it('do not give rows by portions', async () => {
    const cursor = { text: 'delete from people where id = 1 returning id', rows: 1 }
    await denied(db.query(cursor as pg.QueryConfig), /did not tell/)
    assert.equal(await left(), 9)
  })

  it('count what COPY brings', { skip: without('psql') }, async () => {
    const copy = (lines: string) =>
      execute('sh', [
        '-c',
        `printf '${lines}' | psql '${gate.url()}' -X -v ON_ERROR_STOP=1 -c 'copy people from stdin'`,
      ])
    const few = await copy('21\\ta\\n22\\tb\\n')
    assert.equal(few.code, 0, few.stderr)
    assert.match(few.stdout, /COPY 2/)
    const many = await copy('31\\ta\\n32\\tb\\n33\\tc\\n34\\td\\n')
    assert.match(many.stderr, /4 rows were changed/)
    const wrong = await copy('41\\ta\\nnone\\tb\\n')
    assert.match(wrong.stderr, /invalid input syntax for type integer/)
    assert.equal(await left(), 11)
  })

  it('ask people by the number, with the transaction open', async () => {
    desk.setPolicy(
      ALLOW_ALL,
      asks('sql:Delete', { Condition: { NumericGreaterThan: { 'sql:RowsAffected': '3' } } }),
      { ...DENY_MANY, Condition: { NumericGreaterThan: { 'sql:RowsAffected': '7' } } },
    )
    const before = await desk.count()
    assert.equal((await db.query('delete from people where id = 1')).rowCount, 1)
    assert.equal(await desk.count(), before)
    await denied(db.query('delete from people'), /8 rows/)
    assert.equal(await desk.count(), before)
    const running = db.query('delete from people where id > 4')
    const request = await desk.request()
    assert.deepEqual(request.call?.parameters['rowsAffected'], 5)
    while (desk.desk.waiting === 0) await turn()
    assert.equal(await left(), 8)
    await desk.approve(request)
    assert.equal((await running).rowCount, 5)
    assert.equal(await left(), 3)
  })

  it('are undone where the client cancels or leaves while people are asked', async () => {
    const many = { NumericGreaterThan: { 'sql:RowsAffected': '3' } }
    desk.setPolicy(ALLOW_ALL, asks('sql:Delete', { Condition: many }))
    const running = assert.rejects(db.query('delete from people where id > 2'), { code: '57014' })
    while (desk.desk.waiting === 0) await turn()
    const { processID, secretKey } = db as unknown as { processID: number; secretKey: number }
    const canceller = new pg.Connection({}) as pg.Connection & {
      connect(port: number, host: string): void
      cancel(pid: number, key: number): void
    }
    canceller.once('connect', () => canceller.cancel(processID, secretKey))
    canceller.connect(gate.port, '127.0.0.1')
    await running
    assert.equal(await left(), 9)
    db.query('delete from people where id > 3').catch(() => undefined)
    while (desk.desk.waiting === 0) await turn()
    ;(db as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy()
    await gate.until(({ what, question, effect }) => {
      return what === 'decision' && effect === 'deny' && question?.text.sql.endsWith('id > 3') === true
    })
    assert.equal(await left(), 9)
    for (const open of await desk.desk.list({ states: ['pending'], limit: 10 })) await desk.deny(open)
  })

  it('ask people before they run for what no number changes, and only once', async () => {
    desk.setPolicy(ALLOW_ALL, asks('sql:Delete'), DENY_MANY)
    const before = await desk.count()
    const running = db.query('delete from people where id < 3')
    await desk.approve(await desk.request())
    assert.equal((await running).rowCount, 2)
    assert.equal(await desk.count(), before + 1)
  })
})
