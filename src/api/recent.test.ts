import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../core/clock.ts'
import { Recent } from './recent.ts'

function counted() {
  let reads = 0
  return { read: async () => ++reads, count: () => reads }
}

test('what is read at one moment is read once, and again when it is old or was changed', async () => {
  const clock = new ManualClock(0)
  const recent = new Recent<number>(clock)
  const { read, count } = counted()
  assert.deepEqual(await Promise.all([recent.get('a', read), recent.get('a', read)]), [1, 1])
  clock.advance(899)
  assert.equal(await recent.get('a', read), 1)
  assert.equal(await recent.get('b', read), 2)
  clock.advance(1)
  assert.equal(await recent.get('a', read), 3)
  recent.clear()
  assert.equal(await recent.get('a', read), 4)
  assert.equal(count(), 4)
})

test('it holds few readings, and a failure not longer than any other', async () => {
  const clock = new ManualClock(0)
  const recent = new Recent<number>(clock)
  const { read, count } = counted()
  for (let key = 0; key < 40; key++) await recent.get(String(key), read)
  await recent.get('39', read)
  assert.equal(count(), 40)
  await recent.get('0', read)
  assert.equal(count(), 41)
  const failing = () => Promise.reject(new Error('away'))
  await assert.rejects(recent.get('x', failing))
  clock.advance(900)
  assert.equal(await recent.get('x', read), 42)
})
