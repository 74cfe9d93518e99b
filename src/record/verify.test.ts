import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readFrame } from './frame.ts'
import { allowed, ids, onDisk, type TestDisk } from './journal.fixture.ts'
import { SEGMENT_HEADER_BYTES } from './segment.ts'
import { type VerifyReport, verifyJournal } from './verify.ts'

const COUNT = 12

/** A closed journal of twelve events in a few segments, and a second lane. */
async function closedJournal(): Promise<TestDisk> {
  const disk = onDisk({ segmentBytes: 700 })
  const journal = await disk.open()
  for (let i = 0; i < COUNT; i++) await journal.append(allowed(`e${i}`))
  await journal.close()
  const other = onDisk({ segmentBytes: 700, lane: 1 }, undefined, disk.files)
  const second = await other.open()
  for (let i = 0; i < COUNT; i++) await second.append(allowed(`e${i}`))
  await second.close()
  return disk
}

/** The frames of a segment's file. */
function framesOf(bytes: Buffer): Buffer[] {
  const frames: Buffer[] = []
  for (let at = SEGMENT_HEADER_BYTES; at < bytes.length; ) {
    const reading = readFrame(bytes, at)
    assert.equal(reading.kind, 'frame')
    if (reading.kind !== 'frame') break
    frames.push(reading.frame)
    at += reading.frame.length
  }
  return frames
}

function rebuilt(bytes: Buffer, change: (frames: Buffer[]) => Buffer[]): Buffer {
  return Buffer.concat([bytes.subarray(0, SEGMENT_HEADER_BYTES), ...change(framesOf(bytes))])
}

function firstBreak(report: VerifyReport): NonNullable<VerifyReport['lanes'][number]['break']> {
  const broken = report.lanes.find(lane => lane.break !== undefined)?.break
  assert.ok(broken, 'no break was found')
  return broken
}

test('an untouched journal is whole, lane by lane', async () => {
  const report = await verifyJournal((await closedJournal()).source)
  assert.equal(report.whole, true)
  assert.deepEqual(
    report.lanes.map(lane => [lane.lane, lane.events]),
    [
      [0, COUNT],
      [1, COUNT],
    ],
  )
})

test('whichever byte is changed, in whichever way, its segment or the one behind it is named', async () => {
  const disk = await closedJournal()
  const names = [1, 2, 3].map(segment => disk.segment(segment))
  const place = fc.constantFrom(...names).chain(name => {
    return fc.record({ name: fc.constant(name), at: fc.nat(disk.files.bytes(name).length - 1) })
  })
  await fc.assert(
    fc.asyncProperty(place, fc.integer({ min: 1, max: 255 }), async ({ name, at }, mask) => {
      const files = disk.files.copy()
      const bytes = files.bytes(name)
      bytes[at] = (bytes[at] ?? 0) ^ mask
      const found = firstBreak(await verifyJournal({ ...disk.source, files }))
      const changed = names.indexOf(name) + 1
      assert.equal(found.place.segment, changed)
      assert.ok(found.place.offset <= at, `byte ${at} was changed, byte ${found.place.offset} was named`)
    }),
    { numRuns: 300 },
  )
})

const TAMPERINGS: readonly [string, (disk: TestDisk) => void, { segment: number; event: number }][] = [
  ['an event is removed', disk => edit(disk, 2, frames => frames.toSpliced(1, 1)), { segment: 2, event: 6 }],
  [
    'two events change places',
    disk => edit(disk, 2, ([a, b, ...rest]) => [b, a, ...rest] as Buffer[]),
    { segment: 2, event: 5 },
  ],
  [
    'an event stands twice',
    disk => edit(disk, 1, ([a, ...rest]) => [a, a, ...rest] as Buffer[]),
    { segment: 1, event: 2 },
  ],
  [
    'the last event of a segment is cut off',
    disk => edit(disk, 1, frames => frames.slice(0, -1)),
    { segment: 2, event: 4 },
  ],
  [
    'an event of another lane is put in its place',
    disk => {
      const other = framesOf(disk.files.bytes(disk.segment(2).replace('/00/', '/01/')))
      edit(disk, 2, ([, ...rest]) => [other[0] as Buffer, ...rest])
    },
    { segment: 2, event: 5 },
  ],
  ['a segment is missing', disk => disk.files.contents.delete(disk.segment(2)), { segment: 2, event: 5 }],
  [
    'the first segment is missing',
    disk => disk.files.contents.delete(disk.segment(1)),
    { segment: 1, event: 1 },
  ],
  [
    'two segments are swapped',
    disk => {
      const [a, b] = [disk.segment(1), disk.segment(2)].map(name => disk.files.bytes(name)) as [
        Buffer,
        Buffer,
      ]
      disk.files.put(disk.segment(1), b)
      disk.files.put(disk.segment(2), a)
    },
    { segment: 1, event: 1 },
  ],
  [
    'the end is cut off at the edge of an event',
    disk => edit(disk, 3, frames => frames.slice(0, -1)),
    { segment: 3, event: 12 },
  ],
  [
    'the last segment is missing',
    disk => disk.files.contents.delete(disk.segment(3)),
    { segment: 2, event: 9 },
  ],
  [
    'bytes are added behind a clean end',
    disk => {
      const bytes = disk.files.bytes(disk.segment(3))
      disk.files.put(disk.segment(3), Buffer.concat([bytes, Buffer.alloc(9)]))
    },
    { segment: 3, event: 13 },
  ],
  [
    'the head file is missing',
    disk => disk.files.contents.delete('journal/heads/00.json'),
    { segment: 3, event: 13 },
  ],
]

