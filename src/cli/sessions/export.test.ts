import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../core/clock.ts'
import type { DecisionEvent, JournalEvent } from '../../record/event.ts'
import { FACTS } from '../../record/export/facts.fixture.ts'
import { ocsfProblems } from '../../record/export/ocsf-schema.fixture.ts'
import { ALLOWED, APPROVED, BEGAN, DENIED, STRANGER } from '../../record/export/samples.fixture.ts'
import { openJournal } from '../../record/journal.ts'
import { MemoryFiles } from '../../record/memory-files.ts'
import { layout } from '../../record/segment.ts'
import { sessions } from '../sessions.ts'
import { noTerminal } from './terminal.fixture.ts'

const SESSION = '01JGJVS4G80000000000000001'

function events(): JournalEvent[] {
  assert.ok(BEGAN.kind === 'session' && APPROVED.kind === 'access-request')
  assert.ok(ALLOWED.ending.kind === 'outcome')
  return [
    BEGAN.session,
    APPROVED.event,
    ALLOWED.decision,
    ALLOWED.ending.outcome,
    DENIED.decision,
    STRANGER.decision,
  ]
}

async function recorded(all: readonly JournalEvent[] = events()): Promise<MemoryFiles> {
  const files = new MemoryFiles()
  let seed = 0
  const random = { bytes: (length: number) => Buffer.alloc(length, seed++) }
  const clock = new ManualClock(Date.UTC(2026, 0, 2))
  const journal = await openJournal(
    { folder: 'data/journal', lane: 0 },
    { files, clock, random, after: () => () => {} },
  )
  const outcomes: Promise<void>[] = []
  for (const event of all) {
    const written = journal.append(event)
    // An outcome waits for what comes next, or for a timer, which this test has none of.
    if (event.type === 'outcome') outcomes.push(written)
    else await written
  }
  await journal.close()
  await Promise.all(outcomes)
  return files
}

async function run(
  files: MemoryFiles,
  ...args: readonly string[]
): Promise<{ code: number; out: string; err: string }> {
  let out = ''
  let err = ''
  const code = await sessions(['export', ...args], {
    files,
    dataFolder: async configPath => configPath.replace('.yaml', ''),
    out: async text => {
      out += text
    },
    err: text => {
      err += text
    },
    colored: true,
    terminal: noTerminal(),
    sleep: async () => undefined,
    facts: FACTS,
  })
  return { code, out, err }
}

const DATA = ['--data', 'data'] as const

test('OCSF: an event a line, each by the schema', async () => {
  const { code, out } = await run(await recorded(), ...DATA, '--format', 'ocsf')
  const lines = out.trimEnd().split('\n')
  assert.equal(code, 0)
  assert.deepEqual(
    lines.map(line => JSON.parse(line).type_uid),
    [300201, 300410, 600304, 600304, 600300],
  )
  for (const line of lines) assert.deepEqual(ocsfProblems(JSON.parse(line)), [])
})

test('CloudTrail: one document', async () => {
  const { out } = await run(await recorded(), ...DATA, '--format', 'cloudtrail')
  const { Records: records } = JSON.parse(out)
  assert.deepEqual(
    records.map((record: { eventName: string }) => record.eventName),
    ['AssumeRoleWithWebIdentity', 'AccessRequestApproved', 'TerminateInstances', 'TerminateInstances', 'GET'],
  )
  const nothing = await run(await recorded([]), ...DATA, '--format', 'cloudtrail')
  assert.deepEqual(JSON.parse(nothing.out), { Records: [] })
})

test('JSON lines and CSV; no byte that a terminal acts upon', async () => {
  const files = await recorded()
  const jsonl = await run(files, ...DATA, '--format', 'jsonl')
  assert.deepEqual(JSON.parse(jsonl.out.split('\n')[2] ?? ''), ALLOWED)
  const csv = await run(files, ...DATA, '--format', 'csv')
  assert.equal(csv.out.split('\r\n').length, 7)
  for (const { out } of [jsonl, csv]) assert.doesNotMatch(out, /\u001b/)
})

test('of one session, of what was refused, of a span of time', async () => {
  const files = await recorded()
  const lines = async (...args: readonly string[]): Promise<number> => {
    const { out } = await run(files, ...DATA, '--format', 'jsonl', ...args)
    return out.split('\n').length - 1
  }
  assert.equal(await lines('--session', SESSION), 4)
  assert.equal(await lines('--session', 'refused'), 1)
  assert.equal(await lines('--since', '2026-01-02T03:04:06Z'), 4)
  assert.equal(await lines('--since', '2026-01-02T03:04:06Z', '--until', '2026-01-02T03:04:08Z'), 3)
  assert.equal(await lines('--until', '2026-01-02'), 0)
})

test('a file is whole or not there', async () => {
  const files = await recorded()
  const done = await run(files, ...DATA, '--format', 'csv', '--out', 'all.csv')
  assert.deepEqual([done.code, done.out], [0, '5 entries in all.csv\n'])
  const said = await run(files, ...DATA, '--format', 'csv', '--out', 'all.csv', '--json')
  assert.deepEqual(JSON.parse(said.out), { format: 'csv', file: 'all.csv', entries: 5 })
  const { out } = await run(files, ...DATA, '--format', 'csv')
  assert.equal(files.contents.get('all.csv')?.bytes.toString(), out)
  assert.equal(files.contents.has('all.csv.part'), false)
})

