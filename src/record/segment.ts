/**
 * The header of a segment. All integers are big-endian.
 *
 *      0        8         10     12        16            24           40               72     76
 *      +--------+---------+------+---------+-------------+------------+----------------+------+
 *      | magic  | version | lane | segment | first event | journal id | previous link  | CRC  |
 *      | 8 B    | u16     | u16  | u32     | u64         | 16 B       | 32 B           | u32  |
 *      +--------+---------+------+---------+-------------+------------+----------------+------+
 *
 * Segments of a lane are numbered from 1 without gaps; the file's name is the number in ten digits. The
 * first event's number and the link before it are those at which the segment before ended.
 */
import { join } from 'node:path'
import { crc32c } from '@node-rs/crc32'
import { GateError } from '../core/errors.ts'

export const SEGMENT_HEADER_BYTES = 76
const MAGIC = Buffer.from('SALLYJNL')
const VERSION = 1
const CRC_OFFSET = 72
/** Lanes are two digits. */
export const MAX_LANE = 99
const MAX_SEGMENT = 0xffff_ffff

export interface SegmentHeader {
  readonly lane: number
  /** From 1. */
  readonly segment: number
  /** Number of the first event that it holds or will hold, from 1. */
  readonly firstEvent: number
  /** Random, 16 bytes; the same in all segments of a lane. */
  readonly journalId: Buffer
  /** The link that the first event follows. */
  readonly previousLink: Buffer
}

export function encodeHeader(header: SegmentHeader): Buffer {
  const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES)
  MAGIC.copy(bytes)
  bytes.writeUInt16BE(VERSION, 8)
  bytes.writeUInt16BE(header.lane, 10)
  bytes.writeUInt32BE(header.segment, 12)
  bytes.writeBigUInt64BE(BigInt(header.firstEvent), 16)
  header.journalId.copy(bytes, 24)
  header.previousLink.copy(bytes, 40)
  bytes.writeUInt32BE(crc32c(bytes.subarray(0, CRC_OFFSET)), CRC_OFFSET)
  return bytes
}

/** Reads a header; returns the reason if it is none. Nothing is verified but form and checksum. */
export function decodeHeader(bytes: Buffer): SegmentHeader | string {
  if (bytes.length < SEGMENT_HEADER_BYTES) return `the header ends after ${bytes.length} bytes`
  if (!bytes.subarray(0, 8).equals(MAGIC)) return 'the header does not begin as a segment does'
  if (bytes.readUInt32BE(CRC_OFFSET) !== crc32c(bytes.subarray(0, CRC_OFFSET))) {
    return 'the checksum does not fit the header'
  }
  const version = bytes.readUInt16BE(8)
  if (version !== VERSION) return `format version ${version} is not known to this gate`
  return {
    lane: bytes.readUInt16BE(10),
    segment: bytes.readUInt32BE(12),
    firstEvent: Number(bytes.readBigUInt64BE(16)),
    journalId: Buffer.from(bytes.subarray(24, 40)),
    previousLink: Buffer.from(bytes.subarray(40, CRC_OFFSET)),
  }
}

/** `07` */
export function laneName(lane: number): string {
  if (!Number.isInteger(lane) || lane < 0 || lane > MAX_LANE) {
    throw new GateError('internal', `lane \`${lane}\` is not from 0 to ${MAX_LANE}`)
  }
  return String(lane).padStart(2, '0')
}

/** Where things stand in `data/journal`. */
export const layout: {
  lane(folder: string, lane: number): string
  segment(folder: string, lane: number, segment: number): string
  lock(folder: string, lane: number): string
  heads(folder: string): string
  head(folder: string, lane: number): string
} = {
  lane: (folder, lane) => join(folder, laneName(lane)),
  segment: (folder, lane, segment) =>
    join(folder, laneName(lane), `${String(segment).padStart(10, '0')}.seg`),
  lock: (folder, lane) => join(folder, laneName(lane), 'lock'),
  heads: folder => join(folder, 'heads'),
  head: (folder, lane) => join(folder, 'heads', `${laneName(lane)}.json`),
}

/** Numbers of the segments among a folder's file names, ascending. */
export function segmentNumbers(names: readonly string[]): number[] {
  return numbered(names, /^\d{10}\.seg$/).filter(number => number <= MAX_SEGMENT)
}

/** Lanes among the names in `data/journal`, ascending. */
export function laneNumbers(names: readonly string[]): number[] {
  return numbered(names, /^\d\d$/)
}

/** Lanes that have a head file, ascending. */
export function headNumbers(names: readonly string[]): number[] {
  return numbered(names, /^\d\d\.json$/)
}

function numbered(names: readonly string[], form: RegExp): number[] {
  return names
    .filter(name => form.test(name))
    .map(name => Number.parseInt(name, 10))
    .sort((a, b) => a - b)
}
