import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import pg from 'pg'
import type { DecisionEvent, SessionEvent } from '../../src/record/event.ts'
import { standInRole } from '../harness/caller.ts'
import { authority, leaf } from '../harness/client-certificates.ts'
import { type DatabaseWorld, startDatabaseWorld, startServers } from '../harness/database-world.ts'
import { ANALYST } from '../harness/databases.ts'
import { trustIssuer } from '../harness/gate.ts'
import { cleanEnv, execute, type Finished, pythonWith, ROOT, which } from '../harness/process.ts'

/** Unchanged clients come to databases through `sallyport serve`, over TLS that they verify in full. */

const servers = await startServers()
const SUBJECT = 'spiffe://acme/jobs/nightly'
const NIGHTLY = 'arn:aws:iam::123456789012:role/nightly'

const READS = {
  Version: '2012-10-17',
  Statement: [
    { Sid: 'Reads', Effect: 'Allow', Action: ['sql:Connect', 'sql:Select', 'sql:Set'], Resource: '*' },
  ],
}
const NOTHING = { Version: '2012-10-17', Statement: [{ Effect: 'Deny', Action: 'sql:*', Resource: '*' }] }

const BY_CERTIFICATE = {
  Version: '2012-10-17',
  Statement: [
    ...(trustIssuer() as { Statement: object[] }).Statement,
    {
      Effect: 'Allow',
      Principal: { Federated: 'our-clients' },
      Action: 'sts:AssumeRoleWithCertificate',
      Condition: { StringLike: { 'gate:Subject': 'spiffe://acme/jobs/*' } },
    },
  ],
}

/** botocore's own signer, as `aws rds generate-db-auth-token` calls it. */
const SIGNER = `
import boto3, os, sys
role = os.environ['AWS_ROLE_ARN'].rsplit('/', 1)[1]
client = boto3.client('rds', region_name='us-east-1', endpoint_url=os.environ['AWS_ENDPOINT_URL'], verify=os.environ['NODE_EXTRA_CA_CERTS'])
print(client.generate_db_auth_token(DBHostname=sys.argv[1], Port=int(sys.argv[2]), DBUsername=role))
`

const boto3 = await pythonWith('boto3')

