import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../core/clock.ts'
import { Attempts } from './attempts.ts'

function exhausted(attempts: Attempts, address: string): void {
  for (let i = 0; i < 30; i++) {
    attempts.check(address, 'wrong')
    attempts.refused(address, 'wrong')
  }
}

test('an address that showed too many wrong tokens waits; another does not', () => {
  const clock = new ManualClock(0)
  const attempts = new Attempts(clock)
  exhausted(attempts, '192.0.2.1')
  assert.throws(() => attempts.check('192.0.2.1', 'wrong'), { code: 'api-attempts-too-many' })
  attempts.check('192.0.2.2', 'wrong')
  clock.advance(1_999)
  assert.throws(() => attempts.check('192.0.2.1', 'wrong'), { code: 'api-attempts-too-many' })
  clock.advance(1)
  attempts.check('192.0.2.1', 'wrong')
})

test('addresses of one IPv6 network count together', () => {
  const attempts = new Attempts(new ManualClock(0))
  for (let i = 0; i < 30; i++) attempts.refused(`2001:db8:0:7::${i.toString(16)}`, 'wrong')
  assert.throws(() => attempts.check('2001:db8:0:7:1:2:3:4', 'wrong'), { code: 'api-attempts-too-many' })
  attempts.check('2001:db8:0:8::1', 'wrong')
})

test('a token that was verified passes whatever else comes from its address, until it is refused', () => {
  const clock = new ManualClock(0)
  const attempts = new Attempts(clock)
  attempts.verified('good')
  exhausted(attempts, '192.0.2.1')
  attempts.check('192.0.2.1', 'good')
  assert.throws(() => attempts.check('192.0.2.1', 'other'), { code: 'api-attempts-too-many' })
  attempts.refused('192.0.2.1', 'good')
  assert.throws(() => attempts.check('192.0.2.1', 'good'), { code: 'api-attempts-too-many' })
})

test('many addresses push out the ones that were quiet the longest, and no more', () => {
  const attempts = new Attempts(new ManualClock(0))
  exhausted(attempts, 'quiet')
  exhausted(attempts, 'busy')
  for (let i = 0; i < 4_095; i++) attempts.refused(`10.0.${i >> 8}.${i & 255}`, 'wrong')
  attempts.check('quiet', 'wrong')
  assert.throws(() => attempts.check('busy', 'wrong'), { code: 'api-attempts-too-many' })
})
