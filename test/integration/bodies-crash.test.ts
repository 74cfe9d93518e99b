import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { zstdDecompressSync } from 'node:zlib'
import type { OutcomeEvent } from '../../src/record/event.ts'
import { nodeFiles } from '../../src/record/node-files.ts'
import { readJournal } from '../../src/record/read.ts'
import { journalOf } from '../harness/caller.ts'
import { ISSUER_URL, type RunningGate, startGate } from '../harness/gate.ts'
import { createIssuer } from '../harness/issuer.ts'
import { execute } from '../harness/process.ts'
import { assumeRaw, type RawCredentials, rawBytes, sendRaw, signRaw } from '../harness/raw-client.ts'
import { type StubUpstream, startStubUpstream } from '../harness/stub-upstream.ts'
import { ALLOW_ALL } from '../harness/world.ts'

const ROLE = 'arn:aws:iam::123456789012:role/writer'

/** A gate that keeps bodies, before an upstream that takes everything. */
interface Setting {
  readonly upstream: StubUpstream
  gate: RunningGate
  readonly credentials: RawCredentials
}

async function start(config: object): Promise<Setting> {
  const upstream = await startStubUpstream()
  const issuer = await createIssuer(ISSUER_URL)
  const gate = await startGate({
    issuer,
    roles: [{ arn: ROLE, policies: [ALLOW_ALL], upstream: { assume: false, credentials: 'environment' } }],
    upstream: upstream.endpoint,
    env: { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: 'stand-in' },
    config: { record: { keep: [{ what: 'bodies', replies: '1KiB' }] }, ...config },
  })
  return { upstream, gate, credentials: await assumeRaw(gate.endpoint, ROLE, await issuer.token('writer')) }
}

/** An upload as bytes; `body` may be its beginning alone. */
function upload({ gate, credentials }: Setting, key: string, length: number, body: Buffer): Buffer {
  const request = {
    method: 'PUT',
    target: `/bucket/${key}`,
    headers: [['content-length', String(length)]] as const,
    body,
  }
  const host = new URL(gate.endpoint).host
  return rawBytes(signRaw(request, { credentials, service: 's3', host, payloadHash: 'UNSIGNED-PAYLOAD' }))
}

const blobs = ({ gate }: Setting): string => join(gate.folder, 'data/journal/blobs/00')

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise(resolve => setTimeout(resolve, 5))
}

describe('the gate killed while a body is written', () => {
  let setting: Setting
  const sockets: Socket[] = []

  before(async () => {
    setting = await start({})
  })
  after(async () => {
    for (const socket of sockets) socket.destroy()
    await setting.gate.stop()
    await setting.upstream.stop()
  })

  it('leaves nothing half-written behind, and no outcome that names what is not there', async () => {
    for (let round = 0; round < 5; round++) {
      const whole = randomBytes(50_000)
      const reply = await sendRaw(
        setting.gate.endpoint,
        upload(setting, `whole-${round}`, whole.length, whole),
      )
      assert.equal(reply.status, 200)
      const { hostname, port } = new URL(setting.gate.endpoint)
      const socket = connect({ host: hostname, port: Number(port) })
      socket.on('error', () => undefined)
      sockets.push(socket)
      socket.write(upload(setting, `half-${round}`, 1_000_000, randomBytes(300_000)))
      const parts = join(blobs(setting), 'parts')
      await until(() => readdirSync(parts).length > 0)
      setting.gate = await setting.gate.restart('SIGKILL')
      assert.deepEqual(readdirSync(parts), [])
      assert.equal(
        setting.upstream.seen.some(({ url }) => url.includes('half-')),
        false,
      )
    }
    const verified = await setting.gate.sessions('verify', '--bodies')
    assert.equal(verified.code, 0, verified.stdout + verified.stderr)
    assert.match(verified.stdout, /the bodies are whole/)
    const named = (await journalOf(setting.gate)).flatMap(event =>
      event.type === 'outcome' && event.requestBody?.blob !== undefined ? [event.requestBody] : [],
    )
    // The last outcomes before a kill may not be on disk; what they name is there all the same.
    assert.ok(named.length <= 5)
    const files = readdirSync(blobs(setting), { recursive: true, encoding: 'utf8' })
    assert.equal(files.filter(name => name.endsWith('.request.zst')).length, 5)
  })
})

const disk = mkdtempSync(join(tmpdir(), 'sallyport-disk-'))
const mounted =
  process.platform === 'linux' &&
  (await execute('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk]).then(
    ({ code }) => code === 0,
    () => false,
  ))

describe('the disk is full while a body is written', {
  skip: !mounted && 'a small disk can only be mounted by root',
}, () => {
  let setting: Setting

  before(async () => {
    setting = await start({ data: disk })
  })
  after(async () => {
    await setting?.gate.stop()
    await setting?.upstream.stop()
    if (mounted) await execute('umount', [disk])
    rmSync(disk, { recursive: true, force: true })
  })

  async function outcomes(): Promise<OutcomeEvent[]> {
    const found: OutcomeEvent[] = []
    for await (const { event } of readJournal({ files: nodeFiles, folder: join(disk, 'journal') })) {
      if (event.type === 'outcome') found.push(event)
    }
    return found
  }

  it('an upload that cannot be kept never reaches AWS whole, and the room is there again', async () => {
    const large = randomBytes(8_000_000)
    const refused = await sendRaw(setting.gate.endpoint, upload(setting, 'large', large.length, large))
    assert.equal(refused.status, 503, refused.body)
    assert.match(refused.body, /body-unrecorded/)
    assert.deepEqual(setting.upstream.seen, [])
    const small = randomBytes(10_000)
    const passed = await sendRaw(setting.gate.endpoint, upload(setting, 'small', small.length, small))
    assert.equal(passed.status, 200)
    while ((await outcomes()).length < 2) await new Promise(resolve => setTimeout(resolve, 20))
    const [first, second] = await outcomes()
    assert.equal(first?.error, 'body-unrecorded')
    assert.match(
      first?.requestBody?.cut ?? '',
      /no more than 0 MiB left, which are the journal's|a write failed with `ENOSPC`/,
    )
    const kept = readFileSync(join(disk, 'journal/blobs', second?.requestBody?.blob ?? 'none'))
    assert.ok(zstdDecompressSync(kept).equals(small))
  })

  it('a reply that cannot be kept does not reach the client whole', async () => {
    setting.upstream.answer(200, { 'content-type': 'application/octet-stream' }, randomBytes(8_000_000))
    const host = new URL(setting.gate.endpoint).host
    const { credentials } = setting
    const get = signRaw({ method: 'GET', target: '/bucket/large' }, { credentials, service: 's3', host })
    const reply = await sendRaw(setting.gate.endpoint, rawBytes(get))
    const length = reply.headers.get('content-length')
    if (length === undefined) assert.doesNotMatch(reply.body, /0\r\n\r\n$/)
    else assert.ok(reply.body.length < Number(length))
    while ((await outcomes()).length < 3) await new Promise(resolve => setTimeout(resolve, 20))
    assert.equal((await outcomes())[2]?.error, 'body-unrecorded')
  })
})
