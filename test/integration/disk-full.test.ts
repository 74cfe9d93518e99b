import assert from 'node:assert/strict'
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { ISSUER_URL, type RunningGate, startGate } from '../harness/gate.ts'
import { createIssuer } from '../harness/issuer.ts'
import { execute } from '../harness/process.ts'
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

const ROLE = 'arn:aws:iam::123456789012:role/full'
const disk = mkdtempSync(join(tmpdir(), 'sallyport-disk-'))
const mounted =
  process.platform === 'linux' &&
  (await execute('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk]).then(
    ({ code }) => code === 0,
    () => false,
  ))

describe('the disk of the journal is full', {
  skip: !mounted && 'a small disk can only be mounted by root',
}, () => {
  let upstream: StubUpstream
  let gate: RunningGate
  let credentials: RawCredentials

  before(async () => {
    upstream = await startStubUpstream()
    const issuer = await createIssuer(ISSUER_URL)
    gate = await startGate({
      issuer,
      roles: [{ arn: ROLE, policies: [ALLOW_ALL], upstream: { assume: false, credentials: 'environment' } }],
      upstream: upstream.endpoint,
      env: { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: 'full' },
      config: { data: disk },
    })
    credentials = await assumeRaw(gate.endpoint, ROLE, await issuer.token('filler'))
  })
  after(async () => {
    await gate?.stop()
    await upstream?.stop()
    if (mounted) await execute('umount', [disk])
    rmSync(disk, { recursive: true, force: true })
  })

  function call(): Promise<RawReply> {
    const request = {
      method: 'POST',
      target: '/',
      headers: [
        ['x-amz-target', 'DynamoDB_20120810.GetItem'],
        ['content-type', 'application/x-amz-json-1.0'],
      ] as const,
      body: '{"TableName":"jobs","Key":{"id":{"S":"1"}}}',
    }
    const host = new URL(gate.endpoint).host
    return sendRaw(gate.endpoint, rawBytes(signRaw(request, { credentials, service: 'dynamodb', host })))
  }

  function fill(): void {
    const file = openSync(join(disk, 'filler'), 'a')
    try {
      for (let bytes = 1 << 16; bytes >= 1; ) {
        try {
          writeSync(file, Buffer.alloc(bytes))
        } catch (error) {
          assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC')
          bytes >>= 1
        }
      }
    } finally {
      closeSync(file)
    }
  }

  it('denies, says so, lets nothing through, and recovers by itself', async () => {
    assert.equal((await call()).status, 200)
    fill()
    let refused = await call()
    // What was reserved before takes a few more events.
    for (let calls = 0; refused.status === 200 && calls < 20_000; calls++) refused = await call()
    assert.ok(refused.status >= 500, `${refused.status} ${refused.body}`)
    assert.match(refused.body, /"__type"/)
    assert.match(refused.body, /journal-unavailable/)

    const seen = upstream.seen.length
    for (let calls = 0; calls < 5; calls++) assert.ok((await call()).status >= 500)
    assert.equal(upstream.seen.length, seen, 'a call passed unrecorded')
    const ready = await fetch(`${gate.admin}/readyz`)
    assert.equal(ready.status, 503)
    assert.match(await ready.text(), /the journal cannot be written: .*(ENOSPC|space)/)
    assert.equal((await fetch(`${gate.admin}/healthz`)).status, 200)

    rmSync(join(disk, 'filler'))
    // Nobody restarts it: asked again, it passes again, within the time that a test may take.
    let recovered = await call()
    while (recovered.status !== 200) {
      await new Promise(resolve => setTimeout(resolve, 50))
      recovered = await call()
    }
    assert.equal((await fetch(`${gate.admin}/readyz`)).status, 200)
    const verified = await execute(join(import.meta.dirname, '../../bin/sallyport'), [
      'sessions',
      'verify',
      '--data',
      disk,
    ])
    assert.equal(verified.code, 0, verified.stdout + verified.stderr)
  })
})
