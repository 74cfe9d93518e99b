import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Column } from '../../wire/postgres/messages.ts'
import { valueText } from './value-text.ts'

const column = (type: number, format: 0 | 1): Column => ({
  name: 'a',
  table: 0,
  attribute: 0,
  type,
  typeSize: -1,
  typeModifier: -1,
  format,
})
const bytesOf = (length: number, write: (bytes: Buffer) => void): Buffer => {
  const bytes = Buffer.alloc(length)
  write(bytes)
  return bytes
}

test('text is text, and NULL is NULL', () => {
  assert.equal(valueText(Buffer.from('é'), column(23, 0)), 'é')
  assert.equal(valueText(null, column(23, 0)), null)
  assert.equal(valueText(Buffer.from('x'), column(1043, 1)), 'x')
})

test('binary values of common types read as the server would write them', () => {
  const cases: readonly (readonly [number, Buffer, string])[] = [
    [16, Buffer.from([1]), 't'],
    [17, Buffer.from([0, 255]), '\\x00ff'],
    [21, bytesOf(2, bytes => bytes.writeInt16BE(-7)), '-7'],
    [23, bytesOf(4, bytes => bytes.writeInt32BE(42)), '42'],
    [20, bytesOf(8, bytes => bytes.writeBigInt64BE(-9_007_199_254_740_993n)), '-9007199254740993'],
    [700, bytesOf(4, bytes => bytes.writeFloatBE(0.1)), '0.1'],
    [701, bytesOf(8, bytes => bytes.writeDoubleBE(1.5)), '1.5'],
    [1082, bytesOf(4, bytes => bytes.writeInt32BE(-1)), '1999-12-31'],
    [1114, bytesOf(8, bytes => bytes.writeBigInt64BE(1_500_000n)), '2000-01-01 00:00:01.5'],
    [1184, bytesOf(8, bytes => bytes.writeBigInt64BE(-1n)), '1999-12-31 23:59:59.999999+00'],
    [2950, Buffer.from('00112233445566778899aabbccddeeff', 'hex'), '00112233-4455-6677-8899-aabbccddeeff'],
    [3802, Buffer.from('\u0001{"a":1}'), '{"a":1}'],
  ]
  for (const [type, bytes, text] of cases) assert.equal(valueText(bytes, column(type, 1)), text)
})

test('what cannot be told for certain stays bytes', () => {
  const odd = Buffer.from([1, 2, 3])
  for (const type of [23, 1114, 2950, 1700, 600, 0]) assert.equal(valueText(odd, column(type, 1)), odd)
  assert.equal(valueText(odd, undefined), odd)
  const infinity = bytesOf(8, bytes => bytes.writeBigInt64BE(2n ** 63n - 1n))
  assert.equal(valueText(infinity, column(1114, 1)), infinity)
  const broken = Buffer.from([0xff])
  assert.equal(valueText(broken, column(25, 0)), broken)
})
