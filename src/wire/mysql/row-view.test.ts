import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { typed } from '../../../test/fuzz/mysql/messages.ts'
import { GateError } from '../../core/errors.ts'
import type { Value } from './messages.ts'
import { readBinaryRow, readTextRow } from './read-reply.ts'
import { RowView } from './row-view.ts'
import { writeBinaryRow, writeTextRow } from './writer.ts'

const view = new RowView()
const bytes = fc.option(fc.uint8Array({ maxLength: 300 }).map(all => Buffer.from(all)))

test('text rows: values are those of the row, and one with others is as if it had been written anew', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(bytes, bytes, fc.boolean()), { maxLength: 12 }), all => {
      const row = writeTextRow(all.map(([one]) => one))
      const before = Buffer.from(row)
      view.readText(row, all.length)
      assert.equal(view.columns, all.length)
      for (const [i, [one]] of all.entries()) assert.deepEqual(view.value(i), one)
      const replacements = all.flatMap(([, other, isChanged], i) => (isChanged ? [[i, other] as const] : []))
      const expected = writeTextRow(all.map(([one, other, isChanged]) => (isChanged ? other : one)))
      assert.deepEqual(view.replaced(replacements), expected)
      assert.deepEqual(row, before, 'the row itself was written to')
    }),
  )
})

/** A type and two values of it. */
const pair = typed.chain(([type, one]) =>
  typed.map(([other, value]): readonly [number, Value, Value] => [
    type,
    one,
    other === type && value !== null ? value : type === 0x06 ? null : one === null ? null : Buffer.from(one),
  ]),
)

test('binary rows: values are those of the row, NULLs too, and one with others is as if written anew', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(pair, fc.constantFrom('keep', 'other', 'null')), { maxLength: 20 }),
      all => {
        const types = all.map(([[type]]) => type)
        const row = writeBinaryRow(
          all.map(([[, one]]) => one),
          types,
        )
        view.readBinary(row, types)
        for (const [i, [[, one]]] of all.entries()) assert.deepEqual(view.value(i), one)
        const then = ([[, one, other], change]: (typeof all)[number]): Value =>
          change === 'keep' ? one : change === 'null' ? null : other
        const replacements = all.flatMap((one, i) => (one[1] === 'keep' ? [] : [[i, then(one)] as const]))
        assert.deepEqual(view.replaced(replacements), writeBinaryRow(all.map(then), types))
      },
    ),
    { numRuns: 300 },
  )
})

test('a row is refused exactly where it is when it is read in full', () => {
  const refusal = (run: () => unknown): string | undefined => {
    try {
      run()
      return undefined
    } catch (error) {
      assert.ok(error instanceof GateError, String(error))
      return error.code
    }
  }
  fc.assert(
    fc.property(
      fc.array(typed, { minLength: 1, maxLength: 6 }),
      fc.nat(),
      fc.nat({ max: 255 }),
      (all, at, byte) => {
        const types = all.map(([type]) => type)
        const values = all.map(([, value]) => value)
        const text = Buffer.from(writeTextRow(values))
        text[at % text.length] = byte
        const whole = refusal(() => readTextRow(text, types.length))
        assert.equal(
          refusal(() => view.readText(text, types.length)),
          whole,
        )
        if (whole !== undefined) assert.throws(() => view.value(0), /does not have/)
        const binary = Buffer.from(writeBinaryRow(values, types))
        binary[at % binary.length] = byte
        assert.equal(
          refusal(() => view.readBinary(binary, types)),
          refusal(() => readBinaryRow(binary, types)),
        )
      },
    ),
    { numRuns: 2000 },
  )
})

test('columns that are not there, or out of order, are mistakes of the gate', () => {
  view.readText(writeTextRow([Buffer.from('a'), null]), 2)
  assert.throws(() => view.value(2), /does not have/)
  assert.throws(() => view.replaced([[2, null]]), /does not have/)
  const backwards = [
    [1, null],
    [0, null],
  ] as const
  assert.throws(() => view.replaced(backwards), /out of order/)
  view.readBinary(writeBinaryRow([Buffer.from([1]), null], [1, 1]), [1, 1])
  assert.throws(() => view.replaced([[0, Buffer.alloc(2)]]), /does not have/)
})
