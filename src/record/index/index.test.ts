import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { JournalEvent } from '../event.ts'
import { onDisk, STARTED_MS, steadyRandom } from '../journal.fixture.ts'
import { MemoryFiles } from '../memory-files.ts'
import { parseQuery } from '../search/parse.ts'
import { days, QUERIES, STEP_CHOICES, type Step } from '../search/search.fixture.ts'
import { type SearchOptions, searchJournal } from '../search/search.ts'
import type { Findable } from '../search/values.ts'
import { type IndexOptions, type JournalIndex, openIndex } from './index.ts'

function indexOf(files: MemoryFiles, options: Partial<IndexOptions> = {}): JournalIndex {
  const source = { files, folder: 'journal' }
  return openIndex({ source, folder: 'index', random: steadyRandom('index'), ...options })
}

const someStep: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom(...STEP_CHOICES.kind),
  lane: fc.constantFrom(...STEP_CHOICES.lane),
  service: fc.constantFrom(...STEP_CHOICES.service),
  text: fc.constantFrom(...STEP_CHOICES.text),
  subject: fc.constantFrom(...STEP_CHOICES.subject),
  error: fc.constantFrom(...STEP_CHOICES.error),
  masked: fc.constantFrom(...STEP_CHOICES.masked),
  gapMs: fc.constantFrom(...STEP_CHOICES.gapMs),
})

async function scan(files: MemoryFiles, text: string, options: SearchOptions): Promise<Findable[]> {
  const found: Findable[] = []
  const query = parseQuery(text, STARTED_MS)
  for await (const entry of searchJournal({ files, folder: 'journal' }, query, options)) found.push(entry)
  return found
}

/** Adds events to lanes, each in a process of its own. */
async function add(
  files: MemoryFiles,
  lanes: readonly (readonly JournalEvent[])[],
  segmentBytes: number,
): Promise<void> {
  for (const [lane, events] of lanes.entries()) {
    const journal = await onDisk({ lane, segmentBytes }, undefined, files).open()
    const outcomes: Promise<void>[] = []
    for (const event of events) {
      const written = journal.append(event)
      // An outcome waits for what comes next, or for a timer, which this test has none of.
      if (event.type === 'outcome') outcomes.push(written)
      else await written
    }
    await journal.close()
    await Promise.all(outcomes)
  }
}

const someLimits = fc.record({
  rows: fc.constantFrom(1, 3, 65_536),
  characters: fc.constantFrom(50, 16_000_000),
  listed: fc.constantFrom(0, 1, 4_096),
  common: fc.constantFrom(1, 2, 256),
})

test('the index finds what a scan finds, in its order, however the journal grew', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(someStep, { maxLength: 40 }),
      fc.array(fc.constantFrom(...QUERIES), { minLength: 1, maxLength: 3 }),
      fc.constantFrom('newest' as const, 'oldest' as const),
      fc.integer({ min: 1, max: 12 }),
      fc.constantFrom(500, 1_500, 1_000_000),
      fc.record({
        limits: someLimits,
        worthKeeping: fc.constantFrom(1, 5, 4_096),
        key: fc.constantFrom(undefined, Buffer.alloc(32, 7)),
        cuts: fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 3 }),
      }),
      async (steps, queries, order, limit, segmentBytes, { cuts, key, ...options }) => {
        const { lanes } = days(steps)
        const files = new MemoryFiles()
        const index = indexOf(files, { ...options, ...(key && { key }) })
        let from = 0
        for (const to of [...cuts.toSorted((a, b) => a - b), undefined]) {
          await add(
            files,
            lanes.map(events => events.slice(from, to)),
            segmentBytes,
          )
          from = to ?? from
          const text = queries.join(' ')
          const found = await index.search(parseQuery(text, STARTED_MS), { order, limit })
          assert.deepEqual(found, await scan(files, text, { order, limit }))
        }
      },
    ),
    { numRuns: 80 },
  )
})
