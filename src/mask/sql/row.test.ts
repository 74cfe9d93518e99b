import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { MaskForm } from '../../core/decision.ts'
import { maskRow, valueMask } from './row.ts'

const KEY = Buffer.alloc(32, 1)
const SECRET = 'canary-4242-canary'
const form = fc.constantFrom<MaskForm>('full', 'partial', 'hash', 'null')
const format = fc.constantFrom<0 | 1>(0, 1)

test('texts take the form of the mask, in both formats', () => {
  for (const type of [25, 1043, 1042, 19]) {
    assert.equal(valueMask({ type, format: 0 }, 'full', KEY)(Buffer.from(SECRET))?.toString(), '~mask~')
    assert.equal(
      valueMask({ type, format: 1 }, 'partial', KEY)(Buffer.from(SECRET))?.toString(),
      '~mask~nary',
    )
  }
})

test('JSON stays JSON', () => {
  const value = `{"ssn":"${SECRET}"}`
  for (const as of ['full', 'partial', 'hash'] as const) {
    const masked = valueMask({ type: 114, format: 0 }, as, KEY)(Buffer.from(value))?.toString() ?? ''
    assert.match(String(JSON.parse(masked)), /^~mask~/)
    const binary = valueMask({ type: 3802, format: 1 }, as, KEY)(Buffer.from(`\x01${value}`))
    assert.equal(binary?.[0], 1)
    assert.match(String(JSON.parse(binary?.toString('utf8', 1) ?? '')), /^~mask~/)
  }
})

test('no value shows through, whatever its type and format; what has no form of a mask is NULL', () => {
  fc.assert(
    fc.property(fc.nat(5_000), format, form, fc.uint8Array({ minLength: 20 }), (type, of, as, bytes) => {
      const masked = valueMask({ type, format: of }, as, KEY)(Buffer.from(bytes))
      assert.ok(masked === null || !masked.includes(Buffer.from(bytes)))
      if (![18, 19, 25, 114, 705, 1042, 1043, 3802].includes(type)) assert.equal(masked, null)
    }),
  )
})

test('a row keeps what has no mask, and NULL stays NULL', () => {
  const mask = valueMask({ type: 25, format: 0 }, 'full', KEY)
  const { values, count } = maskRow([Buffer.from('a'), Buffer.from(SECRET), null], [undefined, mask, mask])
  assert.deepEqual(
    values.map(value => value?.toString() ?? null),
    ['a', '~mask~', null],
  )
  assert.equal(count, 1)
})
