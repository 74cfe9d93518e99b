import { cpuSeconds } from '../process-cost.ts'

/** Processor seconds that a process and its children had used at a moment of `performance.now()`. */
export interface Reading {
  readonly atMs: number
  readonly cpuSeconds: number
}

/** Often enough to find the moment at which clients had all connected. */
const EVERY_MS = 50

/**
 * Reads again and again how much processor time a process has used, so that it can be told afterwards for the part of
 * a run that counts: a load generator says only at its end when its clients had all connected.
 */
export class ProcessorWatch {
  readonly #pid: number
  readonly #readings: Reading[] = []
  #timer: NodeJS.Timeout | undefined

  constructor(pid: number) {
    this.#pid = pid
    this.#read()
    this.#timer = setInterval(() => this.#read(), EVERY_MS)
  }

  /** Reads once more, and no more. */
  end(): void {
    if (this.#timer === undefined) return
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#read()
  }

  /** Processor seconds in the last `ms` up to the last reading. */
  usedInLast(ms: number): number {
    return usedInLast(this.#readings, ms)
  }

  #read(): void {
    this.#readings.push({ atMs: performance.now(), cpuSeconds: cpuSeconds(this.#pid) })
  }
}

/** Between two readings a process is taken to be equally busy. */
export function usedInLast(readings: readonly Reading[], ms: number): number {
  const last = readings.at(-1)
  if (last === undefined) return 0
  const fromMs = last.atMs - ms
  const after = readings.find(({ atMs }) => atMs >= fromMs) ?? last
  const before = readings.findLast(({ atMs }) => atMs < fromMs) ?? after
  const share = after === before ? 0 : (fromMs - before.atMs) / (after.atMs - before.atMs)
  return last.cpuSeconds - (before.cpuSeconds + share * (after.cpuSeconds - before.cpuSeconds))
}
