/**
 * What readers are told of removed segments without reading the chain: `removed/NN.jsonl`, the removals of lane NN that
 * still say something, the last word first, each with the place in the chain where it stands. It proves nothing:
 * `verifyJournal` does not look at it, and retention believes no line of it that is not in the chain.
 */
import { join } from 'node:path'
import { GateError } from '../../core/errors.ts'
import type { RemovalEvent } from '../event.ts'
import { type JournalFiles, readFully, replaceFile } from '../files.ts'
import { laneName, layout, segmentNumbers } from '../segment.ts'
import { changesOfWord, isRemoval, lastWord, newestFirst } from './removal.ts'

/** A removal, and where its event stands. */
export interface PlacedRemoval extends RemovalEvent {
  readonly at: { readonly lane: number; readonly segment: number; readonly event: number }
}

/** Where a journal is. */
export interface JournalPlace {
  readonly files: JournalFiles
  /** `data/journal` */
  readonly folder: string
}

/** Longest file of hints: some ten thousand lines. */
const MAX_HINT_BYTES = 16 * 1024 * 1024

export function hintsPath(folder: string, lane: number): string {
  return join(folder, 'removed', `${laneName(lane)}.jsonl`)
}

/** The hints of a lane, the last word first. Throws `journal-corrupt` if they cannot be read. */
export async function readHints(
  { files, folder }: JournalPlace,
  lane: number,
): Promise<readonly PlacedRemoval[]> {
  const path = hintsPath(folder, lane)
  const file = await files.open(path, 'read')
  if (file === undefined) return []
  try {
    const size = await file.size()
    if (size > MAX_HINT_BYTES) throw unreadable(path)
    const bytes = Buffer.alloc(size)
    const text = bytes.toString('utf8', 0, await readFully(file, bytes, 0))
    const lines = text.split('\n').filter(line => line !== '')
    return newestFirst(
      lines.map(line => parseHint(line, lane, path)),
      lane,
    )
  } finally {
    await file.close()
  }
}

function parseHint(line: string, lane: number, path: string): PlacedRemoval {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (cause) {
    throw unreadable(path, cause)
  }
  if (!isPlaced(value) || value.lane !== lane) throw unreadable(path)
  return value
}

function isPlaced(value: unknown): value is PlacedRemoval {
  if (typeof value !== 'object' || value === null) return false
  const it = value as Partial<PlacedRemoval>
  if (it.type !== 'removal' || typeof it.id !== 'string' || !Number.isSafeInteger(it.timeMs)) return false
  const { at } = it
  if (typeof at !== 'object' || at === null) return false
  return [at.lane, at.segment, at.event].every(Number.isSafeInteger) && isRemoval(it as RemovalEvent)
}

function unreadable(path: string, cause?: unknown): GateError {
  return new GateError('journal-corrupt', `\`${path}\` has a line that names no removal`, { cause })
}

/** Replaces the hints of a lane in one step; they are durable when it resolves. */
export async function writeHints(
  { files, folder }: JournalPlace,
  lane: number,
  hints: readonly PlacedRemoval[],
): Promise<void> {
  const removed = join(folder, 'removed')
  await files.makeFolder(removed)
  await files.syncFolder(folder)
  const bytes = Buffer.from(hints.map(hint => `${JSON.stringify(hint)}\n`).join(''))
  if (bytes.length > MAX_HINT_BYTES)
    throw new GateError('internal', 'there are too many removals to remember')
  await (await replaceFile(files, removed, hintsPath(folder, lane), bytes)).close()
}

/** Lanes that have hints, ascending. */
export async function hintedLanes({ files, folder }: JournalPlace): Promise<readonly number[]> {
  const names = await files.list(join(folder, 'removed'))
  return names
    .filter(name => /^\d\d\.jsonl$/.test(name))
    .map(name => Number.parseInt(name, 10))
    .sort((a, b) => a - b)
}

/** Whether a segment that is not there was removed, as far as the hints say. */
export function isRemoved(hints: readonly PlacedRemoval[], segment: number): boolean {
  const word = lastWord(hints, segment)
  return word !== undefined && word.why !== 'withdrawn'
}

/**
 * The first segment from `segment` on that is there; undefined where none is. Throws `journal-corrupt` where one
 * before it is missing without a hint that it was removed.
 */
export async function nextSegment(
  place: JournalPlace,
  lane: number,
  segment: number,
): Promise<number | undefined> {
  const names = await place.files.list(layout.lane(place.folder, lane))
  const next = segmentNumbers(names).find(number => number >= segment)
  if (next === undefined || next === segment) return next
  const hints = await readHints(place, lane)
  for (const missing of changesOfWord(hints, segment, next - 1)) {
    if (isRemoved(hints, missing)) continue
    throw new GateError('journal-corrupt', `segment ${missing} of lane ${laneName(lane)} is missing`)
  }
  return next
}

/** Whether segments stood between these two, and all of them were removed, as far as the hints say. */
export async function isRemovedBetween(
  place: JournalPlace,
  lane: number,
  before: number,
  after: number,
): Promise<boolean> {
  if (after <= before + 1) return false
  const hints = await readHints(place, lane)
  return changesOfWord(hints, before + 1, after - 1).every(segment => isRemoved(hints, segment))
}

/** Whether any segment follows this one. */
export async function hasLater(
  { files, folder }: JournalPlace,
  lane: number,
  segment: number,
): Promise<boolean> {
  return segmentNumbers(await files.list(layout.lane(folder, lane))).some(number => number > segment)
}
