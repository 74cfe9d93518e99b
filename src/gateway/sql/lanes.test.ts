import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { freeId, laneOf } from './lanes.ts'

const lanes = fc
  .integer({ min: 1, max: 128 })
  .chain(count => fc.record({ own: fc.integer({ min: 0, max: count - 1 }), count: fc.constant(count) }))
const bits = fc.integer({ min: 0, max: 0xffff_ffff })

test('an id is of the lane that gave it, and one that drivers can keep', () => {
  fc.assert(
    fc.property(lanes, bits, (of, drawn) => {
      const id = freeId(
        of,
        () => drawn,
        () => false,
      )
      assert.equal(laneOf(id, of), of.own)
      assert.ok(id > 0 && id <= 0x7fff_ffff, `${id}`)
    }),
  )
})

test('no id is given twice, however bad the luck', () => {
  fc.assert(
    fc.property(lanes, bits, fc.integer({ min: 1, max: 40 }), (of, drawn, many) => {
      const taken = new Set<number>()
      for (let i = 0; i < many; i++) {
        const id = freeId(
          of,
          () => drawn,
          each => taken.has(each),
        )
        assert.ok(!taken.has(id))
        assert.equal(laneOf(id, of), of.own)
        taken.add(id)
      }
    }),
  )
})
