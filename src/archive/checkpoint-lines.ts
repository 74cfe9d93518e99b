import { encodeCheckpoint, type SignedCheckpoint } from '../record/checkpoint/checkpoint.ts'
import { checkpointPath, readCheckpoints } from '../record/checkpoint/lane-file.ts'
import type { JournalSource } from '../record/read.ts'

/** A checkpoint, its line, and where that stands in its file. */
export interface CheckpointLine {
  readonly checkpoint: SignedCheckpoint
  /** Without the end of the line. */
  readonly text: string
  /** Bytes up to and with the end of the line. */
  readonly end: number
}

/**
 * A lane's checkpoints that no crash can take back, up to the first line that is none. They are brought to the disk
 * first: what is told outside and then lost here would be signed anew, and look like a forgery.
 */
export async function* durableCheckpoints(
  { files, folder }: JournalSource,
  lane: number,
): AsyncGenerator<CheckpointLine, void> {
  const file = await files.open(checkpointPath(folder, lane), 'write')
  if (file === undefined) return
  let durable: number
  try {
    durable = await file.size()
    await file.sync()
  } finally {
    await file.close()
  }
  let end = 0
  for await (const { reading, ended } of readCheckpoints(files, folder, lane)) {
    if (typeof reading === 'string' || !ended) return
    const text = encodeCheckpoint(reading)
    end += text.length + 1
    if (end > durable) return
    yield { checkpoint: reading, text, end }
  }
}
