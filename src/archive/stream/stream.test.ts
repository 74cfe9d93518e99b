import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Entry } from '../../record/calls.ts'
import type { Journal, JournalEvent } from '../../record/event.ts'
import { allowed, ended, onDisk, STARTED_MS, steadyRandom } from '../../record/journal.fixture.ts'
import { openJournal } from '../../record/journal.ts'
import { MemoryFiles } from '../../record/memory-files.ts'
import { writeHints } from '../../record/retention/hints.ts'
import { MAX_HELD } from './lane-joiner.ts'
import { TestSink, testStream } from './stream.fixture.ts'
import { HOLD_MS } from './stream.ts'

const denied = (id: string): JournalEvent => ({ ...allowed(id), effect: 'deny' })

/** `d1` for a call without its outcome, `d1+` with it, `+d1` for an outcome of its own. */
function shape(entry: Entry): string {
  if (entry.kind === 'outcome') return `+${entry.outcome.decisionId}`
  if (entry.kind !== 'call') return entry.kind
  return `${entry.decision.id}${entry.ending.kind === 'outcome' ? '+' : ''}`
}

async function append(journal: Journal, ...events: readonly JournalEvent[]): Promise<void> {
  await Promise.all(events.map(event => journal.append(event)))
}

test('calls go with their outcomes, in order; what takes long goes open, and its outcome by itself', async () => {
  const stream = testStream()
  const journal = await stream.disk.open()
  await append(journal, allowed('slow'), allowed('d2'), ended('d2'))
  await stream.drain()
  assert.deepEqual(stream.sink.entries.map(shape), [])
  stream.clock.advance(HOLD_MS)
  await stream.drain()
  assert.deepEqual(stream.sink.entries.map(shape), ['slow', 'd2+'])
  await append(journal, ended('slow'), denied('d3'))
  await stream.drain()
  await journal.close()
  assert.deepEqual(stream.sink.entries.map(shape), ['slow', 'd2+', '+slow', 'd3'])
})

test('ends of sessions and requests of people go as well; what is about the journal itself does not', async () => {
  const stream = testStream()
  const journal = await stream.disk.open()
  const counts = { calls: 1, denied: 0, bytesIn: 0, bytesOut: 0 }
  const head = { timeMs: STARTED_MS, sessionId: 's1' }
  await append(
    journal,
    { ...head, type: 'session-end', id: 'e1', why: 'idle', ...counts },
    { ...head, type: 'shred', id: 'x1', what: 'session', of: 's0', by: 'somebody' },
    { ...head, type: 'access-request', id: 'r1', requestId: 'q', what: 'asked', state: 'open' },
    denied('d'),
  )
  await stream.drain()
  await journal.close()
  assert.deepEqual(stream.sink.entries.map(shape), ['end', 'access-request', 'd'])
})

test('a process that follows sends no outcome again that went with its call, and all that was held', async () => {
  const stream = testStream(onDisk(), new TestSink({ events: 1, bytes: 10_000 }))
  const journal = await stream.disk.open()
  await append(journal, allowed('a'), allowed('b'), ended('a'))
  await stream.drain()
  assert.deepEqual(stream.sink.entries.map(shape), ['a+'])
  await stream.restart()
  await append(journal, ended('b'), denied('c'))
  await stream.drain()
  await journal.close()
  assert.deepEqual(stream.sink.entries.map(shape), ['a+', 'b+', 'c'])
})

test('a call that the gate lost goes as lost where the next gate has said so', async () => {
  const stream = testStream()
  const journal = await stream.disk.open()
  await append(journal, allowed('a'), {
    type: 'recovery',
    id: 'r',
    timeMs: STARTED_MS,
    inFlight: ['a'],
    tornBytes: 0,
  })
  await stream.drain()
  await journal.close()
  const [entry] = stream.sink.entries
  assert.equal(entry?.kind === 'call' && entry.ending.kind, 'lost')
})

test('memory is bounded: behind a call without an end, only so many wait', async () => {
  const stream = testStream(onDisk(), new TestSink({ events: 500, bytes: 1e6 }))
  const journal = await stream.disk.open()
  await append(journal, allowed('slow'), ...Array.from({ length: MAX_HELD + 9 }, (_, at) => denied(`d${at}`)))
  await stream.drain()
  await journal.close()
  assert.equal(shape(stream.sink.entries[0] as Entry), 'slow')
  assert.equal(stream.sink.taken.length, MAX_HELD + 10)
})

