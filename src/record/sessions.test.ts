import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Entry, findById, readEntries } from './calls.ts'
import type { JournalEvent, RecordedPrincipal } from './event.ts'
import { allowed, ended, onDisk, STARTED_MS, type TestDisk } from './journal.fixture.ts'
import { listSessions } from './sessions.ts'

const PRINCIPAL: RecordedPrincipal = {
  arn: 'arn:aws:sts::111122223333:assumed-role/agent/a',
  roleArn: 'arn:aws:iam::111122223333:role/agent',
  issuer: 'local',
  subject: 'agent-7',
  actingFor: [],
}

function began(sessionId: string, timeMs: number): JournalEvent {
  const id = `${sessionId}-began`
  const by = 'AssumeRoleWithWebIdentity'
  const expiresAtMs = timeMs + 3_600_000
  const clientAddress = '::1'
  const principal = PRINCIPAL
  return { type: 'session', id, timeMs, sessionId, principal, by, expiresAtMs, clientAddress, claims: {} }
}

async function written(disk: TestDisk, events: readonly JournalEvent[]): Promise<TestDisk> {
  const journal = await disk.open()
  await Promise.all(events.map(event => journal.append(event)))
  await journal.close()
  return disk
}

async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const value of values) list.push(value)
  return list
}

/** `a:outcome`, in the order of the entries. */
function outline(entries: readonly Entry[]): string[] {
  return entries.map(entry => {
    if (entry.kind === 'call') return `${entry.decision.id}:${entry.ending.kind}`
    if (entry.kind === 'access-request') return `${entry.event.what}:${entry.event.requestId}`
    if (entry.kind === 'end') return `end:${entry.event.type}`
    return entry.kind === 'session' ? 'session' : `late:${entry.outcome.decisionId}`
  })
}

const at = (offsetMs: number): number => STARTED_MS + offsetMs
const of = (sessionId: string, event: JournalEvent): JournalEvent => ({ ...event, sessionId })

test('sessions are summed up, and what was refused without one beside them', async () => {
  const disk = await written(onDisk(), [
    began('S1', at(0)),
    of('S1', allowed('a', at(1))),
    { ...ended('a', at(5)), sessionId: 'S1', bytesIn: 10, bytesOut: 20 },
    of('S1', { ...allowed('b', at(6)), effect: 'deny' }),
    of('S1', allowed('c', at(7))),
    { ...ended('c', at(8)), sessionId: 'S1', status: 404 },
    { ...allowed('x', at(9)), effect: 'deny' },
    of('S2', allowed('d', at(10))),
  ])
  const { sessions, refused, recoveries } = await listSessions(disk.source)
  const [first, second] = sessions
  assert.deepEqual(first, {
    id: 'S1',
    principal: PRINCIPAL,
    began: {
      timeMs: at(0),
      by: 'AssumeRoleWithWebIdentity',
      expiresAtMs: at(3_600_000),
      clientAddress: '::1',
    },
    firstMs: at(0),
    lastMs: at(8),
    allowed: 2,
    denied: 1,
    failed: 1,
    open: 0,
    bytesIn: 10,
    bytesOut: 20,
  })
  assert.deepEqual([second?.id, second?.open, second?.began], ['S2', 1, undefined])
  assert.deepEqual([refused?.denied, refused?.allowed], [1, 0])
  assert.equal(recoveries, 0)
})

test('calls come in order of their decisions, each with its ending', async () => {
  const disk = await written(onDisk(), [
    began('S1', at(0)),
    of('S1', allowed('slow', at(1))),
    of('S1', { ...allowed('no', at(2)), effect: 'deny' }),
    of('S1', allowed('quick', at(3))),
    of('S2', allowed('other', at(3))),
    of('S1', ended('quick', at(4))),
    of('S1', ended('slow', at(5))),
    of('S1', allowed('open', at(6))),
  ])
  const entries = await all(readEntries(disk.source, { sessionId: 'S1' }))
  assert.deepEqual(outline(entries), ['session', 'slow:outcome', 'no:denied', 'quick:outcome', 'open:open'])
})

test('a call without an end holds back no more than it may', async () => {
  const disk = await written(onDisk(), [
    of('S1', allowed('slow', at(1))),
    ...Array.from({ length: 5 }, (_, i) => of('S1', { ...allowed(`n${i}`, at(2)), effect: 'deny' as const })),
    of('S1', ended('slow', at(9))),
  ])
  const entries = await all(readEntries(disk.source, { sessionId: 'S1' }, 3))
  assert.deepEqual(outline(entries), [
    'slow:later',
    'n0:denied',
    'n1:denied',
    'n2:denied',
    'n3:denied',
    'n4:denied',
    'late:slow',
  ])
})

