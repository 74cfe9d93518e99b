import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import type { NameValue } from '../../core/http.ts'
import { headerOf } from './headers.ts'
import { DEFAULT_OBJECT_LIMITS, HEAD_BYTES } from './limits.ts'
import { StarMasker, starred } from './masker.fixture.ts'
import { type MaskedObject, maskObject, type ObjectPorts, type ObjectRule } from './object-mask.ts'
import { againRequest, prepareObjectRead } from './object-read.ts'

const RULE: ObjectRule = { maskers: () => [new StarMasker()], otherObjects: 'deny' }
const PASS: ObjectRule = { ...RULE, otherObjects: 'pass' }
const PORTS: ObjectPorts = { limits: DEFAULT_OBJECT_LIMITS }
const TEXT = Buffer.from('name,email\r\nalice,SECRET\r\nbob,grün SECRETSECRE')

interface Asked {
  readonly headers?: readonly NameValue[]
  readonly query?: string
  readonly rule?: ObjectRule
  readonly ports?: ObjectPorts
  readonly stored?: readonly NameValue[]
  readonly pieces?: number
}

const STORED: readonly NameValue[] = [
  ['etag', '"9b2cf535f27731c974343645a3985328"'],
  ['last-modified', 'Mon, 23 Nov 2026 12:00:00 GMT'],
  ['content-type', 'text/csv'],
  ['accept-ranges', 'bytes'],
  ['x-amz-checksum-crc32', 'AAAAAA=='],
  ['x-amz-checksum-type', 'FULL_OBJECT'],
  ['x-amz-meta-owner', 'SECRET'],
  ['x-amz-request-id', 'R1'],
]

function bodyOf(bytes: Buffer, size = 7): Readable {
  function* pieces(): Generator<Buffer> {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
  }
  return Readable.from(pieces(), { objectMode: false })
}

async function read(body: Readable): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** What becomes of a read of an object that S3 would answer with the whole. */
async function get(object: Buffer, asked: Asked = {}): Promise<MaskedObject & { stored: Readable }> {
  const { request, read: wanted } = prepareObjectRead({
    headers: asked.headers ?? [],
    query: asked.query ?? '',
  })
  assert.equal(headerOf(request.headers, 'range'), undefined)
  const stored = bodyOf(object, asked.pieces)
  const headers = [...(asked.stored ?? STORED), ['content-length', String(object.length)] as const]
  const reply = { status: 200, headers, body: stored }
  return { ...(await maskObject(wanted, asked.rule ?? RULE, reply, asked.ports ?? PORTS)), stored }
}

test('a text is masked, keeps its length, and nothing speaks of its stored bytes', async () => {
  const { status, headers, body, summary } = await get(TEXT)
  assert.equal(status, 200)
  assert.ok((await read(body)).equals(starred(TEXT)))
  assert.deepEqual(headers, [
    ['etag', '"9b2cf535f27731c974343645a3985328-masked"'],
    ['last-modified', 'Mon, 23 Nov 2026 12:00:00 GMT'],
    ['content-type', 'text/csv'],
    ['accept-ranges', 'bytes'],
    ['x-amz-meta-owner', '******'],
    ['x-amz-request-id', 'R1'],
    ['content-length', String(TEXT.length)],
  ])
  assert.deepEqual(summary, { handling: 'masked', kind: 'text', codings: [] })
})

test('every range of a masked object is the slice of the masked whole', async () => {
  const whole = starred(TEXT)
  for (let first = 0; first < TEXT.length; first++) {
    for (let last = first; last < TEXT.length; last++) {
      const { status, headers, body } = await get(TEXT, {
        headers: [['range', `bytes=${first}-${last}`]],
        pieces: 1 + (last % 9),
      })
      assert.equal(status, 206)
      assert.equal(headerOf(headers, 'content-range'), `bytes ${first}-${last}/${TEXT.length}`)
      assert.equal(headerOf(headers, 'content-length'), String(last - first + 1))
      assert.equal((await read(body)).toString('hex'), whole.subarray(first, last + 1).toString('hex'))
    }
  }
})

test('ranges that S3 does not serve', async () => {
  for (const range of ['bytes=0-1,3-4', 'bytes=9-2', 'lines=1-2']) {
    const { status, body } = await get(TEXT, { headers: [['range', range]] })
    assert.equal(status, 200, range)
    assert.ok((await read(body)).equals(starred(TEXT)))
  }
  const range = `bytes=${TEXT.length}-<`
  const past = await get(TEXT, { headers: [['range', `bytes=${TEXT.length}-`]] })
  assert.equal(past.status, 416, range)
  assert.equal(headerOf(past.headers, 'content-range'), `bytes */${TEXT.length}`)
  const error = (await read(past.body)).toString()
  assert.match(error, /<Code>InvalidRange<\/Code>.*<RequestId>R1<\/RequestId>/s)
  assert.equal(headerOf(past.headers, 'content-length'), String(error.length))
  assert.ok(past.stored.destroyed)
  assert.equal((await get(Buffer.alloc(0), { headers: [['range', 'bytes=0-']] })).status, 416)
})