test('what was removed before it was sent is told, and what is there is sent', async () => {
  const stream = testStream(onDisk({ segmentBytes: 400 }))
  const journal = await stream.disk.open()
  for (let at = 1; at <= 12; at++) await append(journal, denied(`d${at}`))
  await journal.close()
  const segments = [...stream.disk.files.contents.keys()].filter(name => name.endsWith('.seg')).sort()
  assert.ok(segments.length >= 4)
  stream.disk.files.contents.delete(segments[0] ?? '')
  stream.disk.files.contents.delete(segments[1] ?? '')
  await stream.drain()
  const first = stream.sink.taken[0]?.id.slice(1)
  assert.deepEqual(stream.gaps, [{ lane: 0, first: 1, last: Number(first) - 1 }])
  assert.equal(stream.sink.taken.at(-1)?.id, 'd12')
})

test('segments that go while their events wait are told as well', async () => {
  const stream = testStream(onDisk({ segmentBytes: 400 }), new TestSink({ events: 1, bytes: 10_000 }))
  const journal = await stream.disk.open()
  await append(journal, denied('d1'))
  await stream.drain()
  for (let at = 2; at <= 12; at++) await append(journal, denied(`d${at}`))
  await journal.close()
  const segments = [...stream.disk.files.contents.keys()].filter(name => name.endsWith('.seg')).sort()
  for (const name of segments.slice(0, -1)) stream.disk.files.contents.delete(name)
  await stream.drain()
  assert.equal(stream.sink.taken.at(-1)?.id, 'd12')
  assert.equal(stream.gaps.length, 1)
})

test('what retention took out of the middle while a stream was behind is told, each gap of it', async () => {
  const stream = testStream(onDisk({ segmentBytes: 400 }), new TestSink({ events: 1, bytes: 10_000 }))
  const journal = await stream.disk.open()
  await append(journal, denied('d1'))
  await stream.drain()
  for (let at = 2; at <= 12; at++) await append(journal, denied(`d${at}`))
  await journal.close()
  const { files, source } = stream.disk
  const segments = [...files.contents.keys()].filter(name => name.endsWith('.seg')).sort()
  assert.ok(segments.length >= 5)
  // A hold keeps the first one; retention leaves hints of what it takes away.
  for (const name of segments.slice(1, -1)) files.contents.delete(name)
  const link = '0'.repeat(64)
  await writeHints(source, 0, [
    {
      type: 'removal',
      id: 'removed',
      timeMs: STARTED_MS,
      lane: 0,
      segments: [2, segments.length - 1],
      events: [1, 12],
      before: link,
      after: link,
      why: 'age',
      at: { lane: 0, segment: segments.length, event: 13 },
    },
  ])
  await stream.drain()
  const sent = stream.sink.taken.map(({ id }) => Number(id.slice(1)))
  assert.equal(sent.at(-1), 12)
  const behind = sent.findIndex((number, at) => number !== at + 1)
  assert.ok(behind > 0, `${sent}`)
  assert.deepEqual(stream.gaps, [{ lane: 0, first: behind + 1, last: (sent[behind] ?? 0) - 1 }])
})

test('an event that was taken back after it was sent: what stands in its place is sent', async () => {
  const stream = testStream()
  const journal = await stream.disk.open()
  await append(journal, denied('a'))
  await append(journal, denied('b'))
  await journal.close()
  const before = new Map(
    [...stream.disk.files.contents].map(([name, { bytes }]) => [name, Buffer.from(bytes)]),
  )
  const more = await stream.disk.open()
  await append(more, denied('gone'))
  await stream.drain()
  await more.close()
  // The writer has lost its last event, and another process writes on.
  for (const name of stream.disk.files.contents.keys()) {
    const bytes = before.get(name)
    if (name.startsWith('journal/') && bytes !== undefined) {
      stream.disk.files.contents.set(name, { bytes, durable: Buffer.from(bytes) })
    }
  }
  await stream.restart()
  const again = await stream.disk.open()
  await append(again, denied('c'), denied('d'))
  await again.close()
  await stream.drain()
  assert.deepEqual(
    stream.sink.taken.map(({ id }) => id),
    ['a', 'b', 'gone', 'a', 'b', 'c', 'd'],
  )
})

test('another journal in the place of one that was moved away is sent from its beginning, however far it has come', async () => {
  const stream = testStream(onDisk({ segmentBytes: 400 }))
  const { files } = stream.disk
  const moved = await stream.disk.open()
  for (let at = 1; at <= 9; at++) await append(moved, denied(`old${at}`))
  await moved.close()
  await stream.drain()
  await stream.restart()
  for (const name of files.contents.keys()) if (name.startsWith('journal/')) files.contents.delete(name)
  stream.sink.taken.length = 0
  const ports = { files, clock: stream.clock, random: steadyRandom('another'), after: () => () => undefined }
  const journal = await openJournal({ folder: 'journal', lane: 0, segmentBytes: 400 }, ports)
  for (let at = 1; at <= 20; at++) await append(journal, denied(`new${at}`))
  await journal.close()
  await stream.drain()
  assert.deepEqual(
    stream.sink.taken.map(({ id }) => id),
    Array.from({ length: 20 }, (_, at) => `new${at + 1}`),
  )
  assert.deepEqual(stream.gaps, [])
})

