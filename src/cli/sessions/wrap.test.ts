import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import fc from 'fast-check'
import { shellWord } from '../../record/shell.ts'
import { displayWidth, wrapCommand, wrapText } from './wrap.ts'

test('text is broken at spaces, and is the same text', () => {
  fc.assert(
    fc.property(fc.lorem({ maxCount: 40 }), fc.integer({ min: 50, max: 120 }), (text, columns) => {
      const lines = wrapText(text, { columns, indent: 10 })
      assert.equal(lines.join(' '), text)
      assert.ok(lines.every(line => displayWidth(line) <= columns - 10))
    }),
  )
  assert.deepEqual(wrapText('a b', { columns: undefined, indent: 0 }), ['a b'])
  assert.deepEqual(wrapText('a b', { columns: 10, indent: 9 }), ['a b'])
})

test('a broken command line is the same command to a shell', () => {
  const word = fc.string({
    unit: fc.constantFrom('a', ' ', "'", '\\', '$', '\n', '\u001b', 'long-er'),
    maxLength: 14,
  })
  const lists = fc.sample(
    fc.array(
      word.filter(text => text !== ''),
      { minLength: 1, maxLength: 12 },
    ),
    { numRuns: 40, seed: 7 },
  )
  // One shell for all of them: each prints its words, a NUL after each.
  const script = lists.map(words => {
    const line = words.map(shellWord).join(' ')
    return `printf '%s\\0' ${wrapCommand(line, { columns: 50, indent: 21 }).join('\n')}`
  })
  const printed = execFileSync('bash', ['-c', script.join('\n')], { encoding: 'utf8' })
  assert.deepEqual(printed.split('\0').slice(0, -1), lists.flat())
})

test('wide characters take two columns, marks none', () => {
  assert.deepEqual(['abc', '日本', 'e\u0301', '🙂'].map(displayWidth), [3, 4, 1, 2])
})
