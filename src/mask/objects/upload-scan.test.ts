import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { test } from 'node:test'
import fc from 'fast-check'
import { MARKER } from '../marker.ts'
import { UploadScan } from './upload-scan.ts'

/** What passes of an upload in pieces, and how it ended. */
async function upload(bytes: Buffer, size: number): Promise<{ passed: Buffer; code?: unknown }> {
  function* pieces(): Generator<Buffer> {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
  }
  const chunks: Buffer[] = []
  const scan = new UploadScan()
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
