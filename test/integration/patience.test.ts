import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { ISSUER_URL, type RunningGate, startGate } from '../harness/gate.ts'
import { createIssuer } from '../harness/issuer.ts'
import { assumeRaw, rawBytes, sendRaw, signRaw } from '../harness/raw-client.ts'
import { ALLOW_ALL } from '../harness/world.ts'

const ROLE = 'arn:aws:iam::123456789012:role/patient'
/** The gate takes a client for stalled after one second; the upstream needs longer. */
const WORK_MS = 2_500

describe('an upstream that works for longer than a client may pause', () => {
  let upstream: Server
  let gate: RunningGate

  before(async () => {
    upstream = createServer((request, response) => {
      request.resume()
      setTimeout(() => response.end('{"TableNames":[]}'), WORK_MS)
    })
    await new Promise<void>(resolve => upstream.listen(0, '127.0.0.1', resolve))
    gate = await startGate({
      issuer: await createIssuer(ISSUER_URL),
      roles: [{ arn: ROLE, policies: [ALLOW_ALL], upstream: { assume: false, credentials: 'environment' } }],
      upstream: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`,
      env: { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: 'patient' },
      config: { limits: { bodyTimeout: '1s' } },
    })
  })
  after(async () => {
    await gate?.stop()
    upstream.close()
    upstream.closeAllConnections()
  })

  it('is waited for', async () => {
    const env = await gate.clientEnv(ROLE)
    const token = readFileSync(env.AWS_WEB_IDENTITY_TOKEN_FILE ?? '', 'utf8')
    const credentials = await assumeRaw(gate.endpoint, ROLE, token)
    const headers = [
      ['x-amz-target', 'DynamoDB_20120810.ListTables'],
      ['content-type', 'application/x-amz-json-1.0'],
    ] as const
    const signed = signRaw(
      { method: 'POST', target: '/', headers, body: '{}' },
      { credentials, service: 'dynamodb', host: new URL(gate.endpoint).host },
    )
    const reply = await sendRaw(gate.endpoint, rawBytes(signed))
    assert.equal(reply.status, 200)
    assert.match(reply.body, /TableNames/)
  })
})
