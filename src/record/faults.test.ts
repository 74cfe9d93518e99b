import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ManualClock } from '../core/clock.ts'
import type { Journal } from './event.ts'
import { allowed, ids, onDisk, STARTED_MS, type TestDisk } from './journal.fixture.ts'
import { verifyJournal } from './verify.ts'

type Kind = 'fine' | 'write' | 'short' | 'stuck' | 'sync' | 'truncate' | 'rename' | 'create' | 'open'

/** Makes the n-th call from now on of the kind fail, once or for ever. */
function arm(
  disk: TestDisk,
  fault: { readonly kind: Kind; readonly after: number; readonly lasts: boolean },
): void {
  let left = fault.after
  disk.files.fault = (call, _path, bytes) => {
    const wanted = fault.kind === 'short' || fault.kind === 'stuck' ? 'write' : fault.kind
    if (call !== wanted) return undefined
    left--
    if (left >= 0 || (left < -1 && !fault.lasts)) return undefined
    if (fault.kind === 'short') return Math.ceil(bytes / 3)
    if (fault.kind === 'stuck') return 0
    throw Object.assign(new Error('the disk says no'), { code: 'EIO' })
  }
}

const KINDS: readonly Kind[] = [
  'fine',
  'write',
  'short',
  'stuck',
  'sync',
  'truncate',
  'rename',
  'create',
  'open',
]
const fault = fc.record({
  kind: fc.constantFrom(...KINDS),
  after: fc.nat(3),
  lasts: fc.boolean(),
})
const step = fc.record({
  fault,
  appends: fc.integer({ min: 1, max: 6 }),
  end: fc.constantFrom('go on', 'crash', 'power cut'),
})

/** Opens the journal, which may take a few tries while the disk fails. */
async function open(disk: TestDisk): Promise<Journal> {
  try {
    return await disk.open()
  } catch (error) {
    assert.equal((error as { code?: string }).code, 'journal-unavailable')
    disk.files.crash()
    return disk.open()
  }
}

test('whatever the disk does, what was acknowledged is there, in order, and the chain is whole', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async steps => {
      const clock = new ManualClock(STARTED_MS)
      const disk = onDisk({ segmentBytes: 900 }, clock)
      const acknowledged: string[] = []
      let journal = await open(disk)
      for (const [number, { fault, appends, end }] of steps.entries()) {
        arm(disk, fault)
        const names = Array.from({ length: appends }, (_, i) => `${number}.${i}`)
        const results = await Promise.allSettled(names.map(name => journal.append(allowed(name))))
        results.forEach((result, i) => {
          if (result.status === 'fulfilled') acknowledged.push(names[i] ?? '')
          else assert.equal(result.reason.code, 'journal-unavailable')
        })
        clock.advance(1_500)
        if (end === 'go on') continue
        await disk.settle()
        if (end === 'crash') disk.files.crash()
        else disk.files.powerCut()
        journal = await open(disk)
      }
      disk.files.fault = () => undefined
      clock.advance(10_000)
      await journal.append(allowed('last'))
      await journal.close()
      const recorded = ids(await disk.events())
      const expected = [...acknowledged, 'last']
      assert.deepEqual(
        recorded.filter(id => expected.includes(id)),
        expected,
      )
      const report = await verifyJournal(disk.source)
      assert.equal(report.whole, true, JSON.stringify(report))
    }),
    { numRuns: 250 },
  )
})

test('an event that was refused is not in the journal that goes on', async () => {
  for (const kind of ['write', 'sync'] as const) {
    const clock = new ManualClock(STARTED_MS)
    const disk = onDisk({}, clock)
    const journal = await disk.open()
    await journal.append(allowed('a'))
    arm(disk, { kind, after: 0, lasts: false })
    await assert.rejects(journal.append(allowed('refused')), { code: 'journal-unavailable' })
    clock.advance(1_000)
    await journal.append(allowed('b'))
    await journal.close()
    assert.deepEqual(ids(await disk.events()), ['a', 'b'])
  }
})

test('after a failed fsync the segment gets a successor; after a failed write it goes on', async () => {
  const segments: Record<string, number | undefined> = {}
  for (const kind of ['write', 'sync'] as const) {
    const clock = new ManualClock(STARTED_MS)
    const disk = onDisk({}, clock)
    const journal = await disk.open()
    await journal.append(allowed('a'))
    arm(disk, { kind, after: 0, lasts: false })
    await assert.rejects(journal.append(allowed('refused')))
    clock.advance(1_000)
    await journal.append(allowed('b'))
    await journal.close()
    segments[kind] = (await verifyJournal(disk.source)).lanes[0]?.segments
  }
  assert.deepEqual(segments, { write: 1, sync: 2 })
})

test('a journal in trouble tries again ever more rarely, up to every five seconds', async () => {
  const clock = new ManualClock(STARTED_MS)
  const disk = onDisk({}, clock)
  const journal = await disk.open()
  arm(disk, { kind: 'write', after: 0, lasts: true })
  const waits: number[] = []
  for (let waited = 0; waits.length < 9; ) {
    const before = disk.files.calls.length
    await assert.rejects(journal.append(allowed('x')))
    if (disk.files.calls.length > before) {
      waits.push(waited)
      waited = 0
    }
    clock.advance(100)
    waited += 100
  }
  assert.deepEqual(waits, [0, 100, 200, 400, 800, 1600, 3200, 5000, 5000])
})
