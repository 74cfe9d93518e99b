import { GateError } from '../../core/errors.ts'
import { type JournalFiles, readFully, replaceFile } from '../../record/files.ts'

/** How far a stream has come in a lane: everything up to and with this event was delivered. */
export interface LaneCursor {
  /** The segment that the event is in. */
  readonly segment: number
  /** The event's number in its lane. */
  readonly event: number
  /** Its id, or empty where it is not known: another one there shows that the event was taken back after it was sent. */
  readonly id: string
  /** Calls that were sent together with an outcome that stands behind the event: their ids, and its number. */
  readonly joined: ReadonlyMap<string, number>
  /** The journal id, hex: in a lane that was moved away, another journal begins. Absent where it is not known. */
  readonly journal?: string
}

/** By lane. */
export type Cursors = ReadonlyMap<number, LaneCursor>

const VERSION = 1
/** Longest state file, bytes. */
const MAX_BYTES = 4 * 2 ** 20

/** `data/archive/streams/NAME.json`; names are checked when the configuration is read. */
export function cursorPath(stateFolder: string, stream: string): string {
  return `${stateFolder}/${stream}.json`
}

/** The cursors of a stream; empty where it never ran. Throws `stream-state-unreadable`. */
export async function readCursors(files: JournalFiles, path: string): Promise<Cursors> {
  const file = await files.open(path, 'read')
  if (file === undefined) return new Map()
  try {
    const bytes = Buffer.alloc(Math.min(await file.size(), MAX_BYTES) + 1)
    return parse(bytes.toString('utf8', 0, await readFully(file, bytes, 0)), path)
  } finally {
    await file.close()
  }
}

/** Replaces the cursors in one step: after a crash, the old ones or the new ones are there. */
export async function writeCursors(
  files: JournalFiles,
  stateFolder: string,
  path: string,
  cursors: Cursors,
): Promise<void> {
  const lanes = Object.fromEntries(
    [...cursors].map(([lane, { joined, ...cursor }]) => [lane, { ...cursor, joined: [...joined] }]),
  )
  const text = `${JSON.stringify({ version: VERSION, lanes })}\n`
  await files.makeFolder(stateFolder)
  const file = await replaceFile(files, stateFolder, path, Buffer.from(text))
  await file.close()
}

function parse(text: string, path: string): Cursors {
  const state = members(parseJson(text, path))
  if (state['version'] !== VERSION) throw unreadable(path, `its version is not ${VERSION}`)
  const cursors = new Map<number, LaneCursor>()
  for (const [name, value] of Object.entries(members(state['lanes']))) {
    const lane = Number(name)
    const { segment, event, id, joined, journal } = members(value)
    const whole = isCount(lane) && isCount(segment) && isCount(event) && typeof id === 'string'
    const isJournal = journal === undefined || typeof journal === 'string'
    if (!whole || !isJournal || !isPairs(joined))
      throw unreadable(path, `what it says of lane \`${name.slice(0, 16)}\` is none`)
    cursors.set(lane, {
      segment,
      event,
      id,
      joined: new Map(joined),
      ...(journal === undefined ? {} : { journal }),
    })
  }
  return cursors
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw unreadable(path, 'it is not JSON', cause)
  }
}

function members(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : {}
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0

function isPairs(value: unknown): value is readonly (readonly [string, number])[] {
  return Array.isArray(value) && value.every(pair => typeof pair?.[0] === 'string' && isCount(pair?.[1]))
}

function unreadable(path: string, why: string, cause?: unknown): GateError {
  return new GateError(
    'stream-state-unreadable',
    `the state of a stream, \`${path}\`, cannot be read: ${why}`,
    {
      cause,
    },
  )
}
