import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ManualClock } from '../core/clock.ts'
import type { DecisionEvent, JournalEvent, OutcomeEvent } from '../record/event.ts'
import { openJournal } from '../record/journal.ts'
import { MemoryFiles } from '../record/memory-files.ts'
import { tallySpans } from '../record/review/spans.ts'
import { Counter, MOST, RoleTally } from '../record/review/tally.ts'
import type { ReviewedRole } from './review/ports.ts'
import { review } from './review.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** A Saturday at 12:00. */
const NOW_MS = Date.UTC(2026, 0, 17, 12)
const ROLE = 'arn:aws:iam::111122223333:role/agent'

function called(
  id: string,
  timeMs: number,
  action: string,
  parts: Partial<DecisionEvent> = {},
): DecisionEvent {
  const [service = '', operation = ''] = action.split(':')
  return {
    type: 'decision',
    id,
    timeMs,
    sessionId: 'S1',
    principal: { arn: ROLE, roleArn: ROLE, issuer: 'local', subject: 'agent', actingFor: [] },
    clientAddress: '192.0.2.7',
    call: {
      service,
      operation,
      region: 'us-east-1',
      parameters: {},
      redacted: [],
      truncated: false,
      pairs: [{ action, resource: `arn:aws:${service}:::things/${operation}`, certainty: 'exact' }],
    },
    effect: 'allow',
    statements: [{ policy: 'agent.json', statement: 'Work', effect: 'Allow' }],
    ...parts,
  }
}

function ended(decisionId: string, timeMs: number, parts: Partial<OutcomeEvent> = {}): OutcomeEvent {
  const id = `${decisionId}-end`
  const sizes = { bytesIn: 0, bytesOut: 0, durationMs: 1 }
  return { type: 'outcome', id, timeMs, sessionId: 'S1', decisionId, status: 200, ...sizes, ...parts }
}

const DENIAL: Partial<DecisionEvent> = {
  effect: 'deny',
  statements: [],
  denial: { kind: 'implicit', reason: 'no statement allows <it>' },
}

/** A quiet week of work at nine, then one in which much is new. */
function weeks(): JournalEvent[] {
  const before = Array.from({ length: 60 }, (_, at) => {
    return called(`b${at}`, NOW_MS - 14 * DAY_MS + 21 * HOUR_MS + at * 60_000, 's3:GetObject')
  })
  const asked = { type: 'access-request', sessionId: 'S1', requestId: 'R1', state: 'open' } as const
  return [
    ...before,
    called('n1', NOW_MS - 3 * HOUR_MS, 's3:GetObject'),
    ended('n1', NOW_MS - 3 * HOUR_MS, { masked: { count: 3, places: ['SecretString'] } }),
    called('n2', NOW_MS - 10 * HOUR_MS, 's3:DeleteBucket', { clientAddress: '203.0.113.9' }),
    ended('n2', NOW_MS - 10 * HOUR_MS, { status: 500 }),
    called('n3', NOW_MS - 2 * HOUR_MS, 'ec2:DescribeInstances', DENIAL),
    called('n4', NOW_MS - 1 * HOUR_MS, 'ec2:DescribeInstances', DENIAL),
    { ...asked, id: 'a1', timeMs: NOW_MS - HOUR_MS, what: 'asked' },
    { ...asked, id: 'a1', timeMs: NOW_MS - HOUR_MS, what: 'asked' },
    { ...asked, id: 'a2', timeMs: NOW_MS - HOUR_MS, what: 'expired' },
    {
      type: 'decision',
      id: 'x',
      timeMs: NOW_MS - HOUR_MS,
      clientAddress: '198.51.100.1',
      target: { method: 'GET', path: '/<script>alert(1)</script>' },
      effect: 'deny',
      statements: [],
      denial: { kind: 'refused', code: 'signature-missing', reason: 'the request is not signed' },
    },
  ]
}

const CONFIGURED: readonly ReviewedRole[] = [
  {
    roleArn: ROLE,
    statements: [
      {
        policy: 'agent.json',
        statement: 'Work',
        effect: 'Allow',
        actions: ['s3:DeleteBucket', 's3:GetObject', 's3:PutObject'],
        allBut: false,
      },
      {
        policy: 'agent.json',
        statement: 'Queues',
        effect: 'Allow',
        actions: ['sqs:SendMessage'],
        allBut: false,
      },
      {
        policy: 'agent.json',
        statement: 'Keep',
        effect: 'Deny',
        actions: ['s3:DeleteObject'],
        allBut: false,
      },
    ],
  },
  { roleArn: 'arn:aws:iam::111122223333:role/idle', statements: [] },
]

