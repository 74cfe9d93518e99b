import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ANY_CHARACTER } from '../../../test/harness/any-character.ts'
import { count, dateTime, duration, safeJson, size, table } from './format.ts'

test('sizes, spans and counts read well', () => {
  const sizes = [0, 999, 1000, 9_949, 9_950, 999_499, 999_500, 5e9, 2e18].map(size)
  assert.deepEqual(sizes, [
    '0 B',
    '999 B',
    '1.0 kB',
    '9.9 kB',
    '10 kB',
    '999 kB',
    '1.0 MB',
    '5.0 GB',
    '2000 PB',
  ])
  const spans = [-1, 0, 999, 1_000, 59_949, 59_950, 3_599_000, 3_600_000, 7_500_000].map(duration)
  const texts = [
    '0 ms',
    '0 ms',
    '999 ms',
    '1.0 s',
    '59.9 s',
    '1 min 0 s',
    '59 min 59 s',
    '1 h 0 min',
    '2 h 5 min',
  ]
  assert.deepEqual(spans, texts)
  assert.deepEqual([count(1, 'call'), count(1234, 'call')], ['1 call', '1,234 calls'])
})

test('a time that is none is the nearest that there is', () => {
  assert.equal(dateTime(0), '1970-01-01 00:00:00')
  assert.equal(dateTime(-5), '1970-01-01 00:00:00')
  assert.equal(dateTime(Number.NaN), '1970-01-01 00:00:00')
  assert.equal(typeof dateTime(Number.MAX_SAFE_INTEGER), 'string')
})

test('columns are as wide as their widest cell', () => {
  const lines = table(
    [
      ['a', 'bb', 'c'],
      ['aaa', 'b', ''],
    ],
    new Set([1]),
  )
  assert.deepEqual(lines, ['a    bb  c', 'aaa   b'])
})

test('safe JSON is the same value', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.string({ unit: ANY_CHARACTER }), (value, text) => {
      const both = { value, text }
      assert.deepEqual(JSON.parse(safeJson(both)), JSON.parse(JSON.stringify(both)))
    }),
  )
  assert.equal(safeJson('\u009b\u{e0041}'), '"\\u009b\\udb40\\udc41"')
})
