import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import mysql from 'mysql2/promise'
import { systemClock, systemRandom } from '../../src/core/clock.ts'
import { connectionContext } from '../../src/gateway/context.ts'
import { GateCredentials } from '../../src/identity/credentials.ts'
import { certificateLogin } from '../../src/identity/databases/certificate-login.ts'
import { ClientAuthorities } from '../../src/identity/databases/client-authorities.ts'
import { DatabaseIdentities } from '../../src/identity/databases/databases.ts'
import type { CertificateSession, KnownTarget } from '../../src/identity/databases/port.ts'
import { Keyring } from '../../src/identity/keyring.ts'
import { MemoryFiles, principalOf } from '../../src/identity/testing.ts'
import { parseTrustDocument } from '../../src/policy/parse.ts'
import { evaluateTrust } from '../../src/policy/trust.ts'
import { selfSigned } from '../harness/certificate.ts'
import { authority, leaf } from '../harness/client-certificates.ts'
import { type Mariadb, startMariadb } from '../harness/mariadb.ts'
import { startMysqlGate, type TestMysqlFront } from '../harness/mysql-gate.ts'
import { type Postgres, startPostgres } from '../harness/postgres.ts'
import { startPostgresGate, type TestGate } from '../harness/postgres-gate.ts'
import { without } from '../harness/postgres-programs.ts'
import { cleanEnv, execute, type Finished, ROOT, which } from '../harness/process.ts'

/** The commands, and clients as they are installed, at a front that knows them by what the gate's identity room says. */

const SALLYPORT = join(ROOT, 'bin/sallyport')
const tls = await selfSigned()
const folder = mkdtempSync(join(tmpdir(), 'sallyport-database-clients-'))
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text, { mode: 0o600 })
  return join(folder, name)
}
const ca = file('gate.pem', tls.certificate)
after(() => rmSync(folder, { recursive: true, force: true }))

const nowMs = Date.now()
const ports = { clock: systemClock, random: systemRandom }
const keyring = new Keyring({ ...ports, path: '/k', files: new MemoryFiles(), maxSessionMs: 43_200_000 })
const credentials = new GateCredentials({ ...ports, keyring })
// A session of some size: what issuers claim is sealed into it, and hashes do not get smaller by packing.
const claims = { repository: 'acme/shop', hashes: randomBytes(900).toString('hex') }
const principal = principalOf({ issuedAtMs: nowMs, expiresAtMs: nowMs + 3_600_000, claims })
const issued = credentials.issue({ principal })
const HOME = { HOME: folder, LC_ALL: 'C.UTF-8' }
const env = cleanEnv({
  ...HOME,
  AWS_ACCESS_KEY_ID: issued.accessKeyId,
  AWS_SECRET_ACCESS_KEY: issued.secretAccessKey.reveal(),
  AWS_SESSION_TOKEN: issued.sessionToken.reveal(),
})
const sallyport = (...args: string[]): Promise<Finished> => execute(SALLYPORT, args, { env, cwd: folder })