async function journal(events: readonly JournalEvent[]): Promise<MemoryFiles> {
  const files = new MemoryFiles()
  let seed = 0
  const random = { bytes: (length: number) => Buffer.alloc(length, seed++) }
  const ports = { files, clock: new ManualClock(0), random, after: () => () => {} }
  const open = await openJournal({ folder: 'data/journal', lane: 0 }, ports)
  await Promise.all([...events.map(event => open.append(event)), open.close()])
  return files
}

interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
  readonly written: ReadonlyMap<string, string>
}

async function run(files: MemoryFiles, ...args: readonly string[]): Promise<Ran> {
  let out = ''
  let err = ''
  const written = new Map<string, string>()
  const code = await review(args, {
    files,
    configuration: async () => ({ data: 'data', roles: CONFIGURED }),
    accessLevel: action => (action === 's3:DeleteBucket' ? 'Write' : 'Read'),
    async out(text) {
      out += text
    },
    err(text) {
      err += text
    },
    async writeFile(path, text) {
      written.set(path, text)
    },
    colored: false,
    columns: undefined,
    now: () => NOW_MS,
  })
  return { code, out, err, written }
}

test('a review in figures', async () => {
  const { code, out, err } = await run(await journal(weeks()), '--config', 'gate.yaml', '--json')
  assert.equal(err, '')
  assert.equal(code, 0)
  const report = JSON.parse(out)
  const [agent, idle] = report.roles
  assert.deepEqual([idle.roleArn, idle.calls], ['arn:aws:iam::111122223333:role/idle', 0])
  assert.deepEqual([agent.calls, agent.allowed, agent.denied, agent.failed], [4, 2, 2, 1])
  assert.deepEqual(
    agent.neverUsed.map((each: { statement: string }) => each.statement),
    ['Queues'],
  )
  assert.deepEqual(agent.partlyUsed[0].unusedActions, { first: ['s3:PutObject'], count: 1 })
  assert.equal(agent.deniedAgain.first[0].count, 2)
  assert.equal(agent.deniedAgain.first[0].event, 'n3')
  const names = (kind: string): string[] => agent.fresh[kind].first.map((each: { name: string }) => each.name)
  assert.deepEqual(names('actions'), ['s3:DeleteBucket'])
  assert.deepEqual(names('addresses'), ['203.0.113.9'])
  assert.deepEqual(names('resources'), ['arn:aws:s3:::things/DeleteBucket'])
  assert.deepEqual(agent.hours, {
    usual: [9],
    outside: [
      { hour: 2, calls: 1 },
      { hour: 10, calls: 1 },
      { hour: 11, calls: 1 },
    ],
  })
  assert.deepEqual(
    agent.destructive.first.map((each: object) => Object.values(each)[0]),
    ['s3:DeleteBucket'],
  )
  assert.deepEqual(agent.approvals, { asked: 1, expired: 1 })
  assert.deepEqual([agent.masks.calls, agent.masks.values], [1, 3])
  assert.equal(report.unidentified.calls, 1)
})

test('a review for a terminal says what somebody should look at', async () => {
  const { out } = await run(await journal(weeks()))
  assert.match(out, /^Review of 2026-01-10 12:00:00 to 2026-01-17 12:00:00 \(UTC\)\n/)
  assert.match(out, /role\/agent\n {2}4 calls: 2 allowed, 2 denied; 1 of the allowed failed\n/)
  assert.match(
    out,
    /Destructive calls for the first time\n.*\n.*\n {4}s3:DeleteBucket {2}1 +2026-01-17 02:00:00 {2}Write\n/,
  )
  assert.match(out, /Outside its usual hours\n.*\(UTC\): 9\.\n/)
  assert.match(out, /Queues +agent\.json +Allow +sqs:SendMessage\n/)
  assert.match(out, /Nobody that the gate knows\n {2}1 call\n/)
})

