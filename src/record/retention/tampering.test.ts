import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { nextLink } from '../chain.ts'
import { FRAME_PREFIX_BYTES, frameBytes, readFrame, readPayload, writeFrame } from '../frame.ts'
import { STARTED_MS } from '../journal.fixture.ts'
import type { MemoryFiles } from '../memory-files.ts'
import { layout, SEGMENT_HEADER_BYTES } from '../segment.ts'
import { type LaneReport, verifyJournal } from '../verify.ts'
import { isRemovedBetween, nextSegment } from './hints.ts'
import { addHoldWord } from './holds.ts'
import { type Gap, newestFirst, voucherOf } from './removal.ts'
import { HOUR_MS, type RetainedDisk, record, retainedDisk } from './retention.fixture.ts'

/** Two lanes with gaps at the beginning and around a segment on hold; what vouches for them stands in lane 0. */
async function gapped(): Promise<RetainedDisk> {
  const disk = await retainedDisk([0, 1])
  await record(disk.journals[1], 4, { name: 'a' })
  await record(disk.journals[1], 2, { name: 'b', session: 'HELD' })
  await record(disk.journals[1], 9, { name: 'c' })
  await record(disk.journals[0], 6, { name: 'd' })
  await disk.catchUp()
  disk.nowMs = STARTED_MS + 2 * HOUR_MS
  await addHoldWord(disk.source, { what: 'hold', session: 'HELD', timeMs: STARTED_MS, by: 'ana' })
  await disk.settleDown(disk.retention())
  await record(disk.journals[0], 4, { name: 'f', timeMs: disk.nowMs })
  await record(disk.journals[1], 4, { name: 'g', timeMs: disk.nowMs })
  await disk.catchUp()
  for (const journal of disk.journals) await journal.close()
  return disk
}

const built = gapped()

async function verified(files: MemoryFiles): Promise<readonly LaneReport[]> {
  const disk = await built
  return (await verifyJournal({ ...disk.source, files }, disk.keys)).lanes
}

/** The lane is broken, and the place that is named is not behind what was changed. */
async function assertFound(files: MemoryFiles, lane: number, segment: number, what: string): Promise<void> {
  const broken = (await verified(files))[lane]?.break
  assert.ok(broken, `${what} was not found`)
  assert.ok(broken.place.segment <= segment + 1, `${what}: segment ${broken.place.segment} was named`)
}

const FRAMES = (bytes: Buffer): Buffer[] => {
  const frames: Buffer[] = []
  for (let at = SEGMENT_HEADER_BYTES; at < bytes.length; ) {
    const reading = readFrame(bytes, at)
    assert.ok(reading.kind === 'frame')
    frames.push(reading.frame)
    at += reading.frame.length
  }
  return frames
}

test('untouched, it is whole: two gaps in one lane, one in the other', async () => {
  const lanes = await verified((await built).files)
  assert.deepEqual(
    lanes.map(lane => [lane.break, lane.removed?.length]),
    [
      [undefined, 1],
      [undefined, 2],
    ],
  )
})

test('whichever byte of whichever segment is changed, it is found, before and behind gaps', async () => {
  const disk = await built
  const names: [number, number, string][] = []
  for (const lane of [0, 1]) {
    for (const segment of await disk.segments(lane))
      names.push([lane, segment, layout.segment('journal', lane, segment)])
  }
  const place = fc.constantFrom(...names).chain(([lane, segment, name]) =>
    fc.record({
      lane: fc.constant(lane),
      segment: fc.constant(segment),
      name: fc.constant(name),
      at: fc.nat(disk.files.bytes(name).length - 1),
    }),
  )
  await fc.assert(
    fc.asyncProperty(place, fc.integer({ min: 1, max: 255 }), async ({ lane, segment, name, at }, mask) => {
      const files = disk.files.copy()
      const bytes = files.bytes(name)
      bytes[at] = (bytes[at] ?? 0) ^ mask
      await assertFound(files, lane, segment, `byte ${at} of segment ${segment}`)
    }),
    { numRuns: 200 },
  )
})

