import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../core/clock.ts'
import type { LaneJournal } from './event.ts'
import { allowed, ended, ids, onDisk, STARTED_MS, steadyRandom } from './journal.fixture.ts'
import { openJournal } from './journal.ts'

/** A journal whose decisions wait until `run` is called; and what was written of its first segment by then. */
async function opened(): Promise<{
  readonly disk: ReturnType<typeof onDisk>
  readonly journal: LaneJournal
  readonly soon: (() => void)[]
  writes(): number
}> {
  const disk = onDisk()
  const soon: (() => void)[] = []
  const journal = await openJournal(
    { folder: 'journal', lane: 0 },
    {
      files: disk.files,
      clock: new ManualClock(STARTED_MS),
      random: steadyRandom('journal'),
      after: () => () => undefined,
      soon: run => void soon.push(run),
    },
  )
  const before = disk.files.calls.length
  const writes = (): number =>
    disk.files.calls.slice(before).filter(call => /^write .*\.seg$/.test(call)).length
  return { disk, journal, soon, writes }
}

test('decisions that come together are one write, and none is acknowledged before', async () => {
  const { disk, journal, soon, writes } = await opened()
  let done = 0
  const appends = ['a', 'b', 'c'].map(id => journal.append(allowed(id)).then(() => done++))
  await disk.settle()
  assert.deepEqual([soon.length, done, writes()], [1, 0, 0])
  soon[0]?.()
  await Promise.all(appends)
  assert.equal(writes(), 1)
  await journal.close()
  assert.deepEqual(ids(await disk.events()), ['a', 'b', 'c'])
})

test('an outcome goes with the next decision, and asks for no write of its own', async () => {
  const { disk, journal, soon, writes } = await opened()
  const outcome = journal.append(ended('a'))
  await disk.settle()
  assert.deepEqual([soon.length, writes()], [0, 0])
  const decision = journal.append(allowed('b'))
  soon[0]?.()
  await Promise.all([outcome, decision])
  assert.equal(writes(), 1)
  await journal.close()
})

test('closing writes what waits, and nothing is written behind it', async () => {
  const { disk, journal, soon } = await opened()
  const waiting = journal.append(allowed('a'))
  await journal.close()
  await waiting
  assert.deepEqual(ids(await disk.events()), ['a'])
  const calls = disk.files.calls.length
  soon[0]?.()
  await disk.settle()
  assert.equal(disk.files.calls.length, calls)
})
