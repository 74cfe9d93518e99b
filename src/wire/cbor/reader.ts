import { isUtf8 } from 'node:buffer'
import { GateError } from '../../core/errors.ts'
import { type CborLimits, DEFAULT_CBOR_LIMITS } from './limits.ts'
import { CborDecimal, CborEpoch, CborFloat, type CborValue } from './value.ts'

/*
 * A strict reader of the subset of CBOR (RFC 8949, https://www.rfc-editor.org/rfc/rfc8949) that Smithy
 * RPC v2 uses (https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html).
 *
 *   initial byte   | major type (3 bits) | information (5 bits) |
 *     major 0, 1     integer; 2 bytes; 3 text; 4 array; 5 map; 6 tag; 7 simple or float
 *     information    0..23 the argument itself; 24..27 it follows in 1, 2, 4, 8 bytes; 31 indefinite
 *
 * Invariant: an item that is read has one meaning for every parser: text keys only and each once, valid
 * UTF-8 in every chunk, known tags only, no bytes after the item. A declared length is never trusted
 * with memory: it must be there in the input first.
 */

const BREAK = 0xff
const INDEFINITE = 31

/**
 * The value of a whole CBOR item.
 * @throws GateError `cbor-malformed`, `cbor-duplicate`, `cbor-limit`
 */
export function readCbor(bytes: Buffer, limits: CborLimits = DEFAULT_CBOR_LIMITS): CborValue {
  if (bytes.length > limits.maxBytes) {
    throw new GateError('cbor-limit', `the CBOR item is longer than ${limits.maxBytes} bytes`)
  }
  return new Reader(bytes, limits.maxDepth).whole()
}

class Reader {
  readonly #bytes: Buffer
  readonly #maxDepth: number
  #at = 0

  constructor(bytes: Buffer, maxDepth: number) {
    this.#bytes = bytes
    this.#maxDepth = maxDepth
  }

  whole(): CborValue {
    const value = this.#item(0)
    if (this.#at < this.#bytes.length) throw this.#malformed('more bytes after the item')
    return value
  }

  #item(depth: number): CborValue {
    if (depth > this.#maxDepth) {
      throw new GateError('cbor-limit', `the CBOR item is nested more than ${this.#maxDepth} deep`)
    }
    const initial = this.#byte()
    const info = initial & 31
    switch (initial >> 5) {
      case 0:
        return this.#argument(info)
      case 1:
        return -1n - this.#argument(info)
      case 2:
        return this.#byteString(info)
      case 3:
        return this.#text(info)
      case 4:
        return this.#array(info, depth)
      case 5:
        return this.#map(info, depth)
      case 6:
        return this.#tagged(this.#argument(info), depth)
      default:
        return this.#simple(info)
    }
  }

  #byteString(info: number): Buffer {
    if (info !== INDEFINITE) return Buffer.from(this.#take(this.#length(info)))
    return Buffer.concat(this.#chunks(2))
  }

  #text(info: number): string {
    if (info !== INDEFINITE) return this.#utf8(this.#take(this.#length(info)))
    return this.#chunks(3)
      .map(chunk => this.#utf8(chunk))
      .join('')
  }

  /** The chunks of an indefinite string: definite strings of the same major type until the break. */
  #chunks(major: number): readonly Buffer[] {
    const chunks: Buffer[] = []
    while (!this.#takesBreak()) {
      const initial = this.#byte()
      if (initial >> 5 !== major) throw this.#malformed('a chunk of another type in an indefinite string')
      chunks.push(this.#take(this.#length(initial & 31)))
    }
    return chunks
  }

  #utf8(bytes: Buffer): string {
    if (!isUtf8(bytes)) throw this.#malformed('text that is not valid UTF-8')
    return bytes.toString('utf8')
  }

