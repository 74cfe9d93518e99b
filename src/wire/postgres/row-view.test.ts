import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { GateError } from '../../core/errors.ts'
import { POSTGRES_LIMITS } from './limits.ts'
import { readDataRow } from './read-backend.ts'
import { RowView } from './row-view.ts'
import { writeDataRow } from './writer.ts'

const value = fc.option(fc.uint8Array({ maxLength: 30 }).map(all => Buffer.from(all)))
const view = new RowView()

test('values are those of the row, and a row with others is as if it had been written anew', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(value, value, fc.boolean()), { maxLength: 12 }), all => {
      const row = writeDataRow(all.map(([one]) => one))
      const before = Buffer.from(row)
      view.read(row)
      assert.equal(view.columns, all.length)
      for (const [i, [one]] of all.entries()) assert.deepEqual(view.value(i), one)
      const replacements = all.flatMap(([, other, isChanged], i) => (isChanged ? [[i, other] as const] : []))
      const changed = view.replaced(replacements)
      assert.deepEqual(changed, writeDataRow(all.map(([one, other, isChanged]) => (isChanged ? other : one))))
      assert.deepEqual(row, before, 'the row itself was written to')
    }),
  )
})

test('a row is refused exactly where it is when it is read in full', () => {
  fc.assert(
    fc.property(
      fc.array(value, { maxLength: 6 }),
      fc.nat(),
      fc.nat({ max: 255 }),
      fc.nat({ max: 8 }),
      (all, at, byte, cut) => {
        const row = Buffer.from(writeDataRow(all))
        row[5 + (at % (row.length - 5))] = byte
        const bytes = row.subarray(0, Math.max(row.length - cut, 7))
        const refusal = (run: () => unknown): string | undefined => {
          try {
            run()
            return undefined
          } catch (error) {
            assert.ok(error instanceof GateError, String(error))
            return error.code
          }
        }
        const code = refusal(() => readDataRow(bytes, POSTGRES_LIMITS))
        assert.equal(
          refusal(() => view.read(bytes)),
          code,
        )
        if (code === undefined) return
        assert.throws(() => view.value(0), /does not have/, 'a row that was refused is still to be seen')
      },
    ),
    { numRuns: 2000 },
  )
})

test('columns that are not there, or out of order, are mistakes of the gate', () => {
  view.read(writeDataRow([Buffer.from('a'), null]))
  assert.throws(() => view.value(2), /does not have/)
  assert.throws(() => view.replaced([[2, null]]), /does not have/)
  assert.throws(
    () =>
      view.replaced([
        [1, null],
        [0, null],
      ]),
    /out of order/,
  )
})
