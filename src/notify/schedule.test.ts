import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { systemRandom } from '../core/clock.ts'
import { LONGEST_RETRY_AFTER_MS, nextTryMs, RETRY_DELAYS_MS, retryAfter } from './schedule.ts'

const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5)

test('every delay is kept to within a fifth, and grows; after the last one it is given up', () => {
  fc.assert(
    fc.property(fc.nat(20), fc.uint8Array({ minLength: 4, maxLength: 4 }), (tries, bytes) => {
      const next = nextTryMs(NOW_MS, tries, undefined, { bytes: () => Buffer.from(bytes) })
      const delayMs = RETRY_DELAYS_MS[tries]
      if (delayMs === undefined) return assert.equal(next, undefined)
      assert.ok(next !== undefined && next - NOW_MS <= delayMs && next - NOW_MS >= delayMs * 0.8)
    }),
  )
  const total = RETRY_DELAYS_MS.reduce((sum, delayMs) => sum + delayMs, 0)
  assert.ok(total < 3 * 86_400_000 && total * 0.8 > 2 * 86_400_000)
})

test('chance spreads the tries', () => {
  const next = (): number | undefined => nextTryMs(NOW_MS, 8, undefined, systemRandom)
  assert.notEqual(next(), next())
})

test('a `Retry-After` that is longer than the delay is honoured, up to a day', () => {
  const none = { bytes: (length: number) => Buffer.alloc(length) }
  assert.equal(nextTryMs(NOW_MS, 0, 90_000, none), NOW_MS + 90_000)
  assert.equal(nextTryMs(NOW_MS, 0, 1_000, none), NOW_MS + 5_000)
  assert.equal(nextTryMs(NOW_MS, 0, 1e12, none), NOW_MS + LONGEST_RETRY_AFTER_MS)
  assert.equal(nextTryMs(NOW_MS, RETRY_DELAYS_MS.length, 1_000, none), undefined)
})

test('`Retry-After` is seconds or a date', () => {
  assert.equal(retryAfter('120', NOW_MS), 120_000)
  assert.equal(retryAfter(' 7 ', NOW_MS), 7_000)
  assert.equal(retryAfter(new Date(NOW_MS + 60_000).toUTCString(), NOW_MS), 60_000)
  assert.equal(retryAfter('99999999', NOW_MS), LONGEST_RETRY_AFTER_MS)
  for (const no of [undefined, '', '0', '-5', 'soon', '1e9', new Date(0).toUTCString(), '9'.repeat(99)]) {
    assert.equal(retryAfter(no, NOW_MS), undefined, String(no))
  }
})
