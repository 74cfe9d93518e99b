import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { firstIdAt, newId, timeOfId } from '../core/id.ts'
import { CLOCK_SLACK_MS } from './begin.ts'
import { allowed, ids, onDisk, STARTED_MS, steadyRandom } from './journal.fixture.ts'
import { readJournal } from './read.ts'

test('an id tells when it was made', () => {
  fc.assert(
    fc.property(fc.nat(2 ** 31), ms => {
      const random = steadyRandom(String(ms))
      assert.equal(timeOfId(newId({ now: () => STARTED_MS + ms }, random)), STARTED_MS + ms)
      assert.equal(timeOfId(firstIdAt(ms)), ms)
    }),
  )
  for (const none of ['', 's-1', 'I'.repeat(26), '01k00000000000000000000000'])
    assert.equal(timeOfId(none), undefined)
})

test('reading from a time on leaves out no event that is not older, and all segments that are', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: -CLOCK_SLACK_MS / 2, max: 3 * CLOCK_SLACK_MS }), {
        minLength: 1,
        maxLength: 30,
      }),
      fc.nat(60 * CLOCK_SLACK_MS),
      async (steps, sinceMs) => {
        const disk = onDisk({ segmentBytes: 700 })
        const journal = await disk.open()
        let atMs = STARTED_MS
        for (const [i, step] of steps.entries()) {
          atMs += step
          await journal.append(allowed(`event-${i}`, atMs))
        }
        await journal.close()
        const fromMs = STARTED_MS + sinceMs
        const read: string[] = []
        for await (const { event } of readJournal(disk.source, undefined, { fromMs })) read.push(event.id)
        const all = await disk.events()
        assert.deepEqual(read, ids(all).slice(-read.length))
        // The clock is set back by less than the slack at a time, and may have been so many times.
        const isSteady = steps.every(step => step >= 0)
        const wanted = all.filter(({ timeMs }) => timeMs >= fromMs).map(({ id }) => id)
        if (isSteady) for (const id of wanted) assert.ok(read.includes(id), id)
      },
    ),
  )
})

test('a lane of which nothing is so young is read from its last segment', async () => {
  const disk = onDisk({ segmentBytes: 700 })
  const journal = await disk.open()
  for (let i = 0; i < 40; i++) await journal.append(allowed(`event-${i}`))
  await journal.close()
  const read: string[] = []
  const laterMs = STARTED_MS + 2 * CLOCK_SLACK_MS
  for await (const { event } of readJournal(disk.source, undefined, { fromMs: laterMs })) read.push(event.id)
  assert.ok(read.length > 0 && read.length < 10, String(read.length))
})

test('reading begins with the segment in which something is named first, wherever it stands in it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 40 }), fc.nat(39), async (events, at) => {
      const disk = onDisk({ segmentBytes: 700 })
      const journal = await disk.open()
      for (let i = 0; i < events; i++) await journal.append(allowed(i === at ? 'the-needle' : `event-${i}`))
      await journal.close()
      const read: string[] = []
      const needle = Buffer.from('"the-needle"')
      for await (const { event } of readJournal(disk.source, undefined, { needle })) read.push(event.id)
      assert.deepEqual(read, ids(await disk.events()).slice(-read.length))
      assert.equal(read.includes('the-needle'), at < events)
      if (at < events) assert.ok(read.indexOf('the-needle') < 6, 'no segment before it is read')
    }),
  )
})
