import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { TLSSocket } from 'node:tls'
import pg from 'pg'
import { complaintFields, writeBackend } from '../../src/wire/postgres/writer.ts'
import { selfSigned } from '../harness/certificate.ts'
import { type DatabaseWorld, startDatabaseWorld, startServers } from '../harness/database-world.ts'
import { PASSWORD_VARIABLE } from '../harness/databases.ts'
import { type Moto, startMoto } from '../harness/moto.ts'
import { POSTGRES_PASSWORD } from '../harness/postgres.ts'
import { execute, ROOT } from '../harness/process.ts'
import { ALLOW_ALL } from '../harness/world.ts'

const SIGNER = 'arn:aws:iam::123456789012:role/signer'

/** How the gate logs in at databases, through `sallyport serve`: a variable, a file, a secret that is rotated, and a token of RDS. */

const servers = await startServers()

describe('logging in', { skip: servers.missing('postgres') }, () => {
  let moto: Moto
  let world: DatabaseWorld
  let postgres: pg.Client
  let secretArn: string
  let rds: Listening

  before(async () => {
    postgres = new pg.Client({ connectionString: servers.postgres?.url ?? '' })
    await postgres.connect()
    await postgres.query("create user rotated password 'first'; create user filed password 'in a file'")
    // Its signatures are checked where tokens and secrets are tested by themselves.
    moto = await startMoto(['signer'], true)
    const tls = await selfSigned()
    rds = await startPasswordServer(tls)
    const made = await secrets('CreateSecret', {
      Name: 'orders',
      SecretString: JSON.stringify({ username: 'rotated', password: 'first' }),
    })
    secretArn = made['ARN'] ?? ''
    const place = {
      ...{ engine: 'postgres', host: '127.0.0.1', port: servers.postgres?.port, database: 'postgres' },
      tls: { enabled: false },
    }
    world = await startDatabaseWorld({
      servers,
      policies: [ALLOW_ALL],
      engines: ['postgres'],
      env: { ...moto.gateEnv, [PASSWORD_VARIABLE]: POSTGRES_PASSWORD },
      upstream: moto.endpoint,
      roles: [{ arn: SIGNER, policies: [ALLOW_ALL] }],
      files: { 'password-of-filed': 'in a file\n', 'rds.crt': tls.certificate },
      targets: [
        { ...place, name: 'by-variable', user: 'gate', auth: { environment: PASSWORD_VARIABLE } },
        { ...place, name: 'by-file', user: 'filed', auth: { file: 'password-of-filed' } },
        { ...place, name: 'by-secret', auth: { secret: { arn: secretArn, endpoint: moto.endpoint } } },
        {
          ...{
            name: 'by-token',
            engine: 'postgres',
            host: 'localhost',
            port: rds.port,
            database: 'postgres',
          },
          ...{ user: 'iam_user', region: 'eu-west-1', tls: { ca: 'rds.crt' }, auth: { iam: true } },
        },
      ],
    })
  })
  after(async () => {
    await postgres?.end()
    await world?.stop()
    await moto?.stop()
    await rds?.stop()
    await servers.stop()
  })

  async function secrets(operation: string, parameters: object): Promise<Record<string, string>> {
    const reply = await fetch(moto.endpoint, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': `secretsmanager.${operation}`,
        authorization:
          'AWS4-HMAC-SHA256 Credential=setup/20200101/us-east-1/secretsmanager/aws4_request, SignedHeaders=host, Signature=0',
      },
      body: JSON.stringify(parameters),
    })
    const text = await reply.text()
    assert.ok(reply.ok, text)
    return JSON.parse(text)
  }

  const whoIs = async (database: string): Promise<string> => {
    const client = await world.pg(undefined, { database, password: await world.token(database) })
    const { rows } = await client.query('select current_user as name')
    await client.end()
    return rows[0].name
  }

  it('with the password of a variable, and with that of a file', async () => {
    assert.equal(await whoIs('by-variable'), 'gate')
    assert.equal(await whoIs('by-file'), 'filed')
  })

  it('with a secret, and with the next one after a rotation, which the client does not notice', async () => {
    assert.equal(await whoIs('by-secret'), 'rotated')
    await postgres.query("alter user rotated password 'second'")
    await secrets('PutSecretValue', {
      SecretId: secretArn,
      SecretString: JSON.stringify({ username: 'rotated', password: 'second' }),
    })
    // It is read again ten seconds after the last time at the earliest.
    let name: string | undefined
    while (name === undefined) name = await whoIs('by-secret').catch(() => undefined)
    assert.equal(name, 'rotated')
    assert.ok(!world.started.gate.running.output().includes('second'))
  })

  it('with a token of RDS, signed by a lease of the role, for this server and this user', async () => {
    const args = ['token', '--target', 'by-token', '--port', `${world.port('postgres')}`]
    const made = await execute(join(ROOT, 'bin/sallyport'), args, {
      env: { ...(await world.env()), AWS_ROLE_ARN: SIGNER },
    })
    assert.equal(made.code, 0, made.stderr)
    const config = { user: 'signer', database: 'by-token', password: made.stdout.trim() }
    await assert.rejects(world.pg(undefined, config), { code: '08004' })
    const [token = ''] = rds.passwords
    const query = new URL(`https://${token}`).searchParams
    assert.ok(token.startsWith(`localhost:${rds.port}/?Action=connect&DBUser=iam_user&`), token)
    assert.match(
      query.get('X-Amz-Credential') ?? '',
      /^ASIA[A-Z0-9]+\/\d{8}\/eu-west-1\/rds-db\/aws4_request$/,
    )
    assert.ok(query.get('X-Amz-Security-Token'))
    assert.ok(!world.started.gate.running.output().includes(query.get('X-Amz-Signature') ?? 'none'))
  })
})

interface Listening {
  readonly port: number
  /** What it was given, in order. */
  readonly passwords: string[]
  stop(): Promise<void>
}

/** As RDS asks for a token: the password in the clear, over TLS. It lets nobody in. */
async function startPasswordServer(tls: {
  readonly key: string
  readonly certificate: string
}): Promise<Listening> {
  const passwords: string[] = []
  const server = createServer(socket => {
    socket.on('error', () => socket.destroy())
    socket.once('data', () => {
      socket.write('S')
      const secured = new TLSSocket(socket, { isServer: true, key: tls.key, cert: tls.certificate })
      secured.on('error', () => secured.destroy())
      secured.once('data', () => {
        secured.write(Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]))
        secured.once('data', (message: Buffer) => {
          passwords.push(message.subarray(5, -1).toString())
          secured.end(writeBackend({ kind: 'error', fields: complaintFields(REFUSED) }))
        })
      })
    })
  }).listen(0, 'localhost')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    passwords,
    async stop() {
      server.close()
      await once(server, 'close')
    },
  }
}

const REFUSED = { severity: 'FATAL', sqlstate: '28P01', message: 'no' } as const
