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

test('what is no text stays bytes, whatever the client says', () => {
  assert.deepEqual(saidParameters([BYTES], [0]), [BYTES])
})
