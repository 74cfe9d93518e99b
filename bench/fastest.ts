/**
 * How long something takes that is done again and again, in processor time of the whole process, garbage
 * collection included: the round least disturbed by others.
 */

export interface Rounds {
  readonly rounds: number
  readonly roundMs: number
}

/** With `--quick`, one short round. */
export function roundsOf(args: readonly string[]): Rounds {
  return args.includes('--quick') ? { rounds: 1, roundMs: 50 } : { rounds: 5, roundMs: 300 }
}

/** Microseconds of one run, of the fastest round. */
export async function fastestUs(run: () => unknown, { rounds, roundMs }: Rounds): Promise<number> {
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < rounds; round++) {
    const start = performance.now()
    const before = process.cpuUsage()
    let count = 0
    for (; performance.now() - start < roundMs; count++) {
      const made = run()
      if (made instanceof Promise) await made
    }
    const { user, system } = process.cpuUsage(before)
    best = Math.min(best, (user + system) / count)
  }
  return best
}
