import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../core/clock.ts'
import { TokenBucket } from './token-bucket.ts'

test('a burst, then the rate, and never more than the burst', () => {
  const clock = new ManualClock(0)
  const bucket = new TokenBucket(clock, 2, 3)
  const taken = (): number => Array.from({ length: 10 }, () => bucket.take()).filter(Boolean).length
  assert.equal(taken(), 3)
  clock.advance(1000)
  assert.equal(taken(), 2)
  clock.advance(3_600_000)
  assert.equal(taken(), 3)
})

test('a clock that runs backwards gives nothing', () => {
  const clock = new ManualClock(1_000_000)
  const bucket = new TokenBucket(clock, 1000, 1)
  assert.equal(bucket.take(), true)
  clock.advance(-500_000)
  assert.equal(bucket.take(), false)
})
