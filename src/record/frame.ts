/**
 * The frame of one event in a segment. All integers are big-endian.
 *
 *      0        4        8                          40                    40 + length
 *      +--------+--------+--------------------------+----------------------+
 *      | CRC    | length | link of the event before | payload              |
 *      | u32    | u32    | 32 bytes                 | length bytes, UTF-8  |
 *      +--------+--------+--------------------------+----------------------+
 *
 * CRC is CRC-32C (Castagnoli, RFC 3720 appendix B.4) of length, link and payload: it finds damage. The
 * link (see `chain.ts`) finds intent. The payload is one JSON object, `{"n":NUMBER,"b":FIRST,"e":EVENT}`:
 * `n` is the event's place in the chain, `b` the number of the first event that was written in the same
 * batch. Everything before `b` was on disk before this frame was written; recovery relies on that to
 * tell a torn tail from damage.
 *
 * Invariant: `readFrame` looks at no byte outside `bytes`, whatever the length field says.
 */
import { crc32c } from '@node-rs/crc32'
import { GateError } from '../core/errors.ts'
import type { JournalEvent } from './event.ts'

/** Bytes before the payload. */
export const FRAME_PREFIX_BYTES = 40
/** Where the link of the event before stands. */
export const PREVIOUS_OFFSET = 8
/** Longest payload, in bytes. */
export const MAX_PAYLOAD_BYTES: number = 1024 * 1024
/** Longest frame, in bytes. */
export const MAX_FRAME_BYTES: number = FRAME_PREFIX_BYTES + MAX_PAYLOAD_BYTES
/** Room for `{"n":`, `,"b":`, `,"e":`, the closing brace and two numbers of up to 16 digits. */
const ENVELOPE_BYTES = 64
/** Longest JSON text of one event, in bytes. */
export const MAX_EVENT_BYTES: number = MAX_PAYLOAD_BYTES - ENVELOPE_BYTES
/** How every payload begins; lets recovery look for frames behind a damaged one. */
export const PAYLOAD_START: string = '{"n":'

/** What stands at a place in a segment. */
export type FrameReading =
  | { readonly kind: 'frame'; readonly frame: Buffer }
  /** The bytes end before the frame does; `needed` is how many it takes from the frame's start. */
  | { readonly kind: 'incomplete'; readonly needed: number }
  | { readonly kind: 'damaged'; readonly reason: string }

/** What a payload says. */
export interface Payload {
  /** The event's number in its chain, from 1. */
  readonly number: number
  /** Number of the first event of its batch; at most `number`. */
  readonly batchStart: number
  readonly event: JournalEvent
}

/**
 * Writes a frame at `offset` of `target` and returns where it ends. The caller has made room:
 * `frameBytes(eventJson)` from `offset` on.
 */
export function writeFrame(
  target: Buffer,
  offset: number,
  previous: Buffer,
  position: { readonly number: number; readonly batchStart: number },
  eventJson: string,
): number {
  const text = `${PAYLOAD_START}${position.number},"b":${position.batchStart},"e":${eventJson}}`
  const length = target.write(text, offset + FRAME_PREFIX_BYTES)
  const end = offset + FRAME_PREFIX_BYTES + length
  target.writeUInt32BE(length, offset + 4)
  previous.copy(target, offset + PREVIOUS_OFFSET)
  target.writeUInt32BE(checksum(target.subarray(offset, end)), offset)
  return end
}

/** The most bytes that the frame of an event can take. */
export function frameBytes(eventJsonBytes: number): number {
  return FRAME_PREFIX_BYTES + ENVELOPE_BYTES + eventJsonBytes
}

/** Reads the frame at `offset`. Length and checksum have been verified in what it returns, the link not. */
export function readFrame(bytes: Buffer, offset: number): FrameReading {
  const available = bytes.length - offset
  if (available < PREVIOUS_OFFSET) return { kind: 'incomplete', needed: FRAME_PREFIX_BYTES }
  const length = bytes.readUInt32BE(offset + 4)
  if (length === 0 || length > MAX_PAYLOAD_BYTES) {
    return { kind: 'damaged', reason: `the length ${length} is not from 1 to ${MAX_PAYLOAD_BYTES}` }
  }
  const needed = FRAME_PREFIX_BYTES + length
  if (available < needed) return { kind: 'incomplete', needed }
  const frame = bytes.subarray(offset, offset + needed)
  if (frame.readUInt32BE(0) !== checksum(frame)) {
    return { kind: 'damaged', reason: 'the checksum does not fit the event' }
  }
  return { kind: 'frame', frame }
}

/** Parses a frame's payload. Throws `journal-corrupt` if it is not what this version writes. */
export function readPayload(frame: Buffer): Payload {
  return parsePayload(frame.toString('utf8', FRAME_PREFIX_BYTES))
}

/** Parses a payload outside of its frame. Throws `journal-corrupt` if it is none. */
export function parsePayload(text: string): Payload {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new GateError('journal-corrupt', 'the payload of an event is not JSON', { cause })
  }
  if (!isPayload(value)) throw new GateError('journal-corrupt', 'the payload is not that of an event')
  return { number: value.n, batchStart: value.b, event: value.e }
}

/**
 * Number and batch of a frame without parsing its event; both 0 if it does not begin as payloads do.
 */
export function readPosition(frame: Buffer): { readonly number: number; readonly batchStart: number } {
  const head = frame.toString('latin1', FRAME_PREFIX_BYTES, FRAME_PREFIX_BYTES + 48)
  const match = /^\{"n":(\d{1,16}),"b":(\d{1,16}),"e":\{/.exec(head)
  return { number: Number(match?.[1] ?? 0), batchStart: Number(match?.[2] ?? 0) }
}

/** CRC-32C of a whole frame but for the four bytes of the checksum itself. */
function checksum(frame: Buffer): number {
  return crc32c(frame.subarray(4))
}

interface RawPayload {
  readonly n: number
  readonly b: number
  readonly e: JournalEvent
}

/** Every type that there is, or this does not compile. */
const EVENT_TYPES: Readonly<Record<JournalEvent['type'], true>> = {
  session: true,
  'session-end': true,
  decision: true,
  outcome: true,
  'access-request': true,
  removal: true,
  shred: true,
  revocation: true,
  recovery: true,
}

/** Checks what readers rely on to find an event; the event's own members were made by the gate. */
function isPayload(value: unknown): value is RawPayload {
  if (!isRecord(value) || !isNumber(value['n']) || !isNumber(value['b'])) return false
  const event = value['e']
  return (
    isRecord(event) &&
    Object.hasOwn(EVENT_TYPES, String(event['type'])) &&
    isNumber(event['timeMs']) &&
    'id' in event
  )
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function isNumber(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0
}
