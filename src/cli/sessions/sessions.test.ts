import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ManualClock } from '../../core/clock.ts'
import type { DecisionEvent, JournalEvent, OutcomeEvent } from '../../record/event.ts'
import { openJournal } from '../../record/journal.ts'
import { MemoryFiles } from '../../record/memory-files.ts'
import { layout } from '../../record/segment.ts'
import { sessions } from '../sessions.ts'
import { noTerminal } from './terminal.fixture.ts'

const STARTED_MS = Date.UTC(2026, 0, 2, 3, 4, 5)
const SESSION = '01JGJVS4G80000000000000001'
const PRINCIPAL = {
  arn: 'arn:aws:sts::111122223333:assumed-role/agent/a',
  roleArn: 'arn:aws:iam::111122223333:role/agent',
  issuer: 'local',
  subject: 'agent-7',
  actingFor: [],
}

const BEGAN: JournalEvent = {
  type: 'session',
  id: 'began',
  timeMs: STARTED_MS,
  sessionId: SESSION,
  principal: PRINCIPAL,
  by: 'AssumeRoleWithWebIdentity',
  expiresAtMs: STARTED_MS + 3_600_000,
  clientAddress: '192.0.2.7',
  claims: { sub: 'agent-7', aud: 'sallyport' },
}

function decided(id: string, afterMs: number, parts: Partial<DecisionEvent> = {}): DecisionEvent {
  return {
    type: 'decision',
    id,
    timeMs: STARTED_MS + afterMs,
    sessionId: SESSION,
    principal: PRINCIPAL,
    clientAddress: '192.0.2.7',
    call: {
      service: 'ec2',
      operation: 'TerminateInstances',
      region: 'us-east-1',
      parameters: { InstanceIds: ['i-1'] },
      redacted: [],
      truncated: false,
      pairs: [
        {
          action: 'ec2:TerminateInstances',
          resource: 'arn:aws:ec2:us-east-1:111122223333:instance/i-1',
          certainty: 'exact',
        },
      ],
    },
    effect: 'allow',
    statements: [{ policy: 'agent.json', statement: 'Machines', effect: 'Allow' }],
    ...parts,
  }
}

function ended(decisionId: string, afterMs: number): OutcomeEvent {
  return {
    type: 'outcome',
    id: `${decisionId}-end`,
    timeMs: STARTED_MS + afterMs,
    sessionId: SESSION,
    decisionId,
    status: 200,
    awsRequestId: 'request-1',
    bytesIn: 12,
    bytesOut: 3456,
    durationMs: 78,
  }
}

const STRANGER: DecisionEvent = {
  type: 'decision',
  id: 'stranger',
  timeMs: STARTED_MS + 3_000,
  clientAddress: '203.0.113.9',
  target: { method: 'GET', path: '/.git/\u001b]0;owned\u0007' },
  effect: 'deny',
  statements: [],
  denial: { kind: 'refused', code: 'signature-missing', reason: 'the request is not signed' },
}

const DENIED = decided('denied', 2_000, {
  effect: 'deny',
  statements: [{ policy: 'agent.json', statement: 'Keep', effect: 'Deny' }],
  denial: { kind: 'explicit', reason: 'denied by `Keep`: ask the owner' },
})

const DAY: readonly JournalEvent[] = [
  BEGAN,
  decided('allowed', 1_000),
  ended('allowed', 1_078),
  DENIED,
  STRANGER,
]

interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
  readonly slept: readonly number[]
}

async function disk(events: readonly JournalEvent[] = DAY): Promise<MemoryFiles> {
  const files = new MemoryFiles()
  let seed = 0
  const random = { bytes: (length: number) => Buffer.alloc(length, seed++) }
  const ports = { files, clock: new ManualClock(STARTED_MS), random, after: () => () => {} }
  const journal = await openJournal({ folder: 'data/journal', lane: 0 }, ports)
  await Promise.all([...events.map(event => journal.append(event)), journal.close()])
  return files
}

async function run(files: MemoryFiles, args: readonly string[], colored = false): Promise<Ran> {
  let out = ''
  let err = ''
  const slept: number[] = []
  const code = await sessions(args, {
    files,
    dataFolder: async configPath => configPath.replace('.yaml', ''),
    async out(text) {
      out += text
    },
    err(text) {
      err += text
    },
    colored,
    terminal: noTerminal(),
    sleep: async delayMs => void slept.push(delayMs),
    facts: {
      signingName: () => undefined,
      accessLevel: () => undefined,
      lowerCamel: ({ parameters }) => parameters,
    },
  })
  return { code, out, err, slept }
}

