import assert from 'node:assert/strict'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { Caller, STAND_IN_ENV } from '../harness/caller.ts'
import { type DatabaseGate, PASSWORD_VARIABLE, startDatabaseGate } from '../harness/databases.ts'
import { createIssuer, type Issuer } from '../harness/issuer.ts'
import { POSTGRES_PASSWORD, type Postgres, startPostgres } from '../harness/postgres.ts'
import { cleanEnv, execute, type Finished, ROOT } from '../harness/process.ts'
import { assumeRaw } from '../harness/raw-client.ts'
import { type StubUpstream, startStubUpstream } from '../harness/stub-upstream.ts'
import { ALLOW_ALL } from '../harness/world.ts'

/** A gate with databases: how it starts, what it does where a database or its own disk is away, and that AWS goes on beside it. */

const server = await startPostgres()
const SALLYPORT = join(ROOT, 'bin/sallyport')
const disk = mkdtempSync(join(tmpdir(), 'sallyport-disk-'))
const mounted =
  process.platform === 'linux' &&
  (await execute('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk]).then(
    ({ code }) => code === 0,
    () => false,
  ))

describe('a gate with databases', { skip: 'missing' in server ? server.missing : false }, () => {
  const postgres = server as Postgres
  let issuer: Issuer
  let upstream: StubUpstream
  let started: DatabaseGate
  let small: DatabaseGate | undefined

  const target = (name: string, port: number): object => ({
    ...{ name, engine: 'postgres', host: '127.0.0.1', port, database: 'postgres', user: 'gate' },
    ...{ tls: { enabled: false }, auth: { environment: PASSWORD_VARIABLE } },
  })
  const startGate = (config: object = {}): Promise<DatabaseGate> =>
    startDatabaseGate({
      issuer,
      ...{ policies: [ALLOW_ALL], engines: ['postgres'], upstream: upstream.endpoint, config },
      env: { [PASSWORD_VARIABLE]: POSTGRES_PASSWORD },
      // Nobody listens at port 1.
      targets: [target('orders', postgres.port), target('away', 1)],
    })

  before(async () => {
    issuer = await createIssuer('https://issuer.example')
    upstream = await startStubUpstream()
    started = await startGate()
  })
  after(async () => {
    await started?.gate.stop()
    await small?.gate.stop()
    await upstream?.stop()
    if (!('missing' in server)) await server.stop()
    if (mounted) await execute('umount', [disk])
    rmSync(disk, { recursive: true, force: true })
  })

  const come = async (at: DatabaseGate, database = 'orders', token?: string): Promise<pg.Client> => {
    const [host, port] = at.addresses.postgres.split(':')
    const place = { host, port: Number(port), user: 'analyst', database }
    const client = new pg.Client({ ...place, password: token ?? (await at.token(database)) })
    client.on('error', () => undefined)
    await client.connect()
    return client
  }

  it('takes a client in the clear on its own machine, and a call to AWS beside it', async () => {
    const client = await come(started)
    assert.deepEqual((await client.query('select 1 as one')).rows, [{ one: 1 }])
    const credentials = await assumeRaw(
      started.gate.endpoint,
      'arn:aws:iam::123456789012:role/analyst',
      await issuer.token('agent-7'),
    )
    const reply = await new Caller(credentials).call(started.gate, 'GetItem', { TableName: 't', Key: {} })
    assert.equal(reply.status, 200)
    assert.equal(upstream.seen.length, 1)
    await client.end()
    const services = (await started.events()).map(event =>
      event.type === 'decision' ? event.call?.service : '',
    )
    assert.ok(services.includes('sql') && services.includes('dynamodb'))
  })

  it('starts while a database is away, is ready, and says so to whoever comes for it', async () => {
    assert.equal((await fetch(`${started.gate.admin}/readyz`)).status, 200)
    await assert.rejects(come(started, 'away'), {
      code: '08001',
      message: /does not answer/,
    })
    const client = await come(started)
    await postgres.halt()
    await assert.rejects(client.query('select 1'))
    await assert.rejects(come(started), { code: /08001|08004|08006/ })
    assert.equal((await fetch(`${started.gate.admin}/readyz`)).status, 200)
    await postgres.resume()
    const again = await come(started)
    assert.deepEqual((await again.query('select 2 as two')).rows, [{ two: 2 }])
    await again.end()
  })

  const serve = (file: string, ...more: string[]): Promise<Finished> =>
    execute(SALLYPORT, ['serve', '--config', file, ...more], {
      env: cleanEnv({ ...STAND_IN_ENV, [PASSWORD_VARIABLE]: POSTGRES_PASSWORD }),
    })
  const changed = (change: (config: Record<string, unknown>) => object): string => {
    const file = join(started.gate.folder, 'changed.yaml')
    const config = JSON.parse(readFileSync(join(started.gate.folder, 'sallyport.yaml'), 'utf8'))
    writeFileSync(file, JSON.stringify({ ...config, ...change(config), data: './other' }, null, 2))
    return file
  }

  it('says where the configuration is wrong, by `serve --check` and by `serve`', async () => {
    const file = changed(() => ({
      targets: [{ ...target('orders', 5432), auth: { environment: 'NOT_SET' } }],
    }))
    for (const more of [['--check'], []]) {
      const done = await serve(file, ...more)
      assert.equal(done.code, 1)
      assert.match(done.stdout + done.stderr, /changed\.yaml:\d+:\d+: error: .*`NOT_SET` is not set/)
    }
  })

  it('does not start on a port that is taken, and says so', async () => {
    const file = changed(() => ({ databases: { postgres: started.addresses.postgres } }))
    const done = await serve(file)
    assert.equal(done.code, 1)
    assert.match(done.stderr, /cannot listen on `127\.0\.0\.1:\d+`: EADDRINUSE/)
  })

  it('lets no statement through that it cannot record, says so, and recovers by itself', {
    skip: !mounted && 'a small disk can only be mounted by root',
  }, async () => {
    const admin = new pg.Client({ connectionString: postgres.url })
    await admin.connect()
    await admin.query('create table seen (n int)')
    small = await startGate({ data: disk })
    const token = await small.token('orders')
    const client = await come(small, 'orders', token)
    let n = 0
    const insert = (): Promise<string | undefined> =>
      client.query(`insert into seen (n) values (${n++}) /* ${'x'.repeat(5_000)} */`).then(
        () => undefined,
        (error: pg.DatabaseError) => `${error.code} ${error.message} ${error.detail}`,
      )
    const rows = async (): Promise<number> => (await admin.query('select 1 from seen')).rowCount ?? 0
    assert.equal(await insert(), undefined)
    fill()
    let refused: string | undefined
    // What was reserved before takes a few more events.
    while (refused === undefined) refused = await insert()
    assert.match(refused, /^58000 .*journal/s)
    const before = await rows()
    await assert.rejects(client.query('insert into seen (n) values (0)'), 'the session has ended')
    for (let tries = 0; tries < 5; tries++) {
      await assert.rejects(come(small, 'orders', token), { code: '58000' })
    }
    assert.equal(await rows(), before, 'a statement passed unrecorded')
    assert.match(await (await fetch(`${small.gate.admin}/readyz`)).text(), /the journal cannot be written/)
    rmSync(join(disk, 'filler'))
    // Nobody restarts it.
    let again: pg.Client | undefined
    while (again === undefined) {
      again = await come(small, 'orders', token).catch(() => undefined)
      await sleep(50)
    }
    await again.query('insert into seen (n) values (0)')
    await again.end()
    await admin.end()
    await small.gate.stop()
    const verified = await execute(SALLYPORT, ['sessions', 'verify', '--data', disk])
    assert.equal(verified.code, 0, verified.stdout + verified.stderr)
  })

  function fill(): void {
    const file = openSync(join(disk, 'filler'), 'a')
    for (let bytes = 1 << 16; bytes >= 1; ) {
      try {
        writeSync(file, Buffer.alloc(bytes))
      } catch (error) {
        assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC')
        bytes >>= 1
      }
    }
    closeSync(file)
  }
})
