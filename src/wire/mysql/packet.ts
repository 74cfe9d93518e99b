/**
 * One packet, and how a payload is cut into parts.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_packets.html
 */

/** Bytes of length and sequence number before each part. */
export const HEAD_BYTES = 4
/** A part of as many bytes is followed by another. */
export const MOST_OF_A_PART = 0xff_ffff

export class Packet {
  readonly part = 'whole'
  /** Number of its first part, 0 to 255. */
  readonly sequence: number
  /** What it holds, all parts joined. Nobody may write to it. */
  readonly payload: Buffer
  readonly #bytes: Buffer | undefined

  constructor(sequence: number, payload: Buffer, bytes?: Buffer) {
    this.sequence = sequence
    this.payload = payload
    this.#bytes = bytes
  }

  /** Exactly what came, heads of parts among it. */
  get bytes(): Buffer {
    return this.#bytes ?? writePacket(this.payload, this.sequence)
  }

  /** The number that the packet after it must have. */
  get next(): number {
    return nextSequence(this.payload.length, this.sequence)
  }
}

/** The number that follows a packet of so many bytes. */
export function nextSequence(payloadBytes: number, sequence: number): number {
  return (sequence + Math.floor(payloadBytes / MOST_OF_A_PART) + 1) & 0xff
}

/** A payload with the heads of its parts, the first of which has this number. */
export function writePacket(payload: Buffer, sequence: number): Buffer {
  const parts = Math.floor(payload.length / MOST_OF_A_PART) + 1
  const bytes = Buffer.allocUnsafe(payload.length + parts * HEAD_BYTES)
  let to = 0
  for (let i = 0; i < parts; i++) {
    const start = i * MOST_OF_A_PART
    const end = Math.min(start + MOST_OF_A_PART, payload.length)
    bytes.writeUIntLE(end - start, to, 3)
    bytes.writeUInt8((sequence + i) & 0xff, to + 3)
    payload.copy(bytes, to + HEAD_BYTES, start, end)
    to += HEAD_BYTES + end - start
  }
  return bytes
}
