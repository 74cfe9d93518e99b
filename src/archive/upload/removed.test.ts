import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ManualClock } from '../../core/clock.ts'
import { STARTED_MS } from '../../record/journal.fixture.ts'
import { HOUR_MS, record, retainedDisk } from '../../record/retention/retention.fixture.ts'
import { layout } from '../../record/segment.ts'
import { verifyJournal } from '../../record/verify.ts'
import { type BucketFault, MemoryBucket } from '../memory-bucket.fixture.ts'
import { createUploads } from './uploads.ts'
import { fetched, memorySources, SETTINGS } from './world.fixture.ts'

const FAULTS: readonly BucketFault[] = ['none', 'fail', 'lose']
const { signal } = new AbortController()

test('nothing goes from the disk before it is in the bucket, whatever fails; both prove themselves all the while', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...FAULTS), { maxLength: 40 }), async faults => {
      const disk = await retainedDisk()
      const bucket = new MemoryBucket()
      let calls = 0
      bucket.fault = () => faults[calls++] ?? 'none'
      const ports = {
        source: disk.source,
        folder: 'archive',
        clock: new ManualClock(STARTED_MS),
        bucket,
        sources: memorySources(disk.files),
      }
      const uploads = createUploads(SETTINGS, ports)
      const retention = disk.retention({ uploadedTo: 's3://bucket/sallyport/' })
      await record(disk.journals[0], 12)
      disk.nowMs = STARTED_MS + 2 * HOUR_MS
      await record(disk.journals[0], 4, { timeMs: disk.nowMs, name: 'new' })
      await disk.catchUp()
      const originals = new Map<number, Buffer>()
      for (const segment of await disk.segments()) {
        originals.set(segment, Buffer.from(disk.files.bytes(layout.segment('journal', 0, segment))))
      }
      const last = Math.max(...originals.keys())
      for (let isSafe = false; !isSafe; ) {
        isSafe = await uploads.round(signal).then(
          () => true,
          () => false,
        )
        await disk.settleDown(retention)
        const kept = new Set(await disk.segments())
        for (const [segment, bytes] of originals) {
          if (segment === last) continue
          const remote = bucket.keys.find(key => key.endsWith(`/00/${String(segment).padStart(10, '0')}.seg`))
          if (!kept.has(segment)) assert.deepEqual(bucket.bytes(remote ?? ''), bytes)
        }
        assert.equal((await verifyJournal(disk.source, disk.keys)).whole, true)
      }
      assert.ok(!(await disk.segments()).includes(1))
      const report = await verifyJournal({ files: fetched(bucket), folder: 'journal' }, disk.keys)
      assert.deepEqual([report.lanes[0]?.break, report.lanes[0]?.removed], [undefined, undefined])
      assert.ok((report.lanes[0]?.segments ?? 0) >= last - 1)
    }),
    { numRuns: 12 },
  )
})
