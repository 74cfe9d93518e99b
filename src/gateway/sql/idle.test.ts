import assert from 'node:assert/strict'
import { test } from 'node:test'
import { watchIdle } from './idle.ts'

test('a connection on which nothing comes, goes or runs is told of, once', t => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  let bytes = 0
  let isBusy = false
  let told = 0
  const session = {
    get isBusy() {
      return isBusy
    },
  }
  const stop = watchIdle(
    () => bytes,
    session,
    100,
    () => told++,
  )
  bytes = 1
  t.mock.timers.tick(100)
  isBusy = true
  t.mock.timers.tick(1_000)
  assert.equal(told, 0)
  isBusy = false
  t.mock.timers.tick(100)
  t.mock.timers.tick(1_000)
  assert.equal(told, 1)
  stop()
})
