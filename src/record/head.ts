import { GateError } from '../core/errors.ts'
import { LINK_BYTES } from './chain.ts'
import { type JournalFiles, readFully, replaceFile } from './files.ts'
import { layout } from './segment.ts'

/**
 * The last known end of a lane, kept beside the segments: an end that was cut off at the edge of an
 * event leaves a chain that is whole in itself, and only this says that there was more. It may lag
 * behind the chain, never run ahead of it.
 */
export interface Head {
  readonly lane: number
  /** Hex. */
  readonly journalId: string
  /** The last event's number; 0 for none. */
  readonly number: number
  /** The link after that event, hex. */
  readonly link: string
  /** Segment in which the oldest call stands that had no outcome yet. */
  readonly openSince: number
  /** The journal was closed here in good order; nothing follows. */
  readonly clean: boolean
  /** The last checkpoint that was durable then; absent before the first, and in a journal without checkpoints. */
  readonly checkpoint?: HeadCheckpoint
}

export interface HeadCheckpoint {
  readonly number: number
  /** `checkpointHash`, hex. */
  readonly hash: string
}

const MAX_HEAD_BYTES = 4096

export async function writeHead(files: JournalFiles, folder: string, head: Head): Promise<void> {
  const bytes = Buffer.from(`${JSON.stringify(head)}\n`)
  const file = await replaceFile(files, layout.heads(folder), layout.head(folder, head.lane), bytes)
  await file.close()
}

/** The lane's head; undefined if it has none. Throws `journal-corrupt` if the file is not a head. */
export async function readHead(files: JournalFiles, folder: string, lane: number): Promise<Head | undefined> {
  const path = layout.head(folder, lane)
  const file = await files.open(path, 'read')
  if (file === undefined) return undefined
  try {
    const bytes = Buffer.alloc(MAX_HEAD_BYTES)
    const count = await readFully(file, bytes, 0)
    const value = parse(bytes.toString('utf8', 0, count), path)
    if (!isHead(value) || value.lane !== lane) {
      throw new GateError('journal-corrupt', `\`${path}\` is not the head of lane ${lane}`)
    }
    return value
  } finally {
    await file.close()
  }
}

function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new GateError('journal-corrupt', `\`${path}\` is not JSON`, { cause })
  }
}

function isHead(value: unknown): value is Head {
  if (typeof value !== 'object' || value === null) return false
  const head = value as Partial<Record<keyof Head, unknown>>
  return (
    [head.lane, head.number, head.openSince].every(Number.isSafeInteger) &&
    typeof head.journalId === 'string' &&
    typeof head.link === 'string' &&
    head.link.length === LINK_BYTES * 2 &&
    typeof head.clean === 'boolean' &&
    (head.checkpoint === undefined || isHeadCheckpoint(head.checkpoint))
  )
}

function isHeadCheckpoint(value: unknown): value is HeadCheckpoint {
  if (typeof value !== 'object' || value === null) return false
  const { number, hash } = value as Partial<Record<keyof HeadCheckpoint, unknown>>
  return Number.isSafeInteger(number) && typeof hash === 'string'
}
