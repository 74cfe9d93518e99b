import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ANY_CHARACTER } from '../../../../test/harness/any-character.ts'
import { displayWidth } from '../wrap.ts'
import { alignedTable } from './aligned.ts'

const WIDE = { columns: undefined }

test('a table is what psql shows: numbers on the right, wide characters counted as two', () => {
  const lines = alignedTable(
    {
      columns: ['id', 'name', 'note'],
      rows: [
        ['1', 'Ana', null],
        ['42', '日本', ''],
        ['-3.5', 'é\u0301', 'x'],
      ],
    },
    WIDE,
  )
  assert.deepEqual(lines, [
    '  id  | name | note',
    '------+------+------',
    '    1 | Ana  | NULL',
    '   42 | 日本 |',
    ' -3.5 | é\u0301    | x',
  ])
})

test('what is wider than the terminal is shown a record at a time', () => {
  const lines = alignedTable(
    {
      columns: ['a', 'long name'],
      rows: [
        ['1', 'y'.repeat(90)],
        [null, 'z'],
      ],
    },
    { columns: 80 },
  )
  assert.deepEqual(lines, [
    '-[ RECORD 1 ]-',
    'a         | 1',
    `long name | ${'y'.repeat(90)}`,
    '-[ RECORD 2 ]-',
    'a         | NULL',
    'long name | z',
  ])
})

test('nothing that was recorded speaks to the terminal, or makes a line of its own', () => {
  const hostile = fc.oneof(
    fc.string({ unit: ANY_CHARACTER }),
    fc.constantFrom(
      '\u001b[2J',
      '\u009b31m',
      'a\nb\r',
      '\u202eevil',
      '\u001b]0;x\u0007',
      '\ud800',
      '\t',
      '\u200b',
    ),
  )
  const value = fc.option(hostile)
  fc.assert(
    fc.property(
      fc.array(hostile, { minLength: 1, maxLength: 3 }),
      fc.array(fc.array(value, { maxLength: 4 }), { maxLength: 4 }),
      fc.constantFrom(undefined, 80),
      (columns, rows, width) => {
        const lines = alignedTable({ columns, rows }, { columns: width })
        for (const line of lines) assert.doesNotMatch(line, /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u200b]/)
        const text = lines.slice(0, 2).map(line => displayWidth(line))
        if (width === undefined) {
          assert.equal(lines.length, rows.length + 2)
          assert.ok((text[0] ?? 0) <= (text[1] ?? 0))
        }
      },
    ),
  )
})

test('a result without columns, or without rows, is shown as well', () => {
  assert.deepEqual(alignedTable({ columns: [], rows: [[], []] }, WIDE), ['', '', '', ''])
  assert.deepEqual(alignedTable({ columns: ['a'], rows: [] }, WIDE), [' a', '---'])
})
