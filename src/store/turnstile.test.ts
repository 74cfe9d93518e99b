import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Turnstile } from './turnstile.ts'

test('one at a time, in the order of asking, whatever happens inside', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(4), { minLength: 1, maxLength: 20 }), async stays => {
      const turnstile = new Turnstile(60_000)
      const order: number[] = []
      let inside = 0
      await Promise.all(
        stays.map(async (turns, number) => {
          await turnstile.enter()
          assert.equal(++inside, 1)
          order.push(number)
          for (let turn = 0; turn < turns; turn++) await null
          inside--
          turnstile.leave()
        }),
      )
      assert.deepEqual(order, [...stays.keys()])
    }),
  )
})

test('one who waits too long is turned away, and those behind move up', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const turnstile = new Turnstile(100)
  await turnstile.enter()
  const first = turnstile.enter()
  t.mock.timers.tick(60)
  const second = turnstile.enter()
  t.mock.timers.tick(40)
  await assert.rejects(first, /was not free within 100 ms/)
  turnstile.leave()
  await second
  t.mock.timers.tick(1_000)
  turnstile.leave()
  await turnstile.enter()
})