test('each event removed, each pair swapped, each segment cut or taken away: found in its lane', async () => {
  const disk = await built
  for (const lane of [0, 1]) {
    for (const segment of await disk.segments(lane)) {
      const name = layout.segment('journal', lane, segment)
      const bytes = disk.files.bytes(name)
      const frames = FRAMES(bytes)
      const head = bytes.subarray(0, SEGMENT_HEADER_BYTES)
      const tries: [string, Buffer | undefined][] = [['the segment taken away', undefined]]
      frames.forEach((_, at) => {
        tries.push([`event ${at} removed`, Buffer.concat([head, ...frames.toSpliced(at, 1)])])
        tries.push([`cut before event ${at}`, Buffer.concat([head, ...frames.slice(0, at)])])
        if (at === 0) return
        const swapped = frames.toSpliced(at - 1, 2, frames[at] as Buffer, frames[at - 1] as Buffer)
        tries.push([`events ${at - 1} and ${at} swapped`, Buffer.concat([head, ...swapped])])
      })
      for (const [what, changed] of tries) {
        const files = disk.files.copy()
        if (changed === undefined) files.contents.delete(name)
        else files.put(name, changed)
        await assertFound(files, lane, segment, `lane ${lane}, segment ${segment}: ${what}`)
      }
    }
  }
})

/** Writes the events of a segment anew from one on, changed, with a chain and checksums that fit in themselves. */
function rewritten(
  bytes: Buffer,
  change: (text: string, number: number) => string,
): { bytes: Buffer; link: Buffer } {
  const parts: Buffer[] = [bytes.subarray(0, SEGMENT_HEADER_BYTES)]
  let link: Buffer = Buffer.from(bytes.subarray(40, 72))
  for (const frame of FRAMES(bytes)) {
    const { number, batchStart, event } = readPayload(frame)
    const json = change(JSON.stringify(event), number)
    const room = Buffer.alloc(frameBytes(Buffer.byteLength(json)))
    const made = room.subarray(0, writeFrame(room, 0, link, { number, batchStart }, json))
    link = nextLink(made)
    parts.push(made)
  }
  return { bytes: Buffer.concat(parts), link }
}

test('a segment between two gaps, written anew in one piece, does not fit what was said of the gap behind it', async () => {
  const disk = await built
  const held = (await disk.segments(1))[0] ?? 0
  const name = layout.segment('journal', 1, held)
  const same = disk.files.copy()
  same.put(name, rewritten(same.bytes(name), text => text).bytes)
  assert.equal((await verified(same))[1]?.break, undefined, 'written anew without a change it is the same')
  const files = disk.files.copy()
  files.put(name, rewritten(files.bytes(name), text => text.replace('"::1"', '"::2"')).bytes)
  await assertFound(files, 1, held, 'the change')
})

test('a removal that is forged, by whoever can write the disk and has no key, vouches for nothing', async () => {
  const disk = await retainedDisk([0], { events: 4 })
  await record(disk.journals[0], 8)
  await disk.catchUp()
  // An attacker takes segments away, and adds his own word for it behind the last checkpoint, with a head and a hint.
  const [first, second] = (await disk.segments()).map(each =>
    disk.files.bytes(layout.segment('journal', 0, each)),
  )
  assert.ok(first !== undefined && second !== undefined)
  const forged = {
    type: 'removal' as const,
    id: 'FORGED',
    timeMs: STARTED_MS,
    lane: 0,
    segments: [1, 1] as const,
    events: [1, FRAMES(first).length] as const,
    before: first.subarray(40, 72).toString('hex'),
    after: second.subarray(40, 72).toString('hex'),
    why: 'age' as const,
  }
  const taken = disk.files.copy()
  await disk.journals[0]?.append(forged)
  await disk.journals[0]?.close()
  // As the gate itself would have said it, it counts: it is signed.
  const said = disk.files.copy()
  said.contents.delete(layout.segment('journal', 0, 1))
  assert.equal((await verifyJournal({ files: said, folder: 'journal' }, disk.keys)).whole, true)
  // Behind the last checkpoint it does not, with keys or without.
  said.put('journal/checkpoints/00.jsonl', taken.bytes('journal/checkpoints/00.jsonl'))
  const head = JSON.parse(said.bytes('journal/heads/00.json').toString()) as { checkpoint?: object }
  const known = JSON.parse(taken.bytes('journal/heads/00.json').toString()) as { checkpoint?: object }
  said.put('journal/heads/00.json', Buffer.from(JSON.stringify({ ...head, checkpoint: known.checkpoint })))
  for (const keys of [disk.keys, undefined]) {
    const report = await verifyJournal({ files: said, folder: 'journal' }, keys)
    assert.equal(report.lanes[0]?.break?.place.segment, 1, JSON.stringify(report))
  }
})