test('a range under a condition', async () => {
  const cases: [string, number][] = [
    ['"9b2cf535f27731c974343645a3985328-masked"', 206],
    ['"9b2cf535f27731c974343645a3985328"', 206],
    ['"another-masked"', 200],
    ['W/"9b2cf535f27731c974343645a3985328"', 200],
    ['Mon, 23 Nov 2026 12:00:00 GMT', 206],
    ['Mon, 23 Nov 2026 11:00:00 GMT', 200],
  ]
  for (const [condition, expected] of cases) {
    const { status } = await get(TEXT, {
      headers: [
        ['range', 'bytes=1-2'],
        ['if-range', condition],
      ],
    })
    assert.equal(status, expected, condition)
  }
})

test('a range that begins too far behind is refused, and the object let go', async () => {
  const ports = { limits: { ...DEFAULT_OBJECT_LIMITS, skippedBytes: 10 } }
  assert.equal((await get(TEXT, { headers: [['range', 'bytes=10-11']], ports })).status, 206)
  await assert.rejects(get(TEXT, { headers: [['range', 'bytes=11-12']], ports }), {
    code: 'object-range-limit',
  })
})

test('a compressed object is opened, masked and compressed again', async () => {
  const long = Buffer.concat(Array.from({ length: 30_000 }, () => TEXT))
  for (const object of [TEXT, long]) {
    const gz = await get(gzipSync(object), {
      stored: [...STORED, ['content-encoding', 'gzip']],
      pieces: 1000,
    })
    assert.equal(headerOf(gz.headers, 'content-encoding'), 'gzip')
    assert.equal(headerOf(gz.headers, 'content-length'), undefined)
    assert.equal(headerOf(gz.headers, 'accept-ranges'), undefined)
    assert.ok(gunzipSync(await read(gz.body)).equals(starred(object)))
    const both = await get(brotliCompressSync(gzipSync(object)), {
      stored: [...STORED, ['content-encoding', 'aws-chunked,br']],
    })
    assert.deepEqual(both.summary.codings, ['br', 'gzip'])
    assert.ok(gunzipSync(brotliDecompressSync(await read(both.body))).equals(starred(object)))
  }
  await assert.rejects(get(gzipSync(TEXT), { headers: [['range', 'bytes=0-1']] }), {
    code: 'object-unmaskable',
  })
})

test('codings in several headers are one list', async () => {
  const stored = [...STORED, ['content-encoding', 'gzip'] as const, ['content-encoding', 'br'] as const]
  const { summary, body } = await get(brotliCompressSync(gzipSync(TEXT)), { stored })
  assert.deepEqual(summary.codings, ['br', 'gzip'])
  assert.ok(gunzipSync(brotliDecompressSync(await read(body))).equals(starred(TEXT)))
})

test('lies about what an object is change nothing', async () => {
  const image = STORED.map(
    ([name, value]): NameValue => [name, name === 'content-type' ? 'image/png' : value],
  )
  assert.ok((await read((await get(TEXT, { stored: image })).body)).equals(starred(TEXT)))
  for (const object of [
    Buffer.from('SECRET', 'utf16le'),
    Buffer.from('%PDF-1.4 SECRET'),
    gzipSync(Buffer.from('a\0')),
  ]) {
    await assert.rejects(get(object), { code: 'object-unmaskable', status: 403 })
  }
  for (const encoding of ['gzip', 'br', 'deflate', 'zstd', 'nonsense']) {
    const { body } = await get(TEXT, { rule: PASS, stored: [...STORED, ['content-encoding', encoding]] })
    assert.ok((await read(body)).equals(starred(TEXT)), encoding)
  }
})

test('the client may choose headers of the reply, and hides nothing with them', async () => {
  const query =
    'response-content-disposition=SECRET&response-content-encoding=identity&response-content-type=image%2Fpng&versionId=7'
  const { request } = prepareObjectRead({ headers: [], query })
  assert.equal(request.query, 'response-content-disposition=SECRET&versionId=7')
  const stored = [...STORED, ['content-encoding', 'br'] as const, ['content-disposition', 'SECRET'] as const]
  const { headers, body } = await get(brotliCompressSync(TEXT), { query, stored, rule: PASS })
  assert.ok(brotliDecompressSync(await read(body)).equals(starred(TEXT)))
  assert.equal(headerOf(headers, 'content-encoding'), 'identity')
  assert.equal(headerOf(headers, 'content-type'), 'image/png')
  assert.equal(headerOf(headers, 'content-disposition'), 'SECRET')
  for (const bad of [
    'response-content-type=a%0d%0ab',
    'response-content-type=%ff',
    'response-content-encoding=%c3%bc',
  ]) {
    assert.throws(() => prepareObjectRead({ headers: [], query: bad }), { code: 'parameter-malformed' })
  }
})

