import assert from 'node:assert/strict'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { nodeFiles } from '../../src/record/node-files.ts'
import { readJournal } from '../../src/record/read.ts'
import { ISSUER_URL, type RunningGate, startGate } from '../harness/gate.ts'
import { createIssuer } from '../harness/issuer.ts'
import { execute, type Finished, python, ROOT } from '../harness/process.ts'
import { assumeRaw, type RawCredentials, rawBytes, sendRaw, signRaw } from '../harness/raw-client.ts'
import { type StubUpstream, startStubUpstream } from '../harness/stub-upstream.ts'
import { ALLOW_ALL } from '../harness/world.ts'

const ROLE = 'arn:aws:iam::123456789012:role/checkpoints'
const SALLYPORT = join(ROOT, 'bin/sallyport')
const VERIFIER = join(ROOT, 'vectors/recording/checkpoints/verify.py')

interface LaneJson {
  readonly lane: number
  readonly events: number
  readonly break?: { readonly checkpoint?: number; readonly reason: string }
  readonly checkpoints?: { readonly count: number; readonly lastEvent: number; readonly signatures: string }
}

describe('the checkpoints of a running gate', () => {
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
      env: { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: 'checkpoints' },
    })
    credentials = await assumeRaw(gate.endpoint, ROLE, await issuer.token('caller'))
  })
  after(async () => {
    await gate?.stop()
    await upstream?.stop()
  })

  async function call(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const headers = [
        ['x-amz-target', 'DynamoDB_20120810.ListTables'],
        ['content-type', 'application/x-amz-json-1.0'],
      ] as const
      const request = { method: 'POST', target: '/', headers, body: '{}' }
      const host = new URL(gate.endpoint).host
      const signed = signRaw(request, { credentials, service: 'dynamodb', host })
      assert.equal((await sendRaw(gate.endpoint, rawBytes(signed))).status, 200)
    }
  }

  const data = (): string => join(gate.folder, 'data')

  async function verified(...args: string[]): Promise<readonly LaneJson[]> {
    const { stdout } = await gate.sessions('verify', '--json', ...args)
    return (JSON.parse(stdout) as { lanes: LaneJson[] }).lanes
  }

  function proofOf(id: string): Promise<Finished> {
    return gate.sessions('prove', id, '--out', join(gate.folder, 'proof.json'))
  }

  it('make the signing key on the first start, for its owner alone', () => {
    assert.equal(statSync(join(data(), 'keys/journal.json')).mode & 0o777, 0o600)
  })

  it('are made for what a killed gate had recorded, when the next one starts', async () => {
    await call(5)
    gate = await gate.restart('SIGKILL')
    let lanes = await verified()
    // In the background: the gate takes calls before they are there.
    while ((lanes[0]?.checkpoints?.lastEvent ?? 0) < 6) lanes = await verified()
    assert.equal(lanes[0]?.break, undefined)
    assert.equal(lanes[0]?.checkpoints?.signatures, 'verified')
  })

  it('cover all events when the gate is stopped; then any event is proven to whoever has the public key', async () => {
    await call(3)
    await gate.running.stop()
    const [lane] = await verified()
    assert.equal(lane?.checkpoints?.lastEvent, lane?.events)
    const pem = join(gate.folder, 'public.pem')
    writeFileSync(pem, (await gate.sessions('key')).stdout)
    let proven = 0
    for await (const { event } of readJournal({ files: nodeFiles, folder: join(data(), 'journal') })) {
      if (event.type !== 'decision') continue
      const proved = await proofOf(event.id)
      assert.equal(proved.code, 0, proved.stderr)
      const proof = join(gate.folder, 'proof.json')
      const checked = await execute(SALLYPORT, ['verify-proof', proof, '--key', pem])
      assert.equal(checked.code, 0, checked.stderr)
      assert.match(checked.stdout, /^the proof holds/)
      assert.ok(checked.stdout.includes(event.id))
      if (proven++ === 2) break
    }
    assert.equal(proven, 3)
    const second = await execute(python(), [
      VERIFIER,
      pem,
      join(data(), 'journal'),
      join(gate.folder, 'proof.json'),
    ])
    assert.equal(second.code, 0, second.stdout + second.stderr)
  })

  it('find a last event that was cut off together with what the head knew of it', async () => {
    const journal = join(data(), 'journal')
    const head = JSON.parse(readFileSync(join(journal, 'heads/00.json'), 'utf8'))
    const events: { number: number; offset: number; payload: string }[] = []
    const segment = readFileSync(join(journal, '00/0000000001.seg'))
    for (let at = 76; at < segment.length; ) {
      const length = segment.readUInt32BE(at + 4)
      const payload = segment.toString('utf8', at + 40, at + 40 + length)
      events.push({ number: events.length + 1, offset: at, payload })
      at += 40 + length
    }
    const last = events.at(-1)
    assert.ok(last && last.number === head.number)
    // The link before the last event stands in its frame: a cut needs no more than that to look whole.
    const link = segment.toString('hex', last.offset + 8, last.offset + 40)
    writeFileSync(join(journal, '00/0000000001.seg'), segment.subarray(0, last.offset))
    const { checkpoint: _, ...rest } = head
    writeFileSync(join(journal, 'heads/00.json'), JSON.stringify({ ...rest, number: last.number - 1, link }))
    const [lane] = await verified('--key', join(gate.folder, 'public.pem'))
    assert.match(lane?.break?.reason ?? '', /the chain ends here, but it was signed over events up to \d+/)
    assert.ok((lane?.break?.checkpoint ?? 0) > 1)
    assert.ok(existsSync(join(journal, 'checkpoints/00.jsonl')))
  })
})
