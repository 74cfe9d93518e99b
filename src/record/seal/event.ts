/**
 * A sealed event. What recovery, retention and the selection of a session need stays readable; the rest is one box:
 *
 *     {"type":"decision","id":"01K…","timeMs":1767…,"sessionId":"01K…","effect":"allow",
 *      "sealed":{"key":"00.0000000001.7","data":"BASE64"}}
 *
 * Sealed is the JSON object of the other members. Bound to it are the lane, its journal id, and the event's bytes up
 * to `,"data":"`: nothing of it can be changed, and it can be moved nowhere.
 */
import type { Random } from '../../core/clock.ts'
import { GateError } from '../../core/errors.ts'
import type { JournalEvent } from '../event.ts'
import { BOX_BYTES, openBox, sealBox } from './box.ts'
import type { ContentKey } from './ports.ts'

/** Whose chain an event is in. */
export interface SealedIn {
  readonly lane: number
  /** 16 bytes. */
  readonly journalId: Buffer
}

type Sealable = Exclude<JournalEvent['type'], 'recovery' | 'removal' | 'shred'>

const HEAD = ['type', 'id', 'timeMs', 'sessionId'] as const
/** What stays readable beside the head. */
const READABLE: Readonly<Record<Sealable, readonly string[]>> = {
  session: [],
  'session-end': ['why'],
  revocation: ['what', 'issuedUntilMs'],
  decision: ['effect'],
  // By AWS's own number of it a call can be told to have come through the gate, also when nothing else is left.
  outcome: ['decisionId', 'awsRequestId'],
  'access-request': ['requestId', 'what', 'state'],
}
/** Longer ones, in characters, come from nobody that is AWS. */
const MAX_REQUEST_ID = 128
const PURPOSE = Buffer.from('sallyport sealed event 1')
const SEALED_START = Buffer.from(',"sealed":{"key":"')
const DATA_START = Buffer.from('","data":"')
const SEALED_END = '"}}'

/** The most bytes of JSON that an event may have for its sealed form to fit into `limitBytes`. */
export function roomToSeal(limitBytes: number): number {
  // What stays readable may be as long as ids and a denial's kind can be, and is in the box's room as well.
  return Math.floor(((limitBytes - 1024) / 4) * 3) - BOX_BYTES
}

/** Whether events of this type are sealed: what the gate says of the journal itself is not. */
export function isSealable(event: JournalEvent): event is Extract<JournalEvent, { type: Sealable }> {
  return event.type in READABLE
}

/** The JSON of an event, sealed. */
export function sealEvent(
  event: Extract<JournalEvent, { type: Sealable }>,
  { id, key }: ContentKey,
  { lane, journalId }: SealedIn,
  random: Random,
): string {
  const readable: Record<string, unknown> = {}
  const rest: Record<string, unknown> = {}
  const names: ReadonlySet<string> = new Set([...HEAD, ...READABLE[event.type]])
  for (const [name, value] of Object.entries(event)) {
    const isReadable = names.has(name) && !(name === 'awsRequestId' && String(value).length > MAX_REQUEST_ID)
    const part = isReadable ? readable : rest
    part[name] = value
  }
  // In an order of their own, whoever made the event: readers look for `type` and `id` at its beginning.
  const ordered = Object.fromEntries(
    [...names].flatMap(name => (name in readable ? [[name, readable[name]]] : [])),
  )
  const start = `${JSON.stringify(ordered).slice(0, -1)}${SEALED_START}${id}"`
  if (Buffer.byteLength(start) > MAX_READABLE_BYTES - EVENT_START_WITHIN) {
    throw new GateError('event-too-large', 'the ids of the event are too long for it to be sealed')
  }
  const box = sealBox(
    key,
    Buffer.from(JSON.stringify(rest)),
    boundTo({ lane, journalId }, Buffer.from(start)),
    random,
  )
  return `${start},"data":"${box.toString('base64')}${SEALED_END}`
}

function boundTo({ lane, journalId }: SealedIn, start: Buffer): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(lane)
  return Buffer.concat([PURPOSE, journalId, bytes, start])
}

