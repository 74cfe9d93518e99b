import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { ManualClock } from '../../core/clock.ts'
import type { JournalEvent } from '../../record/event.ts'
import { openJournal } from '../../record/journal.ts'
import { MemoryFiles } from '../../record/memory-files.ts'
import type { ReconcileReport } from '../../record/reconcile/report.ts'
import type { TrailFile } from '../../record/reconcile/trail-file.ts'
import { reconcile } from '../reconcile.ts'

const VECTORS = join(import.meta.dirname, '..', '..', '..', 'vectors', 'reconcile')
const DAY = 'AWSLogs/111122223333/CloudTrail/REGION/2026/01/02/111122223333_CloudTrail_REGION_20260102T0350Z'
const USE1 = `${DAY.replaceAll('REGION', 'us-east-1')}_AbCdEfGhIjKlMnOp.json`
const EUW1 = `${DAY.replaceAll('REGION', 'eu-west-1')}_QrStUvWxYz012345.json`

const bytesOf = (name: string): Buffer => readFileSync(join(VECTORS, name))
const EVENTS = JSON.parse(bytesOf('journal.json').toString()) as JournalEvent[]
const EXPECTED = JSON.parse(bytesOf('expected.json').toString())

/** A journal as a gate writes it, beside others in `files`. */
async function recorded(
  events: readonly JournalEvent[] = EVENTS,
  files: MemoryFiles = new MemoryFiles(),
  data = 'data',
): Promise<MemoryFiles> {
  let seed = 0
  const random = { bytes: (length: number) => Buffer.alloc(length, seed++) }
  const clock = new ManualClock(Date.UTC(2026, 0, 2))
  const journal = await openJournal(
    { folder: `${data}/journal`, lane: 0 },
    { files, clock, random, after: () => () => {} },
  )
  await Promise.all([...events.map(event => journal.append(event)), journal.close()])
  return files
}

interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Half an hour after the last event of the vectors. */
const NOW_MS = Math.max(...EVENTS.map(({ timeMs }) => timeMs)) + 30 * 60_000
/** What was looked up. */
const looked: object[] = []

/** Runs it over files by name; `colored` to see what is bold. */
async function run(
  files: MemoryFiles,
  trail: Readonly<Record<string, Buffer>>,
  args: readonly string[],
  colored = false,
): Promise<Ran> {
  let out = ''
  let err = ''
  async function* trailFiles(path: string): AsyncGenerator<TrailFile, void> {
    const bytes = trail[path]
    assert.ok(bytes, path)
    yield {
      path,
      async *bytes() {
        for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000)
      },
    }
  }
  const code = await reconcile(args, {
    files,
    gate: async () => ({ data: 'data', roles: ['arn:aws:iam::111122223333:role/teams/agent'] }),
    trailFiles,
    lookup: ({ region }, span) => {
      looked.push({ region, ...span })
      const bytes = trail[region] ?? Buffer.alloc(0)
      return {
        path: region,
        async *bytes() {
          yield bytes
        },
      }
    },
    region: undefined,
    now: () => NOW_MS,
    out: async text => {
      out += text
    },
    err: text => {
      err += text
    },
    colored,
  })
  return { code, out, err }
}

async function reportOf(
  files: MemoryFiles,
  trail: Readonly<Record<string, Buffer>>,
  ...args: readonly string[]
): Promise<ReconcileReport> {
  const { out, err } = await run(files, trail, [...args, '--json', '--events', ...Object.keys(trail)])
  assert.equal(err, '')
  return JSON.parse(out) as ReconcileReport
}

function idsByClass(report: ReconcileReport): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(report.calls).map(([name, { first }]) => [name, first.map(({ id }) => id)]),
  )
}

const DELIVERED = { [USE1]: bytesOf(USE1), [EUW1]: bytesOf(EUW1) }

test('the delivery of the vectors: each call in its class, and what did not come through the gate', async () => {
  const files = await recorded()
  for (const trail of [
    DELIVERED,
    Object.fromEntries(Object.entries(DELIVERED).map(([name, bytes]) => [`${name}.gz`, gzipSync(bytes)])),
    { 'lookup-events.json': bytesOf('lookup-events.json') },
  ]) {
    const report = await reportOf(files, trail, '--config', 'gate.yaml')
    assert.deepEqual(idsByClass(report), EXPECTED.calls)
    assert.equal(report.journal.denied, EXPECTED.denied)
    assert.equal(report.events.repeated, EXPECTED.repeated)
    assert.deepEqual(report.byServices, EXPECTED.byServices)
    const strange = report.notThroughGate.first
    assert.equal(strange.length, EXPECTED.notThroughGate.length)
    for (const [i, expected] of EXPECTED.notThroughGate.entries())
      assert.partialDeepStrictEqual(strange[i], expected)
  }
})

