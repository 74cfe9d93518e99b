import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { addListed, Column } from './column.ts'
import { addGrams, addValue, gramsOf, Numbers, seedOf, valueGramsOf } from './grams.ts'
import { plainCodec, sealedCodec } from './piece.ts'
import { Rows } from './rows.ts'

const someRows = fc.uniqueArray(fc.integer({ min: 0, max: 99 }))

function rowsOf(list: readonly number[], length = 100): Rows {
  const rows = new Rows(length)
  for (const row of list) rows.add(row)
  return rows
}

test('rows are a set', () => {
  fc.assert(
    fc.property(someRows, someRows, (a, b) => {
      const both = rowsOf(a)
      both.intersect(rowsOf(b))
      assert.deepEqual(
        both.list(),
        a.filter(row => b.includes(row)).toSorted((x, y) => x - y),
      )
      const either = rowsOf(a)
      either.unite(rowsOf(b))
      assert.deepEqual(
        either.list(),
        [...new Set([...a, ...b])].sort((x, y) => x - y),
      )
      const rest = rowsOf(a)
      rest.invert()
      assert.equal(rest.list().length, 100 - a.length)
      assert.deepEqual(Rows.fromBytes(100, rowsOf(a).toBytes()).list(), rowsOf(a).list())
      assert.equal(rowsOf(a).isEmpty, a.length === 0)
    }),
  )
})

test('a listed column gives back the rows of each value, be they few or many', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 200 }), values => {
      const column = new Column('service')
      for (const [row, value] of values.entries()) column.add(value, row)
      const list = column.list(values.length, 1)
      assert.ok(list)
      const names = JSON.parse(list.values.toString())
      for (const [at, name] of names.entries()) {
        const rows = new Rows(values.length)
        addListed(list.rows, at, rows)
        assert.deepEqual(
          rows.list(),
          [...values.keys()].filter(row => values[row] === name),
        )
      }
    }),
  )
})

test('what fits has all numbers that are looked for', () => {
  const unit = fc.constantFrom('a', 'b', '/', '🙂', 'é')
  fc.assert(
    fc.property(fc.string({ unit }), fc.string({ unit }), fc.string({ unit }), (before, word, behind) => {
      const seed = seedOf('text')
      const has = (numbers: Numbers, wanted: readonly number[]): boolean => {
        const all = new Set(Array.from({ length: numbers.length }, (_, at) => numbers.at(at)))
        return wanted.every(number => all.has(number))
      }
      const text = new Numbers()
      addGrams(`${before}${word}${behind}`, seed, text)
      assert.ok(has(text, gramsOf({ parts: [word] }, seed)))
      const value = new Numbers()
      addValue(`${before}${word}${behind}`, seed, value)
      const any = { wildcard: 'any' as const }
      const patterns = [
        [before, any, behind],
        [any, word, any],
        [any, `${word}${behind}`],
        [`${before}${word}`, any],
        [`${before}${word}${behind}`],
      ]
      for (const parts of patterns) {
        const whole = parts.filter(part => part !== '')
        assert.ok(has(value, valueGramsOf({ parts: whole }, seed)))
      }
    }),
    { numRuns: 300 },
  )
})

test('a piece opens under its own name alone, and not when a bit of it is another', () => {
  const random = { bytes: (length: number) => Buffer.alloc(length, 3) }
  const codecs = [plainCodec('0/1'), sealedCodec('0/1', Buffer.alloc(32, 1), Buffer.alloc(16), random)]
  const others = [plainCodec('0/2'), sealedCodec('0/1', Buffer.alloc(32, 2), Buffer.alloc(16), random)]
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 50 }),
      fc.nat(),
      fc.integer({ min: 0, max: 7 }),
      (bytes, at, bit) => {
        for (const [number, codec] of codecs.entries()) {
          const closed = codec.close('a', Buffer.from(bytes))
          assert.equal(closed.length, bytes.length + codec.overhead)
          assert.deepEqual(codec.open('a', closed), Buffer.from(bytes))
          assert.equal(codec.open('b', closed), undefined)
          assert.equal(others[number]?.open('a', closed), undefined)
          closed[at % closed.length] = (closed[at % closed.length] ?? 0) ^ (1 << bit)
          assert.equal(codec.open('a', closed), undefined)
        }
      },
    ),
  )
})
