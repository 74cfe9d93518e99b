import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { PassThrough, Readable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import type { Endpoint } from '../catalog/model.ts'
import { systemClock } from '../core/clock.ts'
import { GateError } from '../core/errors.ts'
import type { NameValue } from '../core/http.ts'
import type { Principal } from '../core/principal.ts'
import { Redacted } from '../core/redacted.ts'
import { readRequest } from '../wire/http/reader.ts'
import { DecodedBody, HashedBody } from '../wire/sigv4/body.ts'
import { ChunkChain } from '../wire/sigv4/chunk-chain.ts'
import { ChunkReader } from '../wire/sigv4/chunk-reader.ts'
import { deriveSigningKey } from '../wire/sigv4/keys.ts'
import { readSignature } from '../wire/sigv4/reader.ts'
import { verifySignature } from '../wire/sigv4/verify.ts'
import type { Upstream, UpstreamBody, UpstreamReply, UpstreamRequest } from './port.ts'
import { createUpstream, type UpstreamPorts } from './upstream.ts'

const SECRET = new Redacted('upstream-secret')
const ROLE = 'arn:aws:iam::111122223333:role/deploy'
const PRINCIPAL: Principal = {
  arn: 'arn:aws:sts::111122223333:assumed-role/deploy/ci',
  roleArn: ROLE,
  account: '111122223333',
  sessionName: 'ci',
  sessionId: '01JGFJ0000ABCDEFGHJKMNPQRS',
  issuer: 'ci',
  subject: 'ci',
  claims: {},
  tags: {},
  actingFor: [],
  issuedAtMs: 0,
  expiresAtMs: Number.MAX_SAFE_INTEGER,
}

function endpoint(service: string, region: string): Endpoint {
  return {
    host: `${service}.${region}.amazonaws.com`,
    signingRegion: region,
    signingName: service,
    partition: 'aws',
  }
}

/** What the stand-in found in a request whose signature was right. */
interface Seen {
  readonly headers: IncomingMessage['headers']
  readonly url: string
  readonly body: Buffer
  readonly rawLength: number
}

interface StandIn {
  readonly url: string
  readonly seen: Seen[]
  readonly upstream: Upstream
  readonly notes: string[]
  send(request: Partial<UpstreamRequest>, signal?: AbortSignal): Promise<UpstreamReply>
}

/** Verifies the signature and the body as AWS would, with the codec that verifies clients. */
async function verified(request: IncomingMessage): Promise<Seen> {
  const headers: NameValue[] = []
  for (let i = 0; i < request.rawHeaders.length; i += 2) {
    headers.push([(request.rawHeaders[i] ?? '').toLowerCase(), request.rawHeaders[i + 1] ?? ''])
  }
  const read = readRequest({ method: request.method ?? '', target: request.url ?? '', headers })
  const signed = readSignature(read)
  const key = deriveSigningKey(SECRET, signed.scope)
  const { payload } = signed
  let raw = 0
  request.on('data', (chunk: Buffer) => {
    raw += chunk.length
  })
  let body: Readable = request
  if (payload.kind === 'streaming') {
    const chain = new ChunkChain(key, signed.timestamp, signed.signature)
    body = request.pipe(new DecodedBody(new ChunkReader(payload, chain)))
  } else if (payload.kind === 'sha256') body = request.pipe(new HashedBody(payload.hex))
  const bytes = Buffer.concat(await body.toArray())
  verifySignature(signed, read, key, hash('sha256', bytes, 'hex'))
  return { headers: request.headers, url: request.url ?? '', body: bytes, rawLength: raw }
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void

/** A stand-in for AWS: with `handle`, it answers as that says; else it verifies and answers 200. */
async function standIn(
  t: TestContext,
  handle?: Handler,
  more: Partial<UpstreamPorts> = {},
): Promise<StandIn> {
  const seen: Seen[] = []
  const server = createServer((request, response) => {
    if (handle) return handle(request, response)
    verified(request).then(
      found => {
        seen.push(found)
        response.writeHead(200, ['X-Two', 'a', 'X-Two', 'b', 'Connection', 'X-Hop', 'X-Hop', '1']).end('fine')
      },
      (error: unknown) => response.writeHead(403).end(String(error)),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const notes: string[] = []
  const upstream = createUpstream({
    clock: systemClock,
    random: { bytes: length => Buffer.alloc(length) },
    note: message => notes.push(message),
    recordOwnCall: async () => async () => undefined,
    catalog: { endpoint, services: new Map() },
    endpoints: { default: `${url}/base`, byService: new Map() },
    partition: 'aws',
    limits: {
      upstreamConnections: 4,
      upstreamConnectTimeoutMs: 5_000,
      upstreamHeadersTimeoutMs: 60_000,
      upstreamBodyTimeoutMs: 60_000,
    },
    roleSource: arn =>
      arn === ROLE
        ? {
            credentials: 'environment',
            assume: false,
            role: ROLE,
            region: 'us-east-1',
            sourceIdentity: true,
            sessionTags: true,
            sessionPolicy: true,
          }
        : undefined,
    sessionPolicy: () => undefined,
    baseCredentials: async () => ({
      accessKeyId: 'AKID',
      secretAccessKey: SECRET,
      sessionToken: new Redacted('token'),
    }),
    ...more,
  })
  t.after(async () => {
    await upstream.close()
    server.closeAllConnections()
    server.close()
  })
  const send: StandIn['send'] = (request, signal = new AbortController().signal) =>
    upstream.send(PRINCIPAL, { ...CALL, ...request }, signal)
  return { url, seen, upstream, notes, send }
}

const CALL: UpstreamRequest = {
  service: 's3',
  operation: 'PutObject',
  region: 'eu-west-1',
  method: 'PUT',
  path: '/builds/a%20b',
  query: 'x=1%2F2&y=',
  headers: [['content-type', 'text/plain']],
  hostPrefix: '',
  body: { kind: 'none' },
}

const text = async (reply: UpstreamReply): Promise<string> =>
  Buffer.concat(await reply.body.toArray()).toString()

const BYTES = Buffer.alloc(300_000, 'abc')
const stream = (more: Partial<Extract<UpstreamBody, { kind: 'stream' }>> = {}): UpstreamBody => ({
  kind: 'stream',
  bytes: Readable.from([BYTES.subarray(0, 7), BYTES.subarray(7, 200_000), BYTES.subarray(200_000)]),
  length: BYTES.length,
  ...more,
})

test('no body: signed for the upstream, hop-by-hop headers end here, duplicates are kept', async t => {
  const { send, seen } = await standIn(t)
  const reply = await send({
    headers: [...CALL.headers, ['connection', 'x-mine'], ['x-mine', '1'], ['host', 'evil']],
  })
  assert.equal(await text(reply), 'fine')
  assert.equal(reply.status, 200)
  assert.deepEqual(
    reply.headers.filter(([name]) => name.startsWith('x-')),
    [
      ['x-two', 'a'],
      ['x-two', 'b'],
    ],
  )
  assert.equal(
    reply.headers.some(([name]) => name === 'connection'),
    false,
  )
  assert.equal(seen[0]?.url, '/base/builds/a%20b?x=1%2F2&y=')
  assert.equal(seen[0]?.headers['x-mine'], undefined)
  assert.equal(seen[0]?.headers['content-length'], '0')
  assert.equal(seen[0]?.headers['x-amz-security-token'], 'token')
})

test('a whole body is signed by its hash', async t => {
  const { send, seen } = await standIn(t)
  const reply = await send({
    service: 'dynamodb',
    method: 'POST',
    path: '/',
    query: '',
    body: { kind: 'whole', bytes: BYTES },
  })
  assert.equal(await text(reply), 'fine')
  assert.deepEqual(seen[0]?.body, BYTES)
})

/** Streamed bodies over plain HTTP, and the payload hash that the upstream must see. */
const STREAMS: readonly [name: string, body: () => UpstreamBody, expected: string][] = [
  ['with a hash', () => stream({ sha256: hash('sha256', BYTES, 'hex') }), hash('sha256', BYTES, 'hex')],
  ['without one', () => stream(), 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD'],
  [
    'with a trailer',
    () => stream({ trailer: 'x-amz-checksum-crc32' }),
    'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
  ],
  ['signed by chunks', () => stream({ chunkSigned: true }), 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD'],
  [
    'with a hash and a trailer',
    () => stream({ sha256: hash('sha256', BYTES, 'hex'), trailer: 'x-amz-checksum-crc64nvme' }),
    'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
  ],
]

for (const [name, body, expected] of STREAMS) {
  test(`a streamed body ${name} goes out as ${expected}`, async t => {
    const { send, seen } = await standIn(t)
    const reply = await send({ body: body(), headers: [['content-encoding', 'aws-chunked,gzip']] })
    assert.equal(await text(reply), 'fine')
    assert.equal(seen[0]?.headers['x-amz-content-sha256'], expected)
    assert.deepEqual(seen[0]?.body, BYTES)
    assert.equal(Number(seen[0]?.headers['content-length']), seen[0]?.rawLength)
    const chunked = expected.startsWith('STREAMING')
    assert.equal(seen[0]?.headers['content-encoding'], chunked ? 'aws-chunked,gzip' : 'gzip')
  })
}

test('a body that is shorter or longer than announced is refused', async t => {
  const { send } = await standIn(t)
  for (const length of [BYTES.length + 1, BYTES.length - 1]) {
    await assert.rejects(send({ body: stream({ length }) }), { code: 'chunk-length-mismatch' })
    await assert.rejects(send({ body: stream({ length, sha256: 'a'.repeat(64) }) }), {
      code: 'body-length-mismatch',
    })
  }
})

test('an error of the body is the error of the call; a body that breaks off is a client that left', async t => {
  const { send } = await standIn(t)
  const refused = new PassThrough()
  const sent = send({ body: { kind: 'stream', bytes: refused, length: 100 } })
  refused.write('half')
  refused.destroy(new GateError('body-length-mismatch', 'x'))
  await assert.rejects(sent, { code: 'body-length-mismatch' })
  const broken = new PassThrough()
  const again = send({ body: { kind: 'stream', bytes: broken, length: 100, sha256: 'a'.repeat(64) } })
  broken.destroy(Object.assign(new Error('reset'), { code: 'ECONNRESET' }))
  await assert.rejects(again, { code: 'client-gone' })
})

test('a body that fails while its lease is being taken ends the call and not the process', async t => {
  const asked = Promise.withResolvers<void>()
  const lease = Promise.withResolvers<{ accessKeyId: string; secretAccessKey: Redacted }>()
  const baseCredentials = (): typeof lease.promise => {
    asked.resolve()
    return lease.promise
  }
  const { send, seen } = await standIn(t, undefined, { baseCredentials })
  const body = new PassThrough()
  const sent = send({ body: { kind: 'stream', bytes: body, length: 100 } })
  await asked.promise
  body.destroy(new GateError('client-gone', 'x'))
  await new Promise(resolve => body.once('close', resolve))
  lease.resolve({ accessKeyId: 'AKID', secretAccessKey: SECRET })
  await assert.rejects(sent, { code: 'client-gone' })
  assert.equal(seen.length, 0)
})

test('a body whose call is refused is discarded', async t => {
  const { send } = await standIn(t, undefined, { regions: ['us-east-1'] })
  const body = new PassThrough()
  await assert.rejects(send({ body: { kind: 'stream', bytes: body, length: 100 } }), {
    code: 'region-not-allowed',
  })
  assert.equal(body.destroyed, true)
})

test('a client that leaves tears the call down, before the reply and within it', async t => {
  const closed: string[] = []
  const arrived = Promise.withResolvers<void>()
  const gone = Promise.withResolvers<void>()
  const { send } = await standIn(t, (request, response) => {
    response.once('close', () => {
      closed.push(request.url?.includes('late') ? 'late' : 'early')
      if (closed.length === 2) gone.resolve()
    })
    if (request.url?.includes('late')) response.writeHead(200).write('begin')
    else arrived.resolve()
  })
  const early = new AbortController()
  const first = send({ method: 'GET' }, early.signal)
  await arrived.promise
  early.abort()
  await assert.rejects(first, { code: 'client-gone' })
  const late = new AbortController()
  const reply = await send({ method: 'GET', path: '/late' }, late.signal)
  late.abort()
  await assert.rejects(text(reply), { code: 'client-gone' })
  await gone.promise
  assert.deepEqual(closed.sort(), ['early', 'late'])
  const before = new AbortController()
  before.abort()
  await assert.rejects(send({}, before.signal), { code: 'client-gone' })
})

test('a slow reader holds the upstream back', async t => {
  let written = 0
  const { send } = await standIn(t, (_request, response) => {
    const chunk = Buffer.alloc(1 << 20)
    const more = (): void => {
      while (written < 512 && !response.destroyed) {
        written++
        if (!response.write(chunk)) return void response.once('drain', more)
      }
    }
    more()
  })
  const reply = await send({ method: 'GET' })
  await once(reply.body, 'readable')
  // Turns of the event loop, not time: if nothing held it back, the server would write on in each.
  let before = -1
  while (before !== written) {
    before = written
    for (let i = 0; i < 200; i++) await new Promise(setImmediate)
  }
  assert.ok(written < 64, `${written} MiB were written to a reader that reads nothing`)
  reply.body.destroy()
})

test('an upstream that does not read holds the client back', async t => {
  let taken = 0
  const arrived = Promise.withResolvers<void>()
  const { send } = await standIn(t, request => {
    request.pause()
    arrived.resolve()
  })
  const piece = Buffer.alloc(1 << 20)
  const bytes = new Readable({
    read() {
      taken++
      this.push(piece)
    },
  })
  const leaving = new AbortController()
  const sent = send({ body: { kind: 'stream', bytes, length: 512 * piece.length } }, leaving.signal)
  await arrived.promise
  let before = -1
  while (before !== taken) {
    before = taken
    for (let i = 0; i < 200; i++) await new Promise(setImmediate)
  }
  assert.ok(taken < 64, `${taken} MiB were taken for an upstream that reads nothing`)
  leaving.abort()
  await assert.rejects(sent, { code: 'client-gone' })
  if (!bytes.closed) await once(bytes, 'close')
})

test('trouble on the way has a code each', async t => {
  const { send } = await standIn(t, (_request, response) => void response.socket?.destroy())
  await assert.rejects(send({ method: 'GET' }), { code: 'upstream-unreachable' })
  const refused = await standIn(t, undefined, {
    endpoints: { default: 'http://127.0.0.1:1', byService: new Map() },
  })
  await assert.rejects(refused.send({}), { code: 'upstream-unreachable' })
  const plain = await standIn(t)
  const overTls = { default: plain.url.replace('http:', 'https:'), byService: new Map() }
  const tls = await standIn(t, undefined, { endpoints: overTls })
  await assert.rejects(tls.send({}), { code: 'upstream-tls' })
  const slow = await standIn(t, () => undefined, {
    limits: {
      upstreamConnections: 1,
      upstreamConnectTimeoutMs: 1_000,
      upstreamHeadersTimeoutMs: 50,
      upstreamBodyTimeoutMs: 50,
    },
  })
  await assert.rejects(slow.send({ method: 'GET' }), { code: 'upstream-timeout' })
  await assert.rejects(
    slow.upstream.send({ ...PRINCIPAL, roleArn: 'x' }, CALL, new AbortController().signal),
    {
      code: 'lease-denied',
    },
  )
})

test('regions outside of the list are refused, before and in the sending', async t => {
  const { send, upstream } = await standIn(t, undefined, { regions: ['eu-west-1'] })
  upstream.checkRegion('s3', 'eu-west-1')
  assert.throws(() => upstream.checkRegion('s3', 'us-east-1'), { code: 'region-not-allowed' })
  await assert.rejects(send({ region: 'us-east-1' }), { code: 'region-not-allowed' })
})

test('no redirect is followed', async t => {
  let calls = 0
  const { send } = await standIn(t, (_request, response) => {
    calls++
    response.writeHead(301, { location: 'http://127.0.0.1:1/' }).end()
  })
  const reply = await send({ method: 'GET' })
  await text(reply)
  assert.equal(reply.status, 301)
  assert.equal(calls, 1)
})

test('a clock that is off is noted once', async t => {
  const { send, notes } = await standIn(t, (_request, response) => {
    response.writeHead(200, { date: 'Thu, 01 Jan 2015 00:00:00 GMT' }).end()
  })
  for (let i = 0; i < 3; i++) await text(await send({ method: 'GET' }))
  assert.equal(notes.length, 1)
  assert.match(notes[0] ?? '', /clock is off/)
})

test('a reply before the end of the body reaches the client', async t => {
  const { send } = await standIn(t, (_request, response) => void response.writeHead(400).end('no'))
  const body = new PassThrough()
  const sent = send({ body: { kind: 'stream', bytes: body, length: 1 << 20, sha256: 'a'.repeat(64) } })
  body.write('x')
  const reply = await sent
  assert.equal(reply.status, 400)
  assert.equal(await text(reply), 'no')
})

test('the stand-in refuses a wrong signature', async t => {
  const { url } = await standIn(t)
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.end('GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')
  assert.match(Buffer.concat(await socket.toArray()).toString(), /^HTTP\/1.1 403/)
})