test('two removals that stand before gaps and vouch for each other prove nothing', async () => {
  // Lane 0 says that segment 1 of lane 1 went, lane 1 that segment 1 of lane 0 did; both stand in segment 2 behind the
  // gap, and what a checkpoint would show of them was taken away.
  const disk = await retainedDisk([0, 1], { events: 50 })
  for (const lane of [0, 1]) await record(disk.journals[lane], 6, { name: `${lane}.` })
  for (const lane of [0, 1]) {
    const other = 1 - lane
    const [first, second] = [1, 2].map(each => disk.files.bytes(layout.segment('journal', other, each)))
    assert.ok(first !== undefined && second !== undefined)
    await disk.journals[lane]?.append({
      type: 'removal',
      id: `FORGED${lane}`,
      timeMs: STARTED_MS,
      lane: other,
      segments: [1, 1],
      events: [1, FRAMES(first).length],
      before: first.subarray(40, 72).toString('hex'),
      after: second.subarray(40, 72).toString('hex'),
      why: 'age',
    })
  }
  for (const lane of [0, 1]) disk.files.contents.delete(layout.segment('journal', lane, 1))
  const report = await verifyJournal(disk.source, disk.keys)
  assert.deepEqual(
    report.lanes.map(lane => lane.break?.place.segment),
    [1, 1],
  )
})

test('numbers of segments that are far apart hold up neither verifying nor reading', async () => {
  const disk = await retainedDisk([0], { unsigned: true })
  await record(disk.journals[0], 1)
  await disk.journals[0]?.close()
  const path = layout.segment('journal', 0, 1)
  const last = FRAMES(disk.files.bytes(path)).at(-1) ?? Buffer.alloc(0)
  const { number } = readPayload(last)
  const FAR = 2 ** 32 - 1
  // The segment that follows was renamed, and a removal says that all before it went.
  const forged = {
    type: 'removal' as const,
    id: 'FORGED',
    timeMs: STARTED_MS,
    lane: 0,
    segments: [2, Number.MAX_SAFE_INTEGER] as const,
    events: [number + 1, number + 7] as const,
    before: nextLink(last).toString('hex'),
    after: '11'.repeat(32),
    why: 'age' as const,
  }
  const gap: Gap = {
    lane: 0,
    first: 2,
    last: undefined,
    before: { number, link: nextLink(last) },
    after: { number: number + 7, link: Buffer.alloc(32, 0x11) },
  }
  assert.equal(voucherOf(gap, [forged], new Map()), forged)
  const withdrawn = { ...forged, id: 'W', timeMs: STARTED_MS + 1, why: 'withdrawn' as const }
  const words = newestFirst([forged, { ...withdrawn, segments: [FAR - 5, FAR - 5] as const }], 0)
  assert.equal(voucherOf(gap, words, new Map()), undefined)
  disk.files.put(layout.segment('journal', 0, FAR), Buffer.from('far'))
  const hint = { ...forged, at: { lane: 0, segment: 1, event: 1 } }
  disk.files.put('journal/removed/00.jsonl', Buffer.from(`${JSON.stringify(hint)}\n`))
  assert.equal(await nextSegment(disk.source, 0, 2), FAR)
  assert.equal(await isRemovedBetween(disk.source, 0, 1, FAR), true)
  const shorter = { ...hint, segments: [2, FAR - 2] }
  disk.files.put('journal/removed/00.jsonl', Buffer.from(`${JSON.stringify(shorter)}\n`))
  await assert.rejects(nextSegment(disk.source, 0, 2), new RegExp(`segment ${FAR - 1} of lane 00 is missing`))
})

test('the links of the fixture are those of the format', () => {
  const frame = Buffer.alloc(FRAME_PREFIX_BYTES + 3, 1)
  assert.ok(nextLink(frame).equals(hash('sha256', frame.subarray(8), 'buffer')))
})
