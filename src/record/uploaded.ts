/**
 * Which segments are in a bucket, whole and verified: `uploaded/NN.jsonl` of the journal's folder, a line for each. Only
 * the uploads append to it; retention reads it, for nothing local goes that is not in it.
 */
import { join } from 'node:path'
import { GateError } from '../core/errors.ts'
import { type JournalFile, type JournalFiles, readFully, replaceFile, writeFully } from './files.ts'
import { laneName } from './segment.ts'

/** A segment whose upload was verified, with what belongs to it. */
export interface UploadedSegment {
  /** The journal id in the segment's header, hex: another journal may have taken the lane since. */
  readonly journal: string
  readonly lane: number
  readonly segment: number
  readonly bucket: string
  readonly key: string
  /** Of the segment's file. */
  readonly bytes: number
  /** Of the segment's file, hex. */
  readonly sha256: string
  readonly etag: string
  /** Absent in a bucket without versions. */
  readonly versionId?: string
  /** How it is known that the bucket has these bytes: by the checksum that it keeps, or by reading them back. */
  readonly verifiedBy: 'checksum' | 'reading'
  /** How many bodies of the segment were uploaded with it. */
  readonly bodies: number
  /** When it was verified, ms since 1970. */
  readonly timeMs: number
}

/** Names a segment of a journal: `JOURNAL/SEGMENT`. */
export function segmentId({ journal, segment }: Pick<UploadedSegment, 'journal' | 'segment'>): string {
  return `${journal}/${segment}`
}

const NEWLINE = 0x0a
/** A real line has about 400. */
const MAX_LINE_BYTES = 4096
const WINDOW_BYTES = 64 * 1024

/**
 * What of a lane is known to be in a bucket, by `segmentId`; the last line on a segment counts. `folder`: the
 * journal's. Throws `archive-state-unreadable` where a line is none.
 */
export async function uploadedSegments(
  files: JournalFiles,
  folder: string,
  lane: number,
): Promise<ReadonlyMap<string, UploadedSegment>> {
  const path = uploadedPath(folder, lane)
  const file = await files.open(path, 'read')
  if (file === undefined) return new Map()
  try {
    return (await readEntries(file, path)).entries
  } finally {
    await file.close()
  }
}

export function uploadedPath(folder: string, lane: number): string {
  return join(folder, 'uploaded', `${laneName(lane)}.jsonl`)
}

/** Where the last whole line ends: what a crash left behind it is no line. */
async function readEntries(
  file: JournalFile,
  path: string,
): Promise<{ entries: Map<string, UploadedSegment>; end: number }> {
  const entries = new Map<string, UploadedSegment>()
  let rest: Buffer = Buffer.alloc(0)
  let end = 0
  for (let offset = 0; ; ) {
    const window = Buffer.alloc(WINDOW_BYTES)
    const count = await readFully(file, window, offset)
    if (count === 0) return { entries, end }
    offset += count
    rest = Buffer.concat([rest, window.subarray(0, count)])
    for (let at = rest.indexOf(NEWLINE); at !== -1; at = rest.indexOf(NEWLINE)) {
      const entry = parseEntry(rest.toString('utf8', 0, at), path)
      entries.set(segmentId(entry), entry)
      rest = rest.subarray(at + 1)
      end += at + 1
    }
    if (rest.length > MAX_LINE_BYTES) throw unreadable(path)
  }
}

function parseEntry(line: string, path: string): UploadedSegment {
  try {
    const value: unknown = JSON.parse(line)
    if (isEntry(value)) return value
  } catch (cause) {
    throw unreadable(path, cause)
  }
  throw unreadable(path)
}

function unreadable(path: string, cause?: unknown): GateError {
  return new GateError('archive-state-unreadable', `\`${path}\` has a line that names no uploaded segment`, {
    cause,
  })
}

function isEntry(value: unknown): value is UploadedSegment {
  if (typeof value !== 'object' || value === null) return false
  const it = value as Partial<Record<keyof UploadedSegment, unknown>>
  return (
    [it.lane, it.segment, it.bytes, it.bodies, it.timeMs].every(Number.isSafeInteger) &&
    [it.journal, it.bucket, it.key, it.sha256, it.etag].every(text => typeof text === 'string') &&
    (it.versionId === undefined || typeof it.versionId === 'string') &&
    (it.verifiedBy === 'checksum' || it.verifiedBy === 'reading')
  )
}

/** Adds a segment; it is durable when this resolves. Who appends holds the archivist's lock. */
export async function noteUploaded(
  files: JournalFiles,
  folder: string,
  entry: UploadedSegment,
): Promise<void> {
  const path = uploadedPath(folder, entry.lane)
  const file = (await files.open(path, 'write')) ?? (await makeFile(files, folder, path))
  try {
    // Over the beginning of a line that a crash left: it was never counted.
    const { end } = await readEntries(file, path)
    const line = Buffer.from(`${JSON.stringify(entry)}\n`)
    await file.truncate(end)
    await writeFully(file, line, end)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function makeFile(files: JournalFiles, folder: string, path: string): Promise<JournalFile> {
  await files.makeFolder(join(folder, 'uploaded'))
  await files.syncFolder(folder)
  return replaceFile(files, join(folder, 'uploaded'), path, Buffer.alloc(0))
}
