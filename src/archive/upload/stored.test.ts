import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { ManualClock } from '../../core/clock.ts'
import { STARTED_MS } from '../../record/journal.fixture.ts'
import { HOUR_MS, type RetainedDisk, record, retainedDisk } from '../../record/retention/retention.fixture.ts'
import type { Retention } from '../../record/retention/retention.ts'
import { layout } from '../../record/segment.ts'
import { noteUploaded, uploadedSegments } from '../../record/uploaded.ts'
import { MemoryBucket } from '../memory-bucket.fixture.ts'
import { confirmUploaded } from './stored.ts'
import { createUploads } from './uploads.ts'
import { memorySources, SETTINGS } from './world.fixture.ts'

const { signal } = new AbortController()

interface World {
  readonly disk: RetainedDisk
  readonly bucket: MemoryBucket
  readonly uploads: { round(signal: AbortSignal): Promise<number> }
  readonly retention: Retention
}

/** A journal all of which is old, and retention that asks the bucket. */
async function world(): Promise<World> {
  const disk = await retainedDisk()
  const bucket = new MemoryBucket()
  const ports = { source: disk.source, bucket, sources: memorySources(disk.files) }
  await record(disk.journals[0], 12)
  disk.nowMs = STARTED_MS + 2 * HOUR_MS
  await disk.catchUp()
  return {
    disk,
    bucket,
    uploads: createUploads(SETTINGS, { ...ports, folder: 'archive', clock: new ManualClock(STARTED_MS) }),
    retention: disk.retention({
      uploadedTo: 's3://bucket/sallyport/',
      confirmUploaded: (entry, ended) => confirmUploaded(SETTINGS, ports, entry, ended),
    }),
  }
}

test('a line that somebody wrote about an upload has nothing removed that the bucket has not got', async () => {
  const { disk, bucket, retention } = await world()
  const all = await disk.segments()
  const bytes = disk.files.bytes(layout.segment('journal', 0, 1))
  const journal = bytes.subarray(24, 40).toString('hex')
  await noteUploaded(disk.files, 'journal', {
    journal,
    lane: 0,
    segment: 1,
    bucket: 'bucket',
    key: `sallyport/${journal}/00/0000000001.seg`,
    bytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    etag: 'e',
    verifiedBy: 'checksum',
    bodies: 0,
    timeMs: 1,
  })
  await assert.rejects(disk.settleDown(retention), { code: 'archive-contradicted' })
  assert.deepEqual(await disk.segments(), all)
  bucket.plant(`sallyport/${journal}/00/0000000001.seg`, Buffer.alloc(bytes.length))
  await assert.rejects(disk.settleDown(retention), { code: 'archive-contradicted' })
  assert.deepEqual(await disk.segments(), all)
})

test('what a rule of the bucket removed before its turn to go is the last copy, and stays; so does a body', async () => {
  const { disk, bucket, uploads, retention } = await world()
  const body = 'journal/blobs/00/0000000002/01K0000000000000000000000A.request.zst'
  disk.files.put(body, Buffer.from('body'))
  await uploads.round(signal)
  const remote = bucket.keys.find(key => key.endsWith('.request.zst')) ?? ''
  assert.notEqual(remote, '')
  const kept = bucket.versions.get(remote) ?? []
  bucket.versions.delete(remote)
  await assert.rejects(disk.settleDown(retention), { code: 'archive-contradicted' })
  assert.ok((await disk.segments()).includes(2))
  bucket.versions.set(remote, kept)
  await disk.settleDown(retention)
  assert.ok(!(await disk.segments()).includes(2))
  assert.equal((await uploadedSegments(disk.files, 'journal', 0)).size > 0, true)
})

test('a bucket that is away keeps everything, one without checksums was read back', async () => {
  const { disk, bucket, uploads, retention } = await world()
  bucket.knowsChecksums = false
  await uploads.round(signal)
  const all = await disk.segments()
  bucket.fault = call => (call === 'head' ? 'fail' : 'none')
  await assert.rejects(disk.settleDown(retention), { code: 'bucket-unavailable' })
  assert.deepEqual(await disk.segments(), all)
  bucket.fault = () => 'none'
  await disk.settleDown(retention)
  assert.ok(!(await disk.segments()).includes(1))
})
