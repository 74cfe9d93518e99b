/** PostgreSQL: straight, through pgbouncer, and through the gate. */
import { tmpdir } from 'node:os'
import pg from 'pg'
import { POSTGRES_PASSWORD, type Postgres, startPostgres } from '../../test/harness/postgres.ts'
import { cleanEnv, execute, which } from '../../test/harness/process.ts'
import { BOUNCER, GATE, GATE_OS, MASKED, STRAIGHT } from './aims.ts'
import { type GateKind, openGate } from './gates.ts'
import { type Load, medianLoad } from './load.ts'
import { type PostgresEnv, pgbench, type QueryMode } from './pgbench.ts'
import { startPgbouncer } from './pgbouncer.ts'
import { TARGET } from './policies.ts'
import type { Extent, LoadRow, WideRow } from './results.ts'
import { medianWide, readWide, WIDE_TABLES, type WideRead } from './wide.ts'

/** One way from the client to the server. */
interface Path {
  readonly name: string
  readonly env: PostgresEnv
  /** Of what stands in between; undefined for the straight way. */
  readonly pid: number | undefined
}

interface Setting {
  readonly paths: readonly Path[]
  stop(): Promise<void>
}

export interface PostgresResults {
  readonly loads: readonly LoadRow[]
  readonly wide: readonly WideRow[]
  readonly skipped: readonly string[]
}

const CLIENTS = [1, 8, 64]
/** Of pgbench: a million accounts. */
const SCALE = 10
const MODES = ['simple', 'extended', 'prepared'] as const
/** Transactions of a run that is not counted, before those that are. */
const BRIEF = 1000
const GATE_WORKERS = 'gate, 2 workers'

const GATES: readonly (readonly [name: string, kind: GateKind])[] = [
  [GATE, { workers: 1, durability: 'fsync' }],
  [GATE_OS, { workers: 1, durability: 'os' }],
  [GATE_WORKERS, { workers: 2, durability: 'fsync' }],
]

/** Everything of PostgreSQL, in turns, some runs each. */
export async function measurePostgres(extent: Extent, say: (line: string) => void): Promise<PostgresResults> {
  if (which('pgbench') === undefined) {
    return skip('PostgreSQL, as pgbench is not installed (Debian: apt-get install postgresql)')
  }
  const server = await startPostgres({ settings: ['max_connections=400', 'shared_buffers=512MB'] })
  if ('missing' in server) return skip(`PostgreSQL: ${server.missing}`)
  try {
    await fill(server)
    const setting = await openPaths(server)
    try {
      const hasBouncer = setting.paths.some(({ name }) => name === BOUNCER)
      const wide = await allWide(setting.paths, extent, say)
      const loads = await allLoads(setting.paths, extent, say)
      const bouncer = 'pgbouncer, as it is not installed (Debian: apt-get install pgbouncer)'
      return { loads, wide, skipped: hasBouncer ? [] : [bouncer] }
    } finally {
      await setting.stop()
    }
  } finally {
    await server.stop()
  }
}

function skip(reason: string): PostgresResults {
  return { loads: [], wide: [], skipped: [reason] }
}

async function fill(server: Postgres): Promise<void> {
  const args = ['-i', '-q', '-s', `${SCALE}`]
  const made = await execute('pgbench', args, { env: envOf(server.port), cwd: tmpdir() })
  if (made.code !== 0) throw new Error(`pgbench -i failed: ${made.stderr}`)
  const client = new pg.Client({ connectionString: server.url })
  await client.connect()
  for (const sql of WIDE_TABLES) await client.query(sql)
  // Nobody tidies up while something is measured.
  await client.query('vacuum (analyze, freeze)')
  await client.end()
}

