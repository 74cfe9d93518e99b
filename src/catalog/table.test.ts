import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Table, tableOf } from './table.ts'

test('a table is a map that decodes each value once', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string()), names => {
      let decoded = 0
      const table = new Table(names, place => {
        decoded++
        return { place }
      })
      assert.equal(table.size, names.length)
      assert.deepEqual([...table.keys()], names)
      for (const [place, name] of names.entries()) {
        assert.equal(table.get(name)?.place, place)
        assert.equal(table.get(name), table.get(name))
      }
      assert.equal(decoded, names.length)
      assert.deepEqual(
        [...table],
        names.map((name, place) => [name, { place }]),
      )
      assert.equal(decoded, names.length)
    }),
  )
})

test('names of the prototype find nothing but themselves', () => {
  const table = tableOf([['constructor', 1]])
  assert.equal(table.get('constructor'), 1)
  for (const name of ['__proto__', 'toString', 'hasOwnProperty', 'valueOf']) {
    assert.equal(table.get(name), undefined)
    assert.equal(table.has(name), false)
  }
})

test('a folding table disregards case and keeps the spelling', () => {
  const table = tableOf([['GetObject', 1]], true)
  assert.equal(table.get('getobject'), 1)
  assert.equal(table.get('GETOBJECT'), 1)
  assert.equal(table.has('gEtObJeCt'), true)
  assert.deepEqual([...table.keys()], ['GetObject'])
  assert.equal(tableOf([['GetObject', 1]]).get('getobject'), undefined)
})

test('forEach and values follow the order of the names', () => {
  const table = tableOf([
    ['b', 2],
    ['a', 1],
  ])
  const seen: unknown[] = []
  table.forEach((value, name, map) => {
    seen.push(name, value, map === table)
  })
  assert.deepEqual(seen, ['b', 2, true, 'a', 1, true])
  assert.deepEqual([...table.values()], [2, 1])
})
