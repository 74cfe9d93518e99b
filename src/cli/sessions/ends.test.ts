import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../core/clock.ts'
import type { JournalEvent, SessionEndEvent } from '../../record/event.ts'
import { openJournal } from '../../record/journal.ts'
import { MemoryFiles } from '../../record/memory-files.ts'
import { sessions } from '../sessions.ts'
import { endOf } from './ends.ts'
import { noTerminal } from './terminal.fixture.ts'

const STARTED_MS = Date.UTC(2026, 0, 2, 3, 4, 5)
const HOUR_MS = 3_600_000
const ONE = '01JGJVS4G80000000000000001'
const TWO = '01JGJVS4G80000000000000002'

const PRINCIPAL = {
  arn: 'arn:aws:sts::111122223333:assumed-role/agent/a',
  roleArn: 'arn:aws:iam::111122223333:role/agent',
  issuer: 'ci',
  subject: 'agent-7',
  actingFor: [],
}

const at = (seconds: number): number => STARTED_MS + seconds * 1000

function began(sessionId: string, seconds: number): JournalEvent {
  return {
    type: 'session',
    id: `began-${sessionId}`,
    timeMs: at(seconds),
    sessionId,
    principal: PRINCIPAL,
    by: 'AssumeRoleWithWebIdentity',
    expiresAtMs: at(seconds) + HOUR_MS,
    clientAddress: '192.0.2.7',
    claims: {},
  }
}

function call(sessionId: string, seconds: number): JournalEvent {
  const head = { id: `call-${sessionId}-${seconds}`, timeMs: at(seconds), sessionId }
  return {
    ...head,
    type: 'decision',
    principal: PRINCIPAL,
    clientAddress: '',
    effect: 'deny',
    statements: [],
  }
}

function end(sessionId: string, seconds: number, parts: Partial<SessionEndEvent> = {}): SessionEndEvent {
  const counts = { calls: 3, denied: 1, bytesIn: 12, bytesOut: 3456 }
  const head = { id: `end-${sessionId}-${seconds}`, timeMs: at(seconds), sessionId }
  return { ...head, type: 'session-end', why: 'idle', ...counts, ...parts }
}

const KILLED = { why: 'revoked', by: 'okta/ann', reason: 'it ran \u001b[31mwild' } as const
const ROLE_KILLED: JournalEvent = {
  type: 'revocation',
  id: 'order',
  timeMs: at(60),
  what: 'role',
  of: PRINCIPAL.roleArn,
  issuedUntilMs: at(62),
  by: 'okta/ann',
  reason: 'incident 7',
}

async function ran(lanes: readonly (readonly JournalEvent[])[], args: readonly string[], nowMs = at(100)) {
  const files = new MemoryFiles()
  for (const [lane, events] of lanes.entries()) {
    const random = { bytes: (length: number) => Buffer.alloc(length, lane + 1) }
    const ports = { files, clock: new ManualClock(STARTED_MS), random, after: () => () => {} }
    const journal = await openJournal({ folder: 'data/journal', lane }, ports)
    await Promise.all([...events.map(event => journal.append(event)), journal.close()])
  }
  let out = ''
  let err = ''
  const code = await sessions([...args, '--data', 'data'], {
    files,
    dataFolder: async path => path,
    out: async text => {
      out += text
    },
    err: text => {
      err += text
    },
    colored: false,
    terminal: noTerminal({ now: () => nowMs }),
    sleep: async () => undefined,
    facts: {
      signingName: () => undefined,
      accessLevel: () => undefined,
      lowerCamel: ({ parameters }) => parameters,
    },
  })
  assert.equal(code, 0, err)
  return out
}

async function listed(...lanes: readonly (readonly JournalEvent[])[]): Promise<Record<string, unknown>> {
  const { sessions: all } = JSON.parse(await ran(lanes, ['list', '--json']))
  return Object.fromEntries(
    all.map(({ id, ended }: { id: string; ended?: { why: string; timeMs: number } }) => [
      id,
      ended && [ended.why, (ended.timeMs - STARTED_MS) / 1000],
    ]),
  )
}