describe('coming in', { skip: servers.missing() }, () => {
  let world: DatabaseWorld
  let certificate: { readonly cert: string; readonly key: string }

  before(async () => {
    const ours = await authority('CN=our clients', Date.now())
    const made = await leaf(ours, Date.now(), { names: [{ type: 'url', value: SUBJECT }] })
    world = await startDatabaseWorld({
      servers,
      policies: [READS],
      roles: [
        { ...standInRole(NIGHTLY, READS), trust: BY_CERTIFICATE },
        standInRole('arn:aws:iam::123456789012:role/shut', NOTHING),
      ],
      files: { 'clients.pem': ours.pem },
      databases: { clientCertificates: { ca: 'clients.pem', issuer: 'our-clients' } },
    })
    const write = (name: string, text: string): string => {
      writeFileSync(join(world.started.gate.folder, name), text, { mode: 0o600 })
      return join(world.started.gate.folder, name)
    }
    certificate = { cert: write('client.crt', made.pem), key: write('client.key', made.key) }
  })
  after(async () => {
    await world?.stop()
    await servers.stop()
  })

  const decisions = async (): Promise<DecisionEvent[]> =>
    (await world.started.events()).filter((event): event is DecisionEvent => event.type === 'decision')
  const sessions = async (): Promise<SessionEvent[]> =>
    (await world.started.events()).filter((event): event is SessionEvent => event.type === 'session')
  const noPsql = which('psql') === undefined && 'no psql here'
  const noAws = which('aws') === undefined && 'no aws here'
  const noMysql = which('mysql') === undefined && 'no mysql here'

  it('psql with what `sallyport token` prints', { skip: noPsql }, async () => {
    const done = await world.psql(['-At', '-c', 'select 40 + 2', '-c', '\\conninfo'])
    assert.equal(done.code, 0, done.stderr)
    assert.match(done.stdout, /^42\n/)
    assert.match(done.stdout, /SSL connection/)
  })

  it('mysql with what `sallyport token` prints', { skip: noMysql }, async () => {
    const done = await world.mysqlProgram(['-N', '-e', 'select 40 + 2'])
    assert.equal(done.code, 0, done.stderr)
    assert.match(done.stdout, /^42\n/)
  })

  it('`sallyport connect` opens psql and mysql', { skip: noPsql || noMysql }, async () => {
    const connect = async (
      target: string,
      engine: 'postgres' | 'mysql',
      ...extra: string[]
    ): Promise<Finished> => {
      const gate = ['--gate', `localhost:${world.port(engine)}`, '--engine', engine, '--ca', world.ca]
      return execute(join(ROOT, 'bin/sallyport'), ['connect', target, ...gate, '--', ...extra], {
        env: await world.env(),
        cwd: world.started.gate.folder,
      })
    }
    const psql = await connect('orders', 'postgres', '-X', '-At', '-c', 'select 1 + 1')
    assert.deepEqual([psql.code, psql.stdout], [0, '2\n'], psql.stderr)
    const mysql = await connect('shop', 'mysql', '-N', '-e', 'select 1 + 2')
    assert.deepEqual([mysql.code, mysql.stdout], [0, '3\n'], mysql.stderr)
  })

  it('`aws rds generate-db-auth-token` with credentials of the gate', { skip: noPsql || noAws }, async () => {
    const place = ['--hostname', 'orders', '--port', `${world.port('postgres')}`, '--username', 'analyst']
    const made = await execute(which('aws') ?? '', ['rds', 'generate-db-auth-token', ...place], {
      env: { ...(await world.env()), AWS_CA_BUNDLE: world.ca },
    })
    assert.equal(made.code, 0, made.stderr)
    await (await world.pg(undefined, { password: made.stdout.trim() })).end()
  })

  it("a token of the SDK's signer, made with credentials of the gate", {
    skip: boto3 === undefined && 'no boto3 here',
  }, async () => {
    const made = await execute(boto3 ?? '', ['-c', SIGNER, 'shop', `${world.port('mysql')}`], {
      env: { ...(await world.env()), AWS_CA_BUNDLE: world.ca },
    })
    assert.equal(made.code, 0, made.stderr)
    await (await world.mysql(undefined, { password: made.stdout.trim() })).end()
  })

  it('a client certificate begins a session, by the trust policy of the role that it names', {
    skip: noPsql || noMysql,
  }, async () => {
    const postgres = [
      `host=localhost port=${world.port('postgres')} dbname=orders user=nightly sslmode=verify-full`,
      `sslrootcert=${world.ca} sslcert=${certificate.cert} sslkey=${certificate.key}`,
    ].join(' ')
    const psql = await execute('psql', ['-X', '-w', postgres, '-At', '-c', 'select 7'], { env: cleanEnv() })
    assert.deepEqual([psql.code, psql.stdout], [0, '7\n'], psql.stderr)
    const place = ['--no-defaults', '--protocol=TCP', '--host=localhost', `--port=${world.port('mysql')}`]
    const shown = [`--ssl-ca=${world.ca}`, `--ssl-cert=${certificate.cert}`, `--ssl-key=${certificate.key}`]
    const verify = ['--ssl-verify-server-cert', ...shown, '--user=nightly', '--database=shop']
    const mysql = await execute('mysql', [...place, ...verify, '-N', '-e', 'select 8'], { env: cleanEnv() })
    assert.deepEqual([mysql.code, mysql.stdout], [0, '8\n'], mysql.stderr)
    const begun = (await sessions()).filter(({ principal }) => principal.subject === SUBJECT)
    assert.ok(begun.length > 0)
    assert.ok(
      begun.every(({ principal }) => principal.roleArn === NIGHTLY && principal.issuer === 'our-clients'),
    )
    // The role `analyst` does not trust certificates.
    const other = await execute(
      'psql',
      ['-X', '-w', postgres.replace('user=nightly', 'user=analyst'), '-c', ''],
      {
        env: cleanEnv(),
      },
    )
    assert.equal(other.code, 2)
  })

  it('a wrong token, user or target is refused and recorded, and nothing of the token is', async () => {
    const token = await world.token('orders')
    const wrong = `${token.slice(0, -1)}${token.endsWith('0') ? '1' : '0'}`
    const refused = async (config: pg.ClientConfig): Promise<pg.DatabaseError> =>
      world.pg(undefined, config).then(
        () => assert.fail('it was let in'),
        error => error,
      )
    const count = (await decisions()).length
    assert.equal((await refused({ password: wrong })).code, '28P01')
    assert.equal((await refused({ user: 'nightly' })).code, '28P01')
    assert.equal((await refused({ user: 'nobody' })).code, '28P01')
    assert.equal((await refused({ database: 'none' })).code, '28P01')
    assert.equal((await refused({ password: await world.token('shop') })).code, '28P01')
    for (const config of [
      { password: wrong },
      { user: 'nightly' },
      { database: 'none' },
      { password: token },
    ]) {
      await assert.rejects(world.mysql(undefined, config), { errno: 1045, sqlState: '28000' })
    }
    const seen = (await decisions()).slice(count)
    assert.equal(seen.length, 9)
    for (const { effect, denial, clientAddress } of seen) {
      assert.equal(effect, 'deny')
      assert.ok(denial?.code !== undefined)
      assert.match(clientAddress, /127\.0\.0\.1|::1/)
    }
    const signature = token.split('X-Amz-Signature=')[1] ?? ''
    assert.ok(!JSON.stringify(seen).includes(signature))
  })

  it('who may not connect is told so by the policy, and the database hears nothing', async () => {
    const roleArn = 'arn:aws:iam::123456789012:role/shut'
    const env = { ...(await world.env()), AWS_ROLE_ARN: roleArn }
    const made = await execute(
      join(ROOT, 'bin/sallyport'),
      ['token', '--target', 'orders', '--port', `${world.port('postgres')}`],
      {
        env,
      },
    )
    assert.equal(made.code, 0, made.stderr)
    const password = made.stdout.trim()
    await assert.rejects(world.pg(undefined, { user: 'shut', password }), { code: '42501' })
    const last = (await decisions()).at(-1)
    assert.deepEqual([last?.effect, last?.call?.operation], ['deny', 'CONNECT'])
    assert.notEqual(ANALYST, roleArn)
  })

  it('a client that does not verify, and one without TLS', async () => {
    const place = { host: '127.0.0.1', port: world.port('postgres'), user: 'analyst', database: 'orders' }
    const password = await world.token('orders')
    const plain = new pg.Client({ ...place, password, ssl: false })
    await assert.rejects(plain.connect(), { code: '28000' })
    const wrongName = new pg.Client({ ...place, password, ssl: { ca: 'none', rejectUnauthorized: true } })
    await assert.rejects(wrongName.connect())
  })
})
