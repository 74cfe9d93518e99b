import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { JournalEvent } from '../event.ts'
import { allowed, STARTED_MS } from '../journal.fixture.ts'
import type { MemoryFiles } from '../memory-files.ts'
import { SEGMENT_HEADER_BYTES } from '../segment.ts'
import { compileQuery } from './match.ts'
import { parseQuery } from './parse.ts'
import type { Query } from './query.ts'
import { days, QUERIES, STEP_CHOICES, type Step, written } from './search.fixture.ts'
import { type SearchOptions, searchJournal } from './search.ts'
import type { Findable } from './values.ts'

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

async function search(files: MemoryFiles, query: Query, options: SearchOptions): Promise<Findable[]> {
  const found: Findable[] = []
  for await (const entry of searchJournal({ files, folder: 'journal' }, query, options)) found.push(entry)
  return found
}

test('a search finds what a look at every entry finds, in order, up to the limit', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(someStep, { maxLength: 40 }),
      fc.constantFrom(...QUERIES),
      fc.constantFrom('newest' as const, 'oldest' as const),
      fc.integer({ min: 1, max: 12 }),
      fc.constantFrom(500, 1_500, 1_000_000),
      async (steps, text, order, limit, segmentBytes) => {
        const { lanes, entries } = days(steps)
        const query = parseQuery(text, STARTED_MS)
        const { matches } = compileQuery(query)
        const expected = entries.filter(matches)
        if (order === 'newest') expected.reverse()
        const files = await written(lanes, segmentBytes)
        assert.deepEqual(await search(files, query, { order, limit }), expected.slice(0, limit))
      },
    ),
    { numRuns: 250 },
  )
})

const DENIED: readonly JournalEvent[] = Array.from({ length: 30 }, (_, at) => ({
  ...allowed(`e${at}`, STARTED_MS + at),
  effect: 'deny',
}))

test('what cannot be read is an error, with its place', async () => {
  const query = parseQuery('event:e29', 0)
  for (const order of ['newest', 'oldest'] as const) {
    const bent = await written([DENIED], 1_000_000)
    const bytes = bent.bytes('journal/00/0000000001.seg')
    bytes.writeUInt32BE(0xffff_ffff, SEGMENT_HEADER_BYTES + 4)
    await assert.rejects(
      search(bent, query, { order, limit: 1 }),
      /damaged at lane 00, segment 1, event 1, byte 76/,
    )
    const changed = await written([DENIED], 1_000_000)
    const last = changed.bytes('journal/00/0000000001.seg')
    last.writeUInt8(last.readUInt8(last.length - 4) ^ 1, last.length - 4)
    await assert.rejects(search(changed, query, { order, limit: 1 }), /event 30, .*checksum/)
    const gap = await written([DENIED], 1_000)
    await gap.remove('journal/00/0000000003.seg')
    await assert.rejects(
      search(gap, parseQuery('', 0), { order, limit: 100 }),
      /segment 4, event \d+, byte 0/,
    )
  }
})

test('the newest page does not read what is older', async () => {
  const files = await written([DENIED], 1_000)
  files.calls.length = 0
  const found = await search(files, parseQuery('', 0), { limit: 2 })
  assert.equal(found.length, 2)
  assert.ok(!files.calls.includes('open journal/00/0000000001.seg'))
  files.calls.length = 0
  const since = parseQuery('since:2026-01-02T05:00:00Z', 0)
  assert.deepEqual(await search(files, since, { limit: 2 }), [])
  assert.ok(!files.calls.includes('open journal/00/0000000001.seg'))
})