const data = (...args: string[]): string[] => [...args, '--data', 'data']

test('list: a line for each session, and one for what was refused without any', async () => {
  const { code, out } = await run(await disk(), data('list'))
  assert.equal(code, 0)
  assert.equal(
    out,
    `SESSION                     BEGAN (UTC)          LASTED  CALLS  DENIED  FAILED    UP    DOWN  ENDED            WHO
${SESSION}  2026-01-02 03:04:05   2.0 s      2       1       0  12 B  3.5 kB  no end recorded  agent-7 as role/agent in 111122223333
refused                     2026-01-02 03:04:08    0 ms      1       1       0   0 B     0 B                   nobody that the gate knows
`,
  )
  const json = await run(await disk(), data('list', '--json'))
  assert.equal(JSON.parse(json.out).sessions[0].id, SESSION)
})

test('show: each call as its command line, with what decided and how it ended', async () => {
  const { code, out } = await run(await disk(), data('show', SESSION))
  assert.equal(code, 0)
  assert.equal(
    out,
    `Session ${SESSION}
  principal   agent-7, vouched for by local
  role        arn:aws:iam::111122223333:role/agent
  as          arn:aws:sts::111122223333:assumed-role/agent/a
  began       2026-01-02 03:04:05 by AssumeRoleWithWebIdentity from 192.0.2.7, until 2026-01-02 04:04:05
  claims      sub=agent-7  aud=sallyport

2026-01-02 (UTC)
03:04:06.000  allow  aws ec2 terminate-instances --instance-ids i-1 --region us-east-1
                     by Machines in agent.json · 200 in 78 ms · 12 B up, 3.5 kB down · request request-1
03:04:07.000  DENY   aws ec2 terminate-instances --instance-ids i-1 --region us-east-1
                     denied by \`Keep\`: ask the owner
                     by Keep in agent.json · event denied

2 calls: 1 allowed, 1 denied; 12 B up, 3.5 kB down; 2.0 s
no end recorded

`,
  )
})

test('show refused: what came without a session, and nothing that speaks to the terminal', async () => {
  const { code, out } = await run(await disk(), data('show', 'refused'))
  assert.equal(code, 0)
  assert.match(out, /DENY {3}GET \/\.git\/\\x1b\]0;owned\\x07\n/)
  assert.match(out, /signature-missing: the request is not signed/)
  assert.ok(!out.includes('terminate-instances'))
})

test('show EVENT: everything about the call that a denied client was told of', async () => {
  const { code, out } = await run(await disk(), data('show', 'denied'))
  assert.equal(code, 0)
  assert.match(out, /^Event denied\n/)
  assert.match(out, /ec2:TerminateInstances on arn:aws:ec2:us-east-1:111122223333:instance\/i-1\n/)
  assert.match(out, /"InstanceIds": \[/)
})

test('show --json: one document, with the command lines in it', async () => {
  const { out } = await run(await disk(), data('show', SESSION, '--json'))
  const { session, entries } = JSON.parse(out)
  assert.equal(session, SESSION)
  assert.deepEqual(
    entries.map((entry: { kind: string }) => entry.kind),
    ['session', 'call', 'call'],
  )
  assert.match(entries[1].commandLine, /^aws ec2 terminate-instances/)
  assert.equal(entries[1].ending.outcome.status, 200)
  const one = await run(await disk(), data('show', 'denied', '--json'))
  assert.equal(JSON.parse(one.out).decision.denial.kind, 'explicit')
})

test('replay: at its own pace, faster when asked, without the long pauses when asked', async () => {
  const files = await disk([BEGAN, decided('a', 2_000), ended('a', 2_100), decided('b', 62_000)])
  const plain = await run(files, data('show', SESSION))
  const replayed = await run(files, data('replay', SESSION))
  assert.equal(replayed.out, plain.out)
  assert.deepEqual(replayed.slept, [2_000, 60_000])
  const fast = await run(files, data('replay', SESSION, '--speed', '4', '--skip-idle', '10'))
  assert.deepEqual(fast.slept, [500, 2_500])
  assert.deepEqual(plain.slept, [])
})

test('verify: a line for each lane; exit code 1 and the place where it is broken', async () => {
  const files = await disk()
  const whole = await run(files, data('verify'))
  assert.equal(whole.code, 0)
  assert.match(whole.out, /^lane 00 {2}whole {3}5 events in 1 segment {2}link [0-9a-f]{64}\n/)
  assert.match(whole.out, /the journal is whole: 5 events in 1 lane\n$/)
  const bytes = files.bytes(layout.segment('data/journal', 0, 1))
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 30) ^ 1, bytes.length - 30)
  const broken = await run(files, data('verify'))
  assert.equal(broken.code, 1)
  assert.match(broken.out, /lane 00, segment 1, event 5, byte \d+: /)
  assert.match(broken.out, /the journal is broken in 1 of 1 lane\n$/)
  const json = await run(files, data('verify', '--json'))
  assert.equal(json.code, 1)
  assert.equal(JSON.parse(json.out).whole, false)
})

