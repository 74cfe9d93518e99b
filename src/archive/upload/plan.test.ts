import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { MOST_BYTES, PART_BYTES, partBytesFor, planUpload } from './plan.ts'
import type { SourceFile } from './source-file.ts'

const { signal } = new AbortController()

/** A file that gives at most so many bytes at once. */
function file(bytes: Buffer, most = 7): SourceFile {
  return {
    read: async (target, position) => bytes.copy(target.subarray(0, most), 0, position),
    size: async () => bytes.length,
    close: async () => undefined,
  }
}

test('a plan is what the bytes are, in parts of one size but the last, of the beginning that is asked for', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 200 }),
      fc.integer({ min: 1, max: 64 }),
      fc.nat(),
      async (array, partBytes, cut) => {
        const all = Buffer.from(array)
        const bytes = cut % (all.length + 1)
        const sent = all.subarray(0, bytes)
        const plan = await planUpload(file(all), signal, { partBytes, bytes })
        assert.equal(plan.sha256, hash('sha256', sent))
        assert.equal(plan.bytes, bytes)
        assert.equal(plan.parts.length, Math.max(1, Math.ceil(bytes / partBytes)))
        const parts = plan.parts.map((_, i) => sent.subarray(i * partBytes, (i + 1) * partBytes))
        assert.deepEqual(
          plan.parts,
          parts.map(part => hash('sha256', part, 'base64')),
        )
        const digests = Buffer.concat(parts.map(part => hash('sha256', part, 'buffer')))
        const checksum =
          plan.parts.length === 1 ? hash('sha256', sent, 'base64') : hash('sha256', digests, 'base64')
        assert.equal(plan.checksum, checksum)
      },
    ),
  )
})

test('there are never more parts than S3 takes, nor smaller ones, whatever the size', () => {
  assert.equal(partBytesFor(0), PART_BYTES)
  assert.equal(partBytesFor(10_000 * PART_BYTES), PART_BYTES)
  fc.assert(
    fc.property(fc.double({ min: 0, max: MOST_BYTES, noNaN: true }), size => {
      const bytes = Math.floor(size)
      const partBytes = partBytesFor(bytes)
      assert.ok(partBytes >= PART_BYTES && Math.ceil(bytes / partBytes) <= 10_000)
    }),
  )
})

test('what is larger than any object is refused before it is read', async () => {
  const huge = { ...file(Buffer.alloc(0)), size: async () => MOST_BYTES + 1 }
  await assert.rejects(planUpload(huge, signal), { code: 'archive-file-refused' })
})

test('a file that ends before it should has changed', async () => {
  await assert.rejects(planUpload(file(Buffer.alloc(10)), signal, { bytes: 11 }), {
    code: 'archive-contradicted',
  })
})