test('no parameter spares a header that S3 does not take from the request', async () => {
  const { headers } = await get(TEXT, { query: 'response-x-amz-meta-owner=x' })
  assert.equal(headerOf(headers, 'x-amz-meta-owner'), '******')
})

test('a binary tail breaks the body off before any of it passes', async () => {
  const text = Buffer.from('x'.repeat(HEAD_BYTES * 2))
  for (const tail of [Buffer.from('SECRET', 'utf16le'), gzipSync('SECRET'), Buffer.from([0xc3])]) {
    const { status, body } = await get(Buffer.concat([text, tail]), { pieces: 64 * 1024 })
    assert.equal(status, 200)
    let seen = 0
    body.on('data', (chunk: Buffer) => {
      seen += chunk.length
      assert.ok(chunk.every(byte => byte === 0x78))
    })
    const error = await new Promise(resolve => body.once('error', resolve).once('end', resolve))
    assert.equal((error as { code?: string } | undefined)?.code, 'object-unmaskable')
    assert.ok(seen <= text.length)
  }
})

test('what is no text passes as it is where the policy says so', async () => {
  const object = Buffer.from([0, 1, 2, 3, 0xff, 5])
  const { headers, body, summary } = await get(object, { rule: PASS })
  assert.ok((await read(body)).equals(object))
  assert.equal(headerOf(headers, 'x-amz-checksum-crc32'), 'AAAAAA==')
  assert.equal(headerOf(headers, 'etag'), '"9b2cf535f27731c974343645a3985328"')
  assert.equal(headerOf(headers, 'x-amz-meta-owner'), '******')
  assert.equal(summary.handling, 'passed')
  const ranged = await get(object, { rule: PASS, headers: [['range', 'bytes=-2']] })
  assert.deepEqual([...(await read(ranged.body))], [0xff, 5])
})

test('a range of what passes is read as a range', async () => {
  const object = Buffer.from([0, 1, 2, 3, 0xff, 5])
  const ports: ObjectPorts = {
    ...PORTS,
    again: async change => {
      assert.deepEqual(change, { ifMatch: '"9b2cf535f27731c974343645a3985328"', range: 'bytes=1-2' })
      return { status: 206, headers: [['content-range', 'bytes 1-2/6']], body: bodyOf(object.subarray(1, 3)) }
    },
  }
  const { status, headers, body, stored } = await get(object, {
    rule: PASS,
    ports,
    headers: [['range', 'bytes=1-2']],
  })
  assert.equal(status, 206)
  assert.equal(headerOf(headers, 'content-range'), 'bytes 1-2/6')
  assert.deepEqual([...(await read(body))], [1, 2])
  assert.ok(stored.destroyed)
})

test('a part is cut out of the masked whole', async () => {
  const { request, read: wanted } = prepareObjectRead({
    headers: [
      ['if-none-match', '"x"'],
      ['x-amz-checksum-mode', 'ENABLED'],
    ],
    query: 'partNumber=2&versionId=7',
  })
  assert.equal(request.query, 'partNumber=2&versionId=7')
  const reply = (range: string): Parameters<typeof maskObject>[2] => ({
    status: 206,
    headers: [...STORED, ['content-range', range], ['x-amz-mp-parts-count', '3']],
    body: bodyOf(TEXT.subarray(20, 25)),
  })
  const range = `bytes 20-24/${TEXT.length}`
  await assert.rejects(maskObject(wanted, RULE, reply(range), PORTS), { code: 'object-unmaskable' })
  const ports: ObjectPorts = {
    ...PORTS,
    again: async change => {
      assert.deepEqual(againRequest(request, change), {
        headers: [['if-match', '"9b2cf535f27731c974343645a3985328"']],
        query: 'versionId=7',
      })
      return { status: 200, headers: STORED, body: bodyOf(TEXT) }
    },
  }
  const { status, headers, body } = await maskObject(wanted, RULE, reply(range), ports)
  assert.equal(status, 206)
  assert.equal(headerOf(headers, 'content-range'), range)
  assert.equal(headerOf(headers, 'content-length'), '5')
  assert.equal(headerOf(headers, 'x-amz-mp-parts-count'), '3')
  assert.equal((await read(body)).toString(), starred(TEXT).subarray(20, 25).toString())
  const numbers = Array.from({ length: 200_000 }, (_, i) => String(i * i)).join(' ')
  const packed = bodyOf(gzipSync(numbers), 10_000)
  const closed: ObjectPorts = {
    ...PORTS,
    again: async () => ({ status: 200, headers: STORED, body: packed }),
  }
  await assert.rejects(maskObject(wanted, RULE, reply(range), closed), { code: 'object-unmaskable' })
  assert.ok(packed.destroyed)
  const only = { ...reply(`bytes 0-${TEXT.length - 1}/${TEXT.length}`), body: bodyOf(TEXT) }
  assert.ok((await read((await maskObject(wanted, RULE, only, PORTS)).body)).equals(starred(TEXT)))
  assert.throws(() => prepareObjectRead({ headers: [['range', 'bytes=0-1']], query: 'partNumber=1' }), {
    code: 'request-ambiguous',
  })
})

