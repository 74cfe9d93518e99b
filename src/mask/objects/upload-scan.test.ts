import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { test } from 'node:test'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { MARKER } from '../marker.ts'
import { DEFAULT_OBJECT_LIMITS, RATIO_GRACE_BYTES } from './limits.ts'
import { type UploadFacts, UploadScan } from './upload-scan.ts'

/** What passes of an upload in pieces, and how it ended. */
async function upload(
  bytes: Buffer,
  size: number,
  facts?: UploadFacts,
): Promise<{ passed: Buffer; code?: unknown }> {
  function* pieces(): Generator<Buffer> {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
  }
  const chunks: Buffer[] = []
  const scan = new UploadScan(facts)
  scan.on('data', chunk => chunks.push(chunk))
  try {
    await pipeline(Readable.from(pieces(), { objectMode: false }), scan)
    return { passed: Buffer.concat(chunks) }
  } catch (error) {
    return { passed: Buffer.concat(chunks), code: (error as { code?: unknown }).code }
  }
}

test('an upload with a mask never passes whole, wherever the mask and the cuts are', async () => {
  const part = fc.string({ maxLength: 20 })
  await fc.assert(
    fc.asyncProperty(
      part,
      part,
      fc.integer({ min: 1, max: 30 }),
      fc.boolean(),
      async (before, after, size, packed) => {
        const plain = Buffer.from(`${before}${MARKER}${after}`)
        const bytes = packed ? Buffer.from(plain.toString('base64')) : plain
        const { passed, code } = await upload(bytes, size)
        assert.equal(code, 'mask-carried-back')
        assert.ok(passed.length < bytes.length)
        assert.ok(!passed.includes(MARKER))
      },
    ),
  )
})

test('any other upload passes as it is', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 200 }),
      fc.integer({ min: 1, max: 30 }),
      async (array, size) => {
        const bytes = Buffer.from(array)
        const { passed, code } = await upload(bytes, size)
        assert.equal(code, undefined)
        assert.ok(passed.equals(bytes))
      },
    ),
  )
})

const PACKED: readonly (readonly [
  name: string,
  pack: (bytes: Buffer) => Buffer,
  contentEncoding?: string,
])[] = [
  ['gzip', gzipSync],
  ['two gzip members', bytes => Buffer.concat([gzipSync(bytes.subarray(0, 9)), gzipSync(bytes.subarray(9))])],
  ['zstd', zstdCompressSync],
  ['deflate', deflateSync, 'deflate'],
  ['raw deflate', deflateRawSync, 'aws-chunked, deflate'],
  ['brotli', brotliCompressSync, 'br'],
]

for (const [name, pack, contentEncoding] of PACKED) {
  test(`a mask in what is compressed is found before the last byte has passed: ${name}`, async () => {
    const facts = contentEncoding === undefined ? {} : { contentEncoding }
    const bytes = pack(Buffer.from(`some text and then ${MARKER}****, at the very end`))
    const clean = pack(Buffer.from('some text and then none of it, at the very end'))
    for (const size of [1, 3, 7, 1000]) {
      const { passed, code } = await upload(bytes, size, facts)
      assert.equal(code, 'mask-carried-back', `in pieces of ${size}`)
      assert.ok(passed.length < bytes.length)
      const other = await upload(clean, size, facts)
      assert.equal(other.code, undefined)
      assert.ok(other.passed.equals(clean))
    }
  })
}

test('what only looks compressed passes as it is', async () => {
  const packed = gzipSync('text'.repeat(100))
  const bomb = gzipSync(Buffer.alloc(RATIO_GRACE_BYTES + 1000))
  const cases: [Buffer, UploadFacts][] = [
    [Buffer.from('plain text'), { contentEncoding: 'gzip' }],
    [Buffer.from('plain text'), { contentEncoding: 'br' }],
    [packed.subarray(0, -5), {}],
    [Buffer.concat([packed, Buffer.from('and more, '.repeat(20))]), {}],
    [Buffer.concat([zstdCompressSync('x'), Buffer.from('and more, '.repeat(20))]), {}],
    [bomb, { limits: { ...DEFAULT_OBJECT_LIMITS, inflationRatio: 10 } }],
  ]
  for (const [bytes, facts] of cases) {
    for (const size of [1 + bytes.length / 7, 1000]) {
      const { passed, code } = await upload(bytes, Math.floor(size), facts)
      assert.equal(code, undefined)
      assert.ok(passed.equals(bytes))
    }
  }
})

test('an upload that is left in the middle leaves nothing behind', async () => {
  const scan = new UploadScan()
  scan.on('error', () => undefined)
  scan.write(gzipSync('x'.repeat(1000)).subarray(0, 15))
  scan.destroy()
  await new Promise(resolve => scan.once('close', resolve))
})
