import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Decision } from '../../core/decision.ts'
import type { Lineage, SchemaCatalog, SqlStatement } from '../../interpret/sql/model.ts'
import { BackendReader } from '../../wire/postgres/reader.ts'
import { writeDataRow } from '../../wire/postgres/writer.ts'
import { asked } from '../sql/understood.ts'
import { RowWidth } from './row-width.ts'
import { postgresMasks } from './statement-masks.ts'

const PLACE = { region: 'r', account: '1', target: 't', database: 'd' }
const from = { policy: 'p', statement: 's', effect: 'Mask' } as const

function masking(...columns: readonly string[]): Decision {
  const rest = { fields: [], detect: [], otherObjects: 'deny' } as const
  return {
    effect: 'allow',
    statements: [],
    obligations: [{ kind: 'mask', columns, as: 'full', from, ...rest }],
  }
}

function catalogWith(columns: readonly string[]): SchemaCatalog {
  const origins = columns.map(name => ({ schema: 'public', relation: 'people', name }))
  return { relation: () => ({ columns: origins }) } as unknown as SchemaCatalog
}

const lineage = (...names: readonly string[]): Lineage =>
  new Set(names.map(name => ({ schema: 'public', relation: 'people', name }))) as unknown as Lineage

function selecting(more: Partial<SqlStatement> = {}): SqlStatement {
  return {
    tag: 'SELECT',
    touches: [
      {
        action: 'sql:Select',
        object: { kind: 'relation', schema: 'public', name: 'people' },
        columns: new Set(),
      },
    ],
    functions: new Set(),
    inferred: new Set(),
    copied: new Set(),
    effects: [],
    output: { columns: [{ name: 'a', from: lineage('a') }] },
    ...more,
  } as SqlStatement
}

const understood = (...statements: readonly SqlStatement[]): ReturnType<typeof asked> =>
  asked(statements, 'nothing', PLACE)

test('rules that touch nothing of a text are left out, and its rows have the width that they were told to have', () => {
  const masks = postgresMasks(masking('secrets.value'), understood(selecting()), catalogWith(['a']))
  assert.deepEqual([masks.rules, masks.widths], [[], [1]])
})

test('no rule is left out where anything of it could touch', () => {
  const catalog = catalogWith(['a'])
  const rule = masking('secrets.value')
  const whole: readonly Parameters<typeof postgresMasks>[] = [
    // Its table has a masked column, though it gives another.
    [masking('people.b'), understood(selecting()), catalogWith(['a', 'b'])],
    // It gives one of another table than it was said to touch.
    [
      masking('people.z'),
      understood(selecting({ output: { columns: [{ name: 'z', from: lineage('z') }] } })),
      catalog,
    ],
    [rule, understood(selecting({ output: { columns: [], open: lineage('a') } })), catalog],
    [rule, understood(selecting(), selecting({ tag: 'SHOW', output: undefined } as never)), catalog],
    [rule, understood(selecting({ tag: 'COPY' })), catalog],
    // A plan stands in the place of what is executed.
    [rule, understood(selecting({ tag: 'EXPLAIN' })), catalog],
    [rule, { ...understood(selecting()), unclear: 'it cannot be told' }, catalog],
  ]
  for (const each of whole) {
    const masks = postgresMasks(...each)
    assert.deepEqual([masks.rules.length, masks.widths], [1, undefined])
  }
})

test('an answer that is given again is looked at again for another text or another catalog', () => {
  const decision = masking('people.b')
  const text = understood(selecting())
  assert.deepEqual(postgresMasks(decision, text, catalogWith(['a'])).widths, [1])
  assert.equal(postgresMasks(decision, text, catalogWith(['a', 'b'])).widths, undefined)
  const wide = selecting({
    output: {
      columns: [
        { name: 'a', from: lineage('a') },
        { name: 'c', from: lineage() },
      ],
    },
  })
  assert.deepEqual(postgresMasks(decision, understood(wide), catalogWith(['a'])).widths, [2])
})

test('rows of another width end a run of rows, and are noticed however they are cut', () => {
  const widths = fc.array(fc.integer({ min: 0, max: 600 }), { minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(widths, fc.nat(), fc.integer({ min: 5, max: 9 }), (counts, pick, cut) => {
      const wanted = counts[pick % counts.length] ?? 0
      const rows = counts.map(count => writeDataRow(Array.from({ length: count }, () => null)))
      const reader = new BackendReader()
      reader.push(Buffer.concat(rows))
      const same = counts.findIndex(count => count !== wanted)
      assert.equal(reader.nextRows(100, wanted)?.count ?? 0, same === -1 ? counts.length : same)
      for (const [i, row] of rows.entries()) {
        const width = new RowWidth()
        const isBegun = width.begin(row.subarray(0, cut), wanted)
        assert.equal(isBegun && width.more(row.subarray(cut)), counts[i] === wanted)
        assert.equal(new RowWidth().begin(row, wanted), counts[i] === wanted)
      }
    }),
  )
})
