import type { JournalFiles } from '../../record/files.ts'
import { type Cursors, cursorPath, readCursors } from './cursor.ts'

/**
 * The oldest segment of each lane that one of the streams has yet to send from; 1 where it never began with the lane.
 * Retention keeps those segments, unless what is on the disk has to go whatever is lost. Throws
 * `stream-state-unreadable`.
 */
export async function oldestNeeded(
  files: JournalFiles,
  stateFolder: string,
  streams: readonly string[],
): Promise<(lane: number) => number> {
  const all: Cursors[] = []
  for (const name of streams) all.push(await readCursors(files, cursorPath(stateFolder, name)))
  return lane => Math.min(Number.POSITIVE_INFINITY, ...all.map(cursors => cursors.get(lane)?.segment ?? 1))
}
