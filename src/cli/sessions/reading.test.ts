import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ManualClock } from '../../core/clock.ts'
import type { DecisionEvent, JournalEvent, OutcomeEvent } from '../../record/event.ts'
import { openJournal } from '../../record/journal.ts'
import { MemoryFiles } from '../../record/memory-files.ts'
import { sessions } from '../sessions.ts'
import { noTerminal } from './terminal.fixture.ts'
import type { Terminal } from './terminal.ts'

const STARTED_MS = Date.UTC(2026, 0, 2, 3, 4, 5)

const PRINCIPAL = {
  arn: 'arn:aws:sts::111122223333:assumed-role/agent/a',
  roleArn: 'arn:aws:iam::111122223333:role/agent',
  issuer: 'local',
  subject: 'agent-7',
  actingFor: [],
}

function decided(id: string, afterMs: number, parts: Partial<DecisionEvent> = {}): DecisionEvent {
  return {
    type: 'decision',
    id,
    timeMs: STARTED_MS + afterMs,
    sessionId: 'S1',
    principal: PRINCIPAL,
    clientAddress: '192.0.2.7',
    call: {
      service: 's3',
      operation: 'GetObject',
      region: 'us-east-1',
      parameters: { Bucket: 'reports', Key: `2026/${id}` },
      redacted: [],
      truncated: false,
      pairs: [{ action: 's3:GetObject', resource: `arn:aws:s3:::reports/2026/${id}`, certainty: 'exact' }],
    },
    effect: 'allow',
    statements: [{ policy: 'agent.json', statement: 'Read', effect: 'Allow' }],
    ...parts,
  }
}

const denied = (id: string, afterMs: number, parts: Partial<DecisionEvent> = {}): DecisionEvent =>
  decided(id, afterMs, {
    effect: 'deny',
    statements: [],
    denial: { kind: 'implicit', reason: 'no statement allows it' },
    ...parts,
  })

function ended(decisionId: string, afterMs: number, parts: Partial<OutcomeEvent> = {}): OutcomeEvent {
  return {
    type: 'outcome',
    id: `${decisionId}-end`,
    timeMs: STARTED_MS + afterMs,
    sessionId: 'S1',
    decisionId,
    status: 200,
    bytesIn: 0,
    bytesOut: 10,
    durationMs: 5,
    ...parts,
  }
}

async function append(files: MemoryFiles, lane: number, ...events: JournalEvent[]): Promise<void> {
  let seed = 0
  const random = { bytes: (length: number) => Buffer.alloc(length, seed++) }
  const ports = { files, clock: new ManualClock(STARTED_MS), random, after: () => () => {} }
  const journal = await openJournal({ folder: 'data/journal', lane, segmentBytes: 8_000 }, ports)
  await Promise.all([...events.map(event => journal.append(event)), journal.close()])
}

interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

async function run(
  files: MemoryFiles,
  args: readonly string[],
  terminal: Partial<Terminal> = {},
): Promise<Ran> {
  let [out, err] = ['', '']
  const code = await sessions([...args, '--data', 'data'], {
    files,
    dataFolder: async path => path,
    async out(text) {
      out += text
    },
    err(text) {
      err += text
    },
    colored: false,
    sleep: async () => undefined,
    terminal: noTerminal(terminal),
    facts: { resourceType: () => undefined, access: () => undefined } as never,
  })
  return { code, out, err }
}

/** Changes that come one after another while the journal is followed. */
function happening(...steps: readonly (() => Promise<void>)[]): Terminal['changes'] {
  const left = [...steps]
  return () => ({
    close: () => undefined,
    async next() {
      const step = left.shift()
      await step?.()
      return step !== undefined
    },
  })
}

test('tail: what was there, what comes, from every gate, and how it ends', async () => {
  const files = new MemoryFiles()
  await append(files, 0, decided('a', 0), ended('a', 5))
  const clock = new ManualClock(STARTED_MS)
  const changes = happening(
    () => append(files, 0, denied('b', 1_000)),
    () => append(files, 3, decided('c', 2_000)),
    async () => clock.advance(1_000),
    () => append(files, 3, ended('c', 60_000, { error: 'SlowDown', status: 503 })),
    () => append(files, 0, decided('d', 61_000)),
  )
  const { code, out, err } = await run(files, ['tail'], { changes, now: () => clock.now() })
  assert.equal(err, '')
  assert.equal(code, 0)
  assert.equal(
    out,
    `
2026-01-02 (UTC)
03:04:05.000  allow  aws s3api get-object --bucket reports --key 2026/a /dev/stdout --region us-east-1
                     by Read in agent.json · 200 in 5 ms · 0 B up, 10 B down · agent-7 as role/agent · session S1
03:04:06.000  DENY   aws s3api get-object --bucket reports --key 2026/b /dev/stdout --region us-east-1
                     no statement allows it
                     event b · agent-7 as role/agent · session S1
03:04:07.000  allow  aws s3api get-object --bucket reports --key 2026/c /dev/stdout --region us-east-1
                     by Read in agent.json · no outcome yet · agent-7 as role/agent · session S1
03:05:05.000  …      of c
                     503 SlowDown in 5 ms · 0 B up, 10 B down
03:05:06.000  allow  aws s3api get-object --bucket reports --key 2026/d /dev/stdout --region us-east-1
                     by Read in agent.json · no outcome yet · agent-7 as role/agent · session S1

5 entries
`,
  )
})