test('a call that a crash cut off is shown as lost', async () => {
  const disk = onDisk()
  const journal = await disk.open()
  await journal.append(of('S1', allowed('cut', at(1))))
  disk.files.crash()
  await (await disk.open()).close()
  const entries = await all(readEntries(disk.source, { sessionId: 'S1' }))
  assert.deepEqual(outline(entries), ['cut:lost'])
  assert.equal((await listSessions(disk.source)).recoveries, 1)
})

test('an id is found as what it is', async () => {
  const disk = await written(onDisk(), [
    began('S1', at(0)),
    of('S1', allowed('call', at(1))),
    of('S1', ended('call', at(2))),
    { ...allowed('stranger', at(3)), effect: 'deny' },
  ])
  assert.deepEqual(await findById(disk.source, 'S1'), { kind: 'session', sessionId: 'S1' })
  assert.deepEqual(await findById(disk.source, 'S1-began'), { kind: 'session', sessionId: 'S1' })
  for (const id of ['call', 'call-end']) {
    const found = await findById(disk.source, id)
    assert.ok(found.kind === 'call' && found.decision.id === 'call' && found.ending.kind === 'outcome')
  }
  const stranger = await findById(disk.source, 'stranger')
  assert.ok(stranger.kind === 'call' && stranger.ending.kind === 'denied')
  await assert.rejects(findById(disk.source, 'nothing'), { code: 'session-unknown' })
})

test('nothing of a session is lost or told twice, however lanes and calls interleave', async () => {
  const moves = fc.array(
    fc.record({ lane: fc.nat(2), session: fc.nat(1), end: fc.option(fc.nat(8)), deny: fc.boolean() }),
    { maxLength: 25 },
  )
  await fc.assert(
    fc.asyncProperty(moves, fc.integer({ min: 1, max: 6 }), async (steps, heldCalls) => {
      const { files, source } = onDisk()
      const journals = await Promise.all([0, 1, 2].map(lane => onDisk({ lane }, undefined, files).open()))
      let now = STARTED_MS
      const open: { id: string; lane: number; sessionId: string }[] = []
      const expected: string[] = []
      for (const [index, { lane, session, end, deny }] of steps.entries()) {
        const sessionId = `S${session}`
        const decision = {
          ...allowed(`e${index}`, now++),
          sessionId,
          effect: deny ? 'deny' : 'allow',
        } as const
        await journals[lane]?.append(decision)
        if (session === 0) expected.push(decision.id)
        if (!deny) open.push({ id: decision.id, lane, sessionId })
        const closing = end === null ? undefined : open.splice(end, 1)[0]
        if (closing === undefined) continue
        const done = journals[closing.lane]?.append({
          ...ended(closing.id, now++),
          sessionId: closing.sessionId,
        })
        await journals[closing.lane]?.append({ ...allowed(`z${index}`, now++), effect: 'deny' })
        await done
      }
      for (const journal of journals) await journal.close()
      const entries = await all(readEntries(source, { sessionId: 'S0' }, heldCalls))
      const calls = entries.filter(entry => entry.kind === 'call')
      assert.deepEqual(
        calls.map(call => call.decision.id),
        expected,
      )
      const later = calls.filter(call => call.ending.kind === 'later').map(call => call.decision.id)
      const late = entries.filter(entry => entry.kind === 'outcome').map(entry => entry.outcome.decisionId)
      const stillOpen = new Set(open.map(({ id }) => id))
      assert.deepEqual(new Set(late), new Set(later.filter(id => !stillOpen.has(id))))
    }),
    { numRuns: 60 },
  )
})

test('what became of an access request stands where it happened, and once', async () => {
  const about = (id: string, what: 'asked' | 'approved' | 'spent', timeMs: number): JournalEvent => ({
    type: 'access-request',
    id,
    timeMs,
    sessionId: 'S1',
    requestId: 'R',
    what,
    state: 'pending',
  })
  const disk = await written(onDisk(), [
    began('S1', at(0)),
    of('S1', allowed('a', at(1))),
    about('e1', 'asked', at(2)),
    about('e2', 'approved', at(3)),
    { ...ended('a', at(4)), sessionId: 'S1' },
    // A process that died wrote it, and did not remember that it had.
    about('e2', 'approved', at(3)),
    about('e3', 'spent', at(5)),
    of('S1', allowed('b', at(6))),
  ])
  const entries = await all(readEntries(disk.source, { sessionId: 'S1' }))
  assert.deepEqual(outline(entries), ['session', 'a:outcome', 'asked:R', 'approved:R', 'spent:R', 'b:open'])
})
