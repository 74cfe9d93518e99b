import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { Gauge, type Registry } from 'prom-client'
import type { Config } from '../config/model.ts'
import type { Journal } from '../record/event.ts'
import { archiveTask, type FromArchive, type ToArchive } from './archive-task.ts'
import { ArchiveTroubles } from './archive-troubles.ts'
import type { Log } from './log.ts'

/** The archivist beside the gate, as the gate sees it. */
export interface Archive {
  stop(): Promise<void>
}

/** Its thread is started again so long after it ended. */
const RESTART_MS = 5_000
/**
 * For the last round, with what the gate recorded at its end. One that takes longer is left behind: the state on the
 * disk is made for that.
 */
const STOP_MS = 15_000
/** What the thread may have of the heap: it works in windows, whatever the size of the journal. */
const HEAP_MIB = 384

/** Whether there is anything for an archivist to do. */
function isWanted({ record }: Config): boolean {
  const { upload, anchors, streams, retention } = record
  return (
    upload !== undefined ||
    anchors.length > 0 ||
    streams.length > 0 ||
    retention.ageMs !== undefined ||
    retention.bytes !== undefined
  )
}

/**
 * Starts the archivist's thread, once in a data folder: in the gate's process, or in the primary of several. What it
 * cannot do is in the log and in `metrics`; the gate goes on without: nothing of it is part of a call.
 */
export function openArchive(config: Config, journal: Journal, log: Log, metrics: Registry): Archive {
  if (!isWanted(config)) return { stop: () => Promise.resolve() }
  const thread = new ArchiveThread(config, journal, log)
  new Gauge({
    name: 'sallyport_archive_trouble',
    help: '1 for each job of the archive that cannot do its work',
    labelNames: ['job'],
    registers: [metrics],
    collect() {
      this.reset()
      for (const job of thread.troubles.keys()) this.set({ job }, 1)
    },
  })
  return thread
}

class ArchiveThread implements Archive {
  readonly #config: Config
  readonly #journal: Journal
  readonly #log: Log
  readonly #troubles: ArchiveTroubles
  #worker: Worker
  #restart: NodeJS.Timeout | undefined
  #stopping = false

  constructor(config: Config, journal: Journal, log: Log) {
    this.#config = config
    this.#journal = journal
    this.#log = log
    this.#troubles = new ArchiveTroubles(log)
    this.#worker = this.#start()
  }

  /** What it cannot do now, by job. */
  get troubles(): ReadonlyMap<string, string> {
    return this.#troubles.now
  }

  async stop(): Promise<void> {
    this.#stopping = true
    clearTimeout(this.#restart)
    const worker = this.#worker
    const ended = new Promise<void>(resolve => worker.once('exit', () => resolve()))
    if (worker.threadId === -1) return
    this.#tell({ kind: 'stop' })
    const timer = setTimeout(() => void worker.terminate(), STOP_MS)
    await ended
    clearTimeout(timer)
  }

  #start(): Worker {
    // The gate runs as TypeScript from a checkout and as JavaScript from a package.
    const entry = new URL(`./archive-thread${extname(import.meta.url)}`, import.meta.url)
    const worker = new Worker(entry, {
      workerData: archiveTask(this.#config),
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB },
    })
    worker.on('message', (message: FromArchive) => this.#hear(message))
    worker.on('error', error => {
      const why = 'code' in error && typeof error.code === 'string' ? error.code : error.name
      this.#troubles.report('archivist', `its thread ended with \`${why}\``)
    })
    worker.once('exit', () => {
      if (this.#stopping) return
      this.#troubles.forgetJobs('archivist')
      this.#restart = setTimeout(() => {
        this.#worker = this.#start()
      }, RESTART_MS)
    })
    return worker
  }

  #hear(message: FromArchive): void {
    if (message.kind === 'trouble') this.#troubles.report(message.job, message.reason)
    if (message.kind === 'note') this.#log.warn(message.details, message.message)
    if (message.kind === 'append') void this.#append(message)
  }

  async #append({ number, event }: Extract<FromArchive, { kind: 'append' }>): Promise<void> {
    try {
      await this.#journal.append(event)
      this.#tell({ kind: 'appended', number })
    } catch (error) {
      this.#tell({ kind: 'appended', number, error: error instanceof Error ? error.message : 'it failed' })
    }
  }

  #tell(message: ToArchive): void {
    this.#worker.postMessage(message)
  }
}
