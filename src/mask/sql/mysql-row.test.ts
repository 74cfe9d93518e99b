import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { MaskForm } from '../../core/decision.ts'
import { mysqlDetectingMask, mysqlValueMask } from './mysql-row.ts'

const KEY = Buffer.alloc(32, 1)
const SECRET = 'canary-4242-canary'
const form = fc.constantFrom<MaskForm>('full', 'partial', 'hash', 'null')
const VARCHAR = { type: 0xfd, collation: 45 }

test('texts take the form of the mask', () => {
  assert.equal(mysqlValueMask(VARCHAR, 'full', KEY)(Buffer.from(SECRET))?.toString(), '~mask~')
  assert.equal(mysqlValueMask(VARCHAR, 'partial', KEY)(Buffer.from(SECRET))?.toString(), '~mask~nary')
  assert.equal(mysqlValueMask(VARCHAR, 'null', KEY)(Buffer.from(SECRET)), null)
})

test('JSON stays JSON', () => {
  for (const as of ['full', 'partial', 'hash'] as const) {
    const masked = mysqlValueMask({ type: 0xf5, collation: 45 }, as, KEY)(Buffer.from(`{"ssn":"${SECRET}"}`))
    assert.match(String(JSON.parse(masked?.toString() ?? '')), /^~mask~/)
  }
})

test('numbers, times, bytes, and texts of which a mask would be no text, are NULL', () => {
  for (const column of [
    { type: 0x03, collation: 63 },
    { type: 0x0c, collation: 63 },
    { type: 0xfc, collation: 63 },
    { type: 0xf6, collation: 63 },
    { type: 0xfd, collation: 54 },
    { type: 0xfd, collation: 28 },
  ]) {
    assert.equal(mysqlValueMask(column, 'full', KEY)(Buffer.from(SECRET)), null)
  }
})

test('of a text in no UTF-8 nothing is kept', () => {
  const latin = Buffer.from(`${SECRET}\u00e9\u00e9\u00e9\u00e9`, 'latin1')
  assert.equal(mysqlValueMask({ type: 0xfd, collation: 8 }, 'partial', KEY)(latin)?.toString(), '~mask~')
})

test('no value shows through, whatever its type and collation', () => {
  const byte = fc.nat(255)
  fc.assert(
    fc.property(byte, fc.nat(4_000), form, fc.uint8Array({ minLength: 20 }), (type, collation, as, bytes) => {
      const masked = mysqlValueMask({ type, collation }, as, KEY)(Buffer.from(bytes))
      assert.ok(masked === null || !masked.includes(Buffer.from(bytes)))
    }),
  )
})

test('what is found in a value is masked in texts, keeps JSON, and makes all else NULL', () => {
  const finder = {
    mask: (text: string) => ({
      text: text.replaceAll(SECRET, '~mask~'),
      count: text.includes(SECRET) ? 1 : 0,
    }),
  }
  const masked = (type: number, collation: number, value: Buffer): string | null | undefined =>
    mysqlDetectingMask({ type, collation }, finder)?.(value)?.toString() ?? null
  assert.equal(masked(0xfd, 45, Buffer.from(`a ${SECRET} b`)), 'a ~mask~ b')
  assert.equal(masked(0xfd, 45, Buffer.from('a b')), 'a b')
  assert.equal(masked(0xf5, 45, Buffer.from(`{"a":"${SECRET}"}`)), '{"a":"~mask~"}')
  const hidden = `{"a":"${[...SECRET].map(each => `\\u00${each.charCodeAt(0).toString(16)}`).join('')}"}`
  assert.equal(masked(0xfc, 45, Buffer.from(hidden)), '"~mask~"')
  assert.equal(masked(0xfc, 63, Buffer.from(`\0${SECRET}`)), null)
  assert.equal(masked(0xfc, 63, Buffer.from('plain')), 'plain')
  assert.equal(masked(0xfd, 54, Buffer.from(SECRET, 'utf16le').swap16()), null)
  assert.equal(mysqlDetectingMask({ type: 0x03, collation: 63 }, finder), undefined)
})
