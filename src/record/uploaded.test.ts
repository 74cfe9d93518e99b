import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { MemoryFiles } from './memory-files.ts'
import { noteUploaded, segmentId, type UploadedSegment, uploadedPath, uploadedSegments } from './uploaded.ts'

const FOLDER = 'archive'
const PATH = uploadedPath(FOLDER, 0)

function entry(segment: number, more: Partial<UploadedSegment> = {}): UploadedSegment {
  return {
    journal: '0a'.repeat(16),
    lane: 0,
    segment,
    bucket: 'b',
    key: `p/00/${segment}.seg`,
    bytes: 76,
    sha256: 'ff'.repeat(32),
    etag: '"e"',
    verifiedBy: 'checksum',
    bodies: 0,
    timeMs: 1,
    ...more,
  }
}

test('what was noted is read again, the last line on a segment; another journal of the lane is another', async () => {
  const files = new MemoryFiles()
  assert.equal((await uploadedSegments(files, FOLDER, 0)).size, 0)
  const other = entry(1, { journal: '0b'.repeat(16), versionId: 'v' })
  for (const each of [entry(1), entry(2), other, entry(2, { bodies: 3 })]) {
    await noteUploaded(files, FOLDER, each)
  }
  const found = await uploadedSegments(files, FOLDER, 0)
  assert.deepEqual([...found.values()], [entry(1), entry(2, { bodies: 3 }), other])
  assert.deepEqual(found.get(segmentId(other)), other)
  assert.equal((await uploadedSegments(files, FOLDER, 1)).size, 0)
})

test('a line that a crash cut off is no upload, wherever it was cut, and the next one takes its place', async () => {
  const files = new MemoryFiles()
  await noteUploaded(files, FOLDER, entry(1))
  const first = files.bytes(PATH).length
  await noteUploaded(files, FOLDER, entry(2))
  const whole = files.bytes(PATH)
  for (let cut = first; cut < whole.length; cut++) {
    const crashed = files.copy()
    crashed.put(PATH, Buffer.from(whole.subarray(0, cut)))
    assert.deepEqual([...(await uploadedSegments(crashed, FOLDER, 0)).values()], [entry(1)])
    await noteUploaded(crashed, FOLDER, entry(2))
    assert.deepEqual(crashed.bytes(PATH), whole)
  }
})

test('what a power cut leaves is what was noted', async () => {
  const files = new MemoryFiles()
  await noteUploaded(files, FOLDER, entry(1))
  files.powerCut()
  assert.equal((await uploadedSegments(files, FOLDER, 0)).size, 1)
})

test('anything but the lines that are written is refused: nothing is removed on its word', async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.string(), fc.json()), async text => {
      const files = new MemoryFiles()
      files.put(PATH, Buffer.from(`${text.replaceAll('\n', ' ')}\n`))
      await assert.rejects(uploadedSegments(files, FOLDER, 0), { code: 'archive-state-unreadable' })
    }),
  )
  const files = new MemoryFiles()
  files.put(PATH, Buffer.from('x'.repeat(100_000)))
  await assert.rejects(uploadedSegments(files, FOLDER, 0), { code: 'archive-state-unreadable' })
})