test('exit code 1 and bold letters where a call did not come through the gate', async () => {
  const files = await recorded()
  const { code, out } = await run(files, DELIVERED, ['--events', USE1, EUW1], true)
  assert.equal(code, 1)
  assert.ok(out.includes("\u001b[1m\u001b[31m3 calls with the gate's roles did NOT come through the gate"))
  assert.match(out, /iam\.amazonaws\.com CreateAccessKey {2}us-east-1/)
  assert.match(out, /who {3}run-42 \(a session of the gate\) as arn:aws:iam::111122223333:role\/teams\/agent/)
  assert.match(out, /from {2}203\.0\.113\.50, aws-cli/)
  assert.match(out, /key {3}ASIAIOSFODNN7EXAMPLE/)
  assert.match(out, /could be the call timeout, whose end the gate does not know/)
  assert.match(out, /1 {2}unlogged {3}data events/)
})

test('exit code 0 where all came through the gate', async () => {
  const quiet = Buffer.from(
    JSON.stringify({ Records: JSON.parse(DELIVERED[USE1]?.toString() ?? '').Records.slice(0, 2) }),
  )
  const { code, out } = await run(await recorded(), { quiet }, ['--events', 'quiet'])
  assert.equal(code, 0)
  assert.match(out, /^every call with these roles came through the gate$/m)
})

test('the journals of all replicas count; without one of them, its calls look strange', async () => {
  const half = EVENTS.filter(event => !event.id.startsWith('terminate'))
  const rest = EVENTS.filter(event => event.type === 'session' || event.id.startsWith('terminate'))
  const files = await recorded(rest, await recorded(half), 'other')
  const both = await reportOf(files, DELIVERED, '--data', 'data', '--data', 'other', '--data', 'data')
  assert.deepEqual([both.calls.confirmed.count, both.notThroughGate.count], [3, 3])
  const { out } = await run(files, DELIVERED, ['--data', 'data', '--events', USE1])
  assert.match(out, /only roles that had a session in the journal are looked for/)
  const one = await reportOf(files, DELIVERED, '--data', 'data')
  assert.deepEqual([one.calls.confirmed.count, one.notThroughGate.count], [2, 4])
})

test('a role that the journal never had is reconciled when it is named', async () => {
  const files = await recorded([])
  const nothing = await run(files, DELIVERED, ['--data', 'data', '--events', USE1])
  assert.equal(nothing.code, 1)
  assert.match(nothing.err, /neither the journal nor the configuration names a role/)
  const role = 'arn:aws:iam::111122223333:role/agent'
  const named = await reportOf(files, DELIVERED, '--data', 'data', '--role', role)
  assert.equal(named.notThroughGate.count, 6)
})

test('a span of time; what is just outside of it is known all the same', async () => {
  const files = await recorded()
  const span = ['--since', '2026-01-02T03:04:20Z', '--until', '2026-01-02T03:04:26Z'] as const
  const report = await reportOf(files, DELIVERED, ...span)
  assert.deepEqual([report.calls.confirmed.count, report.journal.allowed], [1, 1])
  assert.equal(report.notThroughGate.count, 0)
  // Decided before the span, done within it by the clock of AWS: not strange.
  const later = await reportOf(
    files,
    DELIVERED,
    '--since',
    '2026-01-02T03:04:16Z',
    '--until',
    '2026-01-02T03:04:17Z',
  )
  assert.deepEqual([later.journal.allowed, later.notThroughGate.count], [0, 0])
})

test('a file that is damaged ends it, with its name', async () => {
  const files = await recorded()
  const packed = gzipSync(DELIVERED[USE1] ?? '')
  const wrong: readonly (readonly [RegExp, Buffer])[] = [
    [/`f` cannot be read at event 1: it is no whole file of gzip/, packed.subarray(0, packed.length - 9)],
    [
      /`f` cannot be read at event 9: the file ends in the middle/,
      (DELIVERED[USE1] ?? packed).subarray(0, -4),
    ],
    [/`f` cannot be read at event 1: it has no `eventID`/, Buffer.from('{"Records":[{"eventTime":"x"}]}')],
    [/`f` cannot be read at event 1: it is no JSON/, Buffer.from('{"Records":[{a}]}')],
  ]
  for (const [message, f] of wrong) {
    const { code, out, err } = await run(files, { f }, ['--events', 'f'])
    assert.deepEqual([code, out], [1, ''])
    assert.match(err, message)
  }
})

