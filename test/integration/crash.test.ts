import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { nodeFiles } from '../../src/record/node-files.ts'
import { readJournal } from '../../src/record/read.ts'
import { ISSUER_URL, type RunningGate, startGate } from '../harness/gate.ts'
import { createIssuer } from '../harness/issuer.ts'
import { assumeRaw, type RawCredentials, rawBytes, sendRaw, signRaw } from '../harness/raw-client.ts'
import { type StubUpstream, startStubUpstream } from '../harness/stub-upstream.ts'
import { ALLOW_ALL } from '../harness/world.ts'

const ROLE = 'arn:aws:iam::123456789012:role/crash'
const ROUNDS = 50
const CLIENTS = 8

/** A small generator with a fixed seed: the moments are random, and the same in every run. */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

describe('the gate killed at random moments under load', () => {
  let upstream: StubUpstream
  let gate: RunningGate
  let credentials: RawCredentials
  let sent = 0

  before(async () => {
    upstream = await startStubUpstream()
    const issuer = await createIssuer(ISSUER_URL)
    gate = await startGate({
      issuer,
      roles: [{ arn: ROLE, policies: [ALLOW_ALL], upstream: { assume: false, credentials: 'environment' } }],
      upstream: upstream.endpoint,
      env: { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: 'crash' },
    })
    credentials = await assumeRaw(gate.endpoint, ROLE, await issuer.token('crasher'))
  })
  after(async () => {
    await gate?.stop()
    await upstream?.stop()
  })

  /** Sends calls, each with a number of its own, until the gate is gone. */
  async function client(endpoint: string): Promise<void> {
    for (;;) {
      const id = `call-${sent++}`
      const request = {
        method: 'POST',
        target: '/',
        headers: [
          ['x-amz-target', 'DynamoDB_20120810.GetItem'],
          ['content-type', 'application/x-amz-json-1.0'],
        ] as const,
        body: JSON.stringify({ TableName: 'jobs', Key: { id: { S: id } } }),
      }
      const signed = signRaw(request, { credentials, service: 'dynamodb', host: new URL(endpoint).host })
      try {
        await sendRaw(endpoint, rawBytes(signed))
      } catch {
        return
      }
    }
  }

  it(`${ROUNDS} times: every call that the upstream saw is in the journal, and the chain verifies`, async () => {
    const next = random(20261123)
    for (let round = 0; round < ROUNDS; round++) {
      const goal = upstream.seen.length + 1 + Math.floor(next() * 60)
      const clients = Array.from({ length: CLIENTS }, () => client(gate.endpoint))
      // Not in each turn of the loop: the gate needs the processor.
      while (upstream.seen.length < goal) await new Promise(resolve => setTimeout(resolve, 1))
      gate.running.child.kill('SIGKILL')
      await Promise.all(clients)
      gate = await gate.restart('SIGKILL')
    }
    await gate.running.stop()

    const recorded = new Set<string>()
    let recoveries = 0
    for await (const { event } of readJournal({
      files: nodeFiles,
      folder: join(gate.folder, 'data/journal'),
    })) {
      if (event.type === 'recovery') recoveries++
      if (event.type !== 'decision') continue
      const key = event.call?.parameters['Key'] as { id?: { S?: string } } | undefined
      if (key?.id?.S !== undefined) recorded.add(key.id.S)
    }
    const reached = upstream.seen.map(
      ({ body }) => (JSON.parse(body) as { Key: { id: { S: string } } }).Key.id.S,
    )
    assert.ok(reached.length >= ROUNDS, `${reached.length} calls reached the upstream`)
    assert.deepEqual(
      reached.filter(id => !recorded.has(id)),
      [],
    )
    assert.ok(recoveries > 0, 'no crash left a call in flight')
    const verified = await gate.sessions('verify')
    assert.equal(verified.code, 0, verified.stdout + verified.stderr)
  })
})
