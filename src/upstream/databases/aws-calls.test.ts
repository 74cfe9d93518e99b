import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { systemClock, systemRandom } from '../../core/clock.ts'
import { GateError } from '../../core/errors.ts'
import type { NameValue } from '../../core/http.ts'
import type { Principal } from '../../core/principal.ts'
import { Redacted } from '../../core/redacted.ts'
import { readRequest } from '../../wire/http/reader.ts'
import { SigningKeys } from '../../wire/sigv4/keys.ts'
import { readSignature } from '../../wire/sigv4/reader.ts'
import { verifySignature } from '../../wire/sigv4/verify.ts'
import type { RoleSource } from '../settings.ts'
import { type ConnectLeasePorts, ConnectLeases } from './connect-leases.ts'
import { type ReadSecret, secretsManager } from './secrets-manager.ts'

const BASE = { accessKeyId: 'AKIDBASE', secretAccessKey: new Redacted('base-secret') }
const ARN = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:rds!db-1'
const ROLE = 'arn:aws-cn:iam::111122223333:role/deploy'
const SOURCE: RoleSource = {
  ...{ credentials: 'environment', assume: true, role: ROLE, region: 'eu-west-1' },
  ...{ sourceIdentity: true, sessionTags: true, sessionPolicy: true },
}
const PRINCIPAL: Principal = {
  ...{ arn: 'arn:aws-cn:sts::111122223333:assumed-role/deploy/ci', roleArn: ROLE, account: '111122223333' },
  ...{
    sessionName: 'ci',
    sessionId: '01',
    issuer: 'ci',
    subject: 'repo',
    claims: {},
    tags: {},
    actingFor: [],
  },
  ...{ issuedAtMs: Date.now(), expiresAtMs: Date.now() + 3_600_000 },
}

interface Received {
  readonly request: IncomingMessage
  readonly body: string
}

/** A server in AWS's place that verifies who calls. */
async function aws(
  t: TestContext,
  service: string,
  answer: (received: Received) => { status?: number; text: string },
): Promise<{ endpoint: string; calls: Received[] }> {
  const calls: Received[] = []
  const keys = new SigningKeys()
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', part => {
      body += part
    })
    request.on('end', () => {
      const headers = request.rawHeaders.flatMap((name, i, all): NameValue[] =>
        i % 2 === 0 ? [[name.toLowerCase(), all[i + 1] ?? '']] : [],
      )
      const read = readRequest({ method: request.method ?? '', target: request.url ?? '', headers })
      const signed = readSignature(read)
      assert.equal(signed.scope.service, service)
      const key = keys.get(BASE.accessKeyId, BASE.secretAccessKey, signed.scope)
      verifySignature(signed, read, key, createHash('sha256').update(body).digest('hex'))
      calls.push({ request, body })
      const { status = 200, text } = answer({ request, body })
      response.writeHead(status).end(text)
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, calls }
}

function reader(endpoint: string): () => ReturnType<ReadSecret> {
  const read = secretsManager({
    clock: systemClock,
    keys: new SigningKeys(),
    base: async () => BASE,
    host: () => 'unused',
  })
  return () => read(ARN, { region: 'eu-west-1', endpoint })
}

