import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { prove } from '../checkpoint/proof.ts'
import { ids, STARTED_MS } from '../journal.fixture.ts'
import { readJournal } from '../read.ts'
import { layout } from '../segment.ts'
import { noteUploaded } from '../uploaded.ts'
import { verifyJournal } from '../verify.ts'
import { addHoldWord } from './holds.ts'
import { HOUR_MS, type RetainedDisk, record, retainedDisk } from './retention.fixture.ts'

async function whole(disk: RetainedDisk): Promise<Awaited<ReturnType<typeof verifyJournal>>> {
  const report = await verifyJournal(disk.source, disk.keys, { signed: true })
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

test('a lane that nobody writes any more goes as a whole, and a process that takes it up goes on behind it', async () => {
  const disk = await retainedDisk([0, 1])
  await record(disk.journals[0], 2)
  await record(disk.journals[1], 9)
  await disk.catchUp()
  await disk.journals[1]?.close()
  disk.journals.length = 1
  disk.nowMs = STARTED_MS + 2 * HOUR_MS
  const job = disk.retention({ writes: lane => lane === 0 })
  await disk.settleDown(job)
  assert.deepEqual(await disk.segments(1), [])
  const report = await whole(disk)
  assert.deepEqual(
    report.lanes[1]?.removed?.map(({ events }) => events),
    [[1, 18]],
  )
  const hint = disk.files.bytes('journal/removed/01.jsonl')
  disk.files.contents.delete('journal/removed/01.jsonl')
  await whole(disk)
  await assert.rejects(disk.reopen(), { code: 'journal-corrupt' })
  disk.files.put('journal/removed/01.jsonl', hint)
  await disk.reopen()
  await record(disk.journals[1], 9, { name: 'again' })
  await disk.catchUp()
  assert.equal((await whole(disk)).lanes[1]?.removed?.length, 1)
  assert.ok((await disk.segments(1)).every(segment => segment > 1))
})

test('a lane with a process that writes it keeps its last segment; so does one that was not closed', async () => {
  const disk = await retainedDisk([0, 1])
  await record(disk.journals[0], 2)
  await record(disk.journals[1], 9)
  disk.nowMs = STARTED_MS + 2 * HOUR_MS
  await disk.settleDown(disk.retention({ writes: lane => lane === 0 }))
  const last = await disk.segments(1)
  assert.equal(last.length, 1)
  disk.files.crash()
  await disk.settleDown(disk.retention({ writes: lane => lane === 0 }))
  assert.deepEqual(await disk.segments(1), last)
})

test('with uploads, only what was verified goes, and only as it was verified', async () => {
  const disk = await retainedDisk()
  await record(disk.journals[0], 12)
  disk.nowMs = STARTED_MS + 2 * HOUR_MS
  await disk.catchUp()
  const all = await disk.segments()
  const note = async (segment: number, sha256?: string): Promise<void> => {
    const bytes = disk.files.bytes(layout.segment('journal', 0, segment))
    await noteUploaded(disk.files, 'journal', {
      journal: bytes.subarray(24, 40).toString('hex'),
      lane: 0,
      segment,
      bucket: 'b',
      key: segment === 4 ? 'elsewhere/k' : 'p/k',
      bytes: bytes.length,
      sha256: sha256 ?? createHash('sha256').update(bytes).digest('hex'),
      etag: 'e',
      verifiedBy: 'checksum',
      bodies: 0,
      timeMs: 1,
    })
  }
  await note(2)
  await note(3, '00'.repeat(32))
  await note(4)
  await disk.settleDown(disk.retention({ uploadedTo: 's3://b/p/' }))
  assert.deepEqual(
    await disk.segments(),
    all.filter(segment => segment !== 2),
  )
  const [removed] = (await whole(disk)).lanes[0]?.removed ?? []
  assert.equal(removed?.kept, 's3://b/p/')
})

const BODY = '01K0000000000000000000000A.reply.zst'

test('bodies go with their segment, and those of others stay', async () => {
  const disk = await retainedDisk()
  await record(disk.journals[0], 12)
  disk.nowMs = STARTED_MS + 2 * HOUR_MS
  await record(disk.journals[0], 1, { name: 'new', timeMs: disk.nowMs })
  await disk.catchUp()
  const last = (await disk.segments()).at(-1) ?? 0
  for (const segment of [1, 2, last]) {
    disk.files.put(`journal/blobs/00/${String(segment).padStart(10, '0')}/${BODY}`, Buffer.alloc(10))
  }
  await disk.settleDown(disk.retention())
  const left = [...disk.files.contents.keys()].filter(path => path.startsWith('journal/blobs'))
  assert.deepEqual(left, [`journal/blobs/00/${String(last).padStart(10, '0')}/${BODY}`])
})

test('a segment that somebody took away is not vouched for by the gate one day', async () => {
  const disk = await retainedDisk()
  await record(disk.journals[0], 12)
  disk.nowMs = STARTED_MS + 2 * HOUR_MS
  await disk.catchUp()
  disk.files.contents.delete(layout.segment('journal', 0, 3))
  await assert.rejects(disk.settleDown(disk.retention()), { code: 'removal-blocked' })
  const hint = { type: 'removal', id: 'x', timeMs: 1, lane: 0, segments: [3, 3], events: [5, 6], why: 'age' }
  const links = { before: '00'.repeat(32), after: '00'.repeat(32), at: { lane: 0, segment: 4, event: 9 } }
  disk.files.put('journal/removed/00.jsonl', Buffer.from(`${JSON.stringify({ ...hint, ...links })}\n`))
  await assert.rejects(disk.settleDown(disk.retention()), { code: 'removal-blocked' })
  assert.equal((await verifyJournal(disk.source, disk.keys)).lanes[0]?.break?.place.segment, 3)
})

test('a segment whose events are not those that were signed is evidence, and stays', async () => {
  const disk = await retainedDisk()
  await record(disk.journals[0], 12)
  disk.nowMs = STARTED_MS + 2 * HOUR_MS
  await disk.catchUp()
  const bytes = disk.files.bytes(layout.segment('journal', 0, 1))
  bytes[bytes.length - 9] = (bytes[bytes.length - 9] ?? 0) ^ 1
  const before = await disk.segments()
  await assert.rejects(disk.settleDown(disk.retention()), { code: 'journal-corrupt' })
  assert.deepEqual(await disk.segments(), before)
})

test('without checkpoints the chain and its head say what they can', async () => {
  const disk = await retainedDisk([0], { unsigned: true })
  await record(disk.journals[0], 12)
  disk.nowMs = STARTED_MS + 2 * HOUR_MS
  await disk.catchUp()
  await disk.settleDown(disk.retention())
  assert.ok(((await disk.segments())[0] ?? 0) > 1)
  const report = await verifyJournal(disk.source)
  assert.equal(report.whole, true, JSON.stringify(report))
  // Who knows the keys believes in no removal that is not signed.
  assert.equal((await verifyJournal(disk.source, disk.keys)).whole, false)
})

test('an event that was removed, or whose neighbours were, is not proven, and it is said why', async () => {
  const disk = await retainedDisk()
  await record(disk.journals[0], 10)
  disk.nowMs = STARTED_MS + 2 * HOUR_MS
  await record(disk.journals[0], 3, { name: 'new', timeMs: disk.nowMs })
  await disk.settleDown(disk.retention())
  await assert.rejects(prove(disk.source, 'c0'), {
    message: /no event `c0`; removed were events 1 to \d+ of lane 00$/,
  })
  const codes = new Set<string>()
  for await (const { event } of readJournal(disk.source)) {
    await prove(disk.source, event.id).then(
      () => codes.add('proven'),
      error => codes.add(error.code),
    )
  }
  codes.delete('checkpoint-missing')
  assert.ok(
    codes.has('proven') && [...codes].every(code => code === 'proven' || code === 'events-removed'),
    `${[...codes]}`,
  )
})