function edit(disk: TestDisk, segment: number, change: (frames: Buffer[]) => Buffer[]): void {
  disk.files.put(disk.segment(segment), rebuilt(disk.files.bytes(disk.segment(segment)), change))
}

for (const [what, tamper, place] of TAMPERINGS) {
  test(`found and named: ${what}`, async () => {
    const disk = await closedJournal()
    tamper(disk)
    const found = firstBreak(await verifyJournal(disk.source))
    assert.deepEqual({ segment: found.place.segment, event: found.place.event }, place, found.reason)
  })
}

test('a lane that is gone is missed, for its head is still there', async () => {
  const disk = await closedJournal()
  for (const name of [...disk.files.contents.keys()]) {
    if (name.startsWith('journal/01/')) disk.files.contents.delete(name)
  }
  const report = await verifyJournal(disk.source)
  assert.equal(report.lanes[1]?.break?.reason, 'the segments are missing')
})

test('a journal that is being written is whole, up to the last event', async () => {
  const disk = onDisk()
  const journal = await disk.open()
  await journal.append(allowed('a'))
  const bytes = disk.files.bytes(disk.segment(1))
  disk.files.put(disk.segment(1), Buffer.concat([bytes, bytes.subarray(SEGMENT_HEADER_BYTES, -5)]))
  const report = await verifyJournal(disk.source)
  assert.equal(report.whole, true)
  assert.equal(report.lanes[0]?.events, 1)
  assert.ok((report.lanes[0]?.unfinished?.bytes ?? 0) > 0)
})

test('cut anywhere, a journal opens with exactly the events that are whole', async () => {
  const disk = onDisk()
  const journal = await disk.open()
  await Promise.all(['a', 'b', 'c'].map(id => journal.append(allowed(id))))
  const bytes = disk.files.bytes(disk.segment(1))
  const ends = [0]
  for (const frame of framesOf(bytes)) ends.push((ends.at(-1) ?? 0) + frame.length)
  for (let length = SEGMENT_HEADER_BYTES; length <= bytes.length; length++) {
    const files = disk.files.copy()
    files.put(disk.segment(1), Buffer.from(bytes.subarray(0, length)))
    const cut = onDisk({}, undefined, files)
    const whole = ends.filter(end => end > 0 && end + SEGMENT_HEADER_BYTES <= length).length
    await (await cut.open()).close()
    const events = await cut.events()
    assert.deepEqual(ids(events).slice(0, -1), ['a', 'b', 'c'].slice(0, whole), `cut at ${length}`)
    const recovery = events.at(-1)
    assert.ok(recovery?.type === 'recovery')
    assert.equal(recovery.tornBytes, length - SEGMENT_HEADER_BYTES - (ends[whole] ?? 0))
    assert.equal((await verifyJournal(cut.source)).whole, true)
  }
})

test('damage that no crash can leave keeps the journal from opening, and is named', async () => {
  const disk = onDisk()
  const journal = await disk.open()
  for (const id of ['a', 'b', 'c']) await journal.append(allowed(id))
  disk.files.crash()
  const bytes = disk.files.bytes(disk.segment(1))
  bytes[SEGMENT_HEADER_BYTES + 60] = 0
  await assert.rejects(disk.open(), {
    code: 'journal-corrupt',
    message: /lane 00, segment 1, event 1, byte 76: event 2 behind it was written after event 1 was on disk/,
  })
})

test('an end that the head file knows better about keeps the journal from opening', async () => {
  const disk = await closedJournal()
  edit(disk, 3, frames => frames.slice(0, -1))
  await assert.rejects(disk.open(), { code: 'journal-corrupt', message: /the head file knows event 12/ })
})

test('the folder of a lane is not listed again for each of its segments', async () => {
  const lists: number[] = []
  for (const count of [6, 60]) {
    const disk = onDisk({ segmentBytes: 700 })
    const journal = await disk.open()
    for (let i = 0; i < count; i++) await journal.append(allowed(`e${i}`))
    await journal.close()
    let calls = 0
    const list = disk.files.list.bind(disk.files)
    disk.files.list = path => {
      calls++
      return list(path)
    }
    const report = await verifyJournal(disk.source)
    assert.ok(report.whole && (report.lanes[0]?.segments ?? 0) > count / 6)
    lists.push(calls)
  }
  assert.equal(lists[0], lists[1])
})
