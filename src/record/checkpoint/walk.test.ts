import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { genesis, nextLink } from '../chain.ts'
import { FRAME_PREFIX_BYTES, frameBytes, writeFrame } from '../frame.ts'
import { writeHead } from '../head.ts'
import { allowed } from '../journal.fixture.ts'
import type { MemoryFiles } from '../memory-files.ts'
import { encodeHeader, layout } from '../segment.ts'
import { type Break, verifyJournal } from '../verify.ts'
import { type CheckpointedDisk, checkpointedDisk, fill, testSigner } from './checkpoint.fixture.ts'
import { encodeCheckpoint, type SignedCheckpoint, signedBytes } from './checkpoint.ts'
import { checkpointPath } from './lane-file.ts'
import { readRange } from './range.ts'
import { byId } from './signer.ts'

const COUNT = 12
const EVERY = 4
const PATH = checkpointPath('journal', 0)

/** A closed journal of twelve events and three checkpoints, with a second lane of the same kind. */
async function closed(lanes: readonly number[] = [0, 1]): Promise<CheckpointedDisk> {
  const disk = checkpointedDisk({ events: EVERY, segmentBytes: 700 })
  for (const lane of lanes) {
    const each = lane === 0 ? disk : checkpointedDisk({ events: EVERY, segmentBytes: 700, lane }, disk.files)
    const journal = await each.open()
    await fill(journal, COUNT)
    await journal.close()
  }
  return disk
}

async function found(disk: CheckpointedDisk, files: MemoryFiles = disk.files): Promise<Break | undefined> {
  const report = await verifyJournal({ ...disk.source, files }, disk.keys)
  assert.equal(
    report.whole,
    report.lanes.every(lane => lane.break === undefined),
  )
  return report.lanes[0]?.break
}

test('checkpoints of an untouched journal hold, and say how far they reach', async () => {
  const disk = await closed()
  const report = await verifyJournal(disk.source, disk.keys)
  assert.equal(report.whole, true)
  const holds = { count: 3, lastEvent: COUNT, signatures: 'verified', unfinished: false }
  assert.deepEqual(
    report.lanes.map(lane => lane.checkpoints),
    [holds, holds],
  )
  const unchecked = await verifyJournal(disk.source)
  assert.equal(unchecked.lanes[0]?.checkpoints?.signatures, 'unchecked')
})

test('whichever byte of a checkpoint file is changed, the checkpoint is named', async () => {
  const disk = await closed([0])
  const bytes = disk.files.bytes(PATH)
  const changed = Buffer.from(bytes)
  disk.files.put(PATH, changed)
  let line = 1
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] as number
    changed[at] = byte ^ (1 << (at % 8))
    const broken = await found(disk)
    assert.equal(broken?.checkpoint, line, `byte ${at}: ${broken?.reason}`)
    changed[at] = byte
    if (byte === 0x0a) line++
  }
  assert.equal(line, 4)
  assert.equal(await found(disk), undefined)
})

test('however a byte is changed, it is found, also where the signatures are not checked', async () => {
  const disk = await closed()
  const bytes = disk.files.bytes(PATH)
  const place = fc.nat(bytes.length - 1)
  await fc.assert(
    fc.asyncProperty(place, fc.integer({ min: 1, max: 255 }), fc.boolean(), async (at, mask, withKey) => {
      const files = disk.files.copy()
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] ?? 0) ^ mask
      files.put(PATH, changed)
      const report = await verifyJournal({ ...disk.source, files }, withKey ? disk.keys : undefined)
      // Time, key and signature are bound by the checkpoint behind, and by the head file.
      assert.equal(report.whole, false)
      assert.match(String(report.lanes[0]?.break?.reason), /^checkpoint [123]: /)
    }),
    { numRuns: 200 },
  )
})

