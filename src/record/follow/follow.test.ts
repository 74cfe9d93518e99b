import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { JournalEvent } from '../event.ts'
import { allowed, ended, onDisk, STARTED_MS, type TestDisk } from '../journal.fixture.ts'
import { MemoryFiles } from '../memory-files.ts'
import { readLane } from '../read.ts'
import { CallJoiner } from './join.ts'
import { JournalFollower } from './journal.ts'
import { MAX_DAMAGED_LOOKS } from './lane.ts'

async function look(follower: JournalFollower): Promise<string[]> {
  const ids: string[] = []
  for await (const { event } of follower.look()) ids.push(event.id)
  return ids
}

async function append(disk: TestDisk, ...ids: string[]): Promise<void> {
  const journal = await disk.open()
  for (const id of ids) await journal.append({ ...allowed(id), effect: 'deny' })
  await journal.close()
}

/** Changes a file under whoever has it open. */
function overwrite(disk: TestDisk, path: string, bytes: Buffer): void {
  const stored = disk.files.contents.get(path)
  assert.ok(stored)
  stored.bytes = bytes
}

test('each event once, in order, over the ends of segments, however the looks fall', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 8 }), async batches => {
      const disk = onDisk({ segmentBytes: 600 })
      const follower = new JournalFollower(disk.source)
      const written: string[] = []
      const seen = await look(follower)
      const journal = await disk.open()
      for (const size of batches) {
        const ids = Array.from({ length: size }, (_, at) => `e${written.length + at}`)
        written.push(...ids)
        await Promise.all(ids.map(id => journal.append({ ...allowed(id), effect: 'deny' })))
        seen.push(...(await look(follower)))
      }
      await journal.close()
      seen.push(...(await look(follower)))
      await follower.close()
      assert.deepEqual(seen, written)
    }),
    { numRuns: 60 },
  )
})

test('several gates write, and one begins later', async () => {
  const files = new MemoryFiles()
  const [first, second] = [onDisk({ lane: 0 }, undefined, files), onDisk({ lane: 7 }, undefined, files)]
  const follower = new JournalFollower(first.source)
  await append(first, 'a')
  assert.deepEqual(await look(follower), ['a'])
  await append(second, 'x', 'y')
  await append(first, 'b')
  assert.deepEqual(await look(follower), ['b', 'x', 'y'])
  assert.deepEqual(await look(follower), [])
  await follower.close()
})

test('a lane that appears is followed from its beginning, though it has gone on to other segments', async () => {
  const files = new MemoryFiles()
  const first = onDisk({ lane: 0 }, undefined, files)
  const second = onDisk({ lane: 1, segmentBytes: 400 }, undefined, files)
  const follower = new JournalFollower(first.source)
  await append(first, 'a')
  assert.deepEqual(await look(follower), ['a'])
  await append(second, 'w', 'x', 'y', 'z')
  assert.deepEqual(await look(follower), ['w', 'x', 'y', 'z'])
  await follower.close()
})

test('the first look gives the newest segment of a lane, not its past', async () => {
  const disk = onDisk({ segmentBytes: 400 })
  await append(disk, 'a', 'b', 'c', 'd')
  const follower = new JournalFollower(disk.source)
  const seen = await look(follower)
  assert.deepEqual(seen.at(-1), 'd')
  assert.ok(seen.length < 4)
  await follower.close()
})

test('what the writer takes back and writes anew is followed', async () => {
  const disk = onDisk()
  await append(disk, 'a', 'b')
  const follower = new JournalFollower(disk.source)
  const path = disk.segment(1)
  const before = disk.files.bytes(path)
  const other = onDisk({}, undefined, disk.files.copy())
  await append(disk, 'lost')
  assert.deepEqual(await look(follower), ['a', 'b', 'lost'])
  overwrite(disk, path, before)
  assert.deepEqual(await look(follower), [])
  await append(other, 'kept', 'more')
  overwrite(disk, path, other.files.bytes(path))
  const seen = [...(await look(follower)), ...(await look(follower))]
  assert.deepEqual(seen, ['kept', 'more'])
  await follower.close()
})

test('half an event is waited for', async () => {
  const disk = onDisk()
  await append(disk, 'a', 'b')
  const path = disk.segment(1)
  const whole = disk.files.bytes(path)
  overwrite(disk, path, whole.subarray(0, whole.length - 20))
  const follower = new JournalFollower(disk.source)
  assert.deepEqual(await look(follower), ['a'])
  overwrite(disk, path, whole)
  assert.deepEqual(await look(follower), ['b'])
  await follower.close()
})

test('damage that stays is an error, with its place', async () => {
  const disk = onDisk()
  await append(disk, 'a', 'b')
  const bytes = disk.files.bytes(disk.segment(1))
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 5) ^ 1, bytes.length - 5)
  const follower = new JournalFollower(disk.source)
  for (let i = 1; i < MAX_DAMAGED_LOOKS; i++) await look(follower)
  await assert.rejects(look(follower), /damaged at lane 00, segment 1, event 2/)
  await follower.close()
})

test('what is followed is what is read', async () => {
  const disk = onDisk({ segmentBytes: 100_000 })
  await append(disk, ...Array.from({ length: 50 }, (_, at) => `e${at}`))
  const follower = new JournalFollower(disk.source, payload => payload.includes('"e1'))
  const read: string[] = []
  for await (const { event } of readLane(disk.source, 0)) if (event.id.startsWith('e1')) read.push(event.id)
  assert.deepEqual(await look(follower), read)
  await follower.close()
})

/** The entries' names, as `a:outcome`. */
function released(joiner: CallJoiner, nowMs: number): string[] {
  return [...joiner.release(nowMs)].map(entry => {
    if (entry.kind === 'call') return `${entry.decision.id}:${entry.ending.kind}`
    return entry.kind === 'outcome' ? `late:${entry.outcome.decisionId}` : entry.kind
  })
}

test('calls are shown with how they ended, or without after a while', () => {
  const joiner = new CallJoiner(1_000)
  const denied: JournalEvent = { ...allowed('n'), effect: 'deny' }
  for (const event of [allowed('a'), denied]) joiner.add(event, STARTED_MS)
  assert.deepEqual(released(joiner, STARTED_MS + 999), [])
  joiner.add(ended('a'), STARTED_MS + 999)
  assert.deepEqual(released(joiner, STARTED_MS + 999), ['a:outcome', 'n:denied'])
  joiner.add(allowed('long'), STARTED_MS + 1_000)
  assert.deepEqual(released(joiner, STARTED_MS + 2_000), ['long:open'])
  joiner.add(ended('long'), STARTED_MS + 9_000)
  joiner.add(ended('never-shown'), STARTED_MS + 9_000)
  assert.deepEqual(released(joiner, STARTED_MS + 9_000), ['late:long'])
})

test('a crash is how a call ended, as far as anybody knows', () => {
  const joiner = new CallJoiner(1_000)
  joiner.add(allowed('a'), STARTED_MS)
  joiner.add(
    { type: 'recovery', id: 'r', timeMs: STARTED_MS, inFlight: ['a', 'b'], tornBytes: 0 },
    STARTED_MS,
  )
  assert.deepEqual(released(joiner, STARTED_MS), ['a:lost'])
})
