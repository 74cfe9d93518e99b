import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { TextCache } from './text-cache.ts'

test('it never holds more than it may, and what it gives is what was put last', () => {
  const step = fc.record({
    text: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    bytes: fc.integer({ min: 1, max: 40 }),
    puts: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(step), steps => {
      const cache = new TextCache<number>(100)
      const last = new Map<string, number>()
      steps.forEach(({ text, bytes, puts }, n) => {
        if (puts) {
          cache.set(text, n, bytes)
          last.set(text, n)
        } else {
          const found = cache.get(text)
          if (found !== undefined) assert.equal(found, last.get(text))
        }
        assert.ok(cache.bytes <= 100)
      })
    }),
  )
})

test('what was used last stays longest; what is too large is not kept', () => {
  const cache = new TextCache<number>(80)
  for (let n = 0; n < 8; n++) cache.set(`${n}`, n, 10)
  assert.equal(cache.get('0'), 0)
  cache.set('8', 8, 10)
  assert.equal(cache.get('0'), 0)
  assert.equal(cache.get('1'), undefined)
  cache.set('large', 1, 11)
  assert.equal(cache.get('large'), undefined)
  cache.set('8', 9, 10)
  assert.equal(cache.get('8'), 9)
  assert.equal(cache.bytes, 80)
})
