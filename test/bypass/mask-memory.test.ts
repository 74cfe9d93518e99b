import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { ISSUER_URL, type RunningGate, startGate } from '../harness/gate.ts'
import { createIssuer } from '../harness/issuer.ts'
import { assumeRaw, type RawCredentials, rawBytes, sendRaw, signRaw } from '../harness/raw-client.ts'
import { type StubUpstream, startStubUpstream } from '../harness/stub-upstream.ts'
import { MASKED } from './mask/masked.ts'

const ROLE = 'arn:aws:iam::123456789012:role/masked'
const MIB = 1024 * 1024

describe('replies that are read whole to be masked', () => {
  let upstream: StubUpstream
  let gate: RunningGate
  let credentials: RawCredentials

  before(async () => {
    upstream = await startStubUpstream()
    const issuer = await createIssuer(ISSUER_URL)
    gate = await startGate({
      issuer,
      roles: [{ arn: ROLE, policies: [MASKED], upstream: { assume: false, credentials: 'environment' } }],
      upstream: upstream.endpoint,
      env: { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: 'the-real-secret' },
      config: { limits: { body: '1MiB', buffered: '4MiB' } },
    })
    credentials = await assumeRaw(gate.endpoint, ROLE, await issuer.token('mallory'))
  })
  after(async () => {
    await gate?.stop()
    await upstream?.stop()
  })

  /** A row of so many bytes. */
  const row = (bytes: number): string => JSON.stringify({ Item: { text: { S: 'x'.repeat(bytes) } } })

  const get = () => {
    const request = {
      method: 'POST',
      target: '/',
      headers: [
        ['x-amz-target', 'DynamoDB_20120810.GetItem'],
        ['content-type', 'application/x-amz-json-1.0'],
      ] as const,
      body: '{"TableName":"people","Key":{"id":{"S":"1"}}}',
    }
    const { host } = new URL(gate.endpoint)
    return sendRaw(gate.endpoint, rawBytes(signRaw(request, { credentials, service: 'dynamodb', host })))
  }

  it('are no more at once than `limits.buffered` has room for', async () => {
    upstream.answer(200, {}, row(6 * MIB))
    const reply = await get()
    assert.equal(reply.status, 400, reply.body)
    // Nothing upon which an SDK would call again: the call has been carried out.
    assert.match(reply.body, /AccessDeniedException.*`limits.buffered`.*reply-unmaskable/)
  })

  it('count as what they unpack to', async () => {
    upstream.answer(200, { 'content-encoding': 'gzip' }, gzipSync(row(6 * MIB)))
    assert.equal((await get()).status, 400)
  })

  it('give back what they took, whether they passed or not', async () => {
    for (let i = 0; i < 6; i++) {
      upstream.answer(200, {}, row(i % 2 === 0 ? 2 * MIB : 6 * MIB))
      assert.equal((await get()).status, i % 2 === 0 ? 200 : 400)
    }
  })
})
