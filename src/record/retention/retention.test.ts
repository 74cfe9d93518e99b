import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ids, STARTED_MS } from '../journal.fixture.ts'
import { readJournal } from '../read.ts'
import { verifyJournal } from '../verify.ts'
import { addHoldWord } from './holds.ts'
import { HOUR_MS, type RetainedDisk, record, retainedDisk } from './retention.fixture.ts'

async function whole(disk: RetainedDisk): Promise<Awaited<ReturnType<typeof verifyJournal>>> {
  const report = await verifyJournal(disk.source, disk.lanes[0]?.keys, { signed: true })
  assert.equal(report.whole, true, JSON.stringify(report, null, 1))
  return report
}

test('what is old goes, and a removal vouches for it', async () => {
  const disk = await retainedDisk()
  await record(disk.journals[0], 10)
  disk.nowMs = STARTED_MS + 2 * HOUR_MS
  await record(disk.journals[0], 1, { timeMs: disk.nowMs, name: 'new' })
  await disk.catchUp()
  const before = await disk.segments()
  await disk.settleDown(disk.retention())
  const after = await disk.segments()
  assert.ok(after.length < before.length && (after[0] ?? 0) > 1, `${before} -> ${after}`)
  const report = await whole(disk)
  assert.equal(report.lanes[0]?.removed?.length, 1)
  const events = []
  for await (const { event } of readJournal(disk.source)) events.push(event)
  assert.ok(ids(events).includes('new0') && !ids(events).includes('c0'))
  assert.ok(events.some(event => event.type === 'removal'))
})

test('a session on hold keeps its segments, with gaps around them; released, they go', async () => {
  const disk = await retainedDisk()
  await record(disk.journals[0], 6, { name: 'a' })
  await record(disk.journals[0], 1, { name: 'b', session: 'HELD' })
  await record(disk.journals[0], 6, { name: 'd' })
  disk.nowMs = STARTED_MS + 2 * HOUR_MS
  await disk.catchUp()
  await addHoldWord(disk.source, { what: 'hold', session: 'HELD', timeMs: 1, by: 'ana', reason: 'r' })
  await disk.settleDown(disk.retention())
  const report = await whole(disk)
  assert.equal(report.lanes[0]?.removed?.length, 2, JSON.stringify(report.lanes[0]))
  const kept = []
  for await (const { event } of readJournal(disk.source)) kept.push(event.id)
  assert.ok(kept.includes('b0'))
  await addHoldWord(disk.source, { what: 'release', session: 'HELD', timeMs: 2, by: 'ana' })
  await disk.settleDown(disk.retention())
  assert.equal((await whole(disk)).lanes[0]?.removed?.length, 1)
})

test('by size: the oldest go until the rest has no more bytes', async () => {
  const disk = await retainedDisk()
  await record(disk.journals[0], 30)
  await disk.catchUp()
  await disk.settleDown(disk.retention({ rules: { bytes: 4_000 } }))
  await whole(disk)
  let bytes = 0
  for (const [path, { bytes: content }] of disk.files.contents)
    if (path.endsWith('.seg')) bytes += content.length
  assert.ok(bytes <= 4_000, `${bytes}`)
  assert.ok(bytes > 1_000, `${bytes}`)
})

test('nothing goes while holds cannot be read', async () => {
  const disk = await retainedDisk()
  await record(disk.journals[0], 10)
  disk.nowMs = STARTED_MS + 2 * HOUR_MS
  await disk.catchUp()
  disk.files.put('journal/holds.jsonl', Buffer.from('{"what":"hold"'))
  const before = await disk.segments()
  await assert.rejects(disk.settleDown(disk.retention()), { code: 'holds-unreadable' })
  assert.deepEqual(await disk.segments(), before)
})
