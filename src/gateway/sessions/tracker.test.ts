import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../core/clock.ts'
import { GateError } from '../../core/errors.ts'
import type { Revocation } from '../../core/revocation.ts'
import { countingRandom, principalOf, START_MS } from '../../identity/testing.ts'
import type { Journal, JournalEvent, SessionEndEvent } from '../../record/event.ts'
import { EndsWriter } from './ends-writer.ts'
import { type SessionFacts, SessionTracker } from './tracker.ts'

const IDLE_MS = 600_000
const REVOKED: Revocation = {
  id: 'R',
  kind: 'session',
  of: 'a',
  issuedUntilMs: 0,
  keepUntilMs: 0,
  by: 'okta/ann',
  reason: 'it ran wild',
  atMs: 0,
}

function stage(most?: number) {
  const clock = new ManualClock(START_MS)
  const written: JournalEvent[] = []
  const timers: { readonly run: () => void; readonly delayMs: number }[] = []
  const revoked = new Set<string>()
  const world = { fails: false, lost: 0 }
  const journal: Journal = {
    append: async event => {
      if (world.fails) throw new GateError('journal-unavailable', 'the disk is full')
      written.push(event)
    },
    trouble: undefined,
    close: async () => undefined,
  }
  const writer = new EndsWriter({
    journal,
    lost: count => {
      world.lost += count
    },
  })
  const tracker = new SessionTracker({
    clock,
    random: countingRandom(3),
    idleMs: IDLE_MS,
    revokedBy: ({ sessionId }) => (revoked.has(sessionId) ? REVOKED : undefined),
    ends: writer,
    after: (delayMs, run) => {
      const timer = { delayMs, run }
      timers.push(timer)
      return () => void timers.splice(timers.indexOf(timer), 1)
    },
    ...(most === undefined ? {} : { most }),
  })
  const counted = tracker.counting(journal)
  const ends = (): readonly SessionEndEvent[] => written.filter(event => event.type === 'session-end')
  return {
    clock,
    world,
    revoked,
    tracker,
    writer,
    /** Runs the timers that there are, as if it were time. */
    async tick(): Promise<void> {
      for (const { run } of timers.splice(0)) run()
      await writer.flush()
    },
    /** A call from its beginning to its end. */
    async call(facts: SessionFacts, effect: 'allow' | 'deny' = 'allow'): Promise<void> {
      tracker.entered(facts)
      await decide(facts, effect)
      if (effect === 'allow') await end(facts)
      tracker.left(facts)
    },
    decide,
    end,
    told: () => ends().map(({ sessionId, why }) => `${sessionId} ${why}`),
    ends,
  }

  async function decide({ sessionId }: SessionFacts, effect: 'allow' | 'deny' = 'allow'): Promise<void> {
    const head = { id: 'E', timeMs: clock.now(), sessionId }
    await counted.append({ ...head, type: 'decision', clientAddress: '', effect, statements: [] })
  }

  async function end({ sessionId }: SessionFacts): Promise<void> {
    const head = { id: 'O', timeMs: clock.now(), sessionId }
    await counted.append({
      ...head,
      type: 'outcome',
      decisionId: 'E',
      bytesIn: 3,
      bytesOut: 5,
      durationMs: 1,
    })
  }
}

const facts = (sessionId: string, change: Partial<SessionFacts> = {}): SessionFacts =>
  principalOf({ ...change, sessionId })

test('a session ends when its credentials do, with what it did', async () => {
  const { tracker, call, clock, tick, ends, told } = stage()
  tracker.began(facts('a'))
  await call(facts('a'))
  await call(facts('a'), 'deny')
  await call(facts('b', { expiresAtMs: START_MS + 10 * 3_600_000 }))
  for (let minute = 0; minute < 59; minute += 5) {
    clock.advance(300_000)
    await call(facts('a'))
    await tick()
  }
  assert.deepEqual(told(), ['b idle', 'a expired'])
  const { calls, denied, bytesIn, bytesOut, timeMs } = ends()[1] as SessionEndEvent
  assert.deepEqual([calls, denied, bytesIn, bytesOut, timeMs], [14, 1, 39, 65, clock.now()])
  assert.equal(tracker.size, 0)
})

test('a session that was idle may go on: then it ends once more, with what it did since', async () => {
  const { call, clock, tick, ends } = stage()
  const long = facts('a', { expiresAtMs: START_MS + 43_200_000 })
  for (const calls of [3, 1]) {
    for (let each = 0; each < calls; each++) await call(long)
    clock.advance(IDLE_MS)
    await tick()
    await tick()
  }
  assert.deepEqual(
    ends().map(({ why, calls }) => [why, calls]),
    [
      ['idle', 3],
      ['idle', 1],
    ],
  )
})

