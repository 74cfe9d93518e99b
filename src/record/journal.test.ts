import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { ManualClock, systemClock, systemRandom } from '../core/clock.ts'
import type { JournalEvent } from './event.ts'
import { allowed, ended, ids, onDisk, STARTED_MS } from './journal.fixture.ts'
import { openJournal } from './journal.ts'
import { nodeFiles } from './node-files.ts'
import { readJournal } from './read.ts'
import { verifyJournal } from './verify.ts'

test('what is appended is read back in order, and the chain verifies', async () => {
  const disk = onDisk()
  const journal = await disk.open()
  const events: JournalEvent[] = [allowed('a'), ended('a'), allowed('b'), ended('b')]
  await Promise.all(events.map(event => journal.append(event)))
  await journal.close()
  assert.deepEqual(await disk.events(), events)
  const report = await verifyJournal(disk.source)
  assert.equal(report.whole, true)
  assert.equal(report.events, 4)
})

test('on a real disk: appended, closed, opened again without a recovery, locked meanwhile', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-journal-'))
  const ports = { files: nodeFiles, clock: systemClock, random: systemRandom, after: () => () => {} }
  try {
    const first = await openJournal({ folder, lane: 3 }, ports)
    await assert.rejects(openJournal({ folder, lane: 3 }, ports), { code: 'journal-locked' })
    await first.append(allowed('a'))
    const outcome = first.append(ended('a'))
    await first.close()
    await outcome
    const second = await openJournal({ folder, lane: 3 }, ports)
    await second.append(allowed('b'))
    await second.close()
    const events: JournalEvent[] = []
    for await (const { event } of readJournal({ files: nodeFiles, folder })) events.push(event)
    assert.deepEqual(events, [allowed('a'), ended('a'), allowed('b')])
    assert.equal((await verifyJournal({ files: nodeFiles, folder })).whole, true)
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('segments rotate by size, and the chain goes on across them', async () => {
  const disk = onDisk({ segmentBytes: 400 })
  const journal = await disk.open()
  for (let i = 0; i < 12; i++) await journal.append(allowed(`e${i}`))
  await journal.close()
  const report = await verifyJournal(disk.source)
  assert.equal(report.whole, true)
  assert.ok((report.lanes[0]?.segments ?? 0) > 3)
  assert.deepEqual(
    ids(await disk.events()),
    Array.from({ length: 12 }, (_, i) => `e${i}`),
  )
})

test('events that come while one is being written share the next write and sync', async () => {
  const disk = onDisk()
  const journal = await disk.open()
  const before = disk.files.calls.length
  await Promise.all(Array.from({ length: 50 }, (_, i) => journal.append(allowed(`e${i}`))))
  const calls = disk.files.calls.slice(before).filter(call => call.includes('.seg'))
  assert.deepEqual(
    calls.map(call => call.split(' ')[0]),
    ['open', 'write', 'sync', 'write', 'sync'],
  )
  await journal.close()
})

test('`os` durability writes and does not sync, but for the close', async () => {
  const disk = onDisk({ durability: 'os' })
  const journal = await disk.open()
  await journal.append(allowed('a'))
  assert.equal(disk.files.calls.filter(call => /^sync .*\.seg$/.test(call)).length, 0)
  await journal.close()
  assert.equal(disk.files.calls.filter(call => /^sync .*\.seg$/.test(call)).length, 1)
  disk.files.powerCut()
  assert.deepEqual(ids(await disk.events()), ['a'])
})

test('an outcome waits for a decision to ride along with, and for no longer than its delay', async () => {
  const disk = onDisk()
  const journal = await disk.open()
  const outcome = journal.append(ended('a'))
  assert.equal(disk.timers.length, 1)
  assert.equal(disk.timers[0]?.delayMs, 25)
  disk.timers[0]?.run()
  await outcome
  const riding = journal.append(ended('b'))
  await journal.append(allowed('c'))
  await riding
  assert.equal(disk.timers.length, 0)
  await journal.close()
})

test('the queue has a limit', async () => {
  const disk = onDisk({ queueBytes: 3_000 })
  const journal = await disk.open()
  const appends = Array.from({ length: 40 }, (_, i) => journal.append(allowed(`e${i}`)))
  const results = await Promise.allSettled(appends)
  const refused = results.filter(result => result.status === 'rejected')
  assert.ok(refused.length > 0 && refused.length < 40)
  for (const { reason } of refused) assert.equal(reason.code, 'overloaded')
  await journal.close()
})

test('after a crash the torn tail is cut, and what was in flight is named', async () => {
  const disk = onDisk()
  const journal = await disk.open()
  await journal.append(allowed('done'))
  const outcome = journal.append(ended('done'))
  await journal.append(allowed('flying'))
  await outcome
  disk.files.put(disk.segment(1), Buffer.concat([disk.files.bytes(disk.segment(1)), Buffer.alloc(11, 7)]))
  disk.files.crash()
  await (await disk.open()).close()
  const [, , , recovery] = await disk.events()
  assert.equal(recovery?.type, 'recovery')
  assert.deepEqual(recovery.inFlight, ['flying'])
  assert.equal(recovery.tornBytes, 11)
  assert.equal((await verifyJournal(disk.source)).whole, true)
})

test('a call that was in flight is named by one recovery, not by all that follow', async () => {
  const disk = onDisk({ segmentBytes: 500 })
  const journal = await disk.open()
  await journal.append(allowed('flying'))
  for (let i = 0; i < 3; i++) await journal.append({ ...allowed(`d${i}`), effect: 'deny' })
  for (let i = 0; i < 2; i++) {
    disk.files.crash()
    await disk.open()
  }
  const recoveries = (await disk.events()).filter(event => event.type === 'recovery')
  assert.deepEqual(
    recoveries.map(event => event.inFlight),
    [['flying'], []],
  )
})

test('a closed journal takes nothing more', async () => {
  const disk = onDisk()
  const journal = await disk.open()
  await journal.close()
  await journal.close()
  await assert.rejects(journal.append(allowed('late')), { code: 'journal-unavailable' })
})

test('a disk full of other things: denied with the reason, then back by itself', async () => {
  const clock = new ManualClock(STARTED_MS)
  const disk = onDisk({}, clock)
  const journal = await disk.open()
  await journal.append(allowed('before'))
  disk.files.fault = call => {
    if (call === 'write') throw Object.assign(new Error('full'), { code: 'ENOSPC' })
    return undefined
  }
  await assert.rejects(journal.append(allowed('lost')), { code: 'journal-unavailable' })
  assert.match(journal.trouble ?? '', /no space is left/)
  const calls = disk.files.calls.length
  await assert.rejects(journal.append(allowed('too early')), { code: 'journal-unavailable' })
  assert.equal(disk.files.calls.length, calls, 'a try before its time touches no disk')
  clock.advance(101)
  await assert.rejects(journal.append(allowed('still full')), { code: 'journal-unavailable' })
  disk.files.fault = () => undefined
  clock.advance(201)
  await journal.append(allowed('after'))
  assert.equal(journal.trouble, undefined)
  await journal.close()
  assert.deepEqual(ids(await disk.events()), ['before', 'after'])
  assert.equal((await verifyJournal(disk.source)).whole, true)
})

test('asking for the trouble is enough to get over it', async () => {
  const clock = new ManualClock(STARTED_MS)
  const disk = onDisk({}, clock)
  const journal = await disk.open()
  disk.files.fault = call => {
    if (call === 'sync') throw Object.assign(new Error('bad disk'), { code: 'EIO' })
    return undefined
  }
  await assert.rejects(journal.append(allowed('lost')), { code: 'journal-unavailable' })
  disk.files.fault = () => undefined
  clock.advance(100)
  assert.match(journal.trouble ?? '', /EIO/)
  await disk.settle()
  assert.equal(journal.trouble, undefined)
  await journal.close()
})

test('a journal that is sealed when it is closed goes on in the successor, and is whole', async () => {
  const disk = onDisk({ sealOnClose: true })
  for (let run = 0; run < 3; run++) {
    const journal = await disk.open()
    if (run !== 1) await journal.append(allowed(`event-${run}`))
    await journal.close()
  }
  assert.deepEqual(ids(await disk.events()), ['event-0', 'event-2'])
  const names = await disk.files.list('journal/00')
  assert.deepEqual(
    names.filter(name => name.endsWith('.seg')).sort(),
    ['0000000001.seg', '0000000002.seg', '0000000003.seg'],
    'a segment without events gets no successor',
  )
  assert.ok((await verifyJournal(disk.source)).whole)
})
