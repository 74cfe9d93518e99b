/**
 * Sessions on legal hold: nothing of theirs is removed or shredded. `journal/holds.jsonl`, a line for each word of a
 * person, the last one on a session counts:
 *
 *     {"what":"hold","session":"01K…","timeMs":1767323045000,"by":"ana","reason":"case 17"}
 *     {"what":"release","session":"01K…","timeMs":1767323046000,"by":"ana"}
 */
import { join } from 'node:path'
import { GateError } from '../../core/errors.ts'
import { type JournalFile, readFully, replaceFile, writeFully } from '../files.ts'
import type { JournalPlace } from './hints.ts'

/** What a person said of a session. */
export interface HoldWord {
  readonly what: 'hold' | 'release'
  readonly session: string
  readonly timeMs: number
  /** Who said it, as the command was told; not verified. */
  readonly by: string
  readonly reason?: string
}

/** The sessions that are on hold, each with the word that holds it. */
export type Holds = ReadonlyMap<string, HoldWord>

const MAX_HOLDS_BYTES = 16 * 1024 * 1024
/** Longest reason, and longest name of who gives it, in characters. */
export const MAX_HOLD_TEXT = 1_000

export function holdsPath(folder: string): string {
  return join(folder, 'holds.jsonl')
}

/** Whether an id can be that of a session: then its bytes stand in events as they are. */
export function isSessionId(text: string): boolean {
  return /^[A-Za-z0-9_-]{1,64}$/.test(text)
}

/**
 * The sessions on hold now. Throws `holds-unreadable` if not all of the file can be understood: then nobody knows what
 * is held, and nothing may be removed.
 */
export async function readHolds({ files, folder }: JournalPlace): Promise<Holds> {
  const path = holdsPath(folder)
  const file = await files.open(path, 'read')
  if (file === undefined) return new Map()
  try {
    const { words, torn } = await readWords(file, path)
    if (torn > 0) throw unreadable(path, `it ends with ${torn} bytes of a line that was not finished`)
    return standing(words)
  } finally {
    await file.close()
  }
}

/** Whether a session is on hold, for whoever is about to remove or shred. Throws `holds-unreadable`. */
export async function isHeld(place: JournalPlace, session: string): Promise<boolean> {
  return (await readHolds(place)).has(session)
}

function standing(words: readonly HoldWord[]): Holds {
  const holds = new Map<string, HoldWord>()
  for (const word of words) {
    if (word.what === 'hold') holds.set(word.session, word)
    else holds.delete(word.session)
  }
  return holds
}

/**
 * Adds a word; it is durable when this resolves, and gives what is held then. Over what a crash left of a line that
 * nobody was told of. Throws `holds-unreadable`, and `holds-busy` where another command adds one now.
 */
export async function addHoldWord({ files, folder }: JournalPlace, word: HoldWord): Promise<Holds> {
  const path = holdsPath(folder)
  const lock = await files.lock(`${path}.lock`)
  if (lock === undefined) throw new GateError('holds-busy', `another command writes \`${path}\` now`)
  try {
    const file =
      (await files.open(path, 'write')) ?? (await replaceFile(files, folder, path, Buffer.alloc(0)))
    try {
      const { words, end } = await readWords(file, path)
      const line = Buffer.from(`${JSON.stringify(word)}\n`)
      if (end + line.length > MAX_HOLDS_BYTES) throw unreadable(path, 'it is full')
      await file.truncate(end)
      await writeFully(file, line, end)
      await file.sync()
      return standing([...words, word])
    } finally {
      await file.close()
    }
  } finally {
    lock.release()
  }
}

/** The words of the file, where the last whole line ends, and how many bytes stand behind it. */
async function readWords(
  file: JournalFile,
  path: string,
): Promise<{ words: readonly HoldWord[]; end: number; torn: number }> {
  const size = await file.size()
  if (size > MAX_HOLDS_BYTES) throw unreadable(path, `it has more than ${MAX_HOLDS_BYTES} bytes`)
  const bytes = Buffer.alloc(size)
  if ((await readFully(file, bytes, 0)) !== size) throw unreadable(path, 'it cannot be read in full')
  const end = bytes.lastIndexOf(0x0a) + 1
  const lines = bytes.toString('utf8', 0, end).split('\n').slice(0, -1)
  return { words: lines.map((line, at) => parseWord(line, at + 1, path)), end, torn: size - end }
}

function parseWord(line: string, number: number, path: string): HoldWord {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (cause) {
    throw unreadable(path, `line ${number} is not JSON`, cause)
  }
  if (!isWord(value)) throw unreadable(path, `line ${number} is neither a hold nor a release`)
  return value
}

function isWord(value: unknown): value is HoldWord {
  if (typeof value !== 'object' || value === null) return false
  const { what, session, timeMs, by, reason } = value as Partial<Record<keyof HoldWord, unknown>>
  return (
    (what === 'hold' || what === 'release') &&
    typeof session === 'string' &&
    isSessionId(session) &&
    Number.isSafeInteger(timeMs) &&
    typeof by === 'string' &&
    (reason === undefined || typeof reason === 'string')
  )
}

function unreadable(path: string, why: string, cause?: unknown): GateError {
  return new GateError('holds-unreadable', `the holds in \`${path}\` cannot be read: ${why}`, { cause })
}