async function openPaths(server: Postgres): Promise<Setting> {
  const paths: Path[] = [{ name: STRAIGHT, env: envOf(server.port), pid: undefined }]
  const stops: (() => Promise<void>)[] = []
  const stop = async (): Promise<void> => {
    for (const each of stops.toReversed()) await each()
  }
  try {
    const bouncer = await startPgbouncer(server)
    if (bouncer !== undefined) {
      stops.push(bouncer.stop)
      paths.push({ name: BOUNCER, env: envOf(bouncer.port), pid: bouncer.pid })
    }
    const behind = { engine: 'postgres', database: 'postgres', user: 'gate' } as const
    for (const [name, kind] of GATES) {
      const gate = await openGate({ ...behind, port: server.port, password: POSTGRES_PASSWORD }, kind)
      stops.push(gate.stop)
      paths.push({ name, env: envOf(gate.port, gate.user, gate.password, TARGET), pid: gate.pid })
    }
    return { paths, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function envOf(
  port: number,
  user = 'gate',
  password = POSTGRES_PASSWORD,
  database = 'postgres',
): PostgresEnv {
  const place = { PGHOST: '127.0.0.1', PGPORT: `${port}`, PGSSLMODE: 'disable', PGGSSENCMODE: 'disable' }
  return cleanEnv({ ...place, PGUSER: user, PGPASSWORD: password, PGDATABASE: database })
}

/** Other gates than the usual one are measured where they say something: prepared statements, and 2 workers at 64 clients. */
function isAsked(path: Path, mode: QueryMode, clients: number): boolean {
  if (path.name === GATE_WORKERS) return mode === 'prepared' && clients === 64
  return path.name !== GATE_OS || mode === 'prepared'
}

async function allLoads(
  paths: readonly Path[],
  extent: Extent,
  say: (line: string) => void,
): Promise<LoadRow[]> {
  for (const path of paths) await warm(path, extent.warm)
  const rows: LoadRow[] = []
  for (const mode of MODES) {
    for (const clients of CLIENTS) {
      const asked = paths.filter(path => isAsked(path, mode, clients))
      for (const { path, load } of await inTurns(asked, { mode, clients }, extent)) {
        say(`pgbench, ${mode}, clients: ${clients}, ${path}: ${Math.round(load.perSecond)}/s`)
        rows.push({ path, what: mode, clients, ...load })
      }
    }
  }
  return rows
}

async function warm(path: Path, transactions: number): Promise<void> {
  for (const mode of MODES) {
    const isUsed = CLIENTS.some(clients => isAsked(path, mode, clients))
    if (isUsed) await pgbench(path.env, { mode, clients: 8, transactions: transactions / 8 }, path.pid)
  }
}

async function inTurns(
  paths: readonly Path[],
  { mode, clients }: { readonly mode: QueryMode; readonly clients: number },
  { seconds, runs }: Extent,
): Promise<{ readonly path: string; readonly load: Load }[]> {
  const tries: { path: Path; transactions: number; loads: Load[] }[] = []
  for (const path of paths) {
    // Tells how many make a run.
    const brief = { mode, clients, transactions: Math.ceil(BRIEF / clients) }
    const { perSecond } = await pgbench(path.env, brief, path.pid)
    tries.push({ path, transactions: Math.ceil((perSecond * seconds) / clients), loads: [] })
  }
  for (let run = 0; run < runs; run++) {
    for (const { path, transactions, loads } of tries) {
      loads.push(await pgbench(path.env, { mode, clients, transactions }, path.pid))
    }
  }
  return tries.map(({ path, loads }) => ({ path: path.name, load: medianLoad(loads) }))
}

async function allWide(
  paths: readonly Path[],
  { runs }: Extent,
  say: (line: string) => void,
): Promise<WideRow[]> {
  const asked = paths.filter(({ name }) => name !== GATE_OS && name !== GATE_WORKERS)
  const gates = asked.filter(({ name }) => name === GATE)
  const tries = [
    ...asked.map(path => ({ path, name: path.name, table: 'visits' as const, reads: [] as WideRead[] })),
    ...gates.map(path => ({
      ...{ path, name: MASKED },
      ...{ table: 'people' as const, reads: [] as WideRead[] },
    })),
  ]
  // Once for the server's cache, and for what compiles.
  for (const { path, table } of tries) await readWide(path.env, table, path.pid)
  for (let run = 0; run < runs; run++) {
    for (const { path, table, reads } of tries) reads.push(await readWide(path.env, table, path.pid))
  }
  const rows = tries.map(({ name, reads }) => ({ path: name, ...medianWide(reads) }))
  for (const row of rows) say(`a million rows, ${row.path}: ${row.seconds.toFixed(2)} s`)
  // What is measured must be what is said.
  if (rows.some(row => row.path === MASKED && row.bytes === rows[0]?.bytes))
    throw new Error('nothing was masked')
  return rows
}
