import { hash } from 'node:crypto'
import { GateError } from '../../core/errors.ts'
import { checkpointLanes } from '../../record/checkpoint/lane-file.ts'
import type { JournalSource } from '../../record/read.ts'
import { laneName } from '../../record/segment.ts'
import { type CheckpointLine, durableCheckpoints, hashOfBytes } from '../checkpoint-lines.ts'
import type { Job } from '../job.ts'
import { CursorFile, type Cursors, type LaneCursor } from './cursor.ts'
import type { AnchorTarget } from './target.ts'

/** How often it is looked for new checkpoints. */
const POLL_MS = 5_000

export interface AnchorPlace {
  readonly source: JournalSource
  /** The archivist's (`data/archive`). */
  readonly folder: string
}

/**
 * Tells a place outside every checkpoint of every lane: in order, to the letter, and at least once. A place that keeps
 * them for good takes from whoever can write the disk, and even from whoever has the signing key, what they need to
 * write the past anew: `sessions verify --anchor` compares.
 */
export function anchorJob(name: string, target: AnchorTarget, { source, folder }: AnchorPlace): Job {
  const file = new CursorFile(source.files, folder, name, target.place)
  return {
    name: `anchor ${name}`,
    async round(signal) {
      const cursors = await file.read()
      const known = [...cursors.keys(), ...(await checkpointLanes(source))]
      const refusals: GateError[] = []
      for (const lane of [...new Set(known)].sort((a, b) => a - b)) {
        try {
          await tellLane({ source, target, file, cursors, lane, signal })
        } catch (error) {
          if (!(error instanceof GateError) || error.code !== 'archive-contradicted') throw error
          // Of this lane alone: what the others have is told all the same.
          refusals.push(error)
        }
      }
      const [refusal] = refusals
      if (refusal !== undefined) throw refusal
      return POLL_MS
    },
  }
}

interface Telling {
  readonly source: JournalSource
  readonly target: AnchorTarget
  readonly file: CursorFile
  readonly cursors: Cursors
  readonly lane: number
  readonly signal: AbortSignal
}

async function tellLane(telling: Telling): Promise<void> {
  const { source, target, cursors, lane, signal } = telling
  const from = await startOf(source, lane, cursors.get(lane))
  let batch: CheckpointLine[] = []
  for await (const line of durableCheckpoints(source, lane, from)) {
    signal.throwIfAborted()
    batch.push(line)
    if (batch.length < target.most) continue
    await tell(telling, batch)
    batch = []
  }
  if (batch.length > 0) await tell(telling, batch)
}

async function tell(
  { target, file, cursors, lane, signal }: Telling,
  batch: readonly CheckpointLine[],
): Promise<void> {
  const last = batch.at(-1)
  if (last === undefined) return
  await target.tell(batch, signal)
  const { checkpoint, text, start, end } = last
  const { journal, number } = checkpoint
  cursors.set(lane, { journal, number, start, end, sha256: hash('sha256', `${text}\n`) })
  await file.write(cursors)
}

/**
 * The byte from which on a lane is told: behind the last line that was. Where that line is gone or another, somebody has
 * written the past anew; but a lane that was moved away is begun by another journal, and told from its beginning.
 */
async function startOf(source: JournalSource, lane: number, cursor: LaneCursor | undefined): Promise<number> {
  if (cursor === undefined) return 0
  if ((await hashOfBytes(source, lane, cursor.start, cursor.end)) === cursor.sha256) return cursor.end
  for await (const { checkpoint } of durableCheckpoints(source, lane)) {
    if (checkpoint.journal !== cursor.journal) return 0
    break
  }
  throw new GateError(
    'archive-contradicted',
    `checkpoint ${cursor.number} of lane ${laneName(lane)}, which was anchored, is not in the journal any more`,
  )
}