/** Writes the lane anew with other events, as somebody does who knows the format: chain, checksums and head fit. */
async function rewrite(
  disk: CheckpointedDisk,
  change: (events: unknown[]) => unknown[],
): Promise<MemoryFiles> {
  const events: unknown[] = []
  for await (const { payload } of readRange(disk.source, 0, 1, COUNT)) {
    events.push((JSON.parse(payload.toString()) as { e: unknown }).e)
  }
  const files = disk.files.copy()
  for (const name of files.contents.keys()) if (name.startsWith('journal/00/')) files.contents.delete(name)
  const [checkpoint] = await disk.checkpoints()
  const journalId = Buffer.from(checkpoint?.journal ?? '', 'hex')
  let link = genesis(0, journalId)
  const header = { lane: 0, segment: 1, firstEvent: 1, journalId, previousLink: link }
  const parts = [encodeHeader(header)]
  const changed = change(events)
  changed.forEach((event, at) => {
    const json = JSON.stringify(event)
    const bytes = Buffer.alloc(frameBytes(Buffer.byteLength(json)))
    const position = { number: at + 1, batchStart: at + 1 }
    const frame = bytes.subarray(0, writeFrame(bytes, 0, link, position, json))
    assert.ok(frame.length > FRAME_PREFIX_BYTES)
    link = nextLink(frame)
    parts.push(frame)
  })
  files.put(layout.segment('journal', 0, 1), Buffer.concat(parts))
  const last = (await disk.checkpoints()).length
  assert.equal(last, 3)
  const tail = { journalId: journalId.toString('hex'), number: changed.length, link: link.toString('hex') }
  await writeHead(files, 'journal', { lane: 0, ...tail, openSince: 1, clean: true })
  return files
}

test('a chain that is written anew without a change is as good as the old one', async () => {
  const disk = await closed()
  assert.equal(await found(disk, await rewrite(disk, events => events)), undefined)
})

/** How events are changed, and how far behind the place the first wrong one stands. */
const REWRITES: readonly [string, (events: unknown[], at: number) => unknown[], number][] = [
  ['is removed', (events, at) => events.toSpliced(at, 1), 0],
  ['is altered', (events, at) => events.with(at, { ...(events[at] as object), clientAddress: '::2' }), 0],
  ['stands twice', (events, at) => events.toSpliced(at, 0, events[at]), 1],
  [
    'is swapped with the next',
    (events, at) => events.toSpliced(at, 2, ...events.slice(at, at + 2).reverse()),
    0,
  ],
]

for (const [what, change, behind] of REWRITES) {
  test(`found in a chain that was written anew with its head: an event ${what}, whichever it is`, async () => {
    const disk = await closed()
    for (let at = 0; at < COUNT - 1; at++) {
      const broken = await found(disk, await rewrite(disk, events => change(events, at)))
      // Where two events change places over an edge, the first of the two checkpoints is named.
      assert.equal(broken?.checkpoint, Math.floor((at + behind) / EVERY) + 1, broken?.reason)
      assert.match(broken?.reason ?? '', /was signed over/)
    }
  })
}

test('found in a chain that was written anew with its head: a tail cut off, wherever', async () => {
  const disk = await closed()
  for (let kept = 0; kept < COUNT; kept++) {
    const broken = await found(disk, await rewrite(disk, events => events.slice(0, kept)))
    const number = Math.floor(kept / EVERY) + 1
    assert.equal(broken?.checkpoint, number)
    assert.equal(
      broken?.reason,
      `checkpoint ${number}: the chain ends here, but it was signed over events up to ${number * EVERY}`,
    )
    assert.equal(broken?.place.event, kept + 1)
  }
})

/** Signs what it is given. */
async function signed(checkpoint: SignedCheckpoint, seed = 'signer'): Promise<SignedCheckpoint> {
  const signer = testSigner(seed)
  const named = { ...checkpoint, key: signer.keyId }
  return { ...named, signature: (await signer.sign(signedBytes(named))).toString('base64') }
}

const lines = (checkpoints: readonly SignedCheckpoint[]): Buffer =>
  Buffer.from(checkpoints.map(each => `${encodeCheckpoint(each)}\n`).join(''))

type Change = (all: SignedCheckpoint[], other: SignedCheckpoint[]) => SignedCheckpoint[]
const at = (all: readonly SignedCheckpoint[], index: number): SignedCheckpoint =>
  all[index] as SignedCheckpoint

const TAMPERINGS: readonly [string, Change, number, RegExp][] = [
  ['the first is removed', all => all.slice(1), 1, /checkpoint 2 stands in its place/],
  ['one in the middle is removed', all => all.toSpliced(1, 1), 2, /checkpoint 3 stands in its place/],
  ['the last is removed', all => all.slice(0, -1), 3, /missing: the head file knows/],
  ['all are removed', () => [], 1, /missing: the head file knows/],
  ['two are swapped', ([a, b, c]) => [a, c, b] as SignedCheckpoint[], 2, /checkpoint 3 stands in its place/],
  [
    'one stands twice',
    ([a, b, c]) => [a, a, b, c] as SignedCheckpoint[],
    2,
    /checkpoint 1 stands in its place/,
  ],
  ['one is of another lane', (all, other) => all.with(1, at(other, 1)), 2, /is of lane 1/],
  ['all are of another lane', (_, other) => other, 1, /is of lane 1/],
]

