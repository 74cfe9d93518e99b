/** MySQL's protocol, before MariaDB: straight in the clear and over TLS, and through the gate, which speaks it over TLS alone. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createConnection } from 'mysql2/promise'
import { selfSigned } from '../../test/harness/certificate.ts'
import { type Mariadb, startMariadb, type Tls } from '../../test/harness/mariadb.ts'
import { which } from '../../test/harness/process.ts'
import { openGate } from './gates.ts'
import { type Load, medianLoad } from './load.ts'
import { TARGET } from './policies.ts'
import type { Extent, LoadRow } from './results.ts'
import { type MysqlPlace, prepareSysbench, type ReadScript, sysbench } from './sysbench.ts'

interface Path {
  readonly name: string
  readonly place: MysqlPlace
  /** Of what stands in between; undefined for the straight ways. */
  readonly pid: number | undefined
}

interface Setting {
  readonly paths: readonly Path[]
  stop(): Promise<void>
}

export interface MysqlResults {
  readonly loads: readonly LoadRow[]
  readonly skipped: readonly string[]
}

interface Reads {
  readonly script: ReadScript
  readonly prepared: boolean
  readonly threads: number
}

const DATABASE = 'sbtest'
const USER = 'gate'
const PASSWORD = 'password-of-the-server'

/** `oltp_read_only` is a transaction of 14 statements, four of them over a hundred rows. */
const ALL_READS: readonly Reads[] = (['oltp_point_select', 'oltp_read_only'] as const).flatMap(script =>
  [true, false].flatMap(prepared =>
    (script === 'oltp_point_select' ? [1, 8] : [8]).map(threads => ({ script, prepared, threads })),
  ),
)

/** Everything of MySQL, in turns, some runs each. */
export async function measureMysql(extent: Extent, say: (line: string) => void): Promise<MysqlResults> {
  if (which('sysbench') === undefined) {
    return skip('MySQL, as sysbench is not installed (Debian: apt-get install sysbench)')
  }
  const tls = await selfSigned()
  const server = await startMariadb(tls)
  if ('missing' in server) return skip(`MySQL: ${server.missing}`)
  try {
    const setting = await openPaths(server, tls)
    try {
      return { loads: await allLoads(setting.paths, extent, say), skipped: [] }
    } finally {
      await setting.stop()
    }
  } finally {
    await server.stop()
  }
}

function skip(reason: string): MysqlResults {
  return { loads: [], skipped: [reason] }
}

async function openPaths(server: Mariadb, tls: Tls): Promise<Setting> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-sysbench-'))
  // It shows a certificate wherever it speaks TLS.
  writeFileSync(join(folder, 'cacert.pem'), tls.certificate)
  writeFileSync(join(folder, 'client-cert.pem'), tls.certificate)
  writeFileSync(join(folder, 'client-key.pem'), tls.key, { mode: 0o600 })
  const straight = { port: server.port, user: USER, password: PASSWORD, database: DATABASE }
  try {
    await fill(server, { ...straight, tls: undefined })
    const behind = { ...straight, engine: 'mysql' } as const
    const gate = await openGate(behind, { workers: 1, durability: 'fsync', tls })
    const through = { port: gate.port, user: gate.user, password: gate.password, database: TARGET }
    return {
      paths: [
        { name: 'straight', place: { ...straight, tls: undefined }, pid: undefined },
        { name: 'straight, TLS', place: { ...straight, tls: folder }, pid: undefined },
        { name: 'gate, TLS', place: { ...through, tls: folder }, pid: gate.pid },
      ],
      async stop() {
        await gate.stop()
        rmSync(folder, { recursive: true, force: true })
      },
    }
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
}

async function fill(server: Mariadb, place: MysqlPlace): Promise<void> {
  const root = await createConnection({ host: '127.0.0.1', port: server.port, user: server.user })
  for (const sql of [
    `create database ${DATABASE}`,
    `create user ${USER} identified by '${PASSWORD}'`,
    `grant all on ${DATABASE}.* to ${USER}`,
    'set global innodb_buffer_pool_size = 256 * 1024 * 1024',
  ]) {
    await root.query(sql)
  }
  await root.end()
  await prepareSysbench(place)
}

async function allLoads(
  paths: readonly Path[],
  { seconds, runs }: Extent,
  say: (line: string) => void,
): Promise<LoadRow[]> {
  // What has run for a while is compiled: nobody's first statements count.
  for (const { place, pid } of paths) {
    for (const prepared of [true, false]) {
      const warm = { script: 'oltp_point_select', prepared, threads: 8, seconds: 3 * seconds } as const
      await sysbench(place, warm, pid)
    }
  }
  const rows: LoadRow[] = []
  for (const reads of ALL_READS) {
    const made = paths.map(path => ({ path, loads: [] as Load[] }))
    for (let run = 0; run < runs; run++) {
      for (const { path, loads } of made) {
        loads.push(await sysbench(path.place, { ...reads, seconds }, path.pid))
      }
    }
    const what = `${reads.script}, ${reads.prepared ? 'prepared' : 'as texts'}`
    for (const { path, loads } of made) {
      const row = { path: path.name, what, clients: reads.threads, ...medianLoad(loads) }
      say(`sysbench, ${what}, threads: ${reads.threads}, ${path.name}: ${Math.round(row.perSecond)}/s`)
      rows.push(row)
    }
  }
  return rows
}