/** The places of what is sealed in a payload. */
export interface SealedPlace {
  readonly keyId: string
  /** Where the event begins, where its readable members end, and where the box begins and ends. */
  readonly event: number
  readonly readable: number
  readonly data: number
  readonly end: number
}

/** What stays readable is shorter than this, with the key's id. */
const MAX_READABLE_BYTES = 2_048
const EVENT_START = Buffer.from('"e":')
const EVENT_START_WITHIN = 64

/** Finds what is sealed in a payload, `{"n":…,"b":…,"e":EVENT}`; undefined if the event is in the clear. */
export function findSealed(payload: Buffer): SealedPlace | undefined {
  const readable = payload.subarray(0, MAX_READABLE_BYTES).indexOf(SEALED_START)
  if (readable === -1) return undefined
  const event = payload.subarray(0, EVENT_START_WITHIN).indexOf(EVENT_START) + EVENT_START.length
  // A member of that name somewhere within an event that is in the clear leaves brackets open.
  if (!isWhole(payload.toString('utf8', event, readable))) return undefined
  const idAt = readable + SEALED_START.length
  const idEnd = payload.indexOf(DATA_START, idAt)
  const data = idEnd + DATA_START.length
  const end = payload.length - SEALED_END.length - 1
  if (idEnd === -1 || data > end || payload.toString('latin1', end) !== `${SEALED_END}}`) {
    throw new GateError('journal-corrupt', 'the event is sealed in a way that is not known')
  }
  return { keyId: payload.toString('latin1', idAt, idEnd), event, readable, data, end }
}

function isWhole(text: string): boolean {
  try {
    JSON.parse(`${text}}`)
    return true
  } catch {
    return false
  }
}

/** The payload as it was before its event was sealed. Throws `journal-corrupt` if key, place or bytes are not its own. */
export function openSealed(payload: Buffer, place: SealedPlace, key: Buffer, sealedIn: SealedIn): Buffer {
  const text = payload.toString('latin1', place.data, place.end)
  const box = Buffer.from(text, 'base64')
  // Base64 has several texts for the same bytes; only the one that was written is taken.
  const start = payload.subarray(place.event, place.data - ',"data":"'.length)
  const plain = box.toString('base64') === text ? openBox(key, box, boundTo(sealedIn, start)) : undefined
  if (plain === undefined) {
    throw new GateError('journal-corrupt', `the event does not open with the content key \`${place.keyId}\``)
  }
  return joined(payload.subarray(0, place.readable), plain)
}

const CLOSE = Buffer.from('}}')
const COMMA = Buffer.from(',')

function joined(start: Buffer, members: Buffer): Buffer {
  const inner = members.subarray(1, -1)
  return Buffer.concat([start, ...(inner.length === 0 ? [] : [COMMA, inner]), CLOSE])
}

/** What readers are given in place of members that nobody can read: nothing, in the form of each type. */
const NOTHING: Readonly<Record<Sealable, object>> = {
  session: {
    principal: { arn: '', roleArn: '', issuer: '', subject: '', actingFor: [] },
    by: '',
    expiresAtMs: 0,
    clientAddress: '',
    claims: {},
  },
  'session-end': { calls: 0, denied: 0, bytesIn: 0, bytesOut: 0 },
  revocation: { of: '', by: '', reason: '' },
  decision: { clientAddress: '', statements: [] },
  outcome: { bytesIn: 0, bytesOut: 0, durationMs: 0 },
  'access-request': {},
}

/** The payload with what is readable of its event, and `why` the rest is not. */
export function withoutSealed(payload: Buffer, place: SealedPlace, why: 'shredded' | 'sealed'): Buffer {
  const { type } = JSON.parse(`${payload.toString('utf8', place.event, place.readable)}}`) as {
    type: Sealable
  }
  const nothing = Buffer.from(JSON.stringify({ [why]: true, ...NOTHING[type] }))
  return joined(payload.subarray(0, place.readable), nothing)
}