for (const [what, change, number, reason] of TAMPERINGS) {
  test(`found and named in a checkpoint file: ${what}`, async () => {
    const disk = await closed()
    disk.files.put(PATH, lines(change(await disk.checkpoints(0), await disk.checkpoints(1))))
    const broken = await found(disk)
    assert.equal(broken?.checkpoint, number, broken?.reason)
    assert.match(broken?.reason ?? '', reason)
  })
}

/** What somebody with the signing key, or with one of their own, can write. */
const FORGERIES: readonly [string, (third: SignedCheckpoint) => Promise<SignedCheckpoint>, RegExp][] = [
  ['of another journal', third => signed({ ...third, journal: '00'.repeat(16) }), /of another journal/],
  ['with another root', third => signed({ ...third, root: third.link }), /signed over other events 9 to 12/],
  ['with another link', third => signed({ ...third, link: third.root }), /signed over other events 9 to 12/],
  ['that leaves an event out', third => signed({ ...third, first: 10 }), /begins with event 10, the one/],
  ['that follows from another', third => signed({ ...third, previous: third.root }), /does not follow from/],
  ['at another time', third => signed({ ...third, timeMs: 1 }), /the head file knows another one/],
  ['with another key', third => signed(third, 'thief'), /signed with the key `\w{32}`, which is not among/],
  [
    'with another key under the name of the right one',
    async third => ({ ...(await signed(third, 'thief')), key: third.key }),
    /its signature does not hold/,
  ],
]

for (const [what, forge, reason] of FORGERIES) {
  test(`found and named: a checkpoint ${what}`, async () => {
    const disk = await closed()
    const all = await disk.checkpoints(0)
    disk.files.put(PATH, lines(all.with(2, await forge(at(all, 2)))))
    const broken = await found(disk)
    assert.equal(broken?.checkpoint, 3, broken?.reason)
    assert.match(broken?.reason ?? '', reason)
  })
}

test('a lane that is removed with its head is missed by its checkpoints', async () => {
  const disk = await closed()
  for (const name of [...disk.files.contents.keys()]) {
    if (/^journal\/(00|heads\/00)/.test(name)) disk.files.contents.delete(name)
  }
  assert.match((await found(disk))?.reason ?? '', /signed over events up to 4/)
})

test('removed checkpoints are not missed where the head was rewritten: the report has none', async () => {
  const disk = await closed()
  const files = await rewrite(disk, events => events)
  files.contents.delete(PATH)
  const report = await verifyJournal({ ...disk.source, files }, disk.keys)
  assert.deepEqual([report.whole, report.lanes[0]?.checkpoints], [true, undefined])
})

test('verifying beside a gate that writes finds nothing, at any moment', async () => {
  const disk = checkpointedDisk({ events: 3, segmentBytes: 900 })
  const journal = await disk.open()
  const looks = 15
  let looked = 0
  let written = 0
  const writer = (async (): Promise<void> => {
    for (; looked < looks; written++) {
      await journal.append(allowed(`e${written}`))
      if (written % 7 === 0) await setImmediate()
    }
  })()
  try {
    for (; looked < looks; looked++) {
      const report = await verifyJournal(disk.source, disk.keys)
      assert.equal(report.whole, true, JSON.stringify(report))
      await setImmediate()
    }
  } finally {
    looked = looks
    await writer
  }
  await journal.close()
  assert.ok(written > looks)
  assert.equal((await verifyJournal(disk.source, disk.keys)).lanes[0]?.checkpoints?.lastEvent, written)
})

test('a journal that is being written holds up to the end of what is whole', async () => {
  const disk = checkpointedDisk({ events: EVERY })
  const journal = await disk.open()
  await fill(journal, 5)
  await journal.close()
  const open = checkpointedDisk({ events: EVERY }, disk.files)
  await open.open()
  const bytes = disk.files.bytes(PATH)
  disk.files.put(PATH, Buffer.concat([bytes, bytes.subarray(0, 100)]))
  const report = await verifyJournal(disk.source, disk.keys)
  assert.equal(report.whole, true, JSON.stringify(report))
  assert.deepEqual(report.lanes[0]?.checkpoints, {
    count: 2,
    lastEvent: 5,
    signatures: 'verified',
    unfinished: true,
  })
  assert.equal(byId([...disk.keys.values()]).size, 1)
})
