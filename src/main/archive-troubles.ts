import type { Log } from './log.ts'

/** What the archivist cannot do now, by job. The log is told of each reason once, however often it is found. */
export class ArchiveTroubles {
  readonly now: Map<string, string> = new Map()
  readonly #log: Pick<Log, 'info' | 'warn'>

  constructor(log: Pick<Log, 'info' | 'warn'>) {
    this.#log = log
  }

  /** `reason`: undefined where the job can do its work again. */
  report(job: string, reason: string | undefined): void {
    if (this.now.get(job) === reason) return
    if (reason === undefined) {
      this.now.delete(job)
      this.#log.info({ job }, 'the archive is served again')
      return
    }
    this.now.set(job, reason)
    this.#log.warn({ job, reason }, 'the archive cannot be served; it is tried again')
  }

  /** The thread has ended: what its jobs could not do, the next one finds out anew. */
  forgetJobs(but: string): void {
    for (const job of this.now.keys()) if (job !== but) this.now.delete(job)
  }
}