test('a state that cannot be read stops the stream', async () => {
  const stream = testStream()
  const draft = await stream.disk.files.create('streams/siem.json')
  await draft.write(Buffer.from('{"version":1,"lanes":{"0":{"segment":1}}}'), 0)
  const journal = await stream.disk.open()
  await append(journal, denied('a'))
  await journal.close()
  assert.equal(await stream.round(), false)
  assert.deepEqual(stream.sink.taken, [])
})

/** Calls, outcomes in any order behind them, rounds, new processes, and a receiver and a disk that fail. */
const step = fc.oneof(
  fc.record({ do: fc.constant('begin' as const) }),
  fc.record({ do: fc.constant('end' as const), which: fc.nat(5) }),
  fc.record({ do: fc.constant('deny' as const) }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, HOLD_MS / 2, HOLD_MS) }),
  fc.record({
    do: fc.constant('round' as const),
    manners: fc.array(fc.oneof(fc.constant('takes' as const), fc.record({ failsAfter: fc.nat(3) })), {
      maxLength: 3,
    }),
    diskFailsAt: fc.option(fc.nat(12), { nil: undefined }),
  }),
  fc.record({ do: fc.constant('restart' as const) }),
)

test('whatever fails, and whenever the process ends: nothing is lost, the order holds, and repeats have the same ids', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 40 }),
      fc.integer({ min: 1, max: 4 }),
      async (steps, events) => {
        const files = new MemoryFiles()
        const stream = testStream(
          onDisk({ segmentBytes: 900 }, undefined, files),
          new TestSink({ events, bytes: 2_000 }),
        )
        const journal = await stream.disk.open()
        const decisions: string[] = []
        const open: string[] = []
        const endedCalls: string[] = []
        for (const each of steps) {
          const id = `d${decisions.length}`
          if (each.do === 'begin' || each.do === 'deny') {
            decisions.push(id)
            const decision = allowed(id, stream.clock.now())
            await journal.append(each.do === 'deny' ? { ...decision, effect: 'deny' } : decision)
            if (each.do === 'begin') open.push(id)
          } else if (each.do === 'end') {
            const [call] = open.splice(each.which % Math.max(open.length, 1), 1)
            if (call === undefined) continue
            endedCalls.push(call)
            // Durable with the next decision.
            void journal.append(ended(call, stream.clock.now()))
          } else if (each.do === 'wait') stream.clock.advance(each.ms)
          else if (each.do === 'restart') await stream.restart()
          else {
            stream.sink.manners.push(...each.manners)
            let calls = 0
            files.fault = (_, path) => {
              if (!path.startsWith('streams/')) return undefined
              if (calls++ === each.diskFailsAt) throw Object.assign(new Error('no'), { code: 'EIO' })
              return undefined
            }
            await stream.round()
            files.fault = () => undefined
          }
        }
        stream.sink.manners.length = 0
        stream.clock.advance(HOLD_MS)
        await append(journal, denied('last'))
        await journal.close()
        await stream.restart()
        await stream.drain()
        const calls = stream.sink.entries.filter(entry => entry.kind === 'call')
        const firsts = [...new Set(calls.map(entry => entry.decision.id))]
        assert.deepEqual(firsts, [...decisions, 'last'])
        const known = new Set(
          stream.sink.entries.flatMap(entry =>
            entry.kind === 'outcome'
              ? [entry.outcome.decisionId]
              : entry.kind === 'call' && entry.ending.kind === 'outcome'
                ? [entry.decision.id]
                : [],
          ),
        )
        for (const call of endedCalls) assert.ok(known.has(call), `the end of ${call} is lost`)
        // An outcome comes by itself only where its call went without it.
        const openCalls = new Set(
          calls.filter(({ ending }) => ending.kind === 'open').map(call => call.decision.id),
        )
        for (const entry of stream.sink.entries) {
          if (entry.kind === 'outcome') assert.ok(openCalls.has(entry.outcome.decisionId), entry.outcome.id)
        }
        const perDecision = new Map<string, Set<string>>()
        for (const { id, kind } of stream.sink.taken) {
          const kinds = perDecision.get(id) ?? new Set()
          perDecision.set(id, kinds.add(kind))
        }
        for (const [id, kinds] of perDecision) assert.equal(kinds.size, 1, id)
      },
    ),
    { numRuns: 300 },
  )
})