describe('psql at the gate', async () => {
  const started = await startPostgres()
  const skip = 'missing' in started ? started.missing : without('psql')
  let gate: TestGate
  const begun: CertificateSession[] = []
  const clients = await authority('CN=Clients', nowMs)
  const trust = evaluateTrust(
    parseTrustDocument({
      name: 'trust',
      text: JSON.stringify({
        Version: '2012-10-17',
        Statement: {
          ...{ Sid: 'Alice', Effect: 'Allow', Principal: { Federated: 'clients' } },
          Action: 'sts:AssumeRoleWithCertificate',
          Condition: {
            StringEquals: { 'gate:Subject': 'alice' },
            IpAddress: { 'aws:SourceIp': '127.0.0.0/8' },
          },
        },
      }),
    }),
  )

  before(async () => {
    if (skip !== false) return
    const { port } = started as Postgres
    // The front's target is what its database is called.
    const target: KnownTarget = {
      ...{ name: 'postgres', engine: 'postgres', host: 'orders.example', port: 5432, database: 'postgres' },
    }
    const identities: DatabaseIdentities = new DatabaseIdentities({
      ...{
        engine: 'postgres',
        targets: [target],
        listenPorts: () => [gate.port],
        credentials,
        clock: systemClock,
      },
      certificates: certificateLogin({
        ...{ ...ports, authorities: new ClientAuthorities(clients.pem), issuer: 'clients' },
        roles: new Map([[principal.roleArn, { arn: principal.roleArn, maxSessionMs: 3_600_000 }]]),
        trusts: (_arn, question) => trust(question),
        connection: facts => connectionContext(facts, systemClock),
        began: async session => {
          begun.push(session)
        },
        isEnded: () => false,
      }),
    })
    gate = await startPostgresGate(port, tls, {
      requestCertificate: true,
      rooms: { identify: claim => identities.identify(claim), offered: claim => identities.offered(claim) },
    })
  })
  after(async () => {
    await gate?.stop()
    if (!('missing' in started)) await started.stop()
  })

  const psql = (sql: string, more: NodeJS.ProcessEnv): Promise<Finished> =>
    execute('psql', ['-XAt', '-c', sql], {
      env: cleanEnv({
        ...HOME,
        ...{ PGHOST: 'localhost', PGPORT: String(gate.port), PGSSLMODE: 'verify-full', PGSSLROOTCERT: ca },
        ...more,
      }),
    })

  it('opens by `sallyport connect`', { skip }, async () => {
    const place = ['--engine', 'postgres', '--gate', `localhost:${gate.port}`, '--ca', ca, '--user', 'deploy']
    const done = await sallyport('connect', 'postgres', ...place, '--', '-XAt', '-c', 'select 6 * 7')
    assert.equal(done.stdout, '42\n', done.stderr)
    const printed = await sallyport(
      'connect',
      'postgres',
      ...place,
      '--print',
      '--',
      '-XAt',
      '-c',
      'select 7',
    )
    const line = printed.stdout.replace('$(sallyport', `$(${SALLYPORT}`)
    const shell = await execute('sh', ['-c', line], { env, cwd: folder })
    assert.equal(shell.stdout, '7\n', shell.stderr)
    const denied = await sallyport('connect', 'other', ...place, '--', '-XAt', '-c', 'select 1')
    assert.equal(denied.code, 2, "psql's own")
    assert.match(denied.stderr, /does not know `deploy` by this password/)
    assert.equal(gate.noted.at(-1)?.code, 'database-token-misdirected')
  })

  it('opens with what `sallyport token` prints, with and without -d', { skip }, async () => {
    const made = await sallyport('token', '--target', 'postgres', '--engine', 'postgres', '--user', 'deploy')
    assert.equal(made.code, 0, made.stderr)
    const PGPASSWORD = made.stdout.trim()
    for (const more of [{ PGDATABASE: 'postgres' }, { PGDATABASE: 'orders.example' }, {}]) {
      const done = await psql('select 1', { PGUSER: 'deploy', PGPASSWORD, ...more })
      assert.equal(done.stdout, '1\n', done.stderr)
    }
    const other = await psql('select 1', { PGUSER: 'admin', PGPASSWORD })
    assert.match(other.stderr, /does not know `admin` by this password/)
    const wrong = await psql('select 1', { PGUSER: 'deploy', PGPASSWORD: `${PGPASSWORD}0` })
    assert.match(wrong.stderr, /does not know `deploy` by this password/)
  })

  it('opens by a certificate that a trust policy admits', { skip }, async () => {
    const login = async (subject: string, more: NodeJS.ProcessEnv = {}): Promise<Finished> => {
      const made = await leaf(clients, nowMs, { subject, until: nowMs + 3_600_000 })
      const name = subject.replace('=', '-')
      const [PGSSLCERT, PGSSLKEY] = [file(`${name}.crt`, made.pem), file(`${name}.key`, made.key)]
      return psql('select 1', { PGUSER: 'deploy', PGDATABASE: 'postgres', PGSSLCERT, PGSSLKEY, ...more })
    }
    const alice = await login('CN=alice')
    assert.equal(alice.stdout, '1\n', alice.stderr)
    assert.equal(begun.length, 1)
    assert.equal(begun[0]?.principal.arn, 'arn:aws:sts::111122223333:assumed-role/deploy/alice')
    const bob = await login('CN=bob', { PGPASSWORD: 'x' })
    assert.match(bob.stderr, /does not know `deploy`/)
    const admin = await login('CN=alice', { PGUSER: 'admin', PGPASSWORD: 'x' })
    assert.match(admin.stderr, /does not know `admin`/)
    assert.equal(begun.length, 1)
  })

  it('opens by SCRAM, bound to the connection, with the secret access key as the password', {
    skip,
  }, async () => {
    const token = (text: string): NodeJS.ProcessEnv => ({
      ...{ PGUSER: 'deploy', PGDATABASE: 'postgres', PGCHANNELBINDING: 'require' },
      PGOPTIONS: `-c sallyport.token=${issued.accessKeyId}:${text}`,
    })
    const PGPASSWORD = issued.secretAccessKey.reveal()
    const session = issued.sessionToken.reveal()
    const done = await psql('select 1', { ...token(session), PGPASSWORD })
    assert.equal(done.stdout, '1\n', done.stderr)
    const wrong = await psql('select 1', { ...token(session), PGPASSWORD: 'x' })
    assert.notEqual(wrong.code, 0)
    const forged = await psql('select 1', { ...token(`${session.slice(0, -4)}AAAA`), PGPASSWORD })
    assert.match(forged.stderr, /does not know `deploy`/)
    const unnamed = await psql('select 1', { ...token(session), PGPASSWORD, PGDATABASE: 'deploy' })
    assert.match(unnamed.stderr, /does not know `deploy`/)
  })
})

