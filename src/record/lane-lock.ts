import { GateError } from '../core/errors.ts'
import type { FileLock, JournalFiles } from './files.ts'
import { layout } from './segment.ts'
import { describe, unavailable } from './trouble.ts'

/** Takes a lane for this process. Rejects with `journal-locked` where another has it, and with `journal-unavailable`. */
export async function takeLane(files: JournalFiles, folder: string, lane: number): Promise<FileLock> {
  let lock: FileLock | undefined
  try {
    await files.makeFolder(layout.lane(folder, lane))
    lock = await files.lock(layout.lock(folder, lane))
  } catch (error) {
    throw unavailable(describe(error), error)
  }
  if (lock === undefined) {
    throw new GateError('journal-locked', `lane ${lane} of the journal in \`${folder}\` is in use`)
  }
  return lock
}
