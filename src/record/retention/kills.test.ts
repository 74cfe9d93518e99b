import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { MemoryFiles } from '../memory-files.ts'
import { readJournal } from '../read.ts'
import { layout } from '../segment.ts'
import { verifyJournal } from '../verify.ts'
import { readHints } from './hints.ts'
import { addHoldWord, readHolds } from './holds.ts'
import { HOUR_MS, type RetainedDisk, record, retainedDisk } from './retention.fixture.ts'

/** More of them for somebody who looks for something. */
const RUNS = Number(process.env['RETENTION_RUNS'] ?? 12)
const SESSIONS = ['S0', 'S1', 'S2', 'S3'] as const
const CHANGES: ReadonlySet<string> = new Set(['write', 'rename', 'remove', 'sync', 'create', 'truncate'])

/** Fails everything that is changed on the disk from the n-th change on: the process is dead. */
function killAt(files: MemoryFiles, count: number, changed?: (call: string, path: string) => void): void {
  let left = count
  files.fault = (call, path) => {
    if (!CHANGES.has(call)) return undefined
    left--
    if (left < 0) throw Object.assign(new Error('killed'), { code: 'EKILLED' })
    changed?.(call, path)
    return undefined
  }
}

async function assertWhole(disk: RetainedDisk, files: MemoryFiles, what: string): Promise<void> {
  const source = { ...disk.source, files }
  const report = await verifyJournal(source, disk.keys)
  const broken = report.lanes.find(lane => lane.break !== undefined)
  assert.equal(broken, undefined, `${what}: ${JSON.stringify(broken)}`)
  // Whoever reads believes the same.
  for await (const { event } of readJournal(source)) assert.ok(event.id)
}

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('record' as const),
      lane: fc.nat(1),
      count: fc.integer({ min: 1, max: 12 }),
      session: fc.nat(3),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('age' as const), hours: fc.integer({ min: 0, max: 2 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('word' as const), hold: fc.boolean(), session: fc.nat(3) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('round' as const),
      kill: fc.option(fc.nat(14)),
      rounds: fc.integer({ min: 1, max: 6 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
)

const rules = fc.oneof(
  fc.constant({ ageMs: HOUR_MS }),
  fc.record({ bytes: fc.integer({ min: 0, max: 12_000 }) }),
  fc.record({ ageMs: fc.constant(HOUR_MS), bytes: fc.integer({ min: 4_000, max: 12_000 }) }),
)

test('random journals, holds, ages, sizes and kills: what is missing is vouched for, and never anything that must stay', async () => {
  let removed = 0
  await fc.assert(
    fc.asyncProperty(
      rules,
      fc.array(step, { minLength: 6, maxLength: 25, size: 'max' }),
      async (rule, steps) => {
        const disk = await retainedDisk([0, 1])
        const { files, source } = disk
        let job = disk.retention({ rules: rule })
        const { signal } = new AbortController()
        let name = 0
        for (const each of steps) {
          if (each.do === 'record') {
            name++
            const session = SESSIONS[each.session] ?? ''
            await record(disk.journals[each.lane], each.count, {
              session,
              timeMs: disk.nowMs,
              name: `${name}.`,
            })
          } else if (each.do === 'age') disk.nowMs += each.hours * HOUR_MS
          else if (each.do === 'word') {
            const what = each.hold ? 'hold' : 'release'
            await addHoldWord(source, { what, session: SESSIONS[each.session] ?? '', timeMs: 1, by: 'ana' })
          } else if (each.do === 'restart') job = disk.retention({ rules: rule })
          else {
            await disk.catchUp()
            const held = [...(await readHolds(source)).keys()].map(session => Buffer.from(`"${session}"`))
            const copies: MemoryFiles[] = []
            files.fault = () => undefined
            killAt(files, each.kill ?? Number.POSITIVE_INFINITY, (call, path) => {
              if (call !== 'remove' || !path.endsWith('.seg')) return
              const bytes = files.bytes(path)
              for (const needle of held) assert.ok(!bytes.includes(needle), `${path} is on hold`)
              const [lane, segment] = path.slice(-17, -4).split('/').map(Number)
              assert.ok(
                (disk.headOf(lane ?? 0)?.openSince ?? 0) > (segment ?? 0),
                `${path} has calls in flight`,
              )
              copies.push(files.copy())
            })
            try {
              for (let round = 0; round < each.rounds; round++) {
                await job.round(signal)
                await disk.catchUp()
              }
            } catch (error) {
              const { code } = error as { code?: string }
              assert.ok(
                code === 'EKILLED' || code === 'journal-unavailable',
                `${code}: ${(error as Error).message}`,
              )
            }
            files.fault = () => undefined
            for (const copy of copies) await assertWhole(disk, copy, 'before a removal')
            await assertWhole(disk, files, 'after a round')
            if (each.kill !== null) {
              job = disk.retention({ rules: rule })
              await disk.reopen()
            }
          }
        }
        removed += files.calls.filter(each => /^remove .*seg$/.test(each)).length
        // Without further kills it comes to rest: everything that may go has gone, and little is remembered.
        await disk.settleDown(job, 200)
        await assertWhole(disk, files, 'at the end')
        if ('ageMs' in rule) {
          disk.nowMs += 3 * HOUR_MS
          for (const session of SESSIONS) {
            await addHoldWord(source, { what: 'release', session, timeMs: 2, by: 'ana' })
          }
          await disk.settleDown(job, 200)
          await assertWhole(disk, files, 'when nothing is held')
          for (const lane of [0, 1]) {
            const head = disk.headOf(lane)
            for (const segment of await disk.segments(lane)) {
              assert.ok(
                segment >= (head?.openSince ?? 0) || lane === 0,
                `${layout.segment('', lane, segment)} is still there`,
              )
            }
            assert.ok((await readHints(source, lane)).length <= 2)
          }
        }
      },
    ),
    { numRuns: RUNS },
  )
  assert.ok(removed > 20, `${removed} segments were removed`)
})
