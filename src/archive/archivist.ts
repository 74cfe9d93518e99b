import { GateError } from '../core/errors.ts'
import type { After } from '../record/journal.ts'
import type { Job } from './job.ts'

/** After a round that failed: the first pause, and the longest. */
export const FIRST_PAUSE_MS = 1_000
export const LONGEST_PAUSE_MS: number = 5 * 60_000

/** What the archivist takes from outside. */
export interface ArchivistPorts {
  readonly after: After
  /** 0 to 1, so that many gates do not come back to a bucket in the same moment. */
  readonly chance: () => number
  /** A job cannot do its work, or can again where `reason` is undefined; told once each. */
  report(job: string, reason: string | undefined): void
}

/**
 * Runs jobs beside the gate, each in rounds of its own, one round of a job at a time. A round that fails comes again,
 * later and later, for ever: what a job has to remember stands on the disk.
 */
export class Archivist {
  readonly #ports: ArchivistPorts
  readonly #loops: readonly Loop[]

  constructor(jobs: readonly Job[], ports: ArchivistPorts) {
    this.#ports = ports
    this.#loops = jobs.map(job => new Loop(job, this.#ports))
  }

  start(): void {
    for (const loop of this.#loops) loop.run()
  }

  /** Why jobs cannot do their work, by name. */
  get troubles(): ReadonlyMap<string, string> {
    const entries = this.#loops.flatMap(({ name, trouble }) =>
      trouble === undefined ? [] : [[name, trouble] as const],
    )
    return new Map(entries)
  }

  /**
   * One more round of each job that can do its work, for what came last: the gate writes nothing any more. Whoever waits
   * for it sets the time.
   */
  async finish(): Promise<void> {
    await Promise.all(this.#loops.map(loop => loop.finish()))
  }

  /** Tells the rounds under way to end, and waits until they have. */
  async stop(): Promise<void> {
    await Promise.all(this.#loops.map(loop => loop.stop()))
  }
}

class Loop {
  trouble: string | undefined
  readonly #job: Job
  readonly #ports: ArchivistPorts
  readonly #abort = new AbortController()
  #round: Promise<void> | undefined
  #cancelPause: (() => void) | undefined
  #pauseMs = 0
  #isLast = false

  constructor(job: Job, ports: ArchivistPorts) {
    this.#job = job
    this.#ports = ports
  }

  get name(): string {
    return this.#job.name
  }

  run(): void {
    if (this.#abort.signal.aborted || this.#round !== undefined) return
    this.#round = this.#runOnce().then(delayMs => {
      this.#round = undefined
      if (this.#abort.signal.aborted || this.#isLast) return
      this.#cancelPause = this.#ports.after(delayMs, () => this.run())
    })
  }

  async finish(): Promise<void> {
    this.#isLast = true
    this.#cancelPause?.()
    await this.#round
    // A receiver that was away is not waited for: what it lacks is on the disk.
    if (this.trouble === undefined && !this.#abort.signal.aborted) await this.#runOnce()
  }

  async stop(): Promise<void> {
    this.#abort.abort()
    this.#cancelPause?.()
    await this.#round
  }

  /** How long to wait for the next round. */
  async #runOnce(): Promise<number> {
    try {
      const delayMs = await this.#job.round(this.#abort.signal)
      this.#pauseMs = 0
      this.#tell(undefined)
      return Math.max(0, delayMs)
    } catch (error) {
      if (this.#abort.signal.aborted) return 0
      this.#tell(error instanceof GateError ? error.message : reasonOf(error))
      this.#pauseMs = Math.min(Math.max(this.#pauseMs * 2, FIRST_PAUSE_MS), LONGEST_PAUSE_MS)
      return this.#pauseMs * (0.5 + this.#ports.chance() / 2)
    }
  }

  #tell(trouble: string | undefined): void {
    if (trouble === this.trouble) return
    this.trouble = trouble
    this.#ports.report(this.#job.name, trouble)
  }
}

/** The kind of an error that nobody foresaw; its message may quote what it must not. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'it failed'
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name
  return `it failed with \`${code.slice(0, 64)}\``
}
