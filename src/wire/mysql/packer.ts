/**
 * Writes the fields of packets into one buffer that grows.
 *
 * Invariant: what was written is read back as the same, numbers in their shortest form; a field that could not be
 * (text with a zero byte where one ends it, a lone surrogate) is the gate's own mistake and ends in `internal`.
 */
import { GateError } from '../../core/errors.ts'

const FIRST_BYTES = 256
const NULL = 0xfb

export class Packer {
  #bytes: Buffer
  #length = 0

  /** `size`: bytes that will probably be enough. */
  constructor(size: number = FIRST_BYTES) {
    this.#bytes = Buffer.allocUnsafe(size)
  }

  /** A number of 1 to 6 bytes. */
  number(value: number, bytes: number): this {
    const at = this.#grow(bytes)
    this.#bytes.writeUIntLE(value, at, bytes)
    return this
  }

  zeros(length: number): this {
    const at = this.#grow(length)
    this.#bytes.fill(0, at, at + length)
    return this
  }

  /** A length-encoded number. */
  length(value: number): this {
    if (value < NULL) return this.number(value, 1)
    if (value < 0x1_0000) return this.number(0xfc, 1).number(value, 2)
    if (value < 0x100_0000) return this.number(0xfd, 1).number(value, 3)
    return this.wide(BigInt(value))
  }

  /** A length-encoded number of up to 64 bits. */
  wide(value: bigint): this {
    if (value < 0x100_0000n) return this.length(Number(value))
    this.number(0xfe, 1)
    const at = this.#grow(8)
    this.#bytes.writeBigUInt64LE(value, at)
    return this
  }

  raw(bytes: Buffer): this {
    const at = this.#grow(bytes.length)
    bytes.copy(this.#bytes, at)
    return this
  }

  /** Bytes with their length before them. */
  bytes(bytes: Buffer): this {
    return this.length(bytes.length).raw(bytes)
  }

  value(bytes: Buffer | null): this {
    return bytes === null ? this.number(NULL, 1) : this.bytes(bytes)
  }

  text(text: string): this {
    return this.bytes(encode(text))
  }

  /** Bytes and the zero byte that ends them. */
  untilZero(bytes: Buffer): this {
    if (bytes.includes(0)) throw unwritable('a zero byte in a string that it ends')
    return this.raw(bytes).number(0, 1)
  }

  textUntilZero(text: string): this {
    return this.untilZero(encode(text))
  }

  /** What was written. The packer is not to be used after it. */
  take(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  #grow(by: number): number {
    const at = this.#length
    const length = at + by
    if (length > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(length, this.#bytes.length * 2))
      this.#bytes.copy(grown, 0, 0, at)
      this.#bytes = grown
    }
    this.#length = length
    return at
  }
}

export function encode(text: string): Buffer {
  if (!text.isWellFormed()) throw unwritable('text that has no form on the wire')
  return Buffer.from(text, 'utf8')
}

export function unwritable(what: string): GateError {
  return new GateError('internal', `a packet of MySQL was to be written with ${what}`)
}
