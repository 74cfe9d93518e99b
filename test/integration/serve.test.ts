import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { ISSUER_URL, type RunningGate, startGate, trustIssuer } from '../harness/gate.ts'
import { createIssuer, type Issuer } from '../harness/issuer.ts'
import { cleanEnv, execute, ROOT } from '../harness/process.ts'
import {
  assumeRaw,
  type RawCredentials,
  type RawReply,
  rawBytes,
  sendRaw,
  signRaw,
} from '../harness/raw-client.ts'
import { type StubUpstream, startStubUpstream } from '../harness/stub-upstream.ts'
import { ALLOW_ALL } from '../harness/world.ts'

const ROLE = 'arn:aws:iam::123456789012:role/served'
const ROLES = [
  { arn: ROLE, policies: [ALLOW_ALL], upstream: { assume: false, credentials: 'environment' } },
] as const
const ENV = { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: 'served' }

function listTables(endpoint: string, credentials: RawCredentials): Promise<RawReply> {
  const headers = [
    ['x-amz-target', 'DynamoDB_20120810.ListTables'],
    ['content-type', 'application/x-amz-json-1.0'],
  ] as const
  const request = { method: 'POST', target: '/', headers, body: '{}' }
  const host = new URL(endpoint).host
  return sendRaw(endpoint, rawBytes(signRaw(request, { credentials, service: 'dynamodb', host })))
}

describe('a gate of several processes', () => {
  let upstream: StubUpstream
  let gate: RunningGate
  let issuer: Issuer

  before(async () => {
    upstream = await startStubUpstream()
    issuer = await createIssuer(ISSUER_URL)
    gate = await startGate({
      issuer,
      roles: ROLES,
      upstream: upstream.endpoint,
      env: ENV,
      config: { workers: 2 },
    })
  })
  after(async () => {
    await gate?.stop()
    await upstream?.stop()
  })

  it('is ready once all are up, and its processes take each other’s credentials', async () => {
    await becomesReady(gate)
    const credentials = await assumeRaw(gate.endpoint, ROLE, await issuer.token('one'))
    const replies = await Promise.all(
      Array.from({ length: 40 }, () => listTables(gate.endpoint, credentials)),
    )
    assert.deepEqual(new Set(replies.map(({ status }) => status)), new Set([200]))
    assert.equal((await fetch(`${gate.admin}/healthz`)).status, 200)
  })

  it('counts for all of them', async () => {
    // A call is counted when its outcome is recorded, which may be after its client has the reply.
    const counted = async (): Promise<string | undefined> => {
      const metrics = await (await fetch(`${gate.admin}/metrics`)).text()
      return /sallyport_calls_total\{effect="allow",service="dynamodb"\} (\d+)/.exec(metrics)?.[1]
    }
    let count = await counted()
    while (Number(count ?? 0) < 40) {
      await sleep(20)
      count = await counted()
    }
    assert.equal(count, '40')
  })

  it('has a lane of the journal for each, and one proof over them', async () => {
    assert.deepEqual(
      readdirSync(join(gate.folder, 'data/journal')).filter(name => /^\d\d$/.test(name)),
      ['00', '01', '02'],
    )
    const verified = await gate.sessions('verify')
    assert.equal(verified.code, 0, verified.stderr)
  })

  it('lets sessions live on when the key is rotated', async () => {
    const before = await assumeRaw(gate.endpoint, ROLE, await issuer.token('before'))
    const config = join(gate.folder, 'sallyport.yaml')
    const rotated = await execute(join(ROOT, 'bin/sallyport'), ['keys', 'rotate', '--config', config], {
      env: cleanEnv(ENV),
    })
    assert.equal(rotated.code, 0, rotated.stderr)
    const keys = JSON.parse(readFileSync(join(gate.folder, 'data/keys/credentials.json'), 'utf8')) as {
      keys: unknown[]
    }
    assert.equal(keys.keys.length, 2)
    assert.equal((await listTables(gate.endpoint, before)).status, 200)
  })

  it('goes on where it stopped, with the sessions that it had', async () => {
    const credentials = await assumeRaw(gate.endpoint, ROLE, await issuer.token('survivor'))
    gate = await gate.restart()
    await becomesReady(gate)
    assert.equal((await listTables(gate.endpoint, credentials)).status, 200)
    assert.equal((await gate.sessions('verify')).code, 0)
  })

  /** Workers come up one after the other; the admin address says when all are there. */
  async function becomesReady(running: RunningGate): Promise<void> {
    for (;;) {
      const reply = await fetch(`${running.admin}/readyz`)
      if (reply.status === 200) return
      assert.match(await reply.text(), /is not up/)
      await sleep(20)
    }
  }
})

describe('an issuer with discovery', () => {
  let upstream: StubUpstream
  let gate: RunningGate
  let provider: Server
  let url = ''
  let keys: { kid: string; jwk: object; sign: (subject: string) => Promise<string> }[] = []

  async function newKey(kid: string): Promise<(typeof keys)[number]> {
    const { publicKey, privateKey } = await generateKeyPair('ES256')
    return {
      kid,
      jwk: { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' },
      sign: subject =>
        new SignJWT({})
          .setProtectedHeader({ alg: 'ES256', kid })
          .setIssuer(url)
          .setAudience('sallyport')
          .setSubject(subject)
          .setIssuedAt()
          .setExpirationTime('1h')
          .sign(privateKey),
    }
  }

  before(async () => {
    upstream = await startStubUpstream()
    provider = createServer((request, response) => {
      const discovery = { issuer: url, jwks_uri: `${url}/keys` }
      const document = request.url === '/keys' ? { keys: keys.map(({ jwk }) => jwk) } : discovery
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(document))
    })
    await new Promise<void>(resolve => provider.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`
    keys = [await newKey('first')]
    const trust = trustIssuer()
    const [statement] = (trust as { Statement: { Principal: object }[] }).Statement
    if (statement)
      statement.Principal = { Federated: `arn:aws:iam::123456789012:oidc-provider/${new URL(url).host}` }
    gate = await startGate({
      issuer: await createIssuer(ISSUER_URL),
      roles: [{ ...ROLES[0], trust }],
      upstream: upstream.endpoint,
      env: ENV,
      config: { issuers: [{ name: 'discovered', oidc: url, audience: 'sallyport' }] },
    })
  })
  after(async () => {
    await gate?.stop()
    await upstream?.stop()
    provider.close()
    provider.closeAllConnections()
  })

  it('is asked for its keys', async () => {
    const credentials = await assumeRaw(gate.endpoint, ROLE, (await keys[0]?.sign('found')) ?? '')
    assert.equal((await listTables(gate.endpoint, credentials)).status, 200)
  })

  it('does not make others’ tokens good', async () => {
    const stranger = await newKey('first')
    await assert.rejects(assumeRaw(gate.endpoint, ROLE, await stranger.sign('found')), /InvalidIdentityToken/)
  })
})
