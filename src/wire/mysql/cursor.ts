/**
 * Reads the fields of one packet, whose bytes are all there.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_data_types.html
 *
 *     length-encoded number   | 0…250 | or | fc | 2 bytes | or | fd | 3 bytes | or | fe | 8 bytes |     little-endian
 *
 * Invariants: never reads past the end of the packet; a length-encoded number is in its shortest form, or it is
 * refused; text is valid UTF-8; a packet is taken only when its last field ends where it does.
 */
import { isUtf8 } from 'node:buffer'
import type { ErrorCode } from '../../core/codes.ts'
import { GateError } from '../../core/errors.ts'

/** Who sent the packet, and so whose error it is. */
export type Side = 'client' | 'server'

const TOO_MANY: Readonly<Record<Side, ErrorCode>> = {
  client: 'mysql-too-many-values',
  server: 'mysql-reply-too-wide',
}
const NULL = 0xfb

export class Cursor {
  readonly side: Side
  /** What is being read, for messages of errors: `COM_QUERY`. */
  readonly what: string
  readonly #bytes: Buffer
  #at: number

  constructor(side: Side, what: string, bytes: Buffer, at = 0) {
    this.side = side
    this.what = what
    this.#bytes = bytes
    this.#at = at
  }

  /** Bytes that have not been read. */
  get left(): number {
    return this.#bytes.length - this.#at
  }

  /** Where the next byte is. */
  get at(): number {
    return this.#at
  }

  /** The next byte, which stays unread; undefined at the end. */
  get peek(): number | undefined {
    return this.#bytes[this.#at]
  }

  /** A number of 1 to 6 bytes. */
  number(bytes: number): number {
    return this.#bytes.readUIntLE(this.#advance(bytes), bytes)
  }

  /** A byte that can only be this one. */
  expect(byte: number, what: string): void {
    if (this.number(1) !== byte) throw this.malformed(what)
  }

  zeros(length: number): void {
    if (this.take(length).some(byte => byte !== 0)) throw this.malformed('bytes that should be zero')
  }

  /** A length-encoded number that is a count or a length: of up to 32 bits. */
  length(): number {
    const first = this.number(1)
    if (first < NULL) return first
    if (first === 0xfc) return this.#shortest(this.number(2), NULL)
    if (first === 0xfd) return this.#shortest(this.number(3), 0x1_0000)
    if (first !== 0xfe) throw this.malformed('no length where one belongs')
    const low = this.#shortest(this.number(4), 0x100_0000)
    if (this.number(4) !== 0) throw this.malformed('a length beyond all measure')
    return low
  }

  /** A length-encoded number of up to 64 bits. */
  wide(): bigint {
    if (this.peek !== 0xfe) return BigInt(this.length())
    const number = this.#bytes.readBigUInt64LE(this.#advance(9) + 1)
    if (number < 0x100_0000n) throw this.#longer()
    return number
  }

  /** Checks a count of things of at least `eachBytes`, which must be there: so a count costs no memory. */
  count(count: number, limit: number, eachBytes: number, things: string): number {
    if (count > limit) {
      throw new GateError(TOO_MANY[this.side], `the ${this.what} packet has more than ${limit} ${things}`)
    }
    if (count * eachBytes > this.left) throw this.malformed(`fewer ${things} than it counts`)
    return count
  }

  /** Bytes with their length-encoded length before them. They are the packet's own, not a copy. */
  bytes(): Buffer {
    return this.take(this.length())
  }

  /** As `bytes`, or NULL. */
  value(): Buffer | null {
    if (this.peek !== NULL) return this.bytes()
    this.#advance(1)
    return null
  }

  /** Text with its length before it; at most `limit` bytes, if one is given. */
  text(limit?: number): string {
    return this.decode(this.bytes(), limit)
  }

  /** Bytes up to a zero byte. */
  untilZero(): Buffer {
    const end = this.#bytes.indexOf(0, this.#at)
    if (end === -1) throw this.malformed('a string without an end')
    const bytes = this.#bytes.subarray(this.#at, end)
    this.#at = end + 1
    return bytes
  }

  /** Text up to a zero byte. */
  textUntilZero(limit?: number): string {
    return this.decode(this.untilZero(), limit)
  }

  take(length: number): Buffer {
    const start = this.#advance(length)
    return this.#bytes.subarray(start, start + length)
  }

  skip(length: number): void {
    this.#advance(length)
  }

  rest(): Buffer {
    return this.take(this.left)
  }

  decode(bytes: Buffer, limit?: number): string {
    if (limit !== undefined && bytes.length > limit) throw this.#tooLong(limit)
    // A server may take the name up to there, or all of it.
    if (limit !== undefined && this.side === 'client' && bytes.includes(0)) {
      throw this.malformed('a name with a zero byte')
    }
    if (isUtf8(bytes)) return bytes.toString('utf8')
    if (this.side === 'server') throw this.malformed('text that is not UTF-8')
    throw new GateError('mysql-text-invalid', `the ${this.what} packet has text that is not UTF-8`)
  }

  /** To be called after the last field. */
  end(): void {
    if (this.left > 0) throw this.malformed('more bytes than its fields')
  }

  malformed(what: string): GateError {
    return malformed(this.side, `the ${this.what} packet has ${what}`)
  }

  #shortest(number: number, least: number): number {
    if (number < least) throw this.#longer()
    return number
  }

  #longer(): GateError {
    return this.malformed('a number in a longer form than it needs')
  }

  #advance(length: number): number {
    const start = this.#at
    if (start + length > this.#bytes.length) throw this.malformed('fewer bytes than its fields')
    this.#at = start + length
    return start
  }

  #tooLong(limit: number): GateError {
    if (this.side === 'server') return this.malformed(`a name of more than ${limit} bytes`)
    return new GateError(
      'mysql-name-too-long',
      `the ${this.what} packet has a name of more than ${limit} bytes`,
    )
  }
}

export function malformed(side: Side, message: string): GateError {
  return new GateError(side === 'client' ? 'mysql-malformed' : 'mysql-reply-malformed', message)
}