test('a page for an auditor: whole, without scripts, and whatever clients sent is escaped', async () => {
  const { out, written } = await run(await journal(weeks()), '--html', 'review.html')
  assert.equal(out, 'written to review.html\n')
  const page = written.get('review.html') ?? ''
  assert.match(page, /^<!doctype html>/)
  assert.match(page, /no statement allows &lt;it&gt;/)
  assert.doesNotMatch(page, /<script|<img|<link|src=|href=/i)
  assert.match(page, /default-src 'none'/)
})

test('nothing that a client sends becomes part of the page', async () => {
  const wild = fc.string({ unit: fc.constantFrom('<', '>', '&', '"', "'", 'b', '\u202e', '\u001b', '\n') })
  await fc.assert(
    fc.asyncProperty(wild, wild, async (first, second) => {
      const denial = { kind: 'implicit', reason: first, code: second }
      const event = called('a', NOW_MS - 1, `s3:${first}`, { effect: 'deny', denial, clientAddress: second })
      const again = { ...event, id: 'b' }
      const { written } = await run(
        await journal([event, again, called('c', NOW_MS - 1, second)]),
        '--html',
        'p',
      )
      const page = written.get('p') ?? ''
      const tags = new Set([...page.matchAll(/<\/?([^\s>]*)/g)].map(([, name]) => name))
      const known =
        '!doctype html head meta title style body h1 h2 h3 p section table thead tbody tr th td'.split(' ')
      for (const tag of tags) assert.ok(known.includes(tag ?? ''), tag)
      assert.doesNotMatch(page, /[\u001b\u202e]/)
    }),
    { numRuns: 50 },
  )
})

test('spans, roles, and what is wrong with them', async () => {
  const files = await journal(weeks())
  const only = await run(files, '--role', 'id*', '--json')
  assert.deepEqual(JSON.parse(only.out).roles.length, 1)
  const early = JSON.parse((await run(files, '--json', '--since', '2026-01-03', '--until', '2026-01-05')).out)
  assert.equal(early.roles[0].calls, 60)
  assert.equal(early.roles[0].hours.usual, undefined)
  for (const wrong of [
    ['--since', 'x'],
    ['--until', 'x'],
    ['--since', '1d', '--until', '2d'],
    ['more'],
    ['--x'],
  ]) {
    assert.equal((await run(files, ...wrong)).code, 2, wrong.join(' '))
  }
  assert.equal((await run(new MemoryFiles())).code, 1)
  assert.equal((await run(files, '--help')).code, 0)
})

test('what is counted adds up, and every call is in one span, the other, or none', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ atMs: fc.integer({ min: 0, max: 100 }), deny: fc.boolean() }), { maxLength: 30 }),
      fc.integer({ min: 1, max: 50 }),
      async (calls, lengthMs) => {
        const events = calls
          .toSorted((a, b) => a.atMs - b.atMs)
          .map(({ atMs, deny }, at) => called(`e${at}`, atMs, 's3:GetObject', deny ? DENIAL : {}))
        const source = { files: await journal(events), folder: 'data/journal' }
        const spans = await tallySpans(source, { sinceMs: 50, untilMs: 50 + lengthMs })
        const role = spans.roles.get(ROLE)
        const within = (from: number, to: number): number =>
          calls.filter(({ atMs }) => atMs >= from && atMs < to).length
        assert.equal(role?.now.calls ?? 0, within(50, 50 + lengthMs))
        assert.equal(role?.before.calls ?? 0, within(50 - lengthMs, 50))
        if (role !== undefined) {
          assert.equal(role.now.allowed + role.now.denied, role.now.calls)
          assert.equal(
            role.now.hours.reduce((sum, hour) => sum + hour, 0),
            role.now.calls,
          )
        }
      },
    ),
    { numRuns: 60 },
  )
})

test('counters are bounded, and say so', () => {
  const counter = new Counter(2)
  for (const name of ['a', 'b', 'c', 'a', 'd']) counter.add(name, 1)
  assert.deepEqual(
    [counter.entries().map(([name, { count }]) => [name, count]), counter.beyond],
    [
      [
        ['a', 2],
        ['b', 1],
      ],
      2,
    ],
  )
  const tally = new RoleTally()
  for (let at = 0; at <= MOST.addresses; at++)
    tally.decision(called('a', 1, 's3:Get', { clientAddress: `a${at}` }))
  assert.deepEqual(tally.beyond, [{ kind: 'addresses', most: MOST.addresses, count: 1 }])
})
