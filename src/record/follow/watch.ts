import { type FSWatcher, watch } from 'node:fs'
import type { JournalFiles } from '../files.ts'
import { laneNumbers, layout } from '../segment.ts'
import type { Changes } from './journal.ts'

export interface WatchOptions {
  /** `data/journal` */
  readonly folder: string
  readonly files: Pick<JournalFiles, 'list'>
  /** Ends the watch. */
  readonly signal: AbortSignal
  /** The longest time between two looks, for file systems that tell nothing. Default 1 s. */
  readonly pollMs?: number
  /** The shortest, so that a busy gate keeps no reader busy. Default 100 ms. */
  readonly gapMs?: number
}

/** Tells when files of the journal change, by the operating system's own word and by the clock. */
export function watchJournal(options: WatchOptions): Changes {
  return new Watch(options)
}

class Watch implements Changes {
  readonly #options: Required<WatchOptions>
  readonly #watchers = new Map<string, FSWatcher>()
  #changed = false
  #wake: () => void = () => undefined

  constructor(options: WatchOptions) {
    this.#options = { pollMs: 1_000, gapMs: 100, ...options }
    options.signal.addEventListener('abort', this.#onAbort, { once: true })
  }

  async next(): Promise<boolean> {
    const { signal, gapMs, pollMs } = this.#options
    await this.#watchLanes()
    // Whatever changes during the gap is seen after it.
    await this.#sleep(gapMs, () => false)
    if (!this.#changed) await this.#sleep(pollMs - gapMs, () => this.#changed)
    this.#changed = false
    return !signal.aborted
  }

  close(): void {
    this.#options.signal.removeEventListener('abort', this.#onAbort)
    for (const watcher of this.#watchers.values()) watcher.close()
    this.#watchers.clear()
  }

  readonly #onAbort = (): void => this.#wake()

  /** Waits, but no longer than until the watch ends or, after something has changed, `enough` is true. */
  async #sleep(delayMs: number, enough: () => boolean): Promise<void> {
    const { signal } = this.#options
    if (signal.aborted || enough()) return
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, delayMs)
      this.#wake = () => {
        if (!signal.aborted && !enough()) return
        clearTimeout(timer)
        resolve()
      }
    })
    this.#wake = () => undefined
  }

  async #watchLanes(): Promise<void> {
    const { folder, files } = this.#options
    this.#watch(folder)
    for (const lane of laneNumbers(await files.list(folder))) this.#watch(layout.lane(folder, lane))
  }

  /** A folder that cannot be watched (too many watches, a file system that cannot) is polled alone. */
  #watch(path: string): void {
    if (this.#watchers.has(path)) return
    try {
      const watcher = watch(path, { persistent: false }, () => {
        this.#changed = true
        this.#wake()
      })
      watcher.on('error', () => this.#forget(path))
      this.#watchers.set(path, watcher)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error)) throw error
    }
  }

  #forget(path: string): void {
    this.#watchers.get(path)?.close()
    this.#watchers.delete(path)
  }
}
