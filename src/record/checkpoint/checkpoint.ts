/**
 * A checkpoint: what a lane's chain was, from one event to another, signed. A line of `checkpoints/NN.jsonl` is its
 * JSON, members in this order and nothing between them, so that there is one text for each:
 *
 *     {"version":1,"journal":HEX,"lane":0,"number":1,"first":1,"last":4096,"link":HEX,"root":HEX,"previous":HEX,
 *      "timeMs":1767323045000,"key":HEX,"signature":BASE64}
 *
 * Signed is not the JSON but this, integers big-endian; the label keeps the signature from passing for one over
 * anything else:
 *
 *     "sallyport journal checkpoint 1" || journal id (16) || lane u16 || number u64 || first u64 || last u64 ||
 *     link (32) || root (32) || previous (32) || time in ms u64 || key id (16)
 */
import { hash } from 'node:crypto'
import { JOURNAL_ID_BYTES, LINK_BYTES } from '../chain.ts'
import { MAX_LANE } from '../segment.ts'
import { HASH_BYTES } from './merkle.ts'

/** What is signed. */
export interface Checkpoint {
  /** Hex; the journal id of the segments. */
  readonly journal: string
  readonly lane: number
  /** From 1 in its lane, without gaps. */
  readonly number: number
  /** Numbers of the first and the last event that it covers. */
  readonly first: number
  readonly last: number
  /** The chain's link of the last event, hex: it stands for everything before, too. */
  readonly link: string
  /** Merkle root of the events' payloads, hex. */
  readonly root: string
  /** SHA-256 of the checkpoint before, hex; zeros in the first. */
  readonly previous: string
  /** When it was made, ms since the epoch. */
  readonly timeMs: number
  /** Key id, hex: see `keyIdOf`. */
  readonly key: string
}

/** A checkpoint with its Ed25519 signature, in base64; not verified yet. */
export interface SignedCheckpoint extends Checkpoint {
  readonly signature: string
}

const LABEL = Buffer.from('sallyport journal checkpoint 1')
const VERSION = 1
/** Bytes of a key id. */
export const KEY_ID_BYTES = 16
const SIGNATURE_BYTES = 64
/** Longest line, in bytes; a real one has about 600. */
export const MAX_LINE_BYTES = 1024
/** What the first checkpoint of a lane names as the one before. */
export const NO_PREVIOUS: string = '0'.repeat(HASH_BYTES * 2)

/** The bytes that are signed. */
export function signedBytes(checkpoint: Checkpoint): Buffer {
  const { journal, lane, number, first, last, link, root, previous, timeMs, key } = checkpoint
  const laneBytes = Buffer.alloc(2)
  laneBytes.writeUInt16BE(lane)
  return Buffer.concat([
    LABEL,
    Buffer.from(journal, 'hex'),
    laneBytes,
    ...[number, first, last].map(u64),
    ...[link, root, previous].map(hex => Buffer.from(hex, 'hex')),
    u64(timeMs),
    Buffer.from(key, 'hex'),
  ])
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(value))
  return bytes
}

/** What the next checkpoint names as the one before: SHA-256 of the signed bytes and the signature, hex. */
export function checkpointHash(checkpoint: SignedCheckpoint): string {
  const signature = Buffer.from(checkpoint.signature, 'base64')
  return hash('sha256', Buffer.concat([signedBytes(checkpoint), signature]))
}

/** Its line, without the end of the line. */
export function encodeCheckpoint(checkpoint: SignedCheckpoint): string {
  const { journal, lane, number, first, last, link, root, previous, timeMs, key, signature } = checkpoint
  const members = { journal, lane, number, first, last, link, root, previous, timeMs, key, signature }
  return JSON.stringify({ version: VERSION, ...members })
}

/** Reads a line; returns the reason if it is none. The signature is not verified. */
export function decodeCheckpoint(line: string): SignedCheckpoint | string {
  if (line.length > MAX_LINE_BYTES) return `it takes more than ${MAX_LINE_BYTES} bytes`
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return 'it is not JSON'
  }
  if (typeof value !== 'object' || value === null) return 'it is not an object'
  const version = 'version' in value ? value.version : undefined
  if (version !== VERSION) return `its version is not ${VERSION}`
  if (!isCheckpoint(value)) return 'its members are not those of a checkpoint'
  // One text for each checkpoint: no second spelling, no further member, no repeated one.
  return encodeCheckpoint(value) === line ? value : 'it is not written as checkpoints are'
}

function isCheckpoint(value: object): value is SignedCheckpoint {
  const it = value as Partial<Record<keyof SignedCheckpoint, unknown>>
  return (
    isHex(it.journal, JOURNAL_ID_BYTES) &&
    isCount(it.lane, 0) &&
    it.lane <= MAX_LANE &&
    isCount(it.number, 1) &&
    isCount(it.first, 1) &&
    isCount(it.last, it.first) &&
    isHex(it.link, LINK_BYTES) &&
    isHex(it.root, HASH_BYTES) &&
    isHex(it.previous, HASH_BYTES) &&
    isCount(it.timeMs, 0) &&
    isHex(it.key, KEY_ID_BYTES) &&
    isSignature(it.signature)
  )
}

function isCount(value: unknown, least: number): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= least
}

function isHex(value: unknown, bytes: number): value is string {
  return typeof value === 'string' && value.length === bytes * 2 && /^[0-9a-f]+$/.test(value)
}

/** Canonical base64 of 64 bytes: decoding ignores what it does not know, so the text is made again. */
function isSignature(value: unknown): value is string {
  if (typeof value !== 'string') return false
  const bytes = Buffer.from(value, 'base64')
  return bytes.length === SIGNATURE_BYTES && bytes.toString('base64') === value
}