describe('a secret of Secrets Manager', () => {
  it('is asked for by a signed call, and gives user and password', async t => {
    const value = JSON.stringify({ username: 'app', password: "p'ä", engine: 'postgres', host: 'elsewhere' })
    const { endpoint, calls } = await aws(t, 'secretsmanager', () => ({
      text: JSON.stringify({ Name: 'x', SecretString: value }),
    }))
    const secret = await reader(endpoint)()
    assert.equal(secret.user, 'app')
    assert.equal(secret.password.reveal(), "p'ä")
    assert.equal(calls[0]?.request.headers['x-amz-target'], 'secretsmanager.GetSecretValue')
    assert.deepEqual(JSON.parse(calls[0]?.body ?? ''), { SecretId: ARN })
  })

  it('is refused in every form but that of RDS, and not told', async t => {
    let text = ''
    const { endpoint } = await aws(t, 'secretsmanager', () => ({ text }))
    const read = reader(endpoint)
    const held = (value: unknown): string => JSON.stringify({ SecretString: value })
    for (const each of [
      '',
      '[]',
      '{}',
      held(7),
      held('s3cret'),
      held('["s3cret"]'),
      held('{"username":"s3cret"}'),
      held('{"password":""}'),
      held('{"password":"s3cret\\u0000"}'),
      held('{"password":7,"username":"s3cret"}'),
      held('{"password":"x","username":["s3cret"]}'),
      held(JSON.stringify({ password: 's3cret'.repeat(1_000) })),
    ]) {
      text = each
      await assert.rejects(read(), (error: unknown) => {
        assert.ok(error instanceof GateError && error.code === 'database-secret-invalid', each)
        assert.ok(!`${error.message}${error.stack}${String(error.cause)}`.includes('s3cret'))
        return true
      })
    }
  })

  it('that cannot be had says why', async t => {
    const replies = [
      { status: 400, text: '{"__type":"com.amazonaws#AccessDeniedException","Message":"no"}' },
      { status: 500, text: '<html>' },
      { status: 302, text: '' },
      { text: 'x'.repeat(600_000) },
    ]
    const expected = [
      /`AccessDeniedException`/,
      /no sense|nothing of which/,
      /nothing of which/,
      /could not be asked/,
    ]
    let at = 0
    const { endpoint } = await aws(t, 'secretsmanager', () => replies[at] ?? { text: '' })
    for (; at < replies.length; at++) {
      await assert.rejects(reader(endpoint)(), { code: 'database-secret-unavailable', message: expected[at] })
    }
    await assert.rejects(reader('http://127.0.0.1:1')(), { code: 'database-secret-unavailable' })
  })
})

describe('a lease for logging in at databases', () => {
  const sts = (t: TestContext) =>
    aws(t, 'sts', () => ({
      text:
        '<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA1</AccessKeyId>' +
        '<SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>' +
        `<Expiration>${new Date(Date.now() + 3_600_000).toISOString()}</Expiration>` +
        '</Credentials></AssumeRoleResult></AssumeRoleResponse>',
    }))
  const leases = (t: TestContext, endpoint: string, source: RoleSource | undefined): ConnectLeases => {
    const catalog: Pick<ConnectLeasePorts['catalog'], 'endpoint'> = {
      endpoint: () => assert.fail('there is an endpoint of its own'),
    }
    const made = new ConnectLeases({
      ...{ clock: systemClock, random: systemRandom, note: () => undefined },
      catalog: catalog as ConnectLeasePorts['catalog'],
      endpoints: { default: endpoint, byService: new Map() },
      roleSource: () => source,
      baseCredentials: async () => BASE,
    })
    t.after(() => made.close())
    return made
  }
  const user = { user: 'gate', region: 'cn-north-1', account: '' }

  it('may log in as the one user, and do nothing else', async t => {
    const { endpoint, calls } = await sts(t)
    const made = leases(t, endpoint, SOURCE)
    const lease = await made.leaseOf(PRINCIPAL, user)
    assert.equal(lease.accessKeyId, 'ASIA1')
    await made.leaseOf(PRINCIPAL, user)
    assert.equal(calls.length, 1, 'it is kept')
    await made.leaseOf(PRINCIPAL, { ...user, user: 'a*b?c$', account: '444455556666' })
    const policies = calls.map(({ body }) => JSON.parse(new URLSearchParams(body).get('Policy') ?? ''))
    const resource = 'arn:aws-cn:rds-db:cn-north-1:111122223333:dbuser:*/gate'
    assert.deepEqual(policies[0], {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: 'rds-db:connect', Resource: resource }],
    })
    const literal = 'arn:aws-cn:rds-db:cn-north-1:444455556666:dbuser:*/a${*}b${?}c${$}'
    assert.equal(policies[1].Statement[0].Resource, literal)
  })

  it('is that of each session alone', async t => {
    const { endpoint, calls } = await sts(t)
    const made = leases(t, endpoint, SOURCE)
    await made.leaseOf(PRINCIPAL, user)
    await made.leaseOf({ ...PRINCIPAL, sessionId: '02' }, user)
    assert.equal(calls.length, 2)
  })

  it('is the gate itself where the role is not assumed, and nobody where there is no role', async t => {
    const { endpoint, calls } = await sts(t)
    assert.deepEqual(await leases(t, endpoint, { ...SOURCE, assume: false }).leaseOf(PRINCIPAL, user), BASE)
    await assert.rejects(leases(t, endpoint, undefined).leaseOf(PRINCIPAL, user), { code: 'lease-denied' })
    assert.equal(calls.length, 0)
  })
})
