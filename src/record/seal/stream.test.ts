import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { steadyRandom } from '../journal.fixture.ts'
import type { ContentKey } from './ports.ts'
import { FakeKeys } from './seal.fixture.ts'
import { openStream, STREAM_CHUNK_BYTES, sealStream, streamKeyId } from './stream.ts'

const random = steadyRandom('salts')
const OWNER = { sessionId: 's', tenant: 'default' }

async function all(source: AsyncIterable<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of source) pieces.push(piece)
  return Buffer.concat(pieces)
}

function piecesOf(bytes: Buffer, size: number): Buffer[] {
  const pieces = []
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size))
  return pieces
}

async function sealed(
  plain: Buffer,
  bound = 'blob',
  pieceBytes = 10_000,
): Promise<{ keys: FakeKeys; bytes: Buffer }> {
  const keys = new FakeKeys()
  const key: ContentKey = await keys.current(OWNER)
  return { keys, bytes: await all(sealStream(piecesOf(plain, pieceBytes), key, bound, random)) }
}

const C = STREAM_CHUNK_BYTES

test('what was sealed in any pieces is read in any others', async () => {
  const length = fc.oneof(fc.constantFrom(0, 1, C - 1, C, C + 1, 2 * C, 3 * C + 5), fc.nat(4 * C))
  const pieceBytes = fc.oneof(
    fc.constantFrom(1_000, C, C + 16, 1 << 20),
    fc.integer({ min: 500, max: 200_000 }),
  )
  await fc.assert(
    fc.asyncProperty(length, pieceBytes, pieceBytes, async (bytes, sealing, opening) => {
      const plain = Buffer.from(random.bytes(bytes))
      const { keys, bytes: box } = await sealed(plain, 'blob', sealing)
      assert.equal(streamKeyId(box), '00.0000000001.1')
      assert.equal(box.length, 12 + 15 + 32 + bytes + 16 * Math.max(1, Math.ceil(bytes / C)))
      assert.deepEqual(await all(openStream(piecesOf(box, opening), keys, 'blob')), plain)
    }),
    { numRuns: 40 },
  )
})

test('changed, cut, doubled, reordered or another one: found', async () => {
  const { keys, bytes } = await sealed(Buffer.alloc(3 * C, 'x'))
  const chunk = C + 16
  const start = bytes.length - 3 * chunk
  const part = (number: number): Buffer =>
    bytes.subarray(start + number * chunk, start + (number + 1) * chunk)
  const header = bytes.subarray(0, start)
  const bad: Buffer[] = [
    Buffer.alloc(0),
    bytes.subarray(0, 5),
    header,
    bytes.subarray(0, start + chunk),
    bytes.subarray(0, start + 2 * chunk),
    bytes.subarray(0, -1),
    Buffer.concat([bytes, Buffer.alloc(1)]),
    Buffer.concat([header, part(1), part(0), part(2)]),
    Buffer.concat([header, part(0), part(0), part(1), part(2)]),
    Buffer.concat([header, part(0), part(2)]),
  ]
  for (let at = 0; at < start + 40; at++) {
    const changed = Buffer.from(bytes)
    changed.writeUInt8(changed.readUInt8(at) ^ 1, at)
    bad.push(changed)
  }
  for (const [number, each] of bad.entries()) {
    await assert.rejects(
      all(openStream([each], keys, 'blob')),
      { code: 'journal-corrupt' },
      `number ${number}`,
    )
  }
  await assert.rejects(all(openStream([bytes], keys, 'other')), { code: 'journal-corrupt' })
})

test('without keys it is sealed, and without its key it is gone', async () => {
  const { keys, bytes } = await sealed(Buffer.from('something'))
  await assert.rejects(all(openStream([bytes], undefined, 'blob')), { code: 'content-sealed' })
  keys.shred('00.0000000001.1')
  await assert.rejects(all(openStream([bytes], keys, 'blob')), { code: 'content-shredded' })
})
