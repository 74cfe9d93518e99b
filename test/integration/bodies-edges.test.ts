import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { zstdDecompressSync } from 'node:zlib'
import type { OutcomeEvent } from '../../src/record/event.ts'
import { journalOf } from '../harness/caller.ts'
import { ISSUER_URL, type RunningGate, startGate } from '../harness/gate.ts'
import { createIssuer } from '../harness/issuer.ts'
import {
  assumeRaw,
  type RawCredentials,
  type RawHeader,
  rawBytes,
  sendRaw,
  signRaw,
} from '../harness/raw-client.ts'
import { type StubUpstream, startStubUpstream } from '../harness/stub-upstream.ts'
import { ALLOW_ALL } from '../harness/world.ts'

const ROLE = 'arn:aws:iam::123456789012:role/edges'
const OCTETS = { 'content-type': 'application/octet-stream' }

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

describe('bodies that do not go by as they should', () => {
  let upstream: StubUpstream
  let gate: RunningGate
  let credentials: RawCredentials
  let seen = 0

  before(async () => {
    upstream = await startStubUpstream()
    const issuer = await createIssuer(ISSUER_URL)
    gate = await startGate({
      issuer,
      roles: [{ arn: ROLE, policies: [ALLOW_ALL], upstream: { assume: false, credentials: 'environment' } }],
      upstream: upstream.endpoint,
      env: { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: 'stand-in' },
      config: { record: { keep: [{ what: 'bodies', replies: '1KiB' }] } },
    })
    credentials = await assumeRaw(gate.endpoint, ROLE, await issuer.token('edges'))
  })
  after(async () => {
    await gate.stop()
    await upstream.stop()
  })

  function bytes(method: string, key: string, headers: readonly RawHeader[] = [], body?: Buffer): Buffer {
    const request = { method, target: `/bucket/${key}`, headers, ...(body === undefined ? {} : { body }) }
    const host = new URL(gate.endpoint).host
    return rawBytes(signRaw(request, { credentials, service: 's3', host, payloadHash: 'UNSIGNED-PAYLOAD' }))
  }

  function open(sent: Buffer): Socket {
    const { hostname, port } = new URL(gate.endpoint)
    const socket = connect({ host: hostname, port: Number(port) })
    socket.on('error', () => undefined)
    socket.write(sent)
    return socket
  }

  /** The outcomes that were recorded since the last time that somebody asked, as many as are expected. */
  async function outcomes(count: number): Promise<OutcomeEvent[]> {
    for (;;) {
      const all = (await journalOf(gate)).filter((event): event is OutcomeEvent => event.type === 'outcome')
      if (all.length >= seen + count) {
        const some = all.slice(seen)
        seen = all.length
        return some
      }
      await new Promise(resolve => setTimeout(resolve, 20))
    }
  }

  const blob = (name: string | undefined): Buffer =>
    zstdDecompressSync(readFileSync(join(gate.folder, 'data/journal/blobs', name ?? 'none')))

  it('an upstream that breaks off: what came is kept, and the client has no whole reply', async () => {
    const half = randomBytes(50_000)
    const head = 'HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n'
    upstream.answerBytes(Buffer.concat([Buffer.from(head), half]))
    // The connection is cut, maybe before anything of the reply has left.
    const length = await sendRaw(gate.endpoint, bytes('GET', 'half')).then(
      ({ body }) => body.length,
      () => 0,
    )
    assert.ok(length < 100_000)
    const [outcome] = await outcomes(1)
    assert.equal(outcome?.error, 'upstream-broken')
    assert.match(outcome.replyBody?.cut ?? '', /broke off before its end/)
    const kept = blob(outcome.replyBody?.blob)
    assert.ok(kept.equals(half.subarray(0, kept.length)))
    assert.equal(outcome.replyBody?.sha256, sha256(kept))
  })

  it('a client that leaves while it reads: what went by is kept', async () => {
    const body = randomBytes(20_000_000)
    upstream.answer(200, OCTETS, body)
    const socket = open(bytes('GET', 'left'))
    await new Promise(resolve => socket.once('data', resolve))
    socket.destroy()
    const [outcome] = await outcomes(1)
    assert.equal(outcome?.error, 'client-gone')
    assert.match(outcome.replyBody?.cut ?? '', /broke off before its end/)
    const kept = blob(outcome.replyBody?.blob)
    assert.equal(kept.length, outcome.replyBody?.bytes)
    assert.ok(kept.length >= outcome.bytesOut && kept.length < body.length)
    assert.ok(kept.equals(body.subarray(0, kept.length)))
  })

  it('a reply without a length ends when it is on disk', async () => {
    const body = randomBytes(300_000)
    upstream.answer(200, { ...OCTETS, 'transfer-encoding': 'chunked' }, body)
    await sendRaw(gate.endpoint, bytes('GET', 'chunked'))
    const [outcome] = await outcomes(1)
    assert.equal(outcome?.error, undefined)
    assert.ok(blob(outcome?.replyBody?.blob).equals(body))
  })

  it('a client that waits for `100 Continue` is told to go on', async () => {
    upstream.answer(200, OCTETS, '')
    const body = randomBytes(30_000)
    const headers: RawHeader[] = [
      ['content-length', String(body.length)],
      ['expect', '100-continue'],
    ]
    const socket = open(bytes('PUT', 'expected', headers))
    const [told] = await new Promise<Buffer[]>(resolve => socket.once('data', (...all) => resolve(all)))
    assert.match(String(told), /^HTTP\/1\.1 100 /)
    socket.write(body)
    const [outcome] = await outcomes(1)
    socket.destroy()
    assert.equal(outcome?.status, 200)
    assert.ok(blob(outcome?.requestBody?.blob).equals(body))
  })

  it('an upload that no recording keeps whole is refused before a byte of it is read', async () => {
    const calls = upstream.seen.length
    const socket = open(bytes('PUT', 'huge', [['content-length', String(6 * 2 ** 30)]]))
    const [told] = await new Promise<Buffer[]>(resolve => socket.once('data', (...all) => resolve(all)))
    socket.destroy()
    assert.match(String(told), /^HTTP\/1\.1 4.*body-too-large/s)
    assert.equal(upstream.seen.length, calls)
    assert.equal((await outcomes(1))[0]?.error, 'body-too-large')
  })

  it('many at once: each is kept, none in the place of another', async () => {
    upstream.answer(200, OCTETS, '')
    const bodies = Array.from({ length: 60 }, (_, i) => randomBytes(100 + i))
    await Promise.all(bodies.map((body, i) => sendRaw(gate.endpoint, bytes('PUT', `many-${i}`, [], body))))
    const found = await outcomes(bodies.length)
    const digests = found.map(({ requestBody }) => sha256(blob(requestBody?.blob)))
    assert.deepEqual(digests.sort(), bodies.map(sha256).sort())
    assert.deepEqual(readdirSync(join(gate.folder, 'data/journal/blobs/00/parts')), [])
    const verified = await gate.sessions('verify', '--bodies')
    assert.equal(verified.code, 0, verified.stdout + verified.stderr)
  })
})
