import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { ISSUER_URL, type RunningGate, startGate } from '../harness/gate.ts'
import { createIssuer } from '../harness/issuer.ts'
import { execute, python } from '../harness/process.ts'
import {
  assumeRaw,
  type RawCredentials,
  type RawReply,
  type RawRequest,
  rawBytes,
  sendRaw,
  signRaw,
} from '../harness/raw-client.ts'
import { type StubUpstream, startStubUpstream } from '../harness/stub-upstream.ts'
import { ALLOW_ALL } from '../harness/world.ts'

const ROLE = 'arn:aws:iam::123456789012:role/anyway'
const JSON_1_0 = ['content-type', 'application/x-amz-json-1.0'] as const

// What docs/clients.md says of names, hints and the proxy.
describe('the ways in', () => {
  let upstream: StubUpstream
  let gate: RunningGate
  let credentials: RawCredentials

  before(async () => {
    upstream = await startStubUpstream()
    gate = await startGate({
      issuer: await createIssuer(ISSUER_URL),
      roles: [{ arn: ROLE, policies: [ALLOW_ALL], upstream: { assume: false, credentials: 'environment' } }],
      upstream: upstream.endpoint,
      env: { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: 'any-way' },
      config: { domains: ['aws.gate.example'], proxy: { enabled: true } },
    })
    const env = await gate.clientEnv(ROLE)
    const token = readFileSync(env.AWS_WEB_IDENTITY_TOKEN_FILE ?? '', 'utf8')
    credentials = await assumeRaw(gate.endpoint, ROLE, token)
  })
  after(async () => {
    await gate?.stop()
    await upstream?.stop()
  })

  /** Sends a call to the gate under that host, and tells what the upstream saw of it. */
  async function call(service: string, host: string, request: RawRequest): Promise<[RawReply, string[]]> {
    const first = upstream.seen.length
    const reply = await sendRaw(gate.endpoint, rawBytes(signRaw(request, { credentials, service, host })))
    return [reply, upstream.seen.slice(first).map(({ method, url }) => `${method} ${url}`)]
  }
  const json = (target: string, body: object): RawRequest => ({
    method: 'POST',
    target: '/',
    headers: [['x-amz-target', target], JSON_1_0],
    body: JSON.stringify(body),
  })
  const sync = json('AWSStepFunctions.StartSyncExecution', {
    stateMachineArn: 'arn:aws:states:us-east-1:123456789012:stateMachine:m',
  })

  it('a bucket before the name of the gate is the bucket of the path', async () => {
    for (const [host, target] of [
      ['builds.aws.gate.example', '/a/b'],
      ['aws.gate.example', '/builds/a/b'],
      [new URL(gate.endpoint).host, '/builds/a/b'],
    ] as const) {
      const [reply, seen] = await call('s3', host, { method: 'GET', target })
      assert.equal(reply.status, 200, reply.body)
      assert.deepEqual(seen, ['GET /builds/a/b'])
    }
  })

  it('an account before the name of the gate must be the account of the call', async () => {
    const request: RawRequest = {
      method: 'GET',
      target: '/v20180820/configuration/publicAccessBlock',
      headers: [['x-amz-account-id', '123456789012']],
    }
    const [reply, seen] = await call('s3', '123456789012.aws.gate.example', request)
    assert.equal(reply.status, 200, reply.body)
    assert.equal(seen.length, 1)
    const [other, unseen] = await call('s3', '999999999999.aws.gate.example', request)
    assert.equal(other.status, 400, other.body)
    assert.deepEqual(unseen, [])
  })

  it('the sibling that Step Functions makes is taken for the calls that make it', async () => {
    const [reply, seen] = await call('states', 'sync-aws.gate.example', sync)
    assert.equal(reply.status, 200, reply.body)
    assert.equal(seen.length, 1)
    const tables = json('DynamoDB_20120810.ListTables', {})
    const [other, unseen] = await call('dynamodb', 'sync-aws.gate.example', tables)
    assert.match(other.body, /host-unclear/)
    assert.deepEqual(unseen, [])
  })

  it('on an address, a client that leaves the prefix out is understood', async () => {
    const [reply, seen] = await call('states', new URL(gate.endpoint).host, sync)
    assert.equal(reply.status, 200, reply.body)
    assert.equal(seen.length, 1)
  })

  it('a hint in the path is not passed on', async () => {
    const agents: RawRequest = {
      method: 'POST',
      target: '/_svc/bedrock-agent/agents/',
      headers: [['content-type', 'application/json']],
      body: '{}',
    }
    const [reply, seen] = await call('bedrock', 'aws.gate.example', agents)
    assert.equal(reply.status, 200, reply.body)
    assert.deepEqual(seen, ['POST /agents/'])
  })

  it('no call of STS gives credentials that work without the gate', async () => {
    for (const form of [
      'Action=GetSessionToken',
      'Action=GetFederationToken&Name=any',
      'Action=AssumeRole&RoleArn=arn:aws:iam::123456789012:role/elsewhere&RoleSessionName=any',
    ]) {
      const request: RawRequest = {
        method: 'POST',
        target: '/',
        headers: [['content-type', 'application/x-www-form-urlencoded']],
        body: `${form.replaceAll(':', '%3A').replaceAll('/', '%2F')}&Version=2011-06-15`,
      }
      const [reply, seen] = await call('sts', 'aws.gate.example', request)
      assert.equal(reply.status, 403, reply.body)
      assert.match(reply.body, /work without the gate/)
      assert.deepEqual(seen, [])
    }
  })

  it('by the proxy, a client needs no endpoint', async () => {
    const { AWS_ENDPOINT_URL: _, ...env } = await gate.clientEnv(ROLE)
    const first = upstream.seen.length
    const code =
      "import boto3; print(boto3.client('dynamodb').list_tables()['ResponseMetadata']['HTTPHeaders'])"
    const done = await execute(python(), ['-c', code], {
      env: { ...env, HTTPS_PROXY: gate.endpoint, AWS_CA_BUNDLE: join(gate.folder, 'data/ca.pem') },
    })
    assert.equal(done.code, 0, done.stderr)
    assert.match(done.stdout, /x-sallyport-event/)
    assert.deepEqual(
      upstream.seen.slice(first).map(({ headers }) => headers['x-amz-target']),
      ['DynamoDB_20120810.ListTables'],
    )
  })

  it('the proxy opens nothing but AWS', async () => {
    for (const authority of ['example.com:443', 'localhost:443', 'dynamodb.us-east-1.amazonaws.com:80']) {
      assert.match(await connectBy(gate.endpoint, authority), /^HTTP\/1.1 403 /, authority)
    }
  })

  it('a tunnel serves the host that it was opened to', async () => {
    const host = 'dynamodb.us-east-1.amazonaws.com'
    const tables = json('DynamoDB_20120810.ListTables', {})
    const first = upstream.seen.length
    const other = 'dynamodb.eu-west-1.amazonaws.com'
    const bytes = rawBytes(signRaw(tables, { credentials, service: 'dynamodb', host: other }))
    assert.match(await sendInTunnel(gate, host, bytes), /host-mismatch/)
    const good = rawBytes(signRaw(tables, { credentials, service: 'dynamodb', host }))
    assert.match(await sendInTunnel(gate, host, good), /^HTTP\/1.1 200 /)
    assert.equal(upstream.seen.length, first + 1)
  })
})

