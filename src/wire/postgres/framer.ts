/**
 * Cuts the bytes of a connection into messages, however they were split on their way.
 * https://www.postgresql.org/docs/current/protocol-overview.html#PROTOCOL-MESSAGE-CONCEPTS
 *
 *     startup packet   | length, 4 bytes, of itself and what follows | code, 4 bytes | … |
 *     message          | type, 1 byte | length, 4 bytes, of itself and what follows | fields … |
 *
 * Invariants: the bytes of all frames, joined, are the bytes that came, and no byte is in two frames; what
 * comes out does not depend on how the input was split; a chunk is never written to, and a message that lies
 * in one chunk is not copied; a length is checked against the limit of its type before memory is spent on it.
 * Memory: one message up to its limit, and what was pushed and not yet pulled.
 */
import { GateError } from '../../core/errors.ts'
import { Gatherer } from '../gatherer.ts'

/** A whole message, or a piece of a large one: the first has its type and length, the last ends it. */
export interface Frame {
  /** The byte that names the type; `STARTUP_PACKET` where there is none. */
  readonly type: number
  readonly part: 'whole' | 'first' | 'middle' | 'last'
  /** Exactly what came. Nobody may write to it. */
  readonly bytes: Buffer
}

/** In the place of a type; no byte is it. */
export const STARTUP_PACKET = -1

/** What may come: how long a message may be by its type. */
export interface Grammar {
  /** Bytes of a whole message of this type, length and type included, and of one that passes in pieces. */
  limitsOf(type: number): { readonly whole: number; readonly pieces?: number }
  malformed(what: string): GateError
  tooLarge(type: number, limit: number): GateError
}

const HEAD_BYTES = 5
const STARTUP_HEAD_BYTES = 4
const EMPTY = Buffer.alloc(0)

export class Framer {
  readonly #grammar: Grammar
  /** The chunk that is being cut, from `#at` on. */
  #chunk: Buffer = EMPTY
  #at = 0
  /** Chunks after it. */
  #queue: Buffer[] = []
  #queuedBytes = 0
  /** The first bytes of a head that was split. */
  #head: Buffer = EMPTY
  /** A message that was split, and its type and the bytes that it lacks. */
  #gatherer: Gatherer | undefined
  #type = 0
  #missing = 0
  #failed = false

