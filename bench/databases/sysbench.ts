import { type Load, load } from './load.ts'

/** Debian's scripts of sysbench that only read. */
export type ReadScript = 'oltp_point_select' | 'oltp_read_only'

/** Where sysbench goes. */
export interface MysqlPlace {
  readonly port: number
  readonly user: string
  readonly password: string
  readonly database: string
  /** A folder with `cacert.pem`, `client-cert.pem` and `client-key.pem`, as sysbench wants it; undefined for the clear. */
  readonly tls: string | undefined
}

export interface SysbenchRun {
  readonly script: ReadScript
  /** Whether statements are prepared once, or sent as texts. */
  readonly prepared: boolean
  readonly threads: number
  readonly seconds: number
}

/** What sysbench said at its end. */
export interface SysbenchReport {
  readonly transactions: number
  readonly perSecond: number
  readonly averageMs: number
  readonly p50Ms: number
}

const ROWS = 100_000

/** Makes the table that its scripts read. */
export async function prepareSysbench(place: MysqlPlace): Promise<void> {
  const args = ['oltp_read_only', ...placeArgs(place), `--table-size=${ROWS}`, 'prepare']
  const none = { transactions: 1, perSecond: 1, averageMs: 0, p50Ms: undefined }
  await load({ command: 'sysbench', args, env: process.env, pid: undefined }, () => none)
}

/** Reads for some seconds. Rejects where a statement failed. */
export function sysbench(place: MysqlPlace, run: SysbenchRun, pid: number | undefined): Promise<Load> {
  const { script, prepared, threads, seconds } = run
  const args = [
    ...[script, ...placeArgs(place), `--table-size=${ROWS}`, `--threads=${threads}`, `--time=${seconds}`],
    ...[`--db-ps-mode=${prepared ? 'auto' : 'disable'}`, '--percentile=50', 'run'],
  ]
  const cwd = place.tls === undefined ? {} : { cwd: place.tls }
  return load({ command: 'sysbench', args, env: process.env, pid, ...cwd }, readSysbench)
}

/** Reads the report of sysbench 1.0. Throws where there is none. */
export function readSysbench(stdout: string): SysbenchReport {
  const [, transactions, perSecond] = /^ +transactions: +(\d+) +\(([\d.]+) per sec\.\)/m.exec(stdout) ?? []
  const averageMs = /^ +avg: +([\d.]+)/m.exec(stdout)?.[1]
  const p50Ms = /^ +50th percentile: +([\d.]+)/m.exec(stdout)?.[1]
  if (transactions === undefined || averageMs === undefined || p50Ms === undefined) {
    throw new Error(`sysbench said no result: ${stdout}`)
  }
  return {
    transactions: Number(transactions),
    perSecond: Number(perSecond),
    averageMs: Number(averageMs),
    p50Ms: Number(p50Ms),
  }
}

function placeArgs({ port, user, password, database, tls }: MysqlPlace): string[] {
  return [
    ...['--db-driver=mysql', '--mysql-host=127.0.0.1', `--mysql-port=${port}`, `--mysql-user=${user}`],
    ...[`--mysql-password=${password}`, `--mysql-db=${database}`],
    ...(tls === undefined ? [] : ['--mysql-ssl=on']),
  ]
}
