import { join } from 'node:path'
import { execute, ROOT } from '../../test/harness/process.ts'
import { cpuSeconds } from '../process-cost.ts'
import { medianOf } from './numbers.ts'
import type { PostgresEnv } from './pgbench.ts'

export const ROWS = 1_000_000

/** A result of a million rows that was read to its end. */
export interface WideRead {
  readonly seconds: number
  readonly bytes: number
  /** Processor seconds of what stands in between; undefined for the straight way. */
  readonly cpuSeconds: number | undefined
}

/** Two tables of a million rows of ten columns, some 200 bytes each: `visits`, and `people`, which a mask is about. */
export const WIDE_TABLES: readonly string[] = [
  `create table visits as select n as id, timestamptz '2026-01-01 00:00:00+00' + n * interval '1 second' as at,
    'person-' || n || '@example.com' as email, 'Given Family ' || n as name, md5(n::text) as session,
    'https://shop.example/products/' || n % 10000 || '?from=newsletter' as page,
    'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101' as agent, n * 0.01 as amount, n % 7 = 0 as returning,
    n % 100 as city from generate_series(1, ${ROWS}) as n`,
  'create table people as table visits',
]

/** Reads a whole table. Rejects where rows are missing. */
export async function readWide(
  env: PostgresEnv,
  table: 'visits' | 'people',
  pid: number | undefined,
): Promise<WideRead> {
  const before = pid === undefined ? 0 : cpuSeconds(pid)
  const script = join(ROOT, 'bench/databases/wide-reader.ts')
  const done = await execute(process.execPath, [script, `select * from ${table}`], { env })
  const read = JSON.parse(done.stdout || '{}') as { rows?: number; bytes?: number; seconds?: number }
  if (read.rows !== ROWS || read.seconds === undefined || read.bytes === undefined) {
    throw new Error(`a million rows of ${table}: ${done.stdout}${done.stderr}`)
  }
  const spent = pid === undefined ? undefined : cpuSeconds(pid) - before
  return { seconds: read.seconds, bytes: read.bytes, cpuSeconds: spent }
}

/** The median of some reads, of each figure by itself. */
export function medianWide(reads: readonly WideRead[]): WideRead {
  return {
    seconds: medianOf(reads, read => read.seconds) ?? 0,
    bytes: medianOf(reads, read => read.bytes) ?? 0,
    cpuSeconds: medianOf(reads, read => read.cpuSeconds),
  }
}
