import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import mysql from 'mysql2/promise'
import pg from 'pg'
import type { JournalEvent } from '../../src/record/event.ts'
import { asksOnCall, standInRole } from '../harness/caller.ts'
import { authority, leaf } from '../harness/client-certificates.ts'
import { type DatabaseWorld, startDatabaseWorld, startServers } from '../harness/database-world.ts'
import { POSTGRES_PASSWORD } from '../harness/postgres.ts'

/** How sessions of databases end: by themselves, and with the gate, which lets nothing get lost that it can keep. */

const servers = await startServers()
const NIGHTLY = 'arn:aws:iam::123456789012:role/nightly'
/** The gate gives what runs ten seconds. */
const DRAIN_MS = 10_000
const POLICY = {
  Version: '2012-10-17',
  Statement: [
    { Sid: 'Everything', Effect: 'Allow', Action: 'sql:*', Resource: '*' },
    asksOnCall('Deleting', 'sql:Delete', { Hold: '60s' }),
  ],
}
const BY_CERTIFICATE = {
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { Federated: 'our-clients' },
      Action: 'sts:AssumeRoleWithCertificate',
      Condition: { StringLike: { 'gate:Subject': '*' } },
    },
  ],
}

describe('ends', { skip: servers.missing() }, () => {
  let world: DatabaseWorld
  let postgres: pg.Client
  let mariadb: mysql.Connection
  let ours: Awaited<ReturnType<typeof authority>>

  before(async () => {
    postgres = new pg.Client({ connectionString: servers.postgres?.url ?? '' })
    await postgres.connect()
    const place = {
      host: '127.0.0.1',
      port: servers.mysql?.port ?? 0,
      user: 'gate',
      password: POSTGRES_PASSWORD,
    }
    mariadb = await mysql.createConnection({ connectTimeout: 0, ...place, database: 'shop' })
    for (const sql of ['create table kept (id int primary key)', 'insert into kept values (1), (2)']) {
      await postgres.query(sql)
      await mariadb.query(sql)
    }
    ours = await authority('CN=our clients', Date.now())
    world = await startDatabaseWorld({
      servers,
      policies: [POLICY],
      roles: [{ ...standInRole(NIGHTLY, POLICY), trust: BY_CERTIFICATE }],
      files: { 'clients.pem': ours.pem },
      databases: {
        clientCertificates: { ca: 'clients.pem', issuer: 'our-clients' },
      },
    })
  })
  after(async () => {
    await postgres?.end()
    await mariadb?.end()
    await world?.stop()
    await servers.stop()
  })

  /** Resolves with the last that a client heard, once it is gone. */
  const gone = (client: pg.Client): Promise<string | undefined> =>
    new Promise(resolve => {
      let last: string | undefined
      client.on('error', error => {
        last ??= (error as pg.DatabaseError).code
      })
      client.once('end', () => resolve(last))
    })
  const goneMysql = (client: mysql.Connection): Promise<unknown> =>
    new Promise(resolve => (client as unknown as NodeJS.EventEmitter).once('error', resolve))
  const failed = <E extends Error>(running: Promise<unknown>): Promise<E> =>
    running.then(
      () => assert.fail('it passed'),
      error => error,
    )
  async function runs(like: string, count: number): Promise<void> {
    for (;;) {
      const sql = "select count(*)::int as n from pg_stat_activity where state <> 'idle' and query like $1"
      if ((await postgres.query(sql, [like])).rows[0].n === count) return
      await sleep(20)
    }
  }
  async function runsMysql(like: string, count: number): Promise<void> {
    for (;;) {
      const [found] = await mariadb.query<mysql.RowDataPacket[]>('show full processlist')
      if (found.filter(({ Info }) => String(Info).startsWith(like)).length === count) return
      await sleep(20)
    }
  }
  const decided = async (like: string): Promise<JournalEvent[]> =>
    (await world.started.events()).filter(
      event => event.type === 'decision' && JSON.stringify(event.call?.sql ?? '').includes(like),
    )

  it('a session ends with its credentials, also while nothing comes from its client', async () => {
    for (let lastsMs = 4_000; ; lastsMs *= 2) {
      const made = await leaf(ours, Date.now(), { until: Date.now() + lastsMs })
      const ssl = { ca: ours.pem, cert: made.pem, key: made.key, rejectUnauthorized: false }
      const client = await world
        .pg(undefined, { user: 'nightly', password: 'none', ssl })
        .catch((error: unknown) => void error)
      // On a slow machine it has ended before.
      if (client === undefined) continue
      const busy = setInterval(() => void client.query('select 1').catch(() => undefined), 500)
      assert.match((await gone(client)) ?? '', /^(28000|57P01)$/)
      clearInterval(busy)
      break
    }
  })

  it('told to stop, the gate says so to who is at rest, at once, and lets the others end what they do', async () => {
    const [idle, writer, reader] = [
      await world.pg('rest'),
      await world.pg('writer'),
      await world.pg('reader'),
    ]
    const [idleMysql, writerMysql] = [await world.mysql('rest'), await world.mysql('writer')]
    const port = world.port('postgres')
    await writer.query('begin')
    await writer.query('insert into kept values (3)')
    await writerMysql.query('begin')
    await writerMysql.query('insert into kept values (3)')
    const read = reader.query('select pg_sleep(2), 42 as answer')
    await runs('select pg_sleep(2)%', 1)
    const [atRest, atRestMysql] = [gone(idle), goneMysql(idleMysql)]
    const others = [gone(writer), gone(reader)]
    const stopped = world.started.gate.running.stop()
    assert.equal(await atRest, '57P01')
    await atRestMysql
    const late = connect(port, '127.0.0.1')
    await assert.rejects(
      new Promise((resolve, reject) => late.once('error', reject).once('connect', resolve)),
      {
        code: 'ECONNREFUSED',
      },
    )
    await writer.query('commit')
    await writerMysql.query('commit')
    assert.equal((await read).rows[0].answer, 42)
    assert.deepEqual(await Promise.all(others), ['57P01', '57P01'])
    await stopped
    assert.equal(world.started.gate.running.child.exitCode, 0, world.started.gate.running.output())
    assert.equal((await postgres.query('select 1 from kept where id = 3')).rowCount, 1)
    assert.equal((await mariadb.query<mysql.RowDataPacket[]>('select 1 from kept where id = 3'))[0].length, 1)
    assert.equal((await decided('insert into kept')).length, 2)
  })

  it('what does not end is ended: the servers run nothing on, and nothing is lost from the record', async () => {
    world = await world.restart()
    const [endless, open, held] = [await world.pg('endless'), await world.pg('open'), await world.pg('held')]
    const [endlessMysql, heldMysql] = [await world.mysql('endless'), await world.mysql('held')]
    const deaf = await world.pg('deaf')
    const errors = [
      failed(endless.query('select pg_sleep(600)')),
      failed(endlessMysql.query('select sleep(600)')),
      failed(held.query('delete from kept where id = 2')),
      failed(heldMysql.query('delete from kept where id = 2')),
    ]
    await open.query('begin')
    await open.query('insert into kept values (4)')
    deaf.query("select repeat('x', 10000) from generate_series(1, 100000)").catch(() => undefined)
    ;(deaf as unknown as { connection: { stream: NodeJS.ReadableStream } }).connection.stream.pause()
    const told = gone(open)
    await runs('select pg_sleep(600)', 1)
    await runs('select repeat%', 1)
    await runsMysql('select sleep(600)', 1)
    while ((await decided('delete from kept where id = 2')).length + (await requests()) < 2);
    const beganMs = Date.now()
    await world.started.gate.running.stop()
    assert.equal(world.started.gate.running.child.exitCode, 0, world.started.gate.running.output())
    assert.ok(Date.now() - beganMs >= DRAIN_MS)
    assert.equal(await told, '57P01')
    await Promise.all(errors)
    await runs('select pg_sleep(600)', 0)
    await runs('select repeat%', 0)
    await runsMysql('select sleep(600)', 0)
    assert.equal((await postgres.query('select 1 from kept where id = 4')).rowCount, 0)
    assert.equal((await postgres.query('select 1 from kept where id = 2')).rowCount, 1)
    assert.equal((await mariadb.query<mysql.RowDataPacket[]>('select 1 from kept where id = 2'))[0].length, 1)
    const verified = await world.sallyport([
      'sessions',
      'verify',
      '--data',
      join(world.started.gate.folder, 'data'),
    ])
    assert.equal(verified.code, 0, verified.stdout + verified.stderr)
    const events = await world.started.events()
    for (const subject of ['rest', 'writer', 'reader', 'endless', 'open', 'held', 'deaf']) {
      const begun = events.find(event => event.type === 'session' && event.principal.subject === subject)
      assert.ok(
        events.some(event => event.type === 'decision' && event.sessionId === begun?.sessionId),
        subject,
      )
    }
    for (const like of ['select pg_sleep(600)', 'select sleep(600)', 'select repeat']) {
      const [decision] = await decided(like)
      assert.ok(
        events.some(event => event.type === 'outcome' && event.decisionId === decision?.id),
        `${like} has no outcome`,
      )
    }
  })

  const requests = async (): Promise<number> =>
    (await world.started.events()).filter(
      event =>
        event.type === 'access-request' && event.what === 'asked' && JSON.stringify(event).includes('id = 2'),
    ).length
})