test('a call that is held or on its way keeps its session, also beyond its expiry', async () => {
  const { tracker, decide, end, clock, tick, ends } = stage()
  const a = facts('a')
  tracker.entered(a)
  clock.advance(2 * 3_600_000)
  await tick()
  assert.deepEqual(ends(), [])
  await decide(a)
  await end(a)
  tracker.left(a)
  await tick()
  assert.deepEqual(
    ends().map(({ why, calls, bytesOut }) => [why, calls, bytesOut]),
    [['expired', 1, 5]],
  )
})

test('credentials of S3 Express end sooner, and end no session', async () => {
  const { call, clock, tick, told } = stage()
  await call(facts('a'))
  await call(facts('a', { expiresAtMs: START_MS + 300_000 }))
  clock.advance(400_000)
  await tick()
  assert.deepEqual(told(), [])
})

test('a session that a person ended is over with the last of its calls', async () => {
  const { tracker, call, decide, end, revoked, writer, ends } = stage()
  await call(facts('idle'))
  tracker.entered(facts('busy'))
  await decide(facts('busy'))
  for (const id of ['idle', 'busy']) revoked.add(id)
  tracker.revoked()
  await writer.flush()
  assert.deepEqual(
    ends().map(({ sessionId }) => sessionId),
    ['idle'],
  )
  await end(facts('busy'))
  tracker.left(facts('busy'))
  await writer.flush()
  const { why, by, reason, calls, bytesOut } = ends()[1] as SessionEndEvent
  assert.deepEqual([why, by, reason, calls, bytesOut], ['revoked', 'okta/ann', 'it ran wild', 1, 5])
})

test('what somebody else has said is not said again, but what came after it', async () => {
  const { tracker, call, decide, end, revoked, writer, ends } = stage()
  await call(facts('a'))
  assert.deepEqual(tracker.take('a'), { calls: 1, denied: 0, bytesIn: 3, bytesOut: 5 })
  tracker.entered(facts('b'))
  await decide(facts('b'))
  assert.equal(tracker.take('b').calls, 1)
  revoked.add('a').add('b')
  tracker.revoked()
  await end(facts('b'))
  tracker.left(facts('b'))
  await writer.flush()
  assert.deepEqual(
    ends().map(({ sessionId, calls, bytesIn }) => [sessionId, calls, bytesIn]),
    [['b', 0, 3]],
  )
  assert.deepEqual(tracker.take('nobody'), { calls: 0, denied: 0, bytesIn: 0, bytesOut: 0 })
})

test('when the gate stops every session is said to have, once the last calls have ended', async () => {
  const { tracker, call, decide, end, told } = stage()
  await call(facts('a'))
  tracker.began(facts('b'))
  tracker.entered(facts('c'))
  const stopped = tracker.stop()
  await decide(facts('c'))
  await end(facts('c'))
  tracker.left(facts('c'))
  await stopped
  assert.deepEqual(told(), ['a stopped', 'b stopped', 'c stopped'])
})

test('a call that does not end does not keep the gate from stopping', async () => {
  const { tracker, tick, told } = stage()
  tracker.entered(facts('a'))
  const stopped = tracker.stop()
  await tick()
  await stopped
  assert.deepEqual(told(), ['a stopped'])
})

test('of more sessions than are kept in mind the one that was longest without a call is let go', async () => {
  const { tracker, call, writer, told } = stage(3)
  tracker.entered(facts('busy'))
  for (const id of ['a', 'b', 'a', 'c', 'd']) await call(facts(id))
  await writer.flush()
  assert.deepEqual(told(), ['b idle', 'a idle'])
  assert.equal(tracker.size, 3)
})

test('what a call wrote in vain is not counted', async () => {
  const { tracker, world, decide, call, ends } = stage()
  await call(facts('a'))
  world.fails = true
  await assert.rejects(decide(facts('a')))
  world.fails = false
  await tracker.stop()
  assert.equal(ends()[0]?.calls, 1)
})

test('ends wait for a journal that cannot be written, and come in their order with their own time', async () => {
  const { clock, world, call, tick, ends } = stage()
  await call(facts('a'))
  await call(facts('b'))
  clock.advance(IDLE_MS)
  world.fails = true
  await tick()
  const atMs = clock.now()
  clock.advance(60_000)
  await tick()
  assert.deepEqual(ends(), [])
  world.fails = false
  await tick()
  assert.deepEqual(
    ends().map(({ sessionId, timeMs }) => [sessionId, timeMs]),
    [
      ['a', atMs],
      ['b', atMs],
    ],
  )
})
