/**
 * Cuts the bytes of a connection into packets, however they were split on their way, and joins the parts of those
 * of 16 MiB and more.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_packets.html
 *
 *     part     | length, 3 bytes | sequence, 1 byte | payload |                            little-endian
 *     packet   | part of 2^24-1 bytes | … | part of fewer bytes, perhaps none |
 *
 * Invariants: the bytes of all frames, joined, are the bytes that came, and no byte is in two frames; what comes out
 * does not depend on how the input was split; a chunk is never written to, and a packet that lies in one chunk is not
 * copied; each part has the sequence number that it must have. Memory: one packet up to the limit that is given for
 * it, and what was pushed and not yet pulled.
 */
import { GateError } from '../../core/errors.ts'
import { Gatherer } from '../gatherer.ts'
import { HEAD_BYTES, MOST_OF_A_PART, Packet } from './packet.ts'

/** A piece of a row too large to be held: exactly what came, heads of parts among it. */
export interface Piece {
  readonly part: 'first' | 'middle' | 'last'
  readonly bytes: Buffer
}

/** How many bytes the next packet may have. */
export interface Allowance {
  readonly whole: number
  /** Rows of more than `whole` pass in pieces up to this many bytes; errors and ends of results do not. */
  readonly pieces?: number
}

/** What is raised for which mistake. */
export interface Complaints {
  sequence(expected: number, found: number): GateError
  tooLarge(limit: number): GateError
}

const EMPTY = Buffer.alloc(0)
const ERROR = 0xff
const END = 0xfe

export class Framer {
  readonly #complaints: Complaints
  #chunk: Buffer = EMPTY
  #at = 0
  #queue: Buffer[] = []
  #queuedBytes = 0
  /** The first bytes of a head that was split; of a row that may pass in pieces, the byte after it, too. */
  #head: Buffer = EMPTY
  /** The number that the next part must have. */
  #sequence = 0
  /** Number of the packet's first part. */
  #first = 0
  /** The payload of a packet that was split or has parts, without heads. */
  #gatherer: Gatherer | undefined
  /** Bytes that the packet has in the parts begun so far. */
  #payloadBytes = 0
  /** Bytes that the part lacks. */
  #missing = 0
  /** Whether another part follows this one. */
  #continued = false
  #streaming = false
  #failed = false

  constructor(complaints: Complaints) {
    this.#complaints = complaints
  }

  /** Adds bytes that came. They belong to the framer and its frames from then on. */
  push(chunk: Buffer): void {
    if (chunk.length === 0) return
    if (this.#at === this.#chunk.length && this.#queue.length === 0) {
      this.#chunk = chunk
      this.#at = 0
      return
    }
    this.#queue.push(chunk)
    this.#queuedBytes += chunk.length
  }

  /** Bytes that came and were not looked at yet; a caller that does not pull reads no more from its socket. */
  get buffered(): number {
    return this.#chunk.length - this.#at + this.#queuedBytes
  }

