import { crc32 } from 'node:zlib'
import { unmaskable } from '../unmaskable.ts'

/*
 * Frames of application/vnd.amazon.eventstream
 * (https://smithy.io/2.0/aws/amazon-eventstream.html):
 *
 *   | total length 4 | headers length 4 | CRC 4 of these 8 | headers | payload | CRC 4 of all before |
 *
 *   header = | name length 1 | name | type 1 | value |
 *
 * Invariant: a frame is passed on only if both of its checksums and all of its lengths are right.
 */

const PRELUDE_BYTES = 12
const CRC_BYTES = 4
/** Of AWS: 16 MiB of payload and 128 KiB of headers. */
export const MAX_FRAME_BYTES: number = 16 * 1024 * 1024 + 128 * 1024 + PRELUDE_BYTES + CRC_BYTES
const TEXT = 7
const BYTES = 6
/** Bytes of the values of fixed length, by type: two booleans, byte, short, integer, long; time, UUID. */
const FIXED_BYTES: ReadonlyMap<number, number> = new Map([
  [0, 0],
  [1, 0],
  [2, 1],
  [3, 2],
  [4, 4],
  [5, 8],
  [8, 8],
  [9, 16],
])

export interface FrameHeader {
  readonly name: string
  readonly type: number
  /** The value's bytes, without the length that stands before texts and bytes. */
  readonly value: Buffer
}

export interface Frame {
  readonly headers: readonly FrameHeader[]
  readonly payload: Buffer
}

/** The text of a header; undefined where there is none of that name. */
export function headerText({ headers }: Frame, name: string): string | undefined {
  const header = headers.find(one => one.name === name)
  return header?.type === TEXT ? header.value.toString('utf8') : undefined
}

/** Length of the frame at the beginning of these bytes; undefined where too few are there to tell. */
export function frameLength(bytes: Buffer): number | undefined {
  if (bytes.length < PRELUDE_BYTES) return undefined
  const total = bytes.readUInt32BE(0)
  if (crc32(bytes.subarray(0, 8)) !== bytes.readUInt32BE(8)) throw broken('a checksum is wrong')
  if (total < PRELUDE_BYTES + CRC_BYTES || total > MAX_FRAME_BYTES) throw broken('a length is wrong')
  return total
}

/** @param bytes exactly one frame */
export function readFrame(bytes: Buffer): Frame {
  const end = bytes.length - CRC_BYTES
  const headersEnd = PRELUDE_BYTES + bytes.readUInt32BE(4)
  if (headersEnd > end) throw broken('a length is wrong')
  if (crc32(bytes.subarray(0, end)) !== bytes.readUInt32BE(end)) throw broken('a checksum is wrong')
  return {
    headers: readHeaders(bytes.subarray(PRELUDE_BYTES, headersEnd)),
    payload: bytes.subarray(headersEnd, end),
  }
}

function readHeaders(bytes: Buffer): readonly FrameHeader[] {
  const headers: FrameHeader[] = []
  let at = 0
  const take = (length: number): Buffer => {
    if (at + length > bytes.length) throw broken('a header ends too early')
    at += length
    return bytes.subarray(at - length, at)
  }
  while (at < bytes.length) {
    const name = take(take(1)[0] ?? 0).toString('utf8')
    const type = take(1)[0] ?? 0
    const fixed = FIXED_BYTES.get(type)
    if (fixed === undefined && type !== TEXT && type !== BYTES) throw broken('a header has no known type')
    headers.push({ name, type, value: take(fixed ?? take(2).readUInt16BE(0)) })
  }
  return headers
}

export function writeFrame({ headers, payload }: Frame): Buffer {
  const written = Buffer.concat(headers.map(writeHeader))
  const frame = Buffer.alloc(PRELUDE_BYTES + written.length + payload.length + CRC_BYTES)
  frame.writeUInt32BE(frame.length, 0)
  frame.writeUInt32BE(written.length, 4)
  frame.writeUInt32BE(crc32(frame.subarray(0, 8)), 8)
  written.copy(frame, PRELUDE_BYTES)
  payload.copy(frame, PRELUDE_BYTES + written.length)
  const end = frame.length - CRC_BYTES
  frame.writeUInt32BE(crc32(frame.subarray(0, end)), end)
  return frame
}

function writeHeader({ name, type, value }: FrameHeader): Buffer {
  const text = Buffer.from(name, 'utf8')
  const length = Buffer.alloc(FIXED_BYTES.has(type) ? 0 : 2)
  if (length.length > 0) length.writeUInt16BE(value.length)
  return Buffer.concat([Buffer.from([text.length]), text, Buffer.from([type]), length, value])
}

function broken(what: string): Error {
  return unmaskable(`a frame of its events cannot be read: ${what}`)
}
