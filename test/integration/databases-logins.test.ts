import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import pg from 'pg'
import { type DatabaseWorld, startDatabaseWorld, startServers } from '../harness/database-world.ts'
import { PASSWORD_VARIABLE } from '../harness/databases.ts'
import { type Moto, startMoto } from '../harness/moto.ts'
import { POSTGRES_PASSWORD } from '../harness/postgres.ts'
import { ALLOW_ALL } from '../harness/world.ts'

/** How the gate logs in at databases, through `sallyport serve`: a variable, a file, a secret that is rotated, and a token of RDS. */

const servers = await startServers()

describe('logging in', { skip: servers.missing('postgres') }, () => {
  let moto: Moto
  let world: DatabaseWorld
  let postgres: pg.Client
  let secretArn: string

  before(async () => {
    postgres = new pg.Client({ connectionString: servers.postgres?.url ?? '' })
    await postgres.connect()
    await postgres.query("create user rotated password 'first'; create user filed password 'in a file'")
    // Its signatures are checked where tokens and secrets are tested by themselves.
    moto = await startMoto(['analyst'], true)
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
      files: { 'password-of-filed': 'in a file\n' },
      targets: [
        { ...place, name: 'by-variable', user: 'gate', auth: { environment: PASSWORD_VARIABLE } },
        { ...place, name: 'by-file', user: 'filed', auth: { file: 'password-of-filed' } },
        { ...place, name: 'by-secret', auth: { secret: { arn: secretArn, endpoint: moto.endpoint } } },
      ],
    })
  })
  after(async () => {
    await postgres?.end()
    await world?.stop()
    await moto?.stop()
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
})
