import { hash } from 'node:crypto'
import { decodeCheckpoint, MAX_LINE_BYTES, type SignedCheckpoint } from '../record/checkpoint/checkpoint.ts'
import { checkpointPath } from '../record/checkpoint/lane-file.ts'
import { type JournalFile, readFully } from '../record/files.ts'
import type { JournalSource } from '../record/read.ts'

/** A checkpoint, its line, and where that stands in its file. */
export interface CheckpointLine {
  readonly checkpoint: SignedCheckpoint
  /** Without the end of the line. */
  readonly text: string
  /** Byte at which it begins. */
  readonly start: number
  /** Byte behind the end of the line. */
  readonly end: number
}

const NEWLINE = 0x0a
const WINDOW_BYTES = 64 * 1024

/**
 * A lane's checkpoints that no crash can take back, from the line on that begins at `from`, up to the first line that
 * is none. They are brought to the disk first: what is told outside and then lost here would be signed anew, and look
 * like a forgery.
 */
export async function* durableCheckpoints(
  { files, folder }: JournalSource,
  lane: number,
  from = 0,
): AsyncGenerator<CheckpointLine, void> {
  const file = await files.open(checkpointPath(folder, lane), 'write')
  if (file === undefined) return
  try {
    const size = await file.size()
    if (size <= from) return
    await file.sync()
    yield* linesBetween(file, from, size)
  } finally {
    await file.close()
  }
}

async function* linesBetween(
  file: JournalFile,
  from: number,
  size: number,
): AsyncGenerator<CheckpointLine, void> {
  let rest: Buffer = Buffer.alloc(0)
  let start = from
  for (let offset = from; offset < size; ) {
    const window = Buffer.alloc(Math.min(WINDOW_BYTES, size - offset))
    const count = await readFully(file, window, offset)
    if (count === 0) return
    offset += count
    rest = Buffer.concat([rest, window.subarray(0, count)])
    for (let at = rest.indexOf(NEWLINE); at !== -1; at = rest.indexOf(NEWLINE)) {
      const text = rest.toString('latin1', 0, at)
      const checkpoint = decodeCheckpoint(text)
      if (typeof checkpoint === 'string') return
      yield { checkpoint, text, start, end: start + at + 1 }
      rest = rest.subarray(at + 1)
      start += at + 1
    }
    if (rest.length > MAX_LINE_BYTES) return
  }
}

/** SHA-256 of some bytes of a lane's checkpoint file, hex; undefined where it does not reach so far. */
export async function hashOfBytes(
  { files, folder }: JournalSource,
  lane: number,
  start: number,
  end: number,
): Promise<string | undefined> {
  const file = await files.open(checkpointPath(folder, lane), 'read')
  if (file === undefined) return undefined
  try {
    if ((await file.size()) < end || end - start > MAX_LINE_BYTES + 1 || end < start) return undefined
    const bytes = Buffer.alloc(end - start)
    await readFully(file, bytes, start)
    return hash('sha256', bytes)
  } finally {
    await file.close()
  }
}
