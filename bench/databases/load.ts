import { execute } from '../../test/harness/process.ts'
import { medianOf } from './numbers.ts'
import { ProcessorWatch } from './processor.ts'

/** What a load generator says of itself. */
export interface LoadReport {
  readonly transactions: number
  /** While all clients were connected. */
  readonly perSecond: number
  readonly averageMs: number
  /** Undefined where it was not asked for. */
  readonly p50Ms: number | undefined
}

export interface Load extends LoadReport {
  /** Processor time of what stands in between, µs for each transaction; undefined for the straight way. */
  readonly cpuUs: number | undefined
}

export interface LoadOrder {
  readonly command: string
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
  readonly cwd?: string
  /** Of what stands in between, its children counted with it. */
  readonly pid: number | undefined
}

/** Runs a load generator and reads its report. Rejects with all that it said where it failed. */
export async function load(order: LoadOrder, read: (stdout: string) => LoadReport): Promise<Load> {
  const { command, args, env, cwd, pid } = order
  const watch = pid === undefined ? undefined : new ProcessorWatch(pid)
  try {
    const done = await execute(command, args, { env, ...(cwd === undefined ? {} : { cwd }) })
    watch?.end()
    if (done.code !== 0) throw new Error(`${command} failed: ${done.stderr}${done.stdout}`)
    const report = read(done.stdout)
    // Connecting costs, too, and is not what is asked.
    const spent = watch?.usedInLast((report.transactions / report.perSecond) * 1000)
    return { ...report, cpuUs: spent === undefined ? undefined : (spent * 1e6) / report.transactions }
  } finally {
    watch?.end()
  }
}

/** The median of some runs, of each figure by itself. */
export function medianLoad(runs: readonly Load[]): Load {
  return {
    transactions: medianOf(runs, run => run.transactions) ?? 0,
    perSecond: medianOf(runs, run => run.perSecond) ?? 0,
    averageMs: medianOf(runs, run => run.averageMs) ?? 0,
    p50Ms: medianOf(runs, run => run.p50Ms),
    cpuUs: medianOf(runs, run => run.cpuUs),
  }
}
