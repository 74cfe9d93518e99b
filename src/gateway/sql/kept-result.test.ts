import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { KeptResult } from './kept-result.ts'

test('what came is kept in its order: several results, NULL, and bytes as such', () => {
  const kept = new KeptResult(1_000)
  kept.begin(['a', 'b'])
  kept.row(['1', null])
  kept.row(['é', Buffer.from([0, 255])])
  kept.begin(['c'])
  assert.deepEqual(kept.result, {
    tables: [
      {
        columns: ['a', 'b'],
        rows: [
          ['1', null],
          ['é', 'base64:AP8='],
        ],
      },
      { columns: ['c'], rows: [] },
    ],
  })
})

test('nothing is kept where nothing is to be, and nothing is said where nothing came', () => {
  const none = new KeptResult(0)
  assert.equal(none.isOpen, false)
  none.begin(['a'])
  none.row(['1'])
  none.without('data of COPY')
  assert.equal(none.result, undefined)
  assert.equal(new KeptResult(10).result, undefined)
})

test('rows are kept up to the limit, from the first on, whole but for long values', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5_000 }),
      fc.array(fc.array(fc.string({ maxLength: 3_000 }), { minLength: 2, maxLength: 2 }), { maxLength: 20 }),
      (limit, rows) => {
        const kept = new KeptResult(limit)
        kept.begin(['a', 'b'])
        for (const row of rows) kept.row(row)
        const { tables = [], cut } = kept.result ?? {}
        const [table] = tables
        assert.ok(JSON.stringify(tables).length <= 7 * limit + 8)
        const count = table?.rows.length ?? 0
        assert.equal(cut === undefined, count === rows.length && table !== undefined)
        for (const [i, row] of (table?.rows ?? []).entries()) {
          for (const [j, value] of row.entries()) {
            const whole = rows[i]?.[j] ?? ''
            const [begin = ''] = (value ?? '').split(/<\d+ characters left out>$/)
            assert.ok(value === whole || whole.startsWith(begin) || value?.startsWith('base64:'))
          }
        }
      },
    ),
  )
})

test('what is not kept at all is said; it hides nothing of what is', () => {
  const kept = new KeptResult(1_000)
  kept.without('data of COPY')
  kept.begin(['a'])
  kept.row(['1'])
  assert.deepEqual(kept.result, {
    tables: [{ columns: ['a'], rows: [['1']] }],
    cut: 'data of COPY are not kept',
  })
})
