import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allowed, onDisk, type TestDisk } from './journal.fixture.ts'
import { SEGMENT_HEADER_BYTES } from './segment.ts'

/** Three events, each in a batch of its own. */
async function threeEvents(): Promise<{ disk: TestDisk; bytes: Buffer; firstEnds: number }> {
  const disk = onDisk()
  const journal = await disk.open()
  const stored = (): Buffer => disk.files.contents.get(disk.segment(1))?.bytes ?? Buffer.alloc(0)
  await journal.append(allowed('a'))
  const firstEnds = stored().length
  await journal.append(allowed('b'))
  await journal.append(allowed('c'))
  await journal.close()
  return { disk, bytes: stored(), firstEnds }
}

test('damage in the last segment is no end of the journal: whoever reads is told', async () => {
  const { disk, bytes, firstEnds } = await threeEvents()
  for (let at = SEGMENT_HEADER_BYTES; at < firstEnds; at++) {
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
    await assert.rejects(disk.events(), { code: 'journal-corrupt' }, `byte ${at}`)
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
  }
  assert.equal((await disk.events()).length, 3)
})

test('a torn tail is the end, without an error: it may be what a gate is writing', async () => {
  const { disk, bytes, firstEnds } = await threeEvents()
  const stored = disk.files.contents.get(disk.segment(1))
  assert.ok(stored)
  const second = firstEnds + Math.floor((bytes.length - firstEnds) / 2)
  for (let length = firstEnds; length < second; length++) {
    stored.bytes = bytes.subarray(0, length)
    assert.deepEqual(
      (await disk.events()).map(({ id }) => id),
      ['a'],
    )
  }
})
