/**
 * Commits a second of the store of access requests, in SQLite and in PostgreSQL on this machine's disk, both
 * synced: a question that is asked (`open`, with its event and a delivery) and a use that is taken (`replace`,
 * with its event). Run with: node bench/store.ts [SECONDS]
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { systemClock, systemRandom } from '../src/core/clock.ts'
import { newId } from '../src/core/id.ts'
import { Redacted } from '../src/core/redacted.ts'
import type { AccessRequest } from '../src/grants/model.ts'
import type { GrantStore } from '../src/grants/port.ts'
import { openStore } from '../src/store/open.ts'
import { startPostgres } from '../test/harness/postgres.ts'
import { aDelivery, aGrant, anEvent, approved, aRequest, NOW, spent } from '../test/harness/store/samples.ts'
import type { Measure } from './measures.ts'

const AT_A_TIME = [1, 32] as const
/** More than anybody takes in the time of a run. */
const USES = 1_000_000_000

/** Rows for the table of measures; those of PostgreSQL only where it is installed. */
export async function storeMeasures(seconds: number): Promise<Measure[]> {
  const folder = await mkdtemp(join(process.env['BENCH_FOLDER'] ?? tmpdir(), 'sallyport-bench-'))
  const rows: Measure[] = []
  try {
    rows.push([
      'SQLite by itself on this disk: rows of 2 kB committed/s',
      bare(join(folder, 'bare.db'), seconds),
    ])
    const store = await openStore({ kind: 'sqlite', path: join(folder, 'grants.db') })
    rows.push(...(await measures('SQLite', store, seconds)))
    await store.close()
  } finally {
    await rm(folder, { recursive: true })
  }
  const server = await startPostgres({ fsync: true, settings: ['shared_buffers=128MB'] })
  if ('missing' in server) return rows
  try {
    const store = await openStore({ kind: 'postgres', url: new Redacted(server.url) })
    rows.push(...(await measures('PostgreSQL', store, seconds)))
    await store.close()
  } finally {
    await server.stop()
  }
  return rows
}

/** What the disk allows: one row a commit, synced, with nothing around it. */
function bare(path: string, seconds: number): string {
  const database = new DatabaseSync(path)
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE rows (body text)')
  const insert = database.prepare('INSERT INTO rows VALUES (?)')
  const body = 'x'.repeat(2_000)
  const until = performance.now() + seconds * 1_000
  let count = 0
  for (; performance.now() < until; count++) insert.run(body)
  database.close()
  return Math.round(count / seconds).toLocaleString('en')
}

async function measures(name: string, store: GrantStore, seconds: number): Promise<Measure[]> {
  const rows: Measure[] = []
  for (const lanes of AT_A_TIME) {
    const opened = await rate(lanes, seconds, () => () => open(store))
    rows.push([`${name}: access requests kept/s, ${lanes} at a time`, opened])
    const grants = await Promise.all(Array.from({ length: lanes }, () => granted(store)))
    const taken = await rate(lanes, seconds, lane => {
      let request = grants[lane]
      return async () => {
        if (request === undefined) throw new Error('there is no grant for this lane')
        request = await take(store, request)
      }
    })
    rows.push([`${name}: uses of grants taken/s, ${lanes} at a time`, taken])
  }
  return rows
}

function fresh(): AccessRequest {
  const id = newId(systemClock, systemRandom)
  return { ...aRequest(1), id, digest: id, uses: USES }
}

async function open(store: GrantStore): Promise<AccessRequest> {
  const request = fresh()
  const event = anEvent(request, newId(systemClock, systemRandom))
  const deliveries = [aDelivery(event, newId(systemClock, systemRandom))]
  return await store.open({ request, events: [event], deliveries }, NOW)
}

async function granted(store: GrantStore): Promise<AccessRequest> {
  const request = approved(await open(store), { ...aGrant(), uses: USES, usesLeft: USES })
  await store.replace({ request, events: [], deliveries: [] })
  return request
}

async function take(store: GrantStore, request: AccessRequest): Promise<AccessRequest> {
  const next = spent(request)
  const event = anEvent(next, newId(systemClock, systemRandom), 'spent')
  const isKept = await store.replace({ request: next, events: [event], deliveries: [] })
  if (!isKept) throw new Error('a use was taken that nobody else could take')
  return next
}

/** How often a second, and how long one waits. */
async function rate(
  lanes: number,
  seconds: number,
  lane: (index: number) => () => Promise<unknown>,
): Promise<string> {
  const waits: number[] = []
  const start = performance.now()
  const until = start + seconds * 1_000
  const run = async (step: () => Promise<unknown>): Promise<void> => {
    while (performance.now() < until) {
      const began = performance.now()
      await step()
      waits.push(performance.now() - began)
    }
  }
  await Promise.all(Array.from({ length: lanes }, (_, index) => run(lane(index))))
  const perSecond = Math.round((waits.length / (performance.now() - start)) * 1_000)
  waits.sort((a, b) => a - b)
  const percentile = (share: number): string => (waits[Math.floor(waits.length * share)] ?? 0).toFixed(2)
  return `${perSecond.toLocaleString('en')} (p50 ${percentile(0.5)} ms, p99 ${percentile(0.99)} ms)`
}

if (import.meta.main) {
  for (const [what, result] of await storeMeasures(Number(process.argv[2] ?? 2))) {
    console.log(`${what.padEnd(55)} ${result}`)
  }
}
