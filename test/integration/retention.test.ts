import assert from 'node:assert/strict'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { ISSUER_URL, type RunningGate, startGate } from '../harness/gate.ts'
import { createIssuer } from '../harness/issuer.ts'
import { assumeRaw, type RawCredentials, rawBytes, sendRaw, signRaw } from '../harness/raw-client.ts'
import { type StubUpstream, startStubUpstream } from '../harness/stub-upstream.ts'
import { ALLOW_ALL } from '../harness/world.ts'

const ROLE = 'arn:aws:iam::123456789012:role/retention'
const MEBIBYTE = 1024 * 1024
/** As much as one call may leave in the journal. */
const TEXT = 'x'.repeat(120_000)

describe('retention beside a running gate', () => {
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
      env: { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: 'retention' },
      config: {
        record: {
          segment: '1MiB',
          parameters: '1MiB',
          retention: { size: '16MiB' },
          checkpoints: { every: '1s', events: 64 },
        },
      },
    })
    credentials = await assumeRaw(gate.endpoint, ROLE, await issuer.token('caller'))
  })
  after(async () => {
    await gate?.stop()
    await upstream?.stop()
  })

  const lane = (): string => join(gate.folder, 'data/journal/00')
  const segments = (): string[] => readdirSync(lane()).filter(name => name.endsWith('.seg'))

  async function call(count: number): Promise<void> {
    const headers = [
      ['x-amz-target', 'DynamoDB_20120810.PutItem'],
      ['content-type', 'application/x-amz-json-1.0'],
    ] as const
    const body = JSON.stringify({ TableName: 'table', Item: { id: { S: 'a' }, text: { S: TEXT } } })
    for (let i = 0; i < count; i++) {
      const host = new URL(gate.endpoint).host
      const signed = signRaw(
        { method: 'POST', target: '/', headers, body },
        { credentials, service: 'dynamodb', host },
      )
      assert.equal((await sendRaw(gate.endpoint, rawBytes(signed))).status, 200)
    }
  }

  /** Waits for as long as the machine takes. */
  async function until(holds: () => boolean): Promise<void> {
    while (!holds()) await setTimeout(200)
  }

  it('removes the oldest segments once there are too many, and what is left verifies and replays', async () => {
    await call(200)
    gate = await gate.restart()
    await until(
      () =>
        existsSync(join(gate.folder, 'data/journal/removed/00.jsonl')) &&
        !segments().includes('0000000001.seg'),
    )
    const bytes = (): number => segments().reduce((sum, name) => sum + statSync(join(lane(), name)).size, 0)
    await until(() => bytes() <= 16 * MEBIBYTE)
    const verified = await gate.sessions('verify')
    assert.equal(verified.code, 0, verified.stdout + verified.stderr)
    assert.match(verified.stdout, /events 1 to \d+ \(segments 1 to \d+\) were removed/)
    const listed = await gate.sessions('list', '--json')
    assert.match(listed.stderr, /of lane 00, events 1 to \d+ were removed by their size/)
    const [session] = (JSON.parse(listed.stdout) as { sessions: { id: string }[] }).sessions
    const replayed = await gate.sessions('replay', session?.id ?? '', '--speed', '100000')
    assert.equal(replayed.code, 0, replayed.stderr)
    assert.match(replayed.stdout, /dynamodb put-item/)
  })
})
