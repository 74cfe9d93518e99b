/**
 * The archivist's thread: what reads the journal again to keep it elsewhere takes a thread for milliseconds at a time,
 * and no call is to wait for that.
 */
import { join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { Archivist } from '../archive/archivist.ts'
import type { GateLine } from '../archive/job.ts'
import { GateError } from '../core/errors.ts'
import type { FileLock } from '../record/files.ts'
import { nodeFiles } from '../record/node-files.ts'
import { archiveJobs } from './archive-jobs.ts'
import { type ArchiveTask, type FromArchive, recordOf, type ToArchive } from './archive-task.ts'

const task = workerData as ArchiveTask

function tell(message: FromArchive): void {
  parentPort?.postMessage(message)
}

/** What waits for the gate's answer, by number. */
const waiting = new Map<number, { resolve(): void; reject(error: GateError): void }>()
let asked = 0

const gate: GateLine = {
  append(event) {
    return new Promise((resolve, reject) => {
      asked += 1
      waiting.set(asked, { resolve, reject })
      tell({ kind: 'append', number: asked, event })
    })
  },
}

function hear(message: ToArchive): void {
  if (message.kind === 'stop') {
    void stop()
    return
  }
  const asker = waiting.get(message.number)
  waiting.delete(message.number)
  if (message.error === undefined) asker?.resolve()
  else asker?.reject(new GateError('journal-unavailable', message.error))
}

function note(message: string, details: Readonly<Record<string, unknown>>): void {
  tell({ kind: 'note', message, details })
}

/** Two archivists in one data folder would upload everything twice: the second one waits for the first to end. */
async function takeFolder(): Promise<FileLock> {
  const folder = join(task.data, 'archive')
  await nodeFiles.makeFolder(folder)
  const lock = await nodeFiles.lock(join(folder, 'lock'))
  if (lock !== undefined) return lock
  throw new GateError('journal-locked', `\`${folder}\` is served by another process`)
}

let archivist: Archivist | undefined
/** Held for as long as this thread lives: a lock that nothing refers to any more would be collected, and so given up. */
let lock: FileLock | undefined
let stopped = false

/** What was recorded last still goes where it belongs; the gate ends the thread where that takes too long. */
async function stop(): Promise<void> {
  stopped = true
  await archivist?.finish()
  await archivist?.stop()
  lock?.release()
  process.exit(0)
}

parentPort?.on('message', hear)
try {
  lock = await takeFolder()
  const jobs = await archiveJobs({ ...task, record: recordOf(task) }, { gate, note })
  archivist = new Archivist(jobs, {
    after(delayMs, run) {
      const timer = setTimeout(run, delayMs)
      return () => clearTimeout(timer)
    },
    chance: Math.random,
    report: (job, reason) => tell({ kind: 'trouble', job, reason }),
  })
  tell({ kind: 'trouble', job: 'archivist', reason: undefined })
  if (stopped) await stop()
  else archivist.start()
} catch (error) {
  tell({
    kind: 'trouble',
    job: 'archivist',
    reason: error instanceof GateError ? error.message : 'it cannot start',
  })
  // Thrown, it would be told once more, and in other words.
  process.exit(1)
}
