import { join } from 'node:path'
import { GateError } from '../../core/errors.ts'
import { type JournalFile, type JournalFiles, readFully, replaceFile, writeFully } from '../files.ts'
import type { JournalSource } from '../read.ts'
import { laneName } from '../segment.ts'
import { decodeCheckpoint, encodeCheckpoint, MAX_LINE_BYTES, type SignedCheckpoint } from './checkpoint.ts'

const NEWLINE = 0x0a
const WINDOW_BYTES = 64 * 1024

/** `checkpoints` of a journal's folder. */
export function checkpointsFolder(folder: string): string {
  return join(folder, 'checkpoints')
}

/** `checkpoints/00.jsonl` */
export function checkpointPath(folder: string, lane: number): string {
  return join(checkpointsFolder(folder), `${laneName(lane)}.jsonl`)
}

/** Lanes that have a checkpoint file, ascending. */
export async function checkpointLanes({ files, folder }: JournalSource): Promise<readonly number[]> {
  const names = await files.list(checkpointsFolder(folder))
  return names.filter(name => /^\d\d\.jsonl$/.test(name)).map(name => Number.parseInt(name, 10))
}

/** A line of a lane's checkpoint file. */
export interface PlacedLine {
  /** From 1. */
  readonly line: number
  /** The checkpoint; or why the line is none. Its signature is not verified. */
  readonly reading: SignedCheckpoint | string
  /** False for bytes at the end of the file that no newline follows. */
  readonly ended: boolean
}

/**
 * The lines of a lane's checkpoint file, in constant memory. Only what the file has when the reading begins: what a
 * live gate adds meanwhile covers events that the reader may not have seen.
 */
export async function* readCheckpoints(
  files: JournalFiles,
  folder: string,
  lane: number,
): AsyncGenerator<PlacedLine, void> {
  const file = await files.open(checkpointPath(folder, lane), 'read')
  if (file === undefined) return
  try {
    const size = await file.size()
    let rest: Buffer = Buffer.alloc(0)
    let line = 1
    for (let offset = 0; offset < size; ) {
      const window = Buffer.alloc(Math.min(WINDOW_BYTES, size - offset))
      const count = await readFully(file, window, offset)
      if (count === 0) break
      offset += count
      let bytes = Buffer.concat([rest, window.subarray(0, count)])
      for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE)) {
        yield { line, reading: decodeLine(bytes.subarray(0, end)), ended: true }
        bytes = bytes.subarray(end + 1)
        line++
      }
      // Longer than any line is: what is left of it says no more.
      if (bytes.length > MAX_LINE_BYTES) {
        yield { line, reading: decodeLine(bytes), ended: true }
        return
      }
      rest = bytes
    }
    if (rest.length > 0) yield { line, reading: decodeLine(rest), ended: false }
  } finally {
    await file.close()
  }
}

/** One character a byte: whatever is not ASCII is no line of a checkpoint. */
function decodeLine(bytes: Buffer): SignedCheckpoint | string {
  return decodeCheckpoint(bytes.toString('latin1', 0, MAX_LINE_BYTES + 1))
}

/** Appends to a lane's checkpoint file. One call at a time: the caller sees to it. */
export class CheckpointFile {
  readonly #files: JournalFiles
  readonly #path: string
  #offset: number
  #file: JournalFile | undefined

  /** `offset`: where the last whole line ends. */
  constructor(files: JournalFiles, path: string, offset: number) {
    this.#files = files
    this.#path = path
    this.#offset = offset
  }

  /**
   * Adds a checkpoint; it is durable when this resolves. A call that throws may be repeated with the same
   * checkpoint: the bytes are written again where they belong, for after a failed fsync the kernel may take pages
   * for clean that never reached the disk.
   */
  async append(checkpoint: SignedCheckpoint): Promise<void> {
    const bytes = Buffer.from(`${encodeCheckpoint(checkpoint)}\n`)
    try {
      this.#file ??= await this.#open()
      await this.#file.truncate(this.#offset)
      await writeFully(this.#file, bytes, this.#offset)
      await this.#file.sync()
    } catch (error) {
      await this.close()
      throw error
    }
    this.#offset += bytes.length
  }

  /** Lets go of the file; that closing a descriptor fails that nothing waits for says nothing new. */
  async close(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    await file?.close().catch(() => undefined)
  }

  async #open(): Promise<JournalFile> {
    const file = await this.#files.open(this.#path, 'write')
    if (file === undefined) throw new Error('the checkpoints are gone')
    return file
  }
}

/** A lane's checkpoint file as it was found, or made, ready to be added to. */
export interface FoundCheckpoints {
  readonly file: CheckpointFile
  readonly last: SignedCheckpoint | undefined
}

/**
 * Finds the last checkpoint of a lane, and makes it certainly durable. What a crash can have left behind it, the
 * beginning of a line or a last line that is none, is cut off. Holding the lane's lock is the caller's duty. Throws
 * `journal-corrupt` where the line before that is none.
 */
export async function recoverCheckpoints(
  files: JournalFiles,
  folder: string,
  lane: number,
): Promise<FoundCheckpoints> {
  const path = checkpointPath(folder, lane)
  await files.makeFolder(checkpointsFolder(folder))
  const file = await files.open(path, 'write')
  if (file === undefined) {
    const made = await replaceFile(files, checkpointsFolder(folder), path, Buffer.alloc(0))
    await made.close()
    return { file: new CheckpointFile(files, path, 0), last: undefined }
  }
  try {
    const { last, offset, start } = await findLast(file, path)
    await file.truncate(offset)
    const bytes = Buffer.alloc(offset - start)
    await readFully(file, bytes, start)
    // As in the segments: what was written before a crash may be in the page cache alone, and count as clean.
    await writeFully(file, bytes, start)
    await file.sync()
    return { file: new CheckpointFile(files, path, offset), last }
  } finally {
    await file.close()
  }
}

/** The last whole checkpoint and the bytes, from `start` to `offset`, that it takes. */
async function findLast(
  file: JournalFile,
  path: string,
): Promise<{ last: SignedCheckpoint | undefined; start: number; offset: number }> {
  const size = await file.size()
  // A beginning of a line, a line that is none, and the one before them.
  const from = Math.max(0, size - 3 * (MAX_LINE_BYTES + 1))
  const bytes = Buffer.alloc(size - from)
  await readFully(file, bytes, from)
  let end = bytes.lastIndexOf(NEWLINE)
  for (let tries = 0; tries < 2; tries++) {
    if (end === -1 && from === 0) return { last: undefined, start: 0, offset: 0 }
    if (end === -1) break
    const start = end === 0 ? 0 : bytes.lastIndexOf(NEWLINE, end - 1) + 1
    const reading = decodeLine(bytes.subarray(start, end))
    if (typeof reading !== 'string') return { last: reading, start: from + start, offset: from + end + 1 }
    end = start - 1
  }
  throw new GateError('journal-corrupt', `the last lines of \`${path}\` are no checkpoints`)
}