test('tail: what it is told to show, and how many of the last', async () => {
  const files = new MemoryFiles()
  const other = { ...PRINCIPAL, roleArn: 'arn:aws:iam::111122223333:role/ops', subject: 'ops' }
  await append(files, 0, denied('a', 0), denied('b', 1), decided('c', 2), ended('c', 3))
  await append(files, 0, denied('d', 4, { principal: other, sessionId: 'S2' }))
  const shown = async (...args: string[]): Promise<string[]> => {
    const { out } = await run(files, ['tail', '--json', ...args])
    return out
      .split('\n')
      .filter(line => line !== '')
      .map(line => JSON.parse(line).decision.id)
  }
  assert.deepEqual(await shown('--last', '2'), ['c', 'd'])
  assert.deepEqual((await shown('--denied')).at(-1), 'd')
  assert.ok(!(await shown('--denied')).includes('c'))
  assert.deepEqual(await shown('--role', 'op*'), ['d'])
  assert.deepEqual(await shown('--role', 'arn:aws:iam::111122223333:role/ops'), ['d'])
  assert.deepEqual(await shown('--session', 'S2'), ['d'])
  assert.deepEqual(await shown('--last', '0'), [])
  for (const wrong of [['more'], ['--last', 'x'], ['--colour']]) {
    assert.equal((await run(files, ['tail', ...wrong])).code, 2)
  }
  assert.match((await run(files, ['tail', '--help'])).out, /^usage/)
})

test('search: entries, how many, and where the query is wrong', async () => {
  const files = new MemoryFiles()
  const events = Array.from({ length: 12 }, (_, at) => [
    decided(`e${at}`, at * 10),
    ended(`e${at}`, at * 10 + 5),
  ])
  await append(files, 0, ...events.flat(), denied('x', 500))
  const { code, out } = await run(files, ['search', 'resource:*/e1*', '-effect:deny'])
  assert.equal(code, 0)
  assert.deepEqual(out.match(/2026\/e\d+/g), ['2026/e11', '2026/e10', '2026/e1'])
  assert.match(out, /\n3 entries\n$/)
  const few = await run(files, ['search', 'role:agent', '--limit', '2', '--oldest', '--json'])
  const { entries, more } = JSON.parse(few.out)
  assert.deepEqual([entries.length, entries[0].decision.id, more], [2, 'e0', true])
  assert.match((await run(files, ['search', 'effect:deny', '--limit', '1'])).out, /\n1 entry\n$/)
  assert.match((await run(files, ['search', '--limit', '1'])).out, /1 entry, and there are more \(--limit\)/)
  const wrong = await run(files, ['search', 'a\u001b', 'colour:red'])
  assert.equal(wrong.code, 2)
  assert.match(wrong.err, /there is no key `colour`.*\n.*\n\n {2}a\\x1b colour:red\n {8}\^\n$/)
  assert.equal((await run(files, ['search', '--limit', '0'])).code, 2)
  assert.equal((await run(files, ['search', '--colour'])).code, 2)
  assert.equal((await run(new MemoryFiles(), ['search', 'a'])).code, 1)
})

test('replay --step: the next call at a key, until one has seen enough', async () => {
  const files = new MemoryFiles()
  await append(files, 0, denied('a', 0), denied('b', 1), denied('c', 2))
  const keys = [' ', 'q']
  const { out } = await run(files, ['replay', 'S1', '--step'], { key: async () => keys.shift() })
  assert.deepEqual(out.match(/2026\/./g), ['2026/a', '2026/b'])
  assert.match(out, /2 denied/)
  const closed = await run(files, ['replay', 'S1', '--step'])
  assert.deepEqual(closed.out.match(/2026\/./g), ['2026/a'])
  assert.equal((await run(files, ['replay', 'S1', '--step', '--speed', '2'])).code, 2)
  assert.equal((await run(files, ['show', 'S1', '--step'])).code, 2)
})

test('lines are as wide as the terminal', async () => {
  const files = new MemoryFiles()
  await append(files, 0, decided('a', 0), ended('a', 5), denied('b', 1))
  for (const args of [['show', 'S1'], ['search'], ['tail']]) {
    const { out } = await run(files, args, { columns: 60 })
    assert.ok(
      out.split('\n').every(line => line.length <= 60 || !line.slice(21).includes(' ')),
      out,
    )
    assert.match(out, /--bucket \\\n {23}reports/)
  }
})

test('nothing that a client sends reaches the terminal as it is', async () => {
  const unit = fc.constantFrom(
    'a',
    ' ',
    '\u001b',
    '\u0007',
    '\u009b',
    '\u202e',
    '\u200b',
    "'",
    '\n',
    '\u{e0041}',
  )
  const wild = fc.string({ unit, maxLength: 60 })
  await fc.assert(
    fc.asyncProperty(wild, wild, async (first, second) => {
      const principal = { ...PRINCIPAL, subject: first, roleArn: second }
      const files = new MemoryFiles()
      await append(
        files,
        0,
        decided('a', 0, { principal, sessionId: second, clientAddress: first }),
        ended('a', 5, { error: first, lease: second }),
        denied('b', 6, { principal, denial: { kind: first, code: second, reason: first } }),
      )
      for (const args of [
        ['tail'],
        ['search'],
        ['search', `role:"${first.replace(/[\\"]/g, '')}"x`, 'colour:x'],
      ]) {
        for (const more of [[], ['--json']]) {
          const { out, err } = await run(files, [...args, ...more], { columns: 70 })
          assert.doesNotMatch(out + err, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b\u202e\u{e0041}]/u)
        }
      }
    }),
    { numRuns: 60 },
  )
})
