import type { Journal, SessionEndEvent } from '../../record/event.ts'

export interface EndsWriterOptions {
  readonly journal: Pick<Journal, 'append'>
  /** For the operator: ends of sessions that could not be kept until the journal took them, and how many. */
  lost(count: number): void
}

/** Ends that wait for a journal in trouble. */
const MAX_WAITING = 100_000
/** Written at once, so that calls share their commits with few of them. */
const BATCH = 500

/** Writes ends of sessions when the journal takes them; what it refuses waits for the next call of `write`. */
export class EndsWriter {
  readonly #options: EndsWriterOptions
  #waiting: SessionEndEvent[] = []
  #writing: Promise<void> | undefined
  #lost = 0

  constructor(options: EndsWriterOptions) {
    this.#options = options
  }

  /** Begins to write what waits, and this. Never throws. */
  write(end?: SessionEndEvent): void {
    if (end !== undefined) this.#waiting.push(end)
    if (this.#waiting.length > MAX_WAITING) {
      this.#waiting.shift()
      // Told once, with the first that is written again.
      this.#lost += 1
    }
    this.#begin()
  }

  /** Tries each that waits once more; resolves when that is done. */
  async flush(): Promise<void> {
    await this.#writing
    this.#begin()
    await this.#writing
  }

  #begin(): void {
    if (this.#waiting.length === 0) return
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined
    })
  }

  async #writeAll(): Promise<void> {
    // What ends in the same breath is written together.
    await Promise.resolve()
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, BATCH)
      const written = await Promise.allSettled(batch.map(end => this.#options.journal.append(end)))
      const refused = batch.filter((_, at) => written[at]?.status === 'rejected')
      this.#waiting.unshift(...refused)
      if (refused.length > 0) return
      if (this.#lost > 0) this.#options.lost(this.#lost)
      this.#lost = 0
    }
  }
}
