import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ManualClock } from '../core/clock.ts'
import { allowed, onDisk, STARTED_MS, type TestDisk } from './journal.fixture.ts'
import { segmentNumbers } from './segment.ts'
import { verifyJournal } from './verify.ts'

const DAY_MS = 24 * 3_600_000

async function segments(disk: TestDisk): Promise<number[]> {
  return segmentNumbers(await disk.files.list('journal/00'))
}

/** Lets time go by, an hour at a time, with the timers that are due. */
async function pass(disk: TestDisk, clock: ManualClock, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 3_600_000) {
    clock.advance(Math.min(left, 3_600_000))
    for (const timer of disk.timers.splice(0)) timer.run()
    await disk.settle()
  }
}

test('a segment with events gets a successor at its age, though nothing comes; one without does not', async () => {
  const clock = new ManualClock(STARTED_MS)
  const disk = onDisk({ segmentAgeMs: DAY_MS }, clock)
  const journal = await disk.open()
  await pass(disk, clock, 3 * DAY_MS)
  assert.deepEqual(await segments(disk), [1])
  await journal.append(allowed('a'))
  await pass(disk, clock, DAY_MS - 3_600_000)
  assert.deepEqual(await segments(disk), [1])
  await pass(disk, clock, 2 * 3_600_000)
  assert.deepEqual(await segments(disk), [1, 2])
  await pass(disk, clock, 9 * DAY_MS)
  assert.deepEqual(await segments(disk), [1, 2])
  await journal.append(allowed('b'))
  await pass(disk, clock, DAY_MS + 3_600_000)
  assert.deepEqual(await segments(disk), [1, 2, 3])
  await journal.close()
  assert.equal(disk.timers.length, 0)
  const report = await verifyJournal(disk.source)
  assert.deepEqual([report.whole, report.events], [true, 2])
})

test('the age goes on over a restart; a longer one than any timer holds is waited for in parts', async () => {
  const clock = new ManualClock(STARTED_MS)
  const disk = onDisk({ segmentAgeMs: 30 * DAY_MS }, clock)
  await (await disk.open()).append(allowed('a'))
  await pass(disk, clock, 20 * DAY_MS)
  assert.ok(disk.timers.every(({ delayMs }) => delayMs <= 3_600_000))
  disk.files.crash()
  disk.timers.length = 0
  await disk.open()
  await pass(disk, clock, 10 * DAY_MS + 2 * 3_600_000)
  assert.deepEqual(await segments(disk), [1, 2])
})

test('a successor that the disk refuses comes later, and nothing is lost', async () => {
  const clock = new ManualClock(STARTED_MS)
  const disk = onDisk({ segmentAgeMs: DAY_MS }, clock)
  const journal = await disk.open()
  await journal.append(allowed('a'))
  disk.files.fault = call => {
    if (call === 'rename') throw Object.assign(new Error('full'), { code: 'ENOSPC' })
    return undefined
  }
  await pass(disk, clock, DAY_MS + 3_600_000)
  assert.deepEqual(await segments(disk), [1])
  disk.files.fault = () => undefined
  await pass(disk, clock, 2 * 3_600_000)
  await journal.append(allowed('b'))
  await pass(disk, clock, DAY_MS)
  assert.ok((await segments(disk)).length >= 2)
  await journal.close()
  assert.equal((await verifyJournal(disk.source)).events, 2)
})

test('whatever comes when, no segment with events stays open for longer than its age and a look', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(40), { maxLength: 12 }), async pauses => {
      const clock = new ManualClock(STARTED_MS)
      const disk = onDisk({ segmentAgeMs: DAY_MS }, clock)
      const journal = await disk.open()
      const since = new Map<number, number>()
      for (const hours of pauses) {
        await journal.append(allowed('a'))
        const last = (await segments(disk)).at(-1) ?? 0
        if (!since.has(last)) since.set(last, clock.now())
        await pass(disk, clock, hours * 3_600_000)
        const open = (await segments(disk)).at(-1) ?? 0
        const age = clock.now() - (since.get(open) ?? clock.now())
        assert.ok(age <= DAY_MS + 3_600_000, `${age}`)
      }
    }),
    { numRuns: 40 },
  )
})
