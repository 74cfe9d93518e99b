/**
 * Searching a journal: MB and events a second over a made-up journal of a million events, by what is asked
 * for. Run with: node bench/search.ts [EVENTS]
 */
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { systemClock, systemRandom } from '../src/core/clock.ts'
import type { DecisionEvent, OutcomeEvent } from '../src/record/event.ts'
import { openJournal } from '../src/record/journal.ts'
import { nodeFiles } from '../src/record/node-files.ts'
import type { JournalSource } from '../src/record/read.ts'
import { parseQuery } from '../src/record/search/parse.ts'
import { searchJournal } from '../src/record/search/search.ts'
import { layout, segmentNumbers } from '../src/record/segment.ts'

/** What one search took. */
export interface SearchRow {
  readonly query: string
  readonly order: 'newest' | 'oldest'
  readonly found: number
  readonly ms: number
  /** Of the journal that was gone through; a search that is content with its first page sees less of it. */
  readonly eventsPerSecond: number
  readonly megabytesPerSecond: number
}

export interface SearchMeasures {
  readonly events: number
  readonly bytes: number
  readonly rows: readonly SearchRow[]
  readonly peakMemoryMiB: number
}

const SERVICES = ['s3', 'ec2', 'dynamodb', 'lambda', 'sts'] as const
/** Between one call and the next. */
const GAP_MS = 40

const START_MS = Date.UTC(2026, 0, 1)

/** When a made-up journal of so many events ends. */
export const endOf = (events: number): number => START_MS + events * GAP_MS

/** What is asked for, and which come first. */
export const QUERIES: readonly (readonly [query: string, order: 'newest' | 'oldest'])[] = [
  ['', 'newest'],
  ['service:s3', 'newest'],
  ['effect:deny', 'newest'],
  ['resource:*/object-77', 'oldest'],
  ['object-needle', 'newest'],
  ['principal:agent-3 object-needle', 'oldest'],
  ['error:InternalFailure', 'newest'],
  ['-service:s3 -service:ec2 -service:dynamodb -service:lambda -service:sts', 'newest'],
]

/** Numbers that look random and are the same in every run. */
function steady(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

function id(at: number): string {
  return `01K${String(at).padStart(23, '0')}`
}

function decision(at: number, startMs: number, random: () => number): DecisionEvent {
  const service = SERVICES[Math.floor(random() * SERVICES.length)] ?? 's3'
  const object = at === 12_346 ? 'object-needle' : `object-${Math.floor(random() * 100_000)}`
  const denied = random() < 0.02
  const agent = Math.floor(random() * 10)
  return {
    type: 'decision',
    id: id(at),
    timeMs: startMs + at * GAP_MS,
    sessionId: `01JABCDEFGHJKMNPQRSTVWXY0${agent}`,
    principal: {
      arn: `arn:aws:sts::111122223333:assumed-role/agent/run-${agent}`,
      roleArn: 'arn:aws:iam::111122223333:role/agent',
      issuer: 'github',
      subject: `agent-${agent}`,
      actingFor: [],
    },
    clientAddress: `10.0.0.${agent}`,
    userAgent: 'Boto3/1.43.11 md/Botocore#1.43.11 ua/2.1 os/linux lang/python#3.11.7',
    call: {
      service,
      operation: 'GetObject',
      region: 'eu-central-1',
      parameters: { Bucket: `reports-${agent}`, Key: object },
      redacted: [],
      truncated: false,
      pairs: [
        {
          action: `${service}:GetObject`,
          resource: `arn:aws:${service}:::reports-${agent}/${object}`,
          certainty: 'exact',
        },
      ],
    },
    effect: denied ? 'deny' : 'allow',
    statements: [{ policy: 'policies/agent.yaml', statement: 'Reports', effect: denied ? 'Deny' : 'Allow' }],
  }
}

function outcome(at: number, decisionAt: number, startMs: number, random: () => number): OutcomeEvent {
  const failed = random() < 0.0001
  return {
    type: 'outcome',
    id: id(at),
    timeMs: startMs + at * GAP_MS,
    sessionId: '01JABCDEFGHJKMNPQRSTVWXY00',
    decisionId: id(decisionAt),
    durationMs: GAP_MS,
    bytesIn: 0,
    bytesOut: 4_096,
    status: failed ? 500 : 200,
    awsRequestId: 'Z7Z7Z7Z7Z7Z7Z7Z7',
    ...(failed && { error: 'InternalFailure' }),
  }
}

/** Writes a journal: a decision, its outcome, and so on. */
export async function generateJournal(folder: string, events: number): Promise<void> {
  const after = (delayMs: number, run: () => void): (() => void) => {
    const timer = setTimeout(run, delayMs)
    return () => clearTimeout(timer)
  }
  const ports = { files: nodeFiles, clock: systemClock, random: systemRandom, after }
  const journal = await openJournal({ folder, lane: 0, durability: 'os' }, ports)
  const random = steady(4)
  for (let at = 0; at < events; ) {
    const batch: Promise<void>[] = []
    for (; batch.length < 2_000 && at < events; at += 2) {
      batch.push(journal.append(decision(at, START_MS, random)))
      batch.push(journal.append(outcome(at + 1, at, START_MS, random)))
    }
    await Promise.all(batch)
  }
  await journal.close()
}

export async function journalBytes(folder: string): Promise<number> {
  let bytes = 0
  for (const segment of segmentNumbers(await nodeFiles.list(layout.lane(folder, 0)))) {
    bytes += (await stat(layout.segment(folder, 0, segment))).size
  }
  return bytes
}

async function measure(
  source: JournalSource,
  [query, order]: (typeof QUERIES)[number],
  whole: { readonly events: number; readonly bytes: number },
): Promise<SearchRow> {
  const start = performance.now()
  let found = 0
  for await (const _ of searchJournal(source, parseQuery(query, 0), { order, limit: 100 })) found += 1
  const ms = performance.now() - start
  return {
    query,
    order,
    found,
    ms: Math.round(ms),
    eventsPerSecond: Math.round(whole.events / ms) * 1_000,
    megabytesPerSecond: Math.round(whole.bytes / ms / 1_000),
  }
}

/** A journal of so many events, and what searches of it take. */
export async function measureSearch(events: number): Promise<SearchMeasures> {
  const root = await mkdtemp(join(process.env['BENCH_FOLDER'] ?? tmpdir(), 'sallyport-bench-'))
  try {
    const folder = join(root, 'journal')
    await generateJournal(folder, events)
    const source = { files: nodeFiles, folder }
    const bytes = await journalBytes(folder)
    const rows: SearchRow[] = []
    for (const query of QUERIES) rows.push(await measure(source, query, { events, bytes }))
    return { events, bytes, rows, peakMemoryMiB: Math.round(process.resourceUsage().maxRSS / 1024) }
  } finally {
    await rm(root, { recursive: true })
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { events, bytes, rows, peakMemoryMiB } = await measureSearch(Number(process.argv[2] ?? 1_000_000))
  console.log(`${events} events, ${Math.round(bytes / 1e6)} MB, peak memory ${peakMemoryMiB} MiB`)
  for (const row of rows) {
    console.log(
      `${row.order} \`${row.query}\`: ${row.found} in ${row.ms} ms ` +
        `(${row.eventsPerSecond} events/s, ${row.megabytesPerSecond} MB/s of the whole)`,
    )
  }
}
