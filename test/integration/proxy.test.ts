import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { ISSUER_URL, type RunningGate, startGate } from '../harness/gate.ts'
import { createIssuer } from '../harness/issuer.ts'
import { cleanEnv, execute, type Finished, python } from '../harness/process.ts'
import { assumeRaw, type RawCredentials, rawBytes, signRaw } from '../harness/raw-client.ts'
import { type StubUpstream, startStubUpstream } from '../harness/stub-upstream.ts'
import { ALLOW_ALL } from '../harness/world.ts'

const ROLE = 'arn:aws:iam::123456789012:role/proxied'
const DYNAMODB = 'dynamodb.us-east-1.amazonaws.com'

const boto3 = (await execute(python(), ['-c', 'import boto3'])).code === 0
const openssl = await execute('openssl', ['version']).then(
  ({ code }) => code === 0,
  () => false,
)

describe('ways in over TLS', { skip: !(boto3 && openssl) && 'boto3 or openssl is not installed' }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-tls-'))
  let upstream: StubUpstream
  let proxy: RunningGate
  let secure: RunningGate
  let proxyCredentials: RawCredentials
  let secureEnv: NodeJS.ProcessEnv

  before(async () => {
    upstream = await startStubUpstream()
    const issuer = await createIssuer(ISSUER_URL)
    const certificate = join(folder, 'cert.pem')
    const key = join(folder, 'key.pem')
    const made = await execute('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
      ...['-subj', '/CN=sallyport', '-addext', 'subjectAltName=IP:127.0.0.1'],
      ...['-keyout', key, '-out', certificate],
    ])
    assert.equal(made.code, 0, made.stderr)
    const start = (config: object): Promise<RunningGate> =>
      startGate({
        issuer,
        roles: [
          { arn: ROLE, policies: [ALLOW_ALL], upstream: { assume: false, credentials: 'environment' } },
        ],
        upstream: upstream.endpoint,
        env: { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: 'proxied' },
        config,
      })
    proxy = await start({ proxy: { enabled: true } })
    secure = await start({ tls: { certificate, key } })
    proxyCredentials = await assumeRaw(proxy.endpoint, ROLE, await issuer.token('tunneller'))
    secureEnv = { ...(await secure.clientEnv(ROLE)), AWS_CA_BUNDLE: certificate }
  })
  after(async () => {
    await proxy?.stop()
    await secure?.stop()
    await upstream?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  function runPython(script: string, env: NodeJS.ProcessEnv): Promise<Finished> {
    return execute(python(), ['-c', script], { env })
  }

  /** The reply to a CONNECT, and its socket. */
  async function tunnel(authority: string): Promise<{ head: string; socket: Socket }> {
    const { hostname, port } = new URL(proxy.endpoint)
    const socket = connect({ host: hostname, port: Number(port) })
    socket.write(`CONNECT ${authority} HTTP/1.1\r\nhost: ${authority}\r\n\r\n`)
    const [head] = (await once(socket, 'data')) as [Buffer]
    return { head: head.toString(), socket }
  }

  /** The reply to a call for `host`, sent through a tunnel to DynamoDB. */
  async function throughTunnel(host: string): Promise<string> {
    const { head, socket } = await tunnel(`${DYNAMODB}:443`)
    assert.match(head, /^HTTP\/1\.1 200 /)
    const ca = readFileSync(join(proxy.folder, 'data/ca.pem'))
    const tls = connectTls({ socket, servername: DYNAMODB, ca })
    const request = {
      method: 'POST',
      target: '/',
      headers: [
        ['x-amz-target', 'DynamoDB_20120810.ListTables'],
        ['content-type', 'application/x-amz-json-1.0'],
      ] as const,
      body: '{}',
    }
    tls.write(rawBytes(signRaw(request, { credentials: proxyCredentials, service: 'dynamodb', host })))
    const [reply] = (await once(tls, 'data')) as [Buffer]
    tls.destroy()
    return reply.toString()
  }

  it('HTTPS_PROXY with the authority of the gate: boto3 with its fixed endpoints', async () => {
    const seen = upstream.seen.length
    const { code, stderr } = await runPython(
      "import boto3; boto3.client('dynamodb', 'us-east-1').list_tables()",
      cleanEnv({
        HTTPS_PROXY: proxy.endpoint,
        AWS_CA_BUNDLE: join(proxy.folder, 'data/ca.pem'),
        AWS_ACCESS_KEY_ID: proxyCredentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: proxyCredentials.secretAccessKey,
        AWS_SESSION_TOKEN: proxyCredentials.sessionToken,
      }),
    )
    assert.equal(code, 0, stderr)
    assert.equal(upstream.seen.length, seen + 1)
    assert.equal(upstream.seen.at(-1)?.headers['x-amz-target'], 'DynamoDB_20120810.ListTables')
  })

  it('a host that is none of AWS, a port that is not 443, an address: no tunnel', async () => {
    for (const authority of ['example.com:443', `${DYNAMODB}:22`, '169.254.169.254:443', '127.0.0.1:443']) {
      const { head, socket } = await tunnel(authority)
      socket.destroy()
      assert.match(head, /^HTTP\/1\.1 403 /, authority)
    }
  })

  it('another host inside the tunnel than the one that it was opened to', async () => {
    assert.match(await throughTunnel(DYNAMODB), /^HTTP\/1\.1 200 /)
    const seen = upstream.seen.length
    const reply = await throughTunnel('dynamodb.eu-west-1.amazonaws.com')
    assert.match(reply, /^HTTP\/1\.1 4\d\d /)
    assert.match(reply, /host-mismatch/)
    assert.equal(upstream.seen.length, seen)
  })

  it('a certificate of its own: boto3 uploads in chunks with a trailer, waits for 100, and downloads', async () => {
    // What is not XML in a reply of S3 is an error for boto3.
    upstream.answer(200, { 'content-type': 'application/xml' }, '')
    const seen = upstream.seen.length
    const put = await runPython(
      "import boto3; boto3.client('s3').put_object(Bucket='bucket', Key='key', Body=b'over TLS')",
      secureEnv,
    )
    assert.equal(put.code, 0, put.stderr)
    assert.equal(upstream.seen.length, seen + 1)
    assert.match(upstream.seen.at(-1)?.body ?? '', /over TLS/)

    upstream.answer(200, { 'content-type': 'text/plain' }, 'from above')
    const got = await runPython(
      "import boto3; print(boto3.client('s3').get_object(Bucket='bucket', Key='key')['Body'].read())",
      secureEnv,
    )
    assert.equal(got.code, 0, got.stderr)
    assert.match(got.stdout, /from above/)
  })
})
