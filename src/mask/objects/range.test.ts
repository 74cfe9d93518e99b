import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { contentRange, RangeCutter, readContentRange, readRange, resolveRange } from './range.ts'

const resolved = (header: string, total: number): string | undefined => {
  const asked = readRange(header)
  if (asked === undefined) return 'whole'
  const range = resolveRange(asked, total)
  return range && contentRange(range)
}

test('ranges mean what they mean to S3', () => {
  const cases: [string, number, string | undefined][] = [
    ['bytes=0-0', 10, 'bytes 0-0/10'],
    ['bytes=2-5', 10, 'bytes 2-5/10'],
    ['bytes=2-500', 10, 'bytes 2-9/10'],
    ['bytes=9-', 10, 'bytes 9-9/10'],
    ['bytes=10-', 10, undefined],
    ['bytes=10-11', 10, undefined],
    ['bytes=-3', 10, 'bytes 7-9/10'],
    ['bytes=-10', 10, 'bytes 0-9/10'],
    ['bytes=-11', 10, 'bytes 0-9/10'],
    ['bytes=-0', 10, undefined],
    ['bytes=0-', 0, undefined],
    ['bytes=-1', 0, undefined],
    ['Bytes=1-2', 10, 'bytes 1-2/10'],
    [' bytes=1-2 ', 10, 'bytes 1-2/10'],
  ]
  for (const [header, total, expected] of cases) assert.equal(resolved(header, total), expected, header)
})

test('what is no single range means the whole object', () => {
  for (const header of [
    'bytes=0-1,3-4',
    'bytes=5-2',
    'bytes=',
    'bytes=-',
    'bytes=a-b',
    'bytes=1',
    'items=0-1',
    '',
    'bytes=1-2-3',
    'bytes=+1-2',
    'bytes=0x1-2',
    'bytes=1.0-2',
    'bytes=1 - 2',
    'bytes=--1',
    `bytes=0-${'9'.repeat(16)}`,
  ]) {
    assert.equal(resolved(header, 10), 'whole', header)
  }
})

test('a content range is read as it is written, and no other is taken', () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(), fc.nat(), (a, b, c) => {
      const range = { first: a, last: a + b, total: a + b + c + 1 }
      assert.deepEqual(readContentRange(contentRange(range)), range)
    }),
  )
  for (const header of [
    'bytes */10',
    'bytes 0-9/*',
    'bytes 5-4/10',
    'bytes 0-10/10',
    '0-9/10',
    'bytes 0-9',
  ]) {
    assert.equal(readContentRange(header), undefined, header)
  }
})

test('every range of a small object, in chunks of every size', () => {
  const object = Buffer.from('0123456789')
  for (let first = 0; first < 10; first++) {
    for (let last = first; last < 10; last++) {
      for (let size = 1; size <= 11; size++) {
        const cutter = new RangeCutter({ first, last, total: 10 })
        const parts: Buffer[] = []
        for (let at = 0; at < 10; at += size) {
          assert.equal(cutter.complete, at > last)
          parts.push(cutter.cut(object.subarray(at, at + size)))
        }
        assert.equal(Buffer.concat(parts).toString(), object.subarray(first, last + 1).toString())
        assert.ok(cutter.complete)
      }
    }
  }
})