  constructor(grammar: Grammar) {
    this.#grammar = grammar
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

  /** Whether a message has begun that has not ended. */
  get inside(): boolean {
    return this.#missing > 0 || this.#head.length > 0
  }

  /** The type of the message that `next` gives, or goes on with; undefined where nothing of one has come. */
  get nextType(): number | undefined {
    if (this.#missing > 0) return this.#type
    if (this.#head.length > 0) return this.#head[0]
    return this.#refill() ? this.#chunk[this.#at] : undefined
  }

  /** The next message or piece; undefined until more has come. After an error nothing more is read. */
  next(): Frame | undefined {
    return this.#guarded(HEAD_BYTES)
  }

  /** As `next`, for a startup packet. */
  nextStartup(): Frame | undefined {
    return this.#guarded(STARTUP_HEAD_BYTES)
  }

  /** A single byte: the answer to a request for encryption. */
  nextByte(): number | undefined {
    this.#requireGood()
    if (this.inside) throw new GateError('internal', 'a single byte was asked for inside of a message')
    if (!this.#refill()) return undefined
    return this.#chunk[this.#at++]
  }

  /**
   * The whole messages of this type that lie next to each other at the front, as one piece of the chunk, and how
   * many they are: to forward many rows by one write. Undefined if there is none that is whole.
   * @param first the number that the first two bytes behind the head are to say; absent: whatever they do
   */
  nextRun(
    type: number,
    most: number,
    first?: number,
  ): { readonly count: number; readonly bytes: Buffer } | undefined {
    this.#requireGood()
    if (this.inside || !this.#refill()) return undefined
    const start = this.#at
    const chunk = this.#chunk
    const { whole } = this.#grammar.limitsOf(type)
    let at = start
    let count = 0
    while (count < most && at + HEAD_BYTES <= chunk.length && chunk[at] === type) {
      const total = chunk.readUInt32BE(at + 1) + 1
      if (total < HEAD_BYTES || total > whole || at + total > chunk.length) break
      if (first !== undefined && !saysFirst(chunk, at, total, first)) break
      at += total
      count++
    }
    if (count === 0) return undefined
    this.#at = at
    return { count, bytes: chunk.subarray(start, at) }
  }

  #guarded(headBytes: number): Frame | undefined {
    this.#requireGood()
    this.#failed = true
    const frame = this.#pull(headBytes)
    this.#failed = false
    return frame
  }

  #requireGood(): void {
    if (this.#failed) throw new GateError('internal', 'a connection was read on after its framing had failed')
  }

  #pull(headBytes: number): Frame | undefined {
    while (this.#refill()) {
      if (this.#gatherer !== undefined) {
        const whole = this.#gather(this.#gatherer)
        if (whole !== undefined) return whole
      } else if (this.#missing > 0) {
        return this.#piece()
      } else {
        const frame = this.#begin(headBytes)
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

  #begin(headBytes: number): Frame | undefined {
    const here = this.#chunk.length - this.#at
    if (this.#head.length === 0 && here >= headBytes) {
      const total = this.#total(this.#chunk, this.#at, headBytes)
      if (total <= here && total <= this.#grammar.limitsOf(this.#type).whole) {
        return { type: this.#type, part: 'whole', bytes: this.#take(total) }
      }
      return this.#beginSplit(total, EMPTY)
    }
    const head = Buffer.concat([this.#head, this.#take(Math.min(here, headBytes - this.#head.length))])
    if (head.length < headBytes) {
      this.#head = head
      return undefined
    }
    this.#head = EMPTY
    const total = this.#total(head, 0, headBytes)
    if (total === headBytes) return { type: this.#type, part: 'whole', bytes: head }
    return this.#beginSplit(total, head)
  }

  /** A message that does not lie in one chunk; `head` is what was taken of it already. */
  #beginSplit(total: number, head: Buffer): Frame | undefined {
    this.#missing = total - head.length
    if (total <= this.#grammar.limitsOf(this.#type).whole) {
      this.#gatherer = new Gatherer(total)
      this.#gatherer.add(head)
      return undefined
    }
    // One byte is left for the last piece, where the chunk has them all.
    const bytes = head.length > 0 ? head : this.#take(Math.min(this.#chunk.length - this.#at, total - 1))
    if (head.length === 0) this.#missing -= bytes.length
    return { type: this.#type, part: 'first', bytes }
  }

  #gather(gatherer: Gatherer): Frame | undefined {
    const piece = this.#take(Math.min(this.#missing, this.#chunk.length - this.#at))
    gatherer.add(piece)
    this.#missing -= piece.length
    if (this.#missing > 0) return undefined
    this.#gatherer = undefined
    return { type: this.#type, part: 'whole', bytes: gatherer.take() }
  }

  #piece(): Frame {
    const bytes = this.#take(Math.min(this.#missing, this.#chunk.length - this.#at))
    this.#missing -= bytes.length
    return { type: this.#type, part: this.#missing > 0 ? 'middle' : 'last', bytes }
  }

  #take(length: number): Buffer {
    const start = this.#at
    this.#at += length
    return this.#chunk.subarray(start, this.#at)
  }

  /** Bytes of the whole message whose head is there. Remembers its type. */
  #total(bytes: Buffer, at: number, headBytes: number): number {
    const startup = headBytes === STARTUP_HEAD_BYTES
    this.#type = startup ? STARTUP_PACKET : bytes.readUInt8(at)
    const { whole, pieces } = this.#grammar.limitsOf(this.#type)
    const length = bytes.readUInt32BE(startup ? at : at + 1)
    if (length < 4) throw this.#grammar.malformed('a length that is less than its own four bytes')
    const total = length + headBytes - 4
    const limit = Math.max(whole, pieces ?? whole)
    if (total > limit) throw this.#grammar.tooLarge(this.#type, limit)
    return total
  }
}

/** Whether a message begins with a number of two bytes. */
function saysFirst(chunk: Buffer, at: number, total: number, first: number): boolean {
  const place = at + HEAD_BYTES
  return total >= HEAD_BYTES + 2 && chunk[place] === first >> 8 && chunk[place + 1] === (first & 0xff)
}
