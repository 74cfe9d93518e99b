import { measureMysql } from './mysql.ts'
import { measurePostgres } from './postgres.ts'
import type { DatabaseResults, Extent } from './results.ts'

/** Three runs of a second each, in turns: five minutes at most. `quick`: one, and short. */
export function extentOf(quick: boolean): Extent {
  return quick ? { seconds: 1, runs: 1, warm: 800 } : { seconds: 1, runs: 3, warm: 12_000 }
}

/** Everything of databases in one run; what the machine has no program for is said in `skipped`. */
export async function measureDatabases(extent: Extent): Promise<DatabaseResults> {
  const say = (line: string): void => console.log(line)
  const postgres = await measurePostgres(extent, say)
  const mysql = await measureMysql(extent, say)
  return {
    postgres: postgres.loads,
    wide: postgres.wide,
    mysql: mysql.loads,
    skipped: [...postgres.skipped, ...mysql.skipped],
  }
}
