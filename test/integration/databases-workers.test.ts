import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import mysql from 'mysql2/promise'
import pg from 'pg'
import { type DatabaseWorld, startDatabaseWorld, startServers } from '../harness/database-world.ts'
import { POSTGRES_PASSWORD } from '../harness/postgres.ts'
import { cleanEnv, execute, type Finished, start, which } from '../harness/process.ts'

/** Two workers share the sockets: clients come to either, and so do those who cancel, kill and end sessions. */

const servers = await startServers()
const WORKERS = 2
const LANES = [0, 1] as const
const POLICY = {
  Version: '2012-10-17',
  Statement: [{ Sid: 'Everything', Effect: 'Allow', Action: 'sql:*', Resource: '*' }],
}

interface Numbers {
  readonly processID: number
  readonly secretKey: number
}

describe('two workers', { skip: servers.missing() }, () => {
  let world: DatabaseWorld
  let postgres: pg.Client
  let mariadb: mysql.Connection

  before(async () => {
    postgres = new pg.Client({ connectionString: servers.postgres?.url ?? '' })
    await postgres.connect()
    const place = {
      host: '127.0.0.1',
      port: servers.mysql?.port ?? 0,
      user: 'gate',
      password: POSTGRES_PASSWORD,
    }
    mariadb = await mysql.createConnection({ ...place, connectTimeout: 0 })
    world = await startDatabaseWorld({ servers, policies: [POLICY], config: { workers: WORKERS } })
    await ready()
  })
  after(async () => {
    await postgres?.end()
    await mariadb?.end()
    await world?.stop()
    await servers.stop()
  })

  async function ready(): Promise<void> {
    while ((await fetch(`${world.byName.admin}/readyz`)).status !== 200) await sleep(20)
  }

  const numbers = (client: pg.Client): Numbers => client as unknown as Numbers
  const sessions = (...args: string[]): Promise<Finished> =>
    world.sallyport(['sessions', ...args, '--data', join(world.started.gate.folder, 'data')])

  /** A client in each worker: the system deals them out, so that some come in vain. */
  async function inEach<C>(
    come: () => Promise<C>,
    numberOf: (client: C) => number,
    leave: (client: C) => unknown,
  ) {
    const found = new Map<number, C>()
    while (found.size < WORKERS) {
      const client = await come()
      const lane = numberOf(client) % WORKERS
      if (found.has(lane)) await leave(client)
      else found.set(lane, client)
    }
    return LANES.map(lane => found.get(lane) as C)
  }
  const pgInEach = (subject: string): Promise<pg.Client[]> =>
    inEach(
      () => world.pg(subject),
      client => numbers(client).processID,
      client => client.end(),
    )
  const mysqlInEach = (subject: string): Promise<mysql.Connection[]> =>
    inEach(
      () => world.mysql(subject),
      client => client.threadId,
      client => client.end(),
    )

  /** Statements that the servers run now. */
  const running = {
    async postgres(like: string): Promise<number> {
      const sql = "select count(*)::int as n from pg_stat_activity where state = 'active' and query like $1"
      return (await postgres.query(sql, [`%${like}%`])).rows[0].n
    },
    async mysql(like: string): Promise<number> {
      const [found] = await mariadb.query<mysql.RowDataPacket[]>('show full processlist')
      return found.filter(({ Info }) => String(Info).includes(like) && !String(Info).includes('processlist'))
        .length
    },
  }
  async function runs(engine: 'postgres' | 'mysql', like: string, count: number): Promise<void> {
    while ((await running[engine](like)) !== count) await sleep(25)
  }
  const gonePg = (client: pg.Client): Promise<void> =>
    new Promise(resolve => client.once('end', () => resolve()))
  /** As libpq cancels: another connection, with the numbers of the first. */
  async function cancel({ processID, secretKey }: Numbers): Promise<void> {
    const request = Buffer.alloc(16)
    for (const [i, number] of [16, 80877102, processID, secretKey].entries())
      request.writeInt32BE(number, 4 * i)
    const socket = connect(world.port('postgres'), '127.0.0.1')
    socket.end(request)
    socket.resume()
    await once(socket, 'close')
  }

  it('a cancel finds its query, in whichever worker it arrives', async () => {
    for (const victim of await pgInEach('canceller')) {
      // Connections are dealt to the workers in turn: two in a row meet both.
      for (let round = 0; round < WORKERS; round++) {
        const cancelled = assert.rejects(victim.query('select pg_sleep(600)'), { code: '57014' })
        await runs('postgres', 'pg_sleep(600)', 1)
        await cancel({ ...numbers(victim), secretKey: numbers(victim).secretKey ^ 1 })
        assert.equal(await running.postgres('pg_sleep(600)'), 1, 'a wrong key cancels nothing')
        await cancel(numbers(victim))
        await cancelled
      }
      assert.deepEqual((await victim.query('select 1 as one')).rows, [{ one: 1 }])
      await victim.end()
    }
  })

  it('Ctrl-C in psql cancels what it runs', {
    skip: which('psql') === undefined && 'no psql here',
  }, async () => {
    const place = `host=localhost port=${world.port('postgres')} dbname=orders user=analyst`
    const psql = start(
      'psql',
      ['-X', `${place} sslmode=verify-full sslrootcert=${world.ca}`, '-c', 'select pg_sleep(601)'],
      cleanEnv({ PGPASSWORD: await world.token('orders', 'canceller'), LC_ALL: 'C.UTF-8' }),
    )
    await runs('postgres', 'pg_sleep(601)', 1)
    psql.child.kill('SIGINT')
    await psql.printed(/canceling statement due to user request/)
    await once(psql.child, 'exit').catch(() => undefined)
    await runs('postgres', 'pg_sleep(601)', 0)
  })

  it('KILL finds its connection, from either worker to either, and nobody kills what is another’s', async () => {
    const killers = await mysqlInEach('killer')
    const stranger = await world.mysql('stranger')
    for (const killer of killers) {
      for (const victim of await mysqlInEach('killer')) {
        const killed = assert.rejects(victim.query('select sleep(600)'), { errno: 1317 })
        await runs('mysql', 'sleep(600)', 1)
        await assert.rejects(stranger.query(`kill query ${victim.threadId}`), {
          errno: 1094,
        })
        await killer.query(`kill query ${victim.threadId}`)
        await killed
        assert.deepEqual((await victim.query('select 1 as one'))[0], [{ one: 1 }])
        const ended = assert.rejects(victim.query('select sleep(602)'))
        await runs('mysql', 'sleep(602)', 1)
        await killer.query(`kill ${victim.threadId}`)
        await ended
        await runs('mysql', 'sleep(602)', 0)
      }
    }
    for (const client of [...killers, stranger]) await client.end()
  })

  it('a session over both workers is one, and its statements are counted', async () => {
    const clients = await pgInEach('one-session')
    for (const client of clients) await client.query("select 'of one session' as words")
    const { stdout } = await sessions('list', '--json')
    const { sessions: all } = JSON.parse(stdout) as {
      sessions: { id: string; principal: { subject: string } }[]
    }
    const own = all.filter(({ principal }) => principal.subject === 'one-session')
    assert.equal(own.length, 1, stdout)
    const shown = await sessions('show', own[0]?.id ?? '')
    assert.equal(shown.stdout.match(/select 'of one session' as words/g)?.length, WORKERS)
    const expected = `sallyport_database_clients{engine="postgres"} ${WORKERS}\nsallyport_database_clients{engine="mysql"} 0\n`
    let metrics = ''
    // Clients of before are leaving.
    while (!metrics.includes(expected)) metrics = await (await fetch(`${world.byName.admin}/metrics`)).text()
    assert.match(metrics, /^sallyport_calls_total\{effect="allow",service="sql"\} \d+$/m)
    for (const client of clients) await client.end()
  })

  it('`sessions kill` ends a session at rest and one that runs, in both workers, and at the servers', async () => {
    const subject = 'doomed'
    const [idle, sleeping] = [await pgInEach(subject), await pgInEach(subject)]
    const [idleMysql, sleepingMysql] = [await mysqlInEach(subject), await mysqlInEach(subject)]
    const other = await world.pg('bystander')
    await idle[0]?.query('begin')
    const gone = [...idle, ...sleeping].map(gonePg)
    const failed = [
      ...sleeping.map(client => assert.rejects(client.query('select pg_sleep(603)'))),
      ...sleepingMysql.map(client => assert.rejects(client.query('select sleep(603)'))),
    ]
    await runs('postgres', 'pg_sleep(603)', WORKERS)
    await runs('mysql', 'sleep(603)', WORKERS)
    const begun = (await world.started.events()).filter(
      event => event.type === 'session' && event.principal.subject === subject,
    )
    const ids = new Set(begun.map(event => event.sessionId ?? ''))
    assert.equal(ids.size, 2, 'the tokens for the two targets are of two sessions')
    for (const id of ids) {
      const killed = await world.sallyport(
        ['sessions', 'kill', id, '--reason', 'it ran wild'],
        world.started.gate.adminToken,
      )
      assert.equal(killed.code, 0, killed.stderr)
    }
    await Promise.all([...gone, ...failed])
    await runs('postgres', 'pg_sleep(603)', 0)
    await runs('mysql', 'sleep(603)', 0)
    for (const client of idleMysql) await assert.rejects(client.query('select 1'))
    await assert.rejects(world.pg(subject), { code: '28000' })
    await assert.rejects(world.mysql(subject), { errno: 1045 })
    assert.deepEqual((await other.query('select 1 as one')).rows, [{ one: 1 }])
    await other.end()
    for (const id of ids) assert.match((await sessions('show', id)).stdout, /it ran wild/)
  })

  it('a worker that dies takes its clients along, and no others; another one comes', {
    skip: which('pgrep') === undefined && 'no pgrep here',
  }, async () => {
    const clients = await pgInEach('survivor')
    const ends = clients.map(client => gonePg(client).then(() => client))
    const { stdout } = await execute('pgrep', ['-P', `${world.started.gate.running.child.pid}`])
    const worker = Number(stdout.trim().split('\n')[0])
    process.kill(worker, 'SIGKILL')
    const dead = await Promise.race(ends)
    const alive = clients.find(client => client !== dead)
    assert.deepEqual((await alive?.query('select 1 as one'))?.rows, [{ one: 1 }])
    await ready()
    const fresh = await pgInEach('survivor')
    for (const client of fresh) assert.deepEqual((await client.query('select 2 as two')).rows, [{ two: 2 }])
    for (const client of [...fresh, ...(alive ? [alive] : [])]) await client.end()
  })

  it('the recording of all workers is whole', async () => {
    const verified = await sessions('verify')
    assert.equal(verified.code, 0, verified.stdout + verified.stderr)
  })
})
