import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { GateError } from '../../core/errors.ts'
import { POSTGRES_LIMITS } from './limits.ts'
import { readDataRow } from './read-backend.ts'
import { rewriteRows } from './rewrite-rows.ts'
import { writeDataRow } from './writer.ts'

const value = fc.option(fc.uint8Array({ maxLength: 30 }).map(all => Buffer.from(all)))
/** What becomes of a column: it stays, or each value is another; some are the same all the same. */
const changing = fc.option(
  fc.record({ to: fc.option(fc.uint8Array({ maxLength: 60 })), unless: fc.nat({ max: 40 }) }),
)
const table = fc
  .integer({ min: 0, max: 6 })
  .chain(width =>
    fc.tuple(
      fc.array(fc.array(value, { minLength: width, maxLength: width }), { maxLength: 8 }),
      fc.array(changing, { minLength: width, maxLength: width }),
    ),
  )

test('rows with other values are as if they had been written anew', () => {
  fc.assert(
    fc.property(table, ([rows, columns]) => {
      const changes = columns.map(
        column =>
          column &&
          ((before: Buffer): Buffer | null => {
            if (before.length === column.unless) return before
            return column.to === null ? null : Buffer.from(column.to)
          }),
      )
      let count = 0
      const wanted = rows.map(row =>
        row.map((one, i) => {
          const other = one === null ? null : (changes[i]?.(one) ?? (changes[i] ? null : one))
          if (other !== one) count += 1
          return other
        }),
      )
      const bytes = Buffer.concat(rows.map(row => writeDataRow(row)))
      const before = Buffer.from(bytes)
      const rewritten = rewriteRows(
        bytes,
        changes.map(change => change ?? undefined),
      )
      assert.deepEqual(rewritten.bytes, Buffer.concat(wanted.map(row => writeDataRow(row))))
      assert.equal(rewritten.count, count)
      assert.deepEqual(bytes, before, 'what came was written to')
    }),
    { numRuns: 1_000 },
  )
})

test('a row is refused exactly where it is when it is read in full, or has another width', () => {
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
      fc.array(value, { maxLength: 6 }),
      fc.nat(),
      fc.nat({ max: 255 }),
      fc.nat({ max: 8 }),
      (all, at, byte, cut) => {
        const row = Buffer.from(writeDataRow(all))
        row[5 + (at % (row.length - 5))] = byte
        const bytes = Buffer.from(row.subarray(0, Math.max(row.length - cut, 7)))
        bytes.writeUInt32BE(bytes.length - 1, 1)
        const changes = all.map(() => () => null)
        const code = refusal(() => {
          const { values } = readDataRow(bytes, POSTGRES_LIMITS)
          if (values.length !== all.length) throw new GateError('postgres-reply-malformed', 'another width')
        })
        assert.equal(
          refusal(() => rewriteRows(bytes, changes)),
          code === undefined ? undefined : 'postgres-reply-malformed',
        )
      },
    ),
  )
})

test('a row among many that is cut short is refused, whatever stands before it', () => {
  const good = writeDataRow([Buffer.from('ann'), null])
  const changes = [() => Buffer.from('***'), undefined]
  for (let cut = 1; cut < good.length - 5; cut++) {
    const bytes = Buffer.concat([good, good.subarray(0, good.length - cut)])
    assert.throws(() => rewriteRows(bytes, changes), { code: 'postgres-reply-malformed' })
  }
})
