import assert from 'node:assert/strict'
import { generateKeyPairSync, sign } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { ISSUER_URL, type RunningGate, startGate } from '../harness/gate.ts'
import { createIssuer } from '../harness/issuer.ts'
import { assumeRaw, type RawCredentials, rawBytes, sendRaw, signRaw } from '../harness/raw-client.ts'
import { type StubUpstream, startStubUpstream } from '../harness/stub-upstream.ts'
import { ALLOW_ALL } from '../harness/world.ts'

const ROLE = 'arn:aws:iam::123456789012:role/kms'
const ARN = 'arn:aws:kms:us-east-1:123456789012:key/1234'
const { publicKey, privateKey } = generateKeyPairSync('ed25519')

interface Line {
  readonly first: number
  readonly last: number
}

describe('a gate whose checkpoints a key in KMS signs', () => {
  let upstream: StubUpstream
  let gate: RunningGate
  let credentials: RawCredentials
  let isAway = false
  /** As much of KMS as the gate asks for. */
  const kms = createServer(async (request, response) => {
    const pieces: Buffer[] = []
    for await (const piece of request) pieces.push(piece as Buffer)
    response.setHeader('content-type', 'application/x-amz-json-1.1')
    if (isAway) {
      response.statusCode = 500
      response.end('{"__type":"KMSInternalException"}')
      return
    }
    const { Message = '' } = JSON.parse(Buffer.concat(pieces).toString()) as { Message?: string }
    const answer = String(request.headers['x-amz-target']).endsWith('GetPublicKey')
      ? {
          PublicKey: publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
          KeySpec: 'ECC_NIST_EDWARDS25519',
          SigningAlgorithms: ['ED25519_SHA_512'],
        }
      : { Signature: sign(null, Buffer.from(Message, 'base64'), privateKey).toString('base64') }
    response.end(JSON.stringify({ KeyId: ARN, ...answer }))
  })

  before(async () => {
    await new Promise<void>(resolve => kms.listen(0, '127.0.0.1', resolve))
    upstream = await startStubUpstream()
    const issuer = await createIssuer(ISSUER_URL)
    const endpoint = `http://127.0.0.1:${(kms.address() as AddressInfo).port}`
    gate = await startGate({
      issuer,
      roles: [{ arn: ROLE, policies: [ALLOW_ALL], upstream: { assume: false, credentials: 'environment' } }],
      upstream: upstream.endpoint,
      env: { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: 'kms' },
      config: { record: { checkpoints: { every: '1s', events: 2, kms: { key: ARN, endpoint } } } },
    })
    credentials = await assumeRaw(gate.endpoint, ROLE, await issuer.token('caller'))
  })
  after(async () => {
    await gate?.stop()
    await upstream?.stop()
    kms.closeAllConnections()
    kms.close()
  })

  async function call(): Promise<void> {
    const headers = [
      ['x-amz-target', 'DynamoDB_20120810.ListTables'],
      ['content-type', 'application/x-amz-json-1.0'],
    ] as const
    const request = { method: 'POST', target: '/', headers, body: '{}' }
    const signed = signRaw(request, { credentials, service: 'dynamodb', host: new URL(gate.endpoint).host })
    assert.equal((await sendRaw(gate.endpoint, rawBytes(signed))).status, 200)
  }

  function checkpoints(): Line[] {
    const path = join(gate.folder, 'data/journal/checkpoints/00.jsonl')
    const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : []
    return lines.map(line => JSON.parse(line) as Line)
  }

  async function until(holds: () => boolean): Promise<void> {
    while (!holds()) await setTimeout(50)
  }

  it('has them as often as the configuration says, and they verify with the key of KMS alone', async () => {
    for (let count = 0; count < 4; count++) await call()
    await until(() => (checkpoints().at(-1)?.last ?? 0) >= 5)
    for (const { first, last } of checkpoints()) assert.ok(last - first < 2)
    const pem = join(gate.folder, 'kms.pem')
    writeFileSync(pem, publicKey.export({ type: 'spki', format: 'pem' }))
    const { code, stdout, stderr } = await gate.sessions('verify', '--key', pem)
    assert.deepEqual([code, stderr], [0, ''], stdout)
    assert.ok(!readFileSync(join(gate.folder, 'data/keys/journal.json'), 'utf8').includes('privateKey'))
  })

  it('records without KMS, starts without KMS, and makes the missing ones when KMS is back', async () => {
    isAway = true
    // What KMS was asked before is answered by then.
    await call()
    const before = checkpoints().length
    gate = await gate.restart('SIGKILL')
    await call()
    assert.equal(checkpoints().length, before)
    isAway = false
    await until(() => checkpoints().length > before)
    assert.equal((await gate.sessions('verify')).code, 0)
  })
})