  #array(info: number, depth: number): readonly CborValue[] {
    const array: CborValue[] = []
    if (info === INDEFINITE) {
      while (!this.#takesBreak()) array.push(this.#item(depth + 1))
      return array
    }
    const length = this.#length(info)
    for (let i = 0; i < length; i++) array.push(this.#item(depth + 1))
    return array
  }

  #map(info: number, depth: number): ReadonlyMap<string, CborValue> {
    const map = new Map<string, CborValue>()
    if (info === INDEFINITE) {
      while (!this.#takesBreak()) this.#entry(map, depth)
      return map
    }
    const length = this.#length(info)
    for (let i = 0; i < length; i++) this.#entry(map, depth)
    return map
  }

  #entry(map: Map<string, CborValue>, depth: number): void {
    const initial = this.#byte()
    if (initial >> 5 !== 3) throw this.#malformed('a map key that is not text')
    const key = this.#text(initial & 31)
    if (map.has(key)) {
      throw new GateError(
        'cbor-duplicate',
        `the CBOR item has the key \`${key.slice(0, 64).toWellFormed()}\` twice in one map`,
      )
    }
    map.set(key, this.#item(depth + 1))
  }

  #tagged(tag: bigint, depth: number): CborValue {
    const content = this.#item(depth + 1)
    if (tag === 1n && typeof content === 'bigint') return new CborEpoch(content)
    if (tag === 1n && content instanceof CborFloat && Number.isFinite(content.value))
      return new CborEpoch(content.value)
    if (tag === 2n && Buffer.isBuffer(content)) return unsigned(content)
    if (tag === 3n && Buffer.isBuffer(content)) return -1n - unsigned(content)
    if (tag === 4n && isPairOfIntegers(content)) {
      const [exponent, mantissa] = content
      if (exponent >= -1000n && exponent <= 1000n) return new CborDecimal(mantissa, Number(exponent))
    }
    throw this.#malformed(`the tag ${tag} on such an item`)
  }

  #simple(info: number): CborValue {
    switch (info) {
      case 20:
        return false
      case 21:
        return true
      case 22:
      case 23: // undefined: Smithy reads it as null
        return null
      case 25:
        return new CborFloat(halfFloat(this.#take(2).readUInt16BE(0)))
      case 26:
        return new CborFloat(this.#take(4).readFloatBE(0))
      case 27:
        return new CborFloat(this.#take(8).readDoubleBE(0))
      default:
        throw this.#malformed('a simple value that has no meaning here')
    }
  }

  #argument(info: number): bigint {
    if (info < 24) return BigInt(info)
    switch (info) {
      case 24:
        return BigInt(this.#byte())
      case 25:
        return BigInt(this.#take(2).readUInt16BE(0))
      case 26:
        return BigInt(this.#take(4).readUInt32BE(0))
      case 27:
        return this.#take(8).readBigUInt64BE(0)
      default:
        throw this.#malformed('an argument of a reserved form')
    }
  }

  /** A length or count. Every element takes a byte at least, so one beyond the input is wrong at once. */
  #length(info: number): number {
    const length = this.#argument(info)
    if (length > BigInt(this.#bytes.length - this.#at)) throw this.#malformed('a length beyond the end')
    return Number(length)
  }

  #takesBreak(): boolean {
    if (this.#bytes[this.#at] !== BREAK) return false
    this.#at++
    return true
  }

  #byte(): number {
    const byte = this.#bytes[this.#at]
    if (byte === undefined) throw this.#malformed('it ends too early')
    this.#at++
    return byte
  }

  #take(length: number): Buffer {
    const end = this.#at + length
    if (end > this.#bytes.length) throw this.#malformed('it ends too early')
    const bytes = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return bytes
  }

  #malformed(what: string): GateError {
    return new GateError('cbor-malformed', `the CBOR item cannot be read at byte ${this.#at}: ${what}`)
  }
}

function unsigned(bytes: Buffer): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${bytes.toString('hex')}`)
}

function isPairOfIntegers(value: CborValue): value is readonly [bigint, bigint] {
  return Array.isArray(value) && value.length === 2 && value.every(item => typeof item === 'bigint')
}

/** IEEE 754 binary16 (RFC 8949, appendix D). */
function halfFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 31
  const fraction = bits & 1023
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  if (exponent === 0) return sign * fraction * 2 ** -24
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}
