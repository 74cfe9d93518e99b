import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ManualClock } from '../core/clock.ts'
import { identityOf, Rate } from './rate.ts'

describe('a rate', () => {
  it('gives as many at once, then one every so often, to each', () => {
    const clock = new ManualClock(1_000_000)
    const rate = new Rate(clock, 2, 1_000)
    const take = (who: string, times: number): number =>
      Array.from({ length: times }, () => rate.take(who)).filter(Boolean).length
    assert.equal(take('a', 5), 2)
    assert.equal(take('b', 5), 2)
    clock.advance(1_000)
    assert.equal(take('a', 5), 1)
    clock.advance(3_600_000)
    assert.equal(take('a', 5), 2)
  })

  it('fills nothing where the clock is set back, and goes on from there', () => {
    const clock = new ManualClock(10_000_000)
    const rate = new Rate(clock, 1, 1_000)
    assert.ok(rate.take('a'))
    clock.advance(-5_000_000)
    assert.ok(!rate.take('a'))
    clock.advance(1_000)
    assert.ok(rate.take('a'))
  })

  it('never gives more than its burst and what the time has earned', () => {
    const steps = fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 200 })
    fc.assert(
      fc.property(steps, waits => {
        const clock = new ManualClock(0)
        const rate = new Rate(clock, 3, 1_000)
        let taken = 0
        for (const wait of waits) {
          clock.advance(wait)
          if (rate.take('a')) taken++
          assert.ok(taken <= 3 + clock.now() / 1_000 + 1e-6)
        }
      }),
    )
  })
})

it('two identities have one name only where they are one', () => {
  assert.notEqual(identityOf({ issuer: 'a/b', subject: 'c' }), identityOf({ issuer: 'a', subject: 'b/c' }))
})