  /** What came and was not looked at; nothing is left of it here. */
  takeRest(): Buffer {
    if (this.inside) throw new GateError('internal', 'the rest of the bytes was asked for inside of a packet')
    const rest = Buffer.concat([this.#chunk.subarray(this.#at), ...this.#queue])
    this.#chunk = EMPTY
    this.#at = 0
    this.#queue = []
    this.#queuedBytes = 0
    return rest
  }

  /** Whether a packet has begun that has not ended. */
  get inside(): boolean {
    return this.#missing > 0 || this.#continued || this.#head.length > 0
  }

  /** Says which number the next packet must begin with. */
  expect(sequence: number): void {
    this.#sequence = sequence & 0xff
  }

  /** The next packet or piece; undefined until more has come. After an error nothing more is read. */
  next(allowance: Allowance): Packet | Piece | undefined {
    this.#requireGood()
    this.#failed = true
    const frame = this.#pull(allowance)
    this.#failed = false
    return frame
  }

  /**
   * The rows that lie next to each other at the front, unread, as one piece of the chunk, and how many they are: to
   * forward many by one write. Undefined if there is none that is whole and certainly a row.
   */
  nextRun(
    { whole }: Allowance,
    most: number,
  ): { readonly count: number; readonly bytes: Buffer } | undefined {
    this.#requireGood()
    if (this.inside || !this.#refill()) return undefined
    const start = this.#at
    const chunk = this.#chunk
    let at = start
    let count = 0
    while (count < most && at + HEAD_BYTES < chunk.length) {
      const length = chunk.readUIntLE(at, 3)
      const kind = chunk[at + HEAD_BYTES]
      const end = at + HEAD_BYTES + length
      if (length === 0 || length > whole || length === MOST_OF_A_PART || end > chunk.length) break
      if (kind === ERROR || kind === END || chunk[at + 3] !== this.#sequence) break
      this.#sequence = (this.#sequence + 1) & 0xff
      at = end
      count++
    }
    if (count === 0) return undefined
    this.#at = at
    return { count, bytes: chunk.subarray(start, at) }
  }

  #requireGood(): void {
    if (this.#failed) throw new GateError('internal', 'a connection was read on after its framing had failed')
  }

  #pull(allowance: Allowance): Packet | Piece | undefined {
    while (this.#refill()) {
      if (this.#missing > 0) {
        const frame = this.#streaming ? this.#piece() : this.#gather()
        if (frame !== undefined) return frame
      } else {
        const frame = this.#begin(allowance)
        if (frame !== undefined) return frame
      }
    }
    return undefined
  }

  /** Whether there is a byte to read. */
  #refill(): boolean {
    if (this.#at < this.#chunk.length) return true
    const next = this.#queue.shift()
    if (next === undefined) return false
    this.#queuedBytes -= next.length
    this.#chunk = next
    this.#at = 0
    return true
  }

  /** Reads the head of a part, if it is there. */
  #begin(allowance: Allowance): Packet | Piece | undefined {
    const whole = this.#lying(allowance.whole)
    if (whole !== undefined) return whole
    const head = this.#wholeHead(allowance)
    if (head === undefined) return undefined
    const length = head.readUIntLE(0, 3)
    const continues = this.#continued
    this.#checkSequence(head.readUInt8(3))
    if (!continues) this.#first = head.readUInt8(3)
    this.#payloadBytes = (continues ? this.#payloadBytes : 0) + length
    const isStreamed = continues ? this.#streaming : this.#passes(head, length, allowance)
    this.#checkSize(isStreamed, allowance)
    this.#continued = length === MOST_OF_A_PART
    if (isStreamed) return this.#beginPiece(head, length, continues)
    return this.#beginWhole(head, length)
  }

  /** A packet of one part that lies in the chunk, as nearly all do. */
  #lying(limit: number): Packet | undefined {
    const start = this.#at
    if (this.#head.length > 0 || this.#continued || start + HEAD_BYTES > this.#chunk.length) return undefined
    const length = this.#chunk.readUIntLE(start, 3)
    const end = start + HEAD_BYTES + length
    if (length === MOST_OF_A_PART || length > limit || end > this.#chunk.length) return undefined
    const sequence = this.#chunk.readUInt8(start + 3)
    this.#checkSequence(sequence)
    this.#at = end
    const payload = this.#chunk.subarray(start + HEAD_BYTES, end)
    return new Packet(sequence, payload, this.#chunk.subarray(start, end))
  }

  #beginWhole(head: Buffer, length: number): Packet | undefined {
    const gatherer = new Gatherer(this.#payloadBytes)
    const begun = head.subarray(HEAD_BYTES)
    if (this.#gatherer !== undefined) gatherer.add(this.#gatherer.take())
    gatherer.add(begun)
    this.#gatherer = gatherer
    this.#missing = length - begun.length
    return this.#missing === 0 ? this.#finish() : undefined
  }

  #beginPiece(head: Buffer, length: number, continues: boolean): Piece {
    this.#streaming = true
    this.#missing = length - (head.length - HEAD_BYTES)
    if (continues) return this.#pieceOf(head)
    return { part: 'first', bytes: head }
  }

  #gather(): Packet | undefined {
    const piece = this.#take(Math.min(this.#missing, this.#chunk.length - this.#at))
    this.#gatherer?.add(piece)
    this.#missing -= piece.length
    return this.#missing === 0 ? this.#finish() : undefined
  }

  /** The packet, if no other part follows. */
  #finish(): Packet | undefined {
    if (this.#continued) return undefined
    const payload = this.#gatherer?.take() ?? EMPTY
    this.#gatherer = undefined
    return new Packet(this.#first, payload)
  }

  #piece(): Piece {
    const bytes = this.#take(Math.min(this.#missing, this.#chunk.length - this.#at))
    this.#missing -= bytes.length
    return this.#pieceOf(bytes)
  }

  #pieceOf(bytes: Buffer): Piece {
    if (this.#missing > 0 || this.#continued) return { part: 'middle', bytes }
    this.#streaming = false
    return { part: 'last', bytes }
  }

  /** The head of a part and, for a first part that may pass in pieces, one byte more; undefined until it is there. */
  #wholeHead(allowance: Allowance): Buffer | undefined {
    const here = this.#chunk.length - this.#at
    if (this.#head.length === 0 && here >= HEAD_BYTES) {
      const wanted = this.#headBytes(this.#chunk.readUIntLE(this.#at, 3), allowance)
      if (here >= wanted) return this.#take(wanted)
    }
    let head = this.#head
    if (head.length < HEAD_BYTES)
      head = Buffer.concat([head, this.#take(Math.min(here, HEAD_BYTES - head.length))])
    if (head.length >= HEAD_BYTES) {
      const wanted = this.#headBytes(head.readUIntLE(0, 3), allowance)
      const more = Math.min(this.#chunk.length - this.#at, wanted - head.length)
      if (more > 0) head = Buffer.concat([head, this.#take(more)])
      if (head.length === wanted) {
        this.#head = EMPTY
        return head
      }
    }
    this.#head = head
    return undefined
  }

  #headBytes(length: number, { whole, pieces }: Allowance): number {
    return !this.#continued && pieces !== undefined && length > whole ? HEAD_BYTES + 1 : HEAD_BYTES
  }

  /** Whether this first part begins a row that passes in pieces: its first byte tells it from an error or an end. */
  #passes(head: Buffer, length: number, { whole, pieces }: Allowance): boolean {
    const kind = head[HEAD_BYTES]
    if (pieces === undefined || length <= whole || kind === undefined) return false
    return kind !== ERROR && (kind !== END || length === MOST_OF_A_PART)
  }

  #checkSequence(found: number): void {
    if (found !== this.#sequence) throw this.#complaints.sequence(this.#sequence, found)
    this.#sequence = (found + 1) & 0xff
  }

  #checkSize(isStreamed: boolean, { whole, pieces }: Allowance): void {
    const limit = isStreamed ? (pieces ?? whole) : whole
    if (this.#payloadBytes > limit) throw this.#complaints.tooLarge(limit)
  }

  #take(length: number): Buffer {
    const start = this.#at
    this.#at += length
    return this.#chunk.subarray(start, this.#at)
  }
}
