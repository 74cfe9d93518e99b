import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../core/clock.ts'
import { LineRate } from './lines.ts'

test('lines beyond the rate are left out, and counted in the next one', () => {
  const clock = new ManualClock(0)
  const rate = new LineRate(clock)
  const written: (number | undefined)[] = []
  const line = (): void => rate.line(({ leftOut }) => written.push(leftOut))
  for (let i = 0; i < 1_000; i++) line()
  assert.equal(written.length, 200)
  assert.ok(written.every(leftOut => leftOut === undefined))
  clock.advance(1_000)
  line()
  assert.equal(written.at(-1), 800)
  line()
  assert.equal(written.at(-1), undefined)
})
