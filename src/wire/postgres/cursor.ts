/**
 * Reads the fields of one message, whose bytes are all there.
 * https://www.postgresql.org/docs/current/protocol-message-types.html
 *
 * Invariants: never reads past the end of the message; a string ends at its first zero byte and is valid UTF-8;
 * a message is taken only when its last field ends where it does.
 */
import { isUtf8 } from 'node:buffer'
import type { ErrorCode } from '../../core/codes.ts'
import { GateError } from '../../core/errors.ts'

/** Who sent the message, and so whose error it is. */
export type Side = 'client' | 'server'

const MALFORMED: Readonly<Record<Side, ErrorCode>> = {
  client: 'postgres-malformed',
  server: 'postgres-reply-malformed',
}
const TOO_MANY: Readonly<Record<Side, ErrorCode>> = {
  client: 'postgres-too-many-values',
  server: 'postgres-reply-too-wide',
}

export class Cursor {
  readonly side: Side
  /** What is being read, for messages of errors: `Bind`. */
  readonly what: string
  readonly #bytes: Buffer
  #at: number

  /** `at`: where the first field begins. */
  constructor(side: Side, what: string, bytes: Buffer, at: number) {
    this.side = side
    this.what = what
    this.#bytes = bytes
    this.#at = at
  }

  /** Bytes that have not been read. */
  get left(): number {
    return this.#bytes.length - this.#at
  }

  byte(): number {
    return this.#bytes.readUInt8(this.#advance(1))
  }

  /** One ASCII character out of `allowed`. */
  letter<const L extends string>(allowed: readonly L[]): L {
    const letter = String.fromCharCode(this.byte())
    const known = allowed.find(one => one === letter)
    if (known === undefined) throw this.malformed('a letter that has no meaning there')
    return known
  }

  uint16(): number {
    return this.#bytes.readUInt16BE(this.#advance(2))
  }

  int16(): number {
    return this.#bytes.readInt16BE(this.#advance(2))
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.#advance(4))
  }

  uint32(): number {
    return this.#bytes.readUInt32BE(this.#advance(4))
  }

  /**
   * A count of two bytes, of things of at least `eachBytes`: those must be there, so that a count costs no memory.
   */
  count(limit: number, eachBytes: number, things: string): number {
    return this.checkCount(this.uint16(), limit, eachBytes, things)
  }

  checkCount(count: number, limit: number, eachBytes: number, things: string): number {
    if (count > limit) {
      throw new GateError(TOO_MANY[this.side], `the ${this.what} message has more than ${limit} ${things}`)
    }
    if (count < 0 || count * eachBytes > this.left) throw this.malformed(`fewer ${things} than it counts`)
    return count
  }

  /** Text up to a zero byte. At most `limit` bytes, if one is given. */
  text(limit?: number): string {
    const end = this.#bytes.indexOf(0, this.#at)
    if (end === -1) throw this.malformed('a string without an end')
    if (limit !== undefined && end - this.#at > limit) throw this.#tooLong(limit)
    const text = this.#decode(this.#bytes.subarray(this.#at, end))
    this.#at = end + 1
    return text
  }

  /** Bytes with their length before them, or null for the length -1. They are the message's own, not a copy. */
  value(): Buffer | null {
    const length = this.int32()
    if (length === -1) return null
    if (length < 0) throw this.malformed('a value of negative length')
    return this.take(length)
  }

  take(length: number): Buffer {
    const start = this.#advance(length)
    return this.#bytes.subarray(start, start + length)
  }

  rest(): Buffer {
    return this.take(this.left)
  }

  /** To be called after the last field. */
  end(): void {
    if (this.left > 0) throw this.malformed('more bytes than its fields')
  }

  malformed(what: string): GateError {
    return new GateError(MALFORMED[this.side], `the ${this.what} message has ${what}`)
  }

  #advance(length: number): number {
    const start = this.#at
    if (start + length > this.#bytes.length) throw this.malformed('fewer bytes than its fields')
    this.#at = start + length
    return start
  }

  #decode(bytes: Buffer): string {
    if (isUtf8(bytes)) return bytes.toString('utf8')
    if (this.side === 'server') throw this.malformed('text that is not UTF-8')
    throw new GateError('postgres-text-invalid', `the ${this.what} message has text that is not UTF-8`)
  }

  #tooLong(limit: number): GateError {
    if (this.side === 'server') return this.malformed(`a name of more than ${limit} bytes`)
    return new GateError(
      'postgres-name-too-long',
      `the ${this.what} message has a name of more than ${limit} bytes`,
    )
  }
}