/** What a proxy answers to a CONNECT. */
function connectBy(proxy: string, authority: string): Promise<string> {
  const { hostname, port } = new URL(proxy)
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port) })
    let answer = ''
    socket.on('data', chunk => {
      answer += chunk.toString('latin1')
    })
    socket.on('close', () => resolve(answer))
    socket.on('error', reject)
    socket.write(`CONNECT ${authority} HTTP/1.1\r\nhost: ${authority}\r\n\r\n`)
  })
}

/** Opens a tunnel, shakes hands with the gate's own authority in mind, and sends; resolves with the reply. */
function sendInTunnel(gate: RunningGate, host: string, bytes: Buffer): Promise<string> {
  const { hostname, port } = new URL(gate.endpoint)
  const ca = readFileSync(join(gate.folder, 'data/ca.pem'))
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port) })
    socket.on('error', reject)
    socket.once('data', opened => {
      if (!opened.toString('latin1').startsWith('HTTP/1.1 200 ')) reject(new Error(opened.toString('latin1')))
      const tls = connectTls({ socket, servername: host, ca })
      tls.on('error', reject)
      tls.once('data', reply => {
        socket.destroy()
        resolve(reply.toString('latin1'))
      })
      tls.write(bytes)
    })
    socket.write(`CONNECT ${host}:443 HTTP/1.1\r\nhost: ${host}:443\r\n\r\n`)
  })
}