test('a session has ended as the last lane says, unless it went on somewhere', async () => {
  const first = [began(ONE, 0), call(ONE, 1), end(ONE, 20)]
  assert.deepEqual(await listed(first, [call(ONE, 2), end(ONE, 30, { why: 'stopped' })]), {
    [ONE]: ['stopped', 30],
  })
  assert.deepEqual(await listed([...first, call(ONE, 21)]), { [ONE]: undefined })
  assert.deepEqual(await listed(first, [call(ONE, 25)]), { [ONE]: undefined })
})

test('what a person ended stays ended, by the first order, whatever is tried or said after it', async () => {
  const killed = [
    began(ONE, 0),
    end(ONE, 5, KILLED),
    call(ONE, 6),
    end(ONE, 7, { ...KILLED, by: 'okta/ben' }),
  ]
  assert.deepEqual(await listed(killed, [call(ONE, 4), end(ONE, 40)]), { [ONE]: ['revoked', 5] })
  const [text] = [await ran([killed], ['list'])]
  assert.match(text ?? '', /revoked 2026-01-02 03:04:10 {2}agent-7/)
})

test('an order for many, and an end, are nobody that was refused', async () => {
  const { refused, sessions: all } = JSON.parse(await ran([[ROLE_KILLED, end(ONE, 5)]], ['list', '--json']))
  assert.equal(refused, undefined)
  assert.equal(all.length, 1)
  assert.match(await ran([[ROLE_KILLED]], ['show', 'refused']), /0 calls/)
})

test('where no end was recorded, it says so, and when it was by expiry', () => {
  const begun = { timeMs: STARTED_MS, by: '', expiresAtMs: at(3_600), clientAddress: '' }
  assert.equal(endOf({ began: begun }, at(5)), 'no end recorded')
  assert.equal(endOf({}, at(5)), 'no end recorded')
  assert.equal(endOf({ began: begun }, at(3_600)), 'expired 2026-01-02 04:04:05, not recorded')
  assert.equal(endOf({ began: begun, ended: end(ONE, 4) }, at(3_600)), 'idle 2026-01-02 03:04:09')
})

test('show, replay and JSON tell ends in their place, and nothing that was said there reaches the terminal', async () => {
  const day = [began(ONE, 0), call(ONE, 1), end(ONE, 20), call(ONE, 30), end(ONE, 31, KILLED), call(ONE, 32)]
  for (const command of ['show', 'replay']) {
    const text = await ran([day], [command, ONE])
    assert.match(
      text,
      /03:04:25\.000 {2}ended {2}no call for a while\n +3 calls here, 1 denied · 12 B up, 3\.5 kB down/,
    )
    assert.match(text, /03:04:36\.000 {2}ENDED {2}ended by okta\/ann\n +“it ran \S*\[31mwild”/)
    assert.ok(!text.includes('\u001b'))
    assert.ok(!text.includes('no end recorded'))
  }
  const { entries } = JSON.parse(await ran([day], ['show', ONE, '--json']))
  assert.deepEqual(
    entries.map(({ kind }: { kind: string }) => kind),
    ['session', 'call', 'end', 'call', 'end', 'call'],
  )
  assert.match(await ran([day.slice(0, 4)], ['show', ONE]), /\nno end recorded\n/)
  assert.match(
    await ran([day.slice(0, 2)], ['show', ONE], at(9_999)),
    /\nexpired 2026-01-02 04:04:05, not recorded\n/,
  )
  assert.match(await ran([day], ['show', `end-${ONE}-20`]), /Session 01JGJVS4G80000000000000001/)
})

test('tail tells of ends, of one session if it is asked for one, and of none where nobody could say whose', async () => {
  const lane = [call(ONE, 1), call(TWO, 2), end(ONE, 3), end(TWO, 4), ROLE_KILLED]
  const all = await ran([lane], ['tail'])
  assert.match(all, /ended {2}no call for a while\n.*session 01JGJVS4G80000000000000001/)
  assert.match(all, /ENDED {2}every session of the role arn:aws:iam::111122223333:role\/agent, by okta\/ann/)
  const one = await ran([lane], ['tail', '--session', TWO, '--json'])
  const kinds = one
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  assert.deepEqual(
    kinds.map(({ kind, event, decision }) => [kind, (event ?? decision).sessionId]),
    [
      ['call', TWO],
      ['end', TWO],
    ],
  )
  assert.ok(!(await ran([lane], ['tail', '--denied'])).toLowerCase().includes('ended'))
})
