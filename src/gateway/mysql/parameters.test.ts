import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ANY_CHARACTER } from '../../../test/harness/any-character.ts'
import { recordedParameter } from './parameters.ts'

const of = (type: number, hex: string, unsigned = false): unknown =>
  recordedParameter({ type, unsigned }, Buffer.from(hex.replaceAll(' ', ''), 'hex'))

test('numbers and times are recorded as they are written', () => {
  assert.equal(of(0x01, 'ff'), '-1')
  assert.equal(of(0x01, 'ff', true), '255')
  assert.equal(of(0x02, 'feff'), '-2')
  assert.equal(of(0x03, 'ffffffff', true), '4294967295')
  assert.equal(of(0x08, 'ffffffffffffffff'), '-1')
  assert.equal(of(0x05, '000000000000f83f'), '1.5')
  assert.equal(of(0x0c, 'e807 02 1d'), '2024-02-29')
  assert.equal(of(0x0c, 'e807 02 1d 0c 22 38'), '2024-02-29 12:34:56')
  assert.equal(of(0x07, 'e807 02 1d 0c 22 38 01000000'), '2024-02-29 12:34:56.000001')
  assert.equal(of(0x0a, ''), '0000-00-00')
  assert.equal(of(0x0b, '01 01000000 02 03 04'), '-26:03:04')
  assert.equal(of(0x0b, ''), '00:00:00')
})

test('texts are texts, bytes stay bytes, and NULL is null', () => {
  fc.assert(
    fc.property(fc.string({ unit: ANY_CHARACTER }), text => {
      assert.equal(recordedParameter({ type: 0xfd, unsigned: false }, Buffer.from(text)), text.toWellFormed())
    }),
  )
  assert.deepEqual(of(0xfc, 'ff00'), Buffer.from('ff00', 'hex'))
  assert.equal(recordedParameter({ type: 0xfd, unsigned: false }, null), null)
})
