import { createReadStream, type Dirent } from 'node:fs'
import { opendir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { GateError } from '../core/errors.ts'
import type { TrailFile } from '../record/reconcile/trail-file.ts'

/** Of folders within folders: a delivery has seven (`AWSLogs/…/CloudTrail/REGION/YEAR/MONTH/DAY`). */
const MAX_DEPTH = 32

/** Names of files that hold events. */
const EVENTS = /\.(?:json|jsonl|ndjson)(?:\.gz)?$/

/** Folders of a delivery that hold no events of calls. */
const OTHERS: ReadonlySet<string> = new Set(['CloudTrail-Digest', 'CloudTrail-Insight'])

/**
 * The files of events at a path: itself, or all in a folder, in order of their names, which is that of time.
 * Calls `skip` for each name that is passed over; links are, for they could lead in a circle.
 *
 * @throws GateError `events-unreadable`
 */
export async function* trailFiles(path: string, skip: () => void): AsyncGenerator<TrailFile, void> {
  const found = await unlessUnreadable(path, () => stat(path))
  if (found.isDirectory()) yield* inFolder(path, skip, 0)
  else yield fileAt(path)
}

async function* inFolder(folder: string, skip: () => void, depth: number): AsyncGenerator<TrailFile, void> {
  if (depth > MAX_DEPTH) {
    throw new GateError('events-unreadable', `\`${folder}\` is more than ${MAX_DEPTH} folders deep`)
  }
  const entries = await unlessUnreadable(folder, () => listed(folder))
  entries.sort((a, b) => (a.name < b.name ? -1 : 1))
  for (const entry of entries) {
    const path = join(folder, entry.name)
    if (entry.isDirectory() && !OTHERS.has(entry.name)) yield* inFolder(path, skip, depth + 1)
    else if (entry.isFile() && EVENTS.test(entry.name)) yield fileAt(path)
    else skip()
  }
}

async function listed(folder: string): Promise<Dirent[]> {
  const entries = []
  for await (const entry of await opendir(folder)) entries.push(entry)
  return entries
}

function fileAt(path: string): TrailFile {
  return {
    path,
    async *bytes() {
      const stream = createReadStream(path)
      try {
        for await (const chunk of stream) yield chunk as Buffer
      } catch (cause) {
        throw unreadableFile(path, cause)
      } finally {
        stream.destroy()
      }
    },
  }
}

async function unlessUnreadable<T>(path: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (cause) {
    throw unreadableFile(path, cause)
  }
}

function unreadableFile(path: string, cause: unknown): GateError {
  const why = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'
  return new GateError('events-unreadable', `cannot read \`${path.slice(-200)}\`: \`${why}\``, { cause })
}
