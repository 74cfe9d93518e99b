import assert from 'node:assert/strict'
import { test } from 'node:test'
import { saidParameters } from './parameters.ts'

const TEXT = Buffer.from('é')
const BYTES = Buffer.from([0xff, 0])

test('a parameter is text where its format is, by one format for all, for each, or none', () => {
  assert.deepEqual(saidParameters([TEXT, null], []), ['é', null])
  assert.deepEqual(saidParameters([TEXT, TEXT], [0]), ['é', 'é'])
  assert.deepEqual(saidParameters([TEXT, TEXT], [1]), [TEXT, TEXT])
  assert.deepEqual(saidParameters([TEXT, TEXT], [1, 0]), [TEXT, 'é'])
})

test('a binary value reads as text where its type is known', () => {
  const four = Buffer.from([0, 0, 0, 42])
  assert.deepEqual(saidParameters([four, four, four], [1], [23, 0]), ['42', four, four])
  assert.deepEqual(saidParameters([Buffer.from('x')], [1], [1043]), ['x'])
})

test('what is no text stays bytes, whatever the client says', () => {
  assert.deepEqual(saidParameters([BYTES], [0]), [BYTES])
})