describe('mysql at the gate', async () => {
  const started = await startMariadb(tls)
  const noProgram = which('mysql') === undefined && which('mariadb') === undefined
  const skip = 'missing' in started ? started.missing : noProgram && 'no mysql here'
  let gate: TestMysqlFront

  before(async () => {
    if (skip !== false) return
    const { port } = started as Mariadb
    const straight = await mysql.createConnection({
      connectTimeout: 0,
      host: '127.0.0.1',
      port,
      user: 'root',
      password: '',
    })
    for (const sql of [
      'create database shop',
      "create user gate@'%' identified by 'p' require ssl",
      "grant all on shop.* to gate@'%'",
    ]) {
      await straight.query(sql)
    }
    await straight.end()
    const target: KnownTarget = {
      ...{ name: 'shop', engine: 'mysql', host: 'shop.example', port: 3306, database: 'shop' },
    }
    const identities: DatabaseIdentities = new DatabaseIdentities({
      ...{
        engine: 'mysql',
        targets: [target],
        listenPorts: () => [gate.port],
        credentials,
        clock: systemClock,
      },
    })
    const place = { host: 'localhost', port, tls: { kind: 'verify', ca: tls.certificate } } as const
    gate = await startMysqlGate({ place, user: 'gate', password: 'p', database: 'shop' }, tls, {
      rooms: { identify: claim => identities.identify(claim) },
    })
  })
  after(async () => {
    await gate?.stop()
    if (!('missing' in started)) await started.stop()
  })

  it('opens by `sallyport connect`', { skip }, async () => {
    const place = ['--engine', 'mysql', '--gate', `localhost:${gate.port}`, '--ca', ca, '--user', 'deploy']
    const done = await sallyport('connect', 'shop', ...place, '--', '--batch', '-N', '-e', 'select 6 * 7')
    assert.equal(done.stdout, '42\n', done.stderr)
  })

  it('opens with what `sallyport token` prints, and with none that is for another', { skip }, async () => {
    const made = await sallyport('token', '--target', 'shop', '--engine', 'mysql', '--user', 'deploy')
    const password = made.stdout.trim()
    assert.ok(password.length > 1_800, `${password.length}`)
    const login = async (change: object = {}): Promise<unknown> => {
      const options = {
        host: 'localhost',
        port: gate.port,
        user: 'deploy',
        password,
        ssl: { ca: tls.certificate },
      }
      const connection = await mysql.createConnection({
        connectTimeout: 0,
        ...options,
        database: 'shop',
        ...change,
      })
      try {
        const [rows] = await connection.query('select 7 as seven')
        return rows
      } finally {
        await connection.end()
      }
    }
    assert.deepEqual(await login(), [{ seven: 7 }])
    await assert.rejects(login({ user: 'admin' }), /does not know `admin`/)
    await assert.rejects(login({ password: password.replace('shop', 'shoq') }), /does not know `deploy`/)
    const postgres = await sallyport(
      'token',
      '--target',
      'postgres',
      '--engine',
      'postgres',
      '--user',
      'deploy',
    )
    await assert.rejects(login({ password: postgres.stdout.trim() }), /does not know `deploy`/)
  })
})
