import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { after, before, beforeEach, describe, it } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import pg from 'pg'
import { startPostgres } from '../harness/postgres.ts'
import { startPostgresGate, type TestGate } from '../harness/postgres-gate.ts'
import { without } from '../harness/postgres-programs.ts'
import { ALLOW_ALL, asks, HOLD_MS, type SqlDesk, sqlDesk } from '../harness/sql-desk.ts'

const started = await startPostgres()
const skip = 'missing' in started ? started.missing : false

describe('statements that people approve', { skip }, () => {
  let gate: TestGate
  let desk: SqlDesk
  let admin: pg.Client
  let db: pg.Client
  let notices: { message?: string | undefined; detail?: string | undefined }[]

  before(async () => {
    if ('missing' in started) return
    admin = new pg.Client({ connectionString: started.url })
    await admin.connect()
    await admin.query(`
      create table people (id int primary key, name text);
      create function doubled(i int) returns int language plpgsql immutable as 'begin return 2 * i; end'
    `)
    desk = sqlDesk(ALLOW_ALL, asks('sql:Delete'))
    gate = await startPostgresGate(started.port, undefined, { rooms: desk.rooms })
  })
  after(async () => {
    if ('missing' in started) return
    await admin?.end()
    await gate?.stop()
    await started.stop()
  })
  beforeEach(async () => {
    desk.setPolicy(ALLOW_ALL, asks('sql:Delete'))
    await admin.query("truncate people; insert into people select i, 'n' || i from generate_series(1, 9) i")
    await db?.end().catch(() => undefined)
    db = new pg.Client({ connectionString: gate.url() })
    db.on('error', () => undefined)
    notices = []
    db.on('notice', notice => notices.push(notice))
    await db.connect()
  })
  after(() => db?.end().catch(() => undefined))

  const ids = async (): Promise<number> =>
    (await admin.query('select count(*)::int as n from people')).rows[0].n
  async function waiting(): Promise<void> {
    while (desk.desk.waiting === 0) await turn()
  }
  const failed = (promise: Promise<unknown>): Promise<pg.DatabaseError> =>
    promise.then(
      () => assert.fail('it passed'),
      error => error,
    )

  it('wait, tell the client so, and run once somebody has said yes', async () => {
    const running = db.query('delete from people where id = 1')
    const request = await desk.request()
    await waiting()
    assert.equal(await ids(), 9)
    await desk.approve(request)
    assert.equal((await running).rowCount, 1)
    assert.equal(await ids(), 8)
    assert.match(
      notices[0]?.message ?? '',
      new RegExp(`waiting for an approval: https://gate.example/r/${request.id}`),
    )
    assert.match(notices[0]?.detail ?? '', /one person of group\/on-call, 30 s at most/)
    assert.deepEqual((await db.query('select 1 as one')).rows, [{ one: 1 }])
  })

  it('fail where somebody says no, and in a transaction fail it', async () => {
    await db.query('begin')
    const running = failed(db.query('delete from people where id = $1', [2]))
    await desk.deny(await desk.request())
    const error = await running
    assert.equal(error.code, '42501')
    assert.match(error.message, /denied it: not today/)
    assert.equal((await failed(db.query('select 1'))).code, '25P02')
    await db.query('rollback')
    assert.equal(await ids(), 9)
  })

  it('fail after their time with number and URL; the same again uses the approval, anything else does not', async () => {
    const sql = 'delete from people where id = $1'
    const running = failed(db.query(sql, [3]))
    const request = await desk.request()
    await waiting()
    desk.timers.fire(HOLD_MS)
    const error = await running
    assert.equal(error.code, '42501')
    assert.ok(error.hint?.endsWith(`access request ${request.id}: https://gate.example/r/${request.id}`))
    await desk.approve(request)
    for (const [text, values] of [
      [sql, [4]],
      ['delete from people where id = $1 ', [3]],
      ['delete from people where id = 3', []],
    ] as const) {
      const other = failed(db.query(text, [...values]))
      const asked = await desk.request()
      assert.notEqual(asked.id, request.id)
      await desk.deny(asked)
      assert.equal((await other).code, '42501')
    }
    assert.equal(await ids(), 9)
    assert.equal((await db.query(sql, [3])).rowCount, 1)
    assert.equal(await ids(), 8)
  })

  it('can be cancelled while they wait', async () => {
    const running = failed(db.query('delete from people where id = 5'))
    const request = await desk.request()
    await waiting()
    const { processID, secretKey } = db as unknown as { processID: number; secretKey: number }
    const canceller = new pg.Client({ connectionString: gate.url() }) as unknown as {
      connection: { stream: NodeJS.WritableStream; cancel(pid: number, key: number): void; on: unknown }
    }
    const connection = canceller.connection as unknown as pg.Connection & {
      connect(port: number, host: string): void
      cancel(pid: number, key: number): void
    }
    connection.once('connect', () => connection.cancel(processID, secretKey))
    connection.connect(gate.port, '127.0.0.1')
    const error = await running
    assert.equal(error.code, '57014')
    await desk.approve(request)
    assert.deepEqual((await db.query('select 1 as one')).rows, [{ one: 1 }])
    assert.equal(await ids(), 9)
  })

  it('run for nobody: a client that leaves takes its statement with it', async () => {
    db.query('delete from people where id = 6').catch(() => undefined)
    const request = await desk.request()
    await waiting()
    ;(db as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy()
    while (desk.desk.waiting > 0) await turn()
    await desk.approve(request)
    await gate.until(({ what, question, effect }) => {
      return (
        what === 'decision' && effect === 'deny' && question?.text.sql === 'delete from people where id = 6'
      )
    })
    assert.equal(await ids(), 9)
  })

  it('run only as what was approved: not where names mean something else by then', async () => {
    const changed = async (sql: string): Promise<void> => {
      const other = new pg.Client({ connectionString: gate.url() })
      await other.connect()
      await other.query(sql)
      await other.end()
    }
    const running = failed(db.query('delete from people where id = 9'))
    const request = await desk.request()
    await waiting()
    await changed('create table more_people () inherits (people)')
    await desk.approve(request)
    const error = await running
    assert.equal(error.code, '42501')
    assert.match(error.message, /may have changed while the statement waited/)
    assert.equal(await ids(), 9)
    await changed('drop table more_people')
    // What others change beside it is no reason.
    const again = db.query('delete from people where id = 8')
    const second = await desk.request()
    await waiting()
    await changed('create or replace view shown as select 1 as one')
    await desk.approve(second)
    assert.equal((await again).rowCount, 1)
  })

  it('ask once where planning and running both would', async () => {
    const before = await desk.count()
    const running = db.query('delete from people where id = doubled($1)', [2])
    const request = await desk.request()
    await waiting()
    await desk.approve(request)
    assert.equal((await running).rowCount, 1)
    assert.equal((await desk.count()) - before, 1)
  })

  it('show in psql', { skip: without('psql') }, async () => {
    const psql = spawn('psql', [gate.url(), '-X', '-c', 'delete from people where id in (7, 8)'])
    let output = ''
    for (const stream of [psql.stdout, psql.stderr]) stream.on('data', chunk => (output += String(chunk)))
    const closed = new Promise(resolve => psql.once('close', resolve))
    const request = await desk.request()
    await waiting()
    await desk.approve(request)
    assert.equal(await closed, 0, output)
    assert.match(output, /NOTICE: {2}waiting for an approval: https:\/\/gate\.example/)
    assert.match(output, /DELETE 2/)
  })
})