test('errors of S3 are masked as a whole, and other replies are not taken', async () => {
  const { read: wanted } = prepareObjectRead({ headers: [], query: '' })
  const error = {
    status: 404,
    headers: STORED,
    body: bodyOf(Buffer.from('<Error><Key>SECRET</Key></Error>')),
  }
  const masked = await maskObject(wanted, RULE, error, PORTS)
  assert.equal(masked.status, 404)
  assert.equal((await read(masked.body)).toString(), '<Error><Key>******</Key></Error>')
  const unchanged = await maskObject(
    wanted,
    RULE,
    { status: 304, headers: STORED, body: bodyOf(Buffer.alloc(0)) },
    PORTS,
  )
  assert.equal(unchanged.status, 304)
  assert.equal((await read(unchanged.body)).length, 0)
  for (const status of [201, 204, 206]) {
    const body = bodyOf(TEXT)
    await assert.rejects(maskObject(wanted, RULE, { status, headers: STORED, body }, PORTS), {
      code: 'upstream-reply-unclear',
    })
    assert.ok(body.destroyed)
  }
})

test('no stored byte of a secret passes, whatever the object, its metadata and the cuts', async () => {
  const words = fc.constantFrom(
    'SECRET',
    'SEC',
    'RET',
    'a,b\r\n',
    '\ufeff',
    'ü',
    '😀',
    '{"a":"',
    '\0',
    '\x1f\x8b',
  )
  const object = fc.array(words, { maxLength: 20 }).map(parts => Buffer.from(parts.join('')))
  const shut = fc.constantFrom(
    (bytes: Buffer) => bytes,
    (bytes: Buffer) => gzipSync(bytes),
  )
  const encoding = fc.constantFrom('gzip', 'br', 'deflate', '')
  await fc.assert(
    fc.asyncProperty(
      object,
      shut,
      encoding,
      fc.integer({ min: 1, max: 30 }),
      async (plain, pack, named, pieces) => {
        const stored: NameValue[] = named === '' ? [] : [['content-encoding', named]]
        const chunks: Buffer[] = []
        try {
          const { body } = await get(pack(plain), { stored, pieces })
          for await (const chunk of body) chunks.push(chunk)
        } catch (error) {
          assert.ok(
            error instanceof Error && 'code' in error && error.code === 'object-unmaskable',
            String(error),
          )
          return
        }
        const out = Buffer.concat(chunks)
        const opened = out[0] === 0x1f && out[1] === 0x8b ? gunzipSync(out) : out
        assert.ok(opened.equals(starred(plain)))
      },
    ),
    { numRuns: 500 },
  )
})

test('an upstream that breaks, and a client that leaves, end everything', async () => {
  for (const pack of [(bytes: Buffer) => bytes, (bytes: Buffer) => gzipSync(bytes)]) {
    const { read: wanted } = prepareObjectRead({ headers: [], query: '' })
    const long = pack(Buffer.from(Array.from({ length: 200_000 }, (_, i) => String(i)).join(' ')))
    const broken = new Readable({ read: () => undefined })
    broken.push(long.subarray(0, 200_000))
    const first = await maskObject(wanted, RULE, { status: 200, headers: STORED, body: broken }, PORTS)
    setImmediate(() => broken.destroy(new Error('reset')))
    await assert.rejects(read(first.body), { message: 'reset' })

    const left = new Readable({ read: () => undefined })
    left.push(long.subarray(0, 200_000))
    const second = await maskObject(wanted, RULE, { status: 200, headers: STORED, body: left }, PORTS)
    second.body.once('readable', () => second.body.destroy())
    await new Promise(resolve => left.once('close', resolve))
  }
})
