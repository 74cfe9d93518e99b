/**
 * Writes the fields of messages into one buffer that grows, and puts their lengths before them.
 *
 * Invariant: what was written is read back as the same; a field that could not be (text with a zero byte or a
 * lone surrogate, a count of more than two bytes) is the gate's own mistake and ends in `internal`.
 */
import { GateError } from '../../core/errors.ts'
import type { Formats, Value } from './messages.ts'

const FIRST_BYTES = 256

export class Packer {
  #bytes: Buffer
  #length = 0

  /** `size`: bytes that will probably be enough. */
  constructor(size: number = FIRST_BYTES) {
    this.#bytes = Buffer.allocUnsafe(size)
  }

  byte(value: number): this {
    const at = this.#grow(1)
    this.#bytes.writeUInt8(value, at)
    return this
  }

  uint16(value: number): this {
    if (value > 0xffff) throw unwritable('a count of more than 65,535')
    const at = this.#grow(2)
    this.#bytes.writeUInt16BE(value, at)
    return this
  }

  int16(value: number): this {
    const at = this.#grow(2)
    this.#bytes.writeInt16BE(value, at)
    return this
  }

  int32(value: number): this {
    const at = this.#grow(4)
    this.#bytes.writeInt32BE(value, at)
    return this
  }

  uint32(value: number): this {
    const at = this.#grow(4)
    this.#bytes.writeUInt32BE(value, at)
    return this
  }

  /** Text and the zero byte that ends it. */
  text(text: string): this {
    if (text.includes('\0') || !text.isWellFormed()) throw unwritable('text that has no form on the wire')
    const size = Buffer.byteLength(text)
    const at = this.#grow(size + 1)
    this.#bytes.write(text, at, size, 'utf8')
    this.#bytes[at + size] = 0
    return this
  }

  raw(bytes: Buffer): this {
    const at = this.#grow(bytes.length)
    bytes.copy(this.#bytes, at)
    return this
  }

  value(value: Value): this {
    if (value === null) return this.int32(-1)
    return this.int32(value.length).raw(value)
  }

  values(values: readonly Value[]): this {
    this.uint16(values.length)
    for (const value of values) this.value(value)
    return this
  }

  formats(formats: Formats): this {
    this.uint16(formats.length)
    for (const format of formats) this.int16(format)
    return this
  }

  oids(oids: readonly number[]): this {
    this.uint16(oids.length)
    for (const oid of oids) this.uint32(oid)
    return this
  }

  /** A message: its type (none for a startup packet), its length, and the fields that `write` adds. */
  message(type: number | undefined, write: (packer: this) => void): this {
    if (type !== undefined) this.byte(type)
    const at = this.#length
    this.uint32(0)
    write(this)
    this.#bytes.writeUInt32BE(this.#length - at, at)
    return this
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

function unwritable(what: string): GateError {
  return new GateError('internal', `a message of PostgreSQL was to be written with ${what}`)
}
