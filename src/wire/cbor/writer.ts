import { GateError } from '../../core/errors.ts'
import { CborDecimal, CborEpoch, CborFloat, type CborValue } from './value.ts'

const MAX_UINT64 = 0xffffffffffffffffn
const SMALL = Array.from({ length: 256 }, (_, byte) => Buffer.from([byte]))

/**
 * A value as CBOR with definite lengths, the shortest form of integers and double-precision floats.
 * `readCbor` gives the same value back.
 */
export function writeCbor(value: CborValue): Buffer {
  const pieces: Buffer[] = []
  write(value, pieces)
  return Buffer.concat(pieces)
}

function write(value: CborValue, pieces: Buffer[]): void {
  if (value === null) pieces.push(single(0xf6))
  else if (typeof value === 'boolean') pieces.push(single(value ? 0xf5 : 0xf4))
  else if (typeof value === 'bigint') writeInteger(value, pieces)
  else if (typeof value === 'string') writeString(3, Buffer.from(value, 'utf8'), pieces)
  else if (Buffer.isBuffer(value)) writeString(2, value, pieces)
  else if (value instanceof CborFloat) writeFloat(value.value, pieces)
  else if (value instanceof CborEpoch) writeEpoch(value, pieces)
  else if (value instanceof CborDecimal) writeDecimal(value, pieces)
  else if (value instanceof Map) writeMap(value, pieces)
  else if (isArray(value)) writeArray(value, pieces)
  else throw new GateError('cbor-malformed', 'a value that CBOR cannot carry')
}

function isArray(value: CborValue): value is readonly CborValue[] {
  return Array.isArray(value)
}

function writeArray(items: readonly CborValue[], pieces: Buffer[]): void {
  pieces.push(head(4, BigInt(items.length)))
  for (const item of items) write(item, pieces)
}

function writeMap(map: ReadonlyMap<string, CborValue>, pieces: Buffer[]): void {
  pieces.push(head(5, BigInt(map.size)))
  for (const [key, item] of map) {
    writeString(3, Buffer.from(key, 'utf8'), pieces)
    write(item, pieces)
  }
}

function writeString(major: number, bytes: Buffer, pieces: Buffer[]): void {
  pieces.push(head(major, BigInt(bytes.length)), bytes)
}

function writeInteger(value: bigint, pieces: Buffer[]): void {
  const magnitude = value < 0n ? -1n - value : value
  if (magnitude <= MAX_UINT64) {
    pieces.push(head(value < 0n ? 1 : 0, magnitude))
    return
  }
  const hex = magnitude.toString(16)
  pieces.push(head(6, value < 0n ? 3n : 2n))
  writeString(2, Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex'), pieces)
}

function writeFloat(value: number, pieces: Buffer[]): void {
  const bytes = Buffer.alloc(9)
  bytes[0] = 0xfb
  bytes.writeDoubleBE(value, 1)
  pieces.push(bytes)
}

function writeEpoch(epoch: CborEpoch, pieces: Buffer[]): void {
  pieces.push(head(6, 1n))
  if (typeof epoch.seconds === 'bigint') writeInteger(epoch.seconds, pieces)
  else writeFloat(epoch.seconds, pieces)
}

function writeDecimal(decimal: CborDecimal, pieces: Buffer[]): void {
  pieces.push(head(6, 4n))
  writeArray([BigInt(decimal.exponent), decimal.mantissa], pieces)
}

/** The initial byte with its argument in the shortest form. */
function head(major: number, argument: bigint): Buffer {
  const high = major << 5
  if (argument < 24n) return single(high | Number(argument))
  if (argument <= 0xffn) return Buffer.from([high | 24, Number(argument)])
  const wide = argument > 0xffffffffn
  const bytes = Buffer.alloc(wide ? 9 : argument > 0xffffn ? 5 : 3)
  bytes[0] = high | (wide ? 27 : argument > 0xffffn ? 26 : 25)
  if (wide) bytes.writeBigUInt64BE(argument, 1)
  else if (argument > 0xffffn) bytes.writeUInt32BE(Number(argument), 1)
  else bytes.writeUInt16BE(Number(argument), 1)
  return bytes
}

function single(byte: number): Buffer {
  return SMALL[byte] ?? Buffer.from([byte])
}