test('the data folder comes from the configuration where none is given', async () => {
  assert.equal((await run(await disk(), ['verify', '--config', 'data.yaml'])).code, 0)
  const { code, err } = await run(await disk(), ['verify', '--config', 'other.yaml'])
  assert.equal(code, 1)
  assert.match(err, /there is no journal in `other`/)
})

test('what it cannot do it says, and how it is used', async () => {
  const files = await disk()
  for (const args of [
    ['nonsense'],
    ['show'],
    ['list', 'more'],
    ['show', SESSION, 'more'],
    ['list', '--unknown'],
    ['list', '--speed', '2'],
    ['replay', SESSION, '--speed', '0'],
    ['replay', SESSION, '--skip-idle', 'long'],
    ['list', '--config', 'a.yaml'],
  ]) {
    const { code, err } = await run(files, data(...args))
    assert.equal(code, 2, args.join(' '))
    assert.match(err, /usage: sallyport sessions/)
  }
  assert.equal((await run(files, [])).code, 2)
  assert.equal((await run(files, ['--help'])).code, 0)
  const unknown = await run(files, data('show', 'none\u001b[2J'))
  assert.equal(unknown.code, 1)
  assert.match(unknown.err, /the journal has no `none\\x1b\[2J`/)
  files.open = async () => Promise.reject(Object.assign(new Error('no'), { code: 'EACCES' }))
  const closed = await run(files, data('list'))
  assert.equal(closed.code, 1)
  assert.match(closed.err, /`EACCES`/)
})

test('colours are there when they are wanted, and never otherwise', async () => {
  assert.ok((await run(await disk(), data('show', SESSION), true)).out.includes('\u001b[31mDENY'))
  for (const command of [['list'], ['show', SESSION], ['verify']]) {
    assert.ok(!(await run(await disk(), data(...command))).out.includes('\u001b'))
  }
})

test('nothing that a client can put into a recording reaches the terminal as it is', async () => {
  const wild = fc.string({
    unit: fc.constantFrom(
      'a',
      '\u001b',
      '\u0007',
      '\u009b',
      '\u202e',
      '\u200b',
      '\ud800',
      "'",
      '\n',
      '\u{e0041}',
    ),
  })
  await fc.assert(
    fc.asyncProperty(wild, wild, wild, async (first, second, third) => {
      const events = [
        decided('a', 1, {
          userAgent: first,
          call: {
            service: 'ec2',
            operation: 'Describe',
            region: third,
            parameters: { Key: first, List: [{ [second]: third }] },
            redacted: [first],
            truncated: true,
            pairs: [{ action: 'ec2:Describe', resource: second, certainty: 'any' }],
          },
        }),
        { ...ended('a', 2), error: first, awsRequestId: second, lease: third },
        decided('b', 3, { effect: 'deny', denial: { kind: 'implicit', code: first, reason: second } }),
        { ...STRANGER, target: { method: first, path: second }, clientAddress: third },
      ]
      const files = await disk(events)
      for (const args of [['show', SESSION], ['show', 'a'], ['show', 'refused'], ['list']]) {
        for (const more of [[], ['--json']]) {
          const { out } = await run(files, data(...args, ...more))
          assert.doesNotMatch(
            out,
            /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b\u202e\u{e0041}]|\p{Surrogate}/u,
          )
        }
      }
    }),
    { numRuns: 40 },
  )
})
