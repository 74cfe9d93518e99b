import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Load, load } from './load.ts'
import { quantile } from './numbers.ts'

/** How pgbench sends its statements. */
export type QueryMode = 'simple' | 'extended' | 'prepared'

/** Where pgbench goes, as its environment: PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE. */
export type PostgresEnv = Readonly<NodeJS.ProcessEnv>

/** What pgbench said at its end. */
export interface PgbenchReport {
  readonly transactions: number
  /** Without the time that its clients took to connect. */
  readonly perSecond: number
  readonly averageMs: number
}

/** Threads of pgbench: it must not be what is measured, and the machine has two cores. */
const THREADS = 2

export interface PgbenchRun {
  readonly mode: QueryMode
  readonly clients: number
  /** Of each client. A time would count what the clients take to connect. */
  readonly transactions: number
}

/** Select-only transactions. Rejects where one failed: what is measured must be what is said. */
export async function pgbench(env: PostgresEnv, run: PgbenchRun, pid: number | undefined): Promise<Load> {
  const { mode, clients, transactions } = run
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-pgbench-'))
  const alone = clients === 1
  const args = [
    ...['-n', '-S', '-M', mode, '-c', `${clients}`, '-j', `${Math.min(clients, THREADS)}`],
    ...['-t', `${transactions}`],
    // At one client the median is of the single transactions; more of them would measure the writing.
    ...(alone ? ['-l', `--log-prefix=${join(folder, 'log')}`] : []),
  ]
  try {
    return await load({ command: 'pgbench', args, env, pid }, stdout => ({
      ...readPgbench(stdout),
      p50Ms: alone ? quantile(readLatencies(logs(folder)), 0.5) : undefined,
    }))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Reads the report of pgbench 14 and later. Throws where it says that a client was aborted, or nothing at all. */
export function readPgbench(stdout: string): PgbenchReport {
  const transactions = /^number of transactions actually processed: (\d+)/m.exec(stdout)?.[1]
  const perSecond = /^tps = ([\d.]+) \(without initial connection time\)/m.exec(stdout)?.[1]
  const averageMs = /^latency average = ([\d.]+) ms/m.exec(stdout)?.[1]
  if (transactions === undefined || perSecond === undefined || averageMs === undefined) {
    throw new Error(`pgbench said no result: ${stdout}`)
  }
  return { transactions: Number(transactions), perSecond: Number(perSecond), averageMs: Number(averageMs) }
}

/** Milliseconds that each transaction took, of a log of pgbench: `client number µs script epoch µs`. */
export function readLatencies(text: string): number[] {
  return text
    .split('\n')
    .filter(line => line !== '')
    .map(line => Number(line.split(' ')[2]) / 1000)
}

function logs(folder: string): string {
  return readdirSync(folder)
    .map(name => readFileSync(join(folder, name), 'utf8'))
    .join('')
}
