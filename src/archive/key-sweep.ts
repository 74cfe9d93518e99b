import { type JournalSource, listLanes } from '../record/read.ts'
import { unusedKeyFiles } from '../record/seal/key-files.ts'
import { keyLayout } from '../record/seal/key-layout.ts'
import type { Job } from './job.ts'

/** Keys go long after what they open. */
const SWEEP_EVERY_MS = 3_600_000

/**
 * Removes the key files of segments that retention has removed: nothing is left that they open, unless somebody has a copy of
 * the segments. So it is for journals of which no copy is uploaded.
 */
export function createKeySweep(source: JournalSource): Job {
  return {
    name: 'keys',
    async round(signal) {
      for (const lane of await listLanes(source)) {
        for (const file of await unusedKeyFiles(source, lane)) {
          if (signal.aborted) return SWEEP_EVERY_MS
          await source.files.remove(keyLayout.file(source.folder, lane, file))
        }
      }
      return SWEEP_EVERY_MS
    },
  }
}