test('where the journal breaks, what came before is left in a file of another name', async () => {
  const files = await recorded()
  const segment = files.contents.get(layout.segment('data/journal', 0, 1))
  assert.ok(segment)
  segment.bytes[segment.bytes.length >> 1] = (segment.bytes[segment.bytes.length >> 1] ?? 0) ^ 1
  const { code, err } = await run(files, ...DATA, '--format', 'jsonl', '--out', 'all.jsonl')
  assert.equal(code, 1)
  assert.match(err, /what came before is in all\.jsonl\.part\n.*the journal is damaged/s)
  assert.equal(files.contents.has('all.jsonl'), false)
  assert.match(files.contents.get('all.jsonl.part')?.bytes.toString() ?? '', /^\{"kind":"session"/)
})

test('a file that cannot be written', async () => {
  const files = await recorded()
  files.fault = call => {
    if (call === 'create') throw Object.assign(new Error('no'), { code: 'EACCES' })
    return undefined
  }
  const { code, err } = await run(files, ...DATA, '--format', 'csv', '--out', 'all.csv')
  assert.equal(code, 1)
  assert.match(err, /cannot write `all\.csv\.part` \(`EACCES`\)/)
})

test('more calls than may be held back are exported all the same, each once', async () => {
  const { decision } = ALLOWED
  const calls = Array.from({ length: 50 }, (_, i): DecisionEvent => ({ ...decision, id: `call-${i}` }))
  const { out } = await run(await recorded(calls), ...DATA, '--format', 'ocsf')
  const ids = out.split('\n').slice(0, -1)
  assert.deepEqual(
    ids.map(line => JSON.parse(line).metadata.uid),
    calls.map(({ id }) => id),
  )
})

test('while a gate records: what is on disk, and a whole document of it', async () => {
  const files = new MemoryFiles()
  let seed = 0
  const random = { bytes: (length: number) => Buffer.alloc(length, seed++) }
  const clock = new ManualClock(Date.UTC(2026, 0, 2))
  const ports = { files, clock, random, after: () => () => {} }
  const journal = await openJournal({ folder: 'data/journal', lane: 0 }, ports)
  const exported = async (): Promise<string[]> => {
    const { code, out } = await run(files, ...DATA, '--format', 'cloudtrail')
    assert.equal(code, 0)
    return JSON.parse(out).Records.map((record: { additionalEventData: { ending: string } }) => {
      return record.additionalEventData.ending
    })
  }
  await journal.append(ALLOWED.decision)
  assert.deepEqual(await exported(), ['open'])
  assert.ok(ALLOWED.ending.kind === 'outcome')
  const outcome = journal.append(ALLOWED.ending.outcome)
  await journal.append(DENIED.decision)
  await outcome
  assert.deepEqual(await exported(), ['done', 'denied'])
  // The half of an event that is being written is no damage.
  const segment = files.contents.get(layout.segment('data/journal', 0, 1))
  assert.ok(segment)
  const whole = segment.bytes
  segment.bytes = Buffer.concat([whole, whole.subarray(-300, -100)])
  assert.deepEqual(await exported(), ['done', 'denied'])
  segment.bytes = whole
  await journal.close()
})

test('wrong usage', async () => {
  const files = await recorded()
  const wrong: readonly (readonly [RegExp, ...string[]])[] = [
    [/say --format jsonl, ocsf, cloudtrail, csv/, '--session', 'x'],
    [/--format takes .*, not `xml`/, '--format', 'xml'],
    [/--session takes an id/, '--format', 'csv', '--session', ''],
    [/--since takes a time .*, not `yesterday`/, '--format', 'csv', '--since', 'yesterday'],
    [/--since takes a time .*, not `2026-02-31`/, '--format', 'csv', '--since', '2026-02-31'],
    [/--until must be later/, '--format', 'csv', '--since', '2026-01-02', '--until', '2026-01-02'],
    [/--json is for --out/, '--format', 'csv', '--json'],
    [/give --data or --config/, '--format', 'csv', '--config', 'x'],
    [/Unknown option/, '--format', 'csv', '--frob'],
  ]
  for (const [message, ...args] of wrong) {
    const { code, err } = await run(files, ...DATA, ...args)
    assert.equal(code, 2, args.join(' '))
    assert.match(err, message)
  }
  assert.equal((await run(files)).code, 2)
  assert.equal((await run(files, '--help')).code, 0)
})

test('a session and a journal that are not there', async () => {
  const files = await recorded()
  const { code, err } = await run(files, ...DATA, '--format', 'csv', '--session', 'nobody')
  assert.equal(code, 1)
  assert.match(err, /the journal has no session `nobody`/)
  assert.match((await run(files, '--data', 'else', '--format', 'csv')).err, /there is no journal in `else`/)
})
