import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Journal } from '../event.ts'
import { allowed, ids } from '../journal.fixture.ts'
import type { MemoryFiles } from '../memory-files.ts'
import { readJournal } from '../read.ts'
import { verifyJournal } from '../verify.ts'
import { type CheckpointedDisk, checkpointedDisk, eventually, settle } from './checkpoint.fixture.ts'
import { checkpointPath } from './lane-file.ts'

const PATH = checkpointPath('journal', 0)

/** The whole lines of the checkpoint file: as a reader sees them, or as a power cut leaves them. */
function lines(files: MemoryFiles, which: 'bytes' | 'durable'): string[] {
  const text = files.contents.get(PATH)?.[which].toString('latin1') ?? ''
  return text.split('\n').slice(0, -1)
}

/** Every call from the n-th on fails: to the journal it is as if it were killed there. */
function freezeAfter(files: MemoryFiles, calls: number): void {
  let left = calls
  files.fault = () => {
    if (left-- > 0) return undefined
    throw Object.assign(new Error('the process is gone'), { code: 'EIO' })
  }
}

async function appendAll(journal: Journal, names: readonly string[], done: string[]): Promise<void> {
  for (const name of names) {
    await journal.append(allowed(name)).then(
      () => done.push(name),
      error => assert.equal(error.code, 'journal-unavailable'),
    )
  }
}

/** Kills a gate at a call, in the middle of its work, and lets the next one finish. */
async function killedAt(calls: number, end: 'crash' | 'powerCut'): Promise<{ froze: boolean }> {
  const disk = checkpointedDisk({ events: 3, segmentBytes: 900 })
  const acknowledged: string[] = []
  let froze = true
  freezeAfter(disk.files, calls)
  try {
    const journal = await disk.open()
    await appendAll(journal, ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'], acknowledged)
    await journal.close()
    froze = false
  } catch (error) {
    assert.equal((error as { code?: string }).code, 'journal-unavailable')
  }
  await settle()
  disk.files[end]()
  // A signature that the process that is gone still had under way finds the old disk alone, however slow the machine.
  const files = disk.files.copy()
  const seen = lines(files, end === 'crash' ? 'bytes' : 'durable')
  const after = checkpointedDisk({ events: 3, segmentBytes: 900 }, files)
  const journal = await after.open()
  await journal.append(allowed('last'))
  await journal.close()
  // What was there stays; nothing is signed twice.
  const now = lines(files, 'durable')
  const kept = seen.filter(line => line.endsWith('"}'))
  assert.deepEqual(now.slice(0, kept.length), kept)
  await assertWhole(after, [...acknowledged, 'last'])
  return { froze }
}

async function assertWhole(disk: CheckpointedDisk, expected: readonly string[]): Promise<void> {
  const report = await verifyJournal(disk.source, disk.keys)
  assert.equal(report.whole, true, JSON.stringify(report))
  const [lane] = report.lanes
  assert.equal(lane?.checkpoints?.lastEvent, lane?.events, 'checkpoints cover every event')
  const recorded: string[] = []
  for await (const { event } of readJournal(disk.source)) recorded.push(...ids([event]))
  assert.deepEqual(
    recorded.filter(id => expected.includes(id)),
    expected,
  )
}

for (const end of ['crash', 'powerCut'] as const) {
  test(`wherever a gate ends (${end}), the next one makes the missing checkpoints and no range gets two`, async () => {
    let calls = 0
    while ((await killedAt(calls, end)).froze) calls++
    assert.ok(calls > 40, `${calls} calls`)
  })
}

const step = fc.record({
  kind: fc.constantFrom('fine', 'write', 'sync', 'truncate', 'open', 'rename'),
  after: fc.nat(4),
  lasts: fc.boolean(),
  appends: fc.integer({ min: 1, max: 7 }),
  end: fc.constantFrom('go on', 'crash', 'powerCut'),
})

test('whatever the disk does, checkpoints cover durable events, once, and hold in the end', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async steps => {
      let disk = checkpointedDisk({ events: 3, segmentBytes: 900 })
      let { files } = disk
      const acknowledged: string[] = []
      let journal = await disk.open()
      let published: readonly string[] = []
      for (const [number, { kind, after, lasts, appends, end }] of steps.entries()) {
        let left = after
        files.fault = call => {
          if (call !== kind || left-- > 0 || (left < -1 && !lasts)) return undefined
          throw Object.assign(new Error('the disk says no'), { code: 'EIO' })
        }
        const names = Array.from({ length: appends }, (_, i) => `${number}.${i}`)
        await appendAll(journal, names, acknowledged)
        await disk.pass(6_000)
        const durable = lines(files, 'durable').filter(line => !line.includes('\0'))
        assert.deepEqual(durable.slice(0, published.length), published)
        published = durable
        if (end === 'go on') continue
        // A killed process signs nothing more: what it still does must not reach the disk.
        files.fault = () => {
          throw Object.assign(new Error('the process is gone'), { code: 'EIO' })
        }
        await settle()
        files[end]()
        // What is still under way of the process that is gone, however slow the machine, finds the old disk alone.
        files = files.copy()
        disk = checkpointedDisk({ events: 3, segmentBytes: 900 }, files)
        journal = await disk.open()
      }
      files.fault = () => undefined
      await disk.pass(60_000)
      await journal.append(allowed('last'))
      await journal.close()
      await assertWhole(disk, [...acknowledged, 'last'])
      assert.deepEqual(lines(files, 'durable').slice(0, published.length), published)
    }),
    { numRuns: 40 },
  )
})

test('the line that a crash left half written is made again, and nothing else changes', async () => {
  const disk = checkpointedDisk({ events: 3 })
  const journal = await disk.open()
  await appendAll(journal, ['a', 'b', 'c', 'd', 'e', 'f'], [])
  await eventually(async () => lines(disk.files, 'durable').length === 2)
  const whole = disk.files.bytes(PATH)
  const first = whole.indexOf('\n') + 1
  for (let length = first; length < whole.length; length += 7) {
    const files = disk.files.copy()
    files.put(PATH, Buffer.from(whole.subarray(0, length)))
    files.put('journal/heads/00.json', Buffer.from(headWithout(disk.files)))
    const next = checkpointedDisk({ events: 3 }, files)
    await (await next.open()).close()
    assert.deepEqual(lines(files, 'durable').slice(0, 2), lines(disk.files, 'durable'))
    await assertWhole(next, [])
  }
})

/** The head as it was before the second checkpoint was known to it. */
function headWithout(files: MemoryFiles): string {
  const { checkpoint, ...head } = JSON.parse(files.bytes('journal/heads/00.json').toString())
  assert.ok(checkpoint.number >= 1)
  return JSON.stringify(head)
}