test('nothing in an event reaches the terminal as it is', async () => {
  const [first] = JSON.parse(DELIVERED[USE1]?.toString() ?? '').Records
  const hostile = {
    ...first,
    requestID: 'none',
    userAgent: '\u001b]0;owned\u0007\n\u202e',
    eventName: 'A\u009bm',
  }
  const { out } = await run(await recorded(), { f: Buffer.from(JSON.stringify(hostile)) }, ['--events', 'f'])
  assert.match(out, /A\\u009bm/)
  assert.doesNotMatch(out, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
})

test('wrong usage', async () => {
  const files = await recorded()
  const wrong: readonly (readonly [RegExp, ...string[]])[] = [
    [/name the events of CloudTrail/, '--json'],
    [/--grace takes a time/, '--events', USE1, '--grace', 'soon'],
    [/--since takes a time/, '--events', USE1, '--since', 'monday'],
    [/--role takes the ARN of a role/, '--events', USE1, '--role', 'agent'],
    [/Unknown option/, '--events', USE1, '--frob'],
  ]
  for (const [message, ...args] of wrong) {
    const { code, err } = await run(files, DELIVERED, args)
    assert.equal(code, 2, args.join(' '))
    assert.match(err, message)
  }
  assert.equal((await run(files, {}, [])).code, 2)
  assert.equal((await run(files, {}, ['--help'])).code, 0)
})

test('--lookup asks each region, and says what it cannot show', async () => {
  const trail = { 'us-east-1': bytesOf(USE1), 'eu-west-1': bytesOf(EUW1) }
  const files = await recorded()
  const both = ['--lookup', '--region', 'us-east-1', '--region', 'eu-west-1', '--since', '24h']
  looked.length = 0
  const { out, code, err } = await run(files, trail, both)
  assert.deepEqual([code, err], [1, ''])
  const sinceMs = NOW_MS - 24 * 60 * 60_000
  assert.deepEqual(looked, [
    { region: 'us-east-1', sinceMs: sinceMs - 60_000, untilMs: NOW_MS },
    { region: 'eu-west-1', sinceMs: sinceMs - 60_000, untilMs: NOW_MS },
  ])
  assert.match(out, /of CloudTrail looked up in us-east-1, eu-west-1, /)
  assert.match(out, /management events alone, of the last 90 days/)
  assert.match(out, /did NOT come through the gate/)
  const report = JSON.parse((await run(files, trail, [...both, '--json'])).out) as ReconcileReport
  assert.deepEqual(report.lookup, { regions: ['us-east-1', 'eu-west-1'], sinceMs, nowMs: NOW_MS })
  // A region that was not asked says nothing of its calls.
  const one = JSON.parse(
    (await run(files, trail, ['--lookup', '--region', 'us-east-1', '--json'])).out,
  ) as ReconcileReport
  assert.ok(one.calls.uncovered.count > report.calls.uncovered.count)
  assert.equal(one.calls.unseen.first.filter(({ region }) => region !== 'us-east-1').length, 0)
})

test('--lookup: calls of the last minutes are awaited, not unseen', async () => {
  const files = await recorded()
  const quiet = { 'us-east-1': bytesOf(USE1), 'eu-west-1': bytesOf(EUW1) }
  const both = ['--lookup', '--region', 'us-east-1', '--region', 'eu-west-1', '--json']
  const report = JSON.parse((await run(files, quiet, both)).out) as ReconcileReport
  const patient = JSON.parse((await run(files, quiet, [...both, '--grace', '12h'])).out) as ReconcileReport
  assert.ok(report.calls.unseen.count > 0)
  assert.equal(patient.calls.unseen.count, 0)
  assert.ok(patient.calls.awaited.count >= report.calls.unseen.count)
})

for (const [args, words] of [
  [['--lookup'], /name the regions to ask/],
  [['--lookup', '--region', 'Nowhere'], /--region takes a region/],
  [['--lookup', '--region', 'eu-west-1', '--since', '2025-01-02'], /the last 90 days alone/],
  [['--lookup', '--region', 'eu-west-1', '--events', 'x'], /--events FILE..., or --lookup/],
  [['--lookup', '--region', 'eu-west-1', '--endpoint', 'file://x'], /--endpoint takes a URL/],
  [['--events', 'x', '--profile', 'p'], /--profile belongs to --lookup/],
] as const) {
  test(`refused: ${args.join(' ')}`, async () => {
    const { code, err } = await run(await recorded(), {}, args)
    assert.equal(code, 2)
    assert.match(err, words)
  })
}
