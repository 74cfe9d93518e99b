import type { JournalEvent } from '../event.ts'
import { FRAME_PREFIX_BYTES, readPayload } from '../frame.ts'

/** What a search has to know of every event. */
export interface Outline {
  readonly type: JournalEvent['type']
  readonly id: string
  /** Of an outcome: the call that ended. */
  readonly decisionId: string
}

const TYPES: readonly JournalEvent['type'][] = [
  'decision',
  'outcome',
  'session',
  'access-request',
  'recovery',
]
const STARTS = TYPES.map(type => ({ type, start: `{"type":"${type}","id":"` }))
const DECISION_ID = Buffer.from('"decisionId":"')
/** Longer than what `STARTS` and an id take. */
const START_BYTES = 64
const BRACE = 0x7b
const QUOTE = 0x22

/**
 * Type and ids of the event in a frame, from its first bytes where they stand as the gate writes them;
 * else by parsing all of it. Throws `journal-corrupt` if it is no event.
 */
export function outlineOf(frame: Buffer): Outline {
  return quickOutline(frame) ?? slowOutline(frame)
}

function quickOutline(frame: Buffer): Outline | undefined {
  const begin = frame.indexOf(BRACE, FRAME_PREFIX_BYTES + 1)
  const text = frame.toString('latin1', begin, begin + START_BYTES)
  for (const { type, start } of STARTS) {
    if (!text.startsWith(start)) continue
    const id = plain(text.slice(start.length, text.indexOf('"', start.length)))
    if (id === undefined || type !== 'outcome')
      return id === undefined ? undefined : { type, id, decisionId: '' }
    const at = frame.indexOf(DECISION_ID, begin) + DECISION_ID.length
    const decisionId = plain(frame.toString('latin1', at, Math.max(frame.indexOf(QUOTE, at), at)))
    return decisionId === undefined || at < begin ? undefined : { type, id, decisionId }
  }
  return undefined
}

/** The text if it stands in JSON as it is: neither empty, nor escaped, nor beyond ASCII. */
function plain(text: string): string | undefined {
  return /^[A-Za-z0-9_.-]+$/.test(text) ? text : undefined
}

function slowOutline(frame: Buffer): Outline {
  const { event } = readPayload(frame)
  return { type: event.type, id: event.id, decisionId: event.type === 'outcome' ? event.decisionId : '' }
}
