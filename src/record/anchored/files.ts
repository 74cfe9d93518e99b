import { join } from 'node:path'
import { GateError } from '../../core/errors.ts'
import { decodeCheckpoint, MAX_LINE_BYTES, type SignedCheckpoint } from '../checkpoint/checkpoint.ts'
import { type JournalFile, type JournalFiles, readFully } from '../files.ts'

/** A file with what was anchored, as long as it was when it was found. */
export interface AnchorFile {
  readonly path: string
  readonly bytes: number
}

/** A line that an anchor keeps. */
export interface AnchoredLine {
  readonly path: string
  /** From 1. */
  readonly line: number
  /** Undefined if the line is no checkpoint. Its signature is not verified. */
  readonly checkpoint: SignedCheckpoint | undefined
  readonly text: string
}

const NEWLINE = 0x0a
const WINDOW_BYTES = 64 * 1024
/** `anchors/JOURNAL/00/0000000001.json` below a prefix of some parts. */
const MAX_DEPTH = 12
/** An object for each minute of four years. */
const MAX_FILES = 2_000_000

/**
 * The files of an anchor: the one that is named, or all `.json` and `.jsonl` in a folder, as `aws s3 sync` makes it.
 * Throws `anchor-unreadable`.
 */
export async function anchorFiles(files: JournalFiles, path: string): Promise<readonly AnchorFile[]> {
  const names = await listFolder(files, path)
  const found: AnchorFile[] = []
  if (names === undefined || names.length === 0) await addFile(files, path, found)
  else await addFolder(files, path, names, found, 1)
  if (found.length === 0) throw new GateError('anchor-unreadable', `there is no anchor at \`${path}\``)
  return found
}

async function addFolder(
  files: JournalFiles,
  folder: string,
  names: readonly string[],
  found: AnchorFile[],
  depth: number,
): Promise<void> {
  if (depth > MAX_DEPTH)
    throw new GateError('anchor-unreadable', `\`${folder}\` lies more than ${MAX_DEPTH} deep`)
  for (const name of [...names].sort()) {
    const path = join(folder, name)
    if (/\.jsonl?$/.test(name)) await addFile(files, path, found)
    else await addFolder(files, path, (await listFolder(files, path)) ?? [], found, depth + 1)
  }
}

async function addFile(files: JournalFiles, path: string, found: AnchorFile[]): Promise<void> {
  const file = await files.open(path, 'read')
  if (file === undefined) return
  try {
    if (found.length === MAX_FILES)
      throw new GateError('anchor-unreadable', `there are more than ${MAX_FILES} files`)
    found.push({ path, bytes: await file.size() })
  } finally {
    await file.close()
  }
}

/** Names in a folder; undefined if it is a file. */
async function listFolder(files: JournalFiles, path: string): Promise<readonly string[] | undefined> {
  try {
    return await files.list(path)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOTDIR') return undefined
    throw error
  }
}

/** The lines of a file, in constant memory; empty ones are left out, and the last one needs no end. */
export async function* anchoredLines(
  files: JournalFiles,
  { path, bytes }: AnchorFile,
): AsyncGenerator<AnchoredLine, void> {
  const file = await files.open(path, 'read')
  if (file === undefined) throw new GateError('anchor-unreadable', `\`${path}\` is gone`)
  try {
    let line = 0
    for await (const found of splitLines(file, bytes)) {
      line++
      if (found === '') continue
      const reading = decodeCheckpoint(found)
      yield { path, line, text: found, checkpoint: typeof reading === 'string' ? undefined : reading }
    }
  } finally {
    await file.close()
  }
}

/** Of a line that is longer than any checkpoint, no more than its beginning. */
async function* splitLines(file: JournalFile, size: number): AsyncGenerator<string, void> {
  let rest: Buffer = Buffer.alloc(0)
  for (let offset = 0; offset < size; ) {
    const window = Buffer.alloc(Math.min(WINDOW_BYTES, size - offset))
    const count = await readFully(file, window, offset)
    if (count === 0) break
    offset += count
    let bytes = Buffer.concat([rest, window.subarray(0, count)])
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE)) {
      yield bytes.toString('latin1', 0, Math.min(end, MAX_LINE_BYTES + 1))
      bytes = bytes.subarray(end + 1)
    }
    rest = bytes.subarray(0, MAX_LINE_BYTES + 1)
  }
  if (rest.length > 0) yield rest.toString('latin1')
}
