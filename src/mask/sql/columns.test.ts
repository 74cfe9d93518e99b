import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { MaskForm } from '../../core/decision.ts'
import { matchesGlob } from '../../core/glob.ts'
import { type ColumnOrigin, formFor, maskedAmong } from './columns.ts'

const SSN: ColumnOrigin = { schema: 'public', relation: 'users', name: 'ssn' }
const NAME: ColumnOrigin = { schema: 'public', relation: 'users', name: 'name' }
const ANY: ColumnOrigin = { schema: '*', relation: '*', name: '*' }
const rule = (column: string, as: MaskForm = 'full') => ({ columns: [column], as })

test('a column is named with its schema, without it, or by a pattern', () => {
  for (const pattern of [
    'public.users.ssn',
    'users.ssn',
    '*.ssn',
    'public.*',
    '*',
    'public.users.ss?',
    'PUBLIC.users.SSN',
  ]) {
    assert.equal(formFor([SSN], [rule(pattern)]), 'full', pattern)
  }
  for (const pattern of [
    'ssn',
    'sales.users.ssn',
    'public.users.name',
    'PUBLIC.users.name',
    'public.users.ssn2',
  ]) {
    assert.equal(formFor([SSN], [rule(pattern)]), undefined, pattern)
  }
})

test('what may come from anywhere is masked by any rule', () => {
  assert.equal(formFor([ANY], [rule('sales.x.y')]), 'full')
  assert.equal(formFor([ANY], []), undefined)
})

test('where rules meet, the one that reveals least holds', () => {
  assert.equal(formFor([SSN, NAME], [rule('*.ssn', 'partial'), rule('*.name', 'hash')]), 'hash')
  assert.equal(
    formFor([SSN], [rule('*.ssn', 'partial'), rule('*.ssn', 'null'), rule('*.ssn', 'full')]),
    'null',
  )
})

test('more origins and more rules never take a mask away', () => {
  const part = fc.constantFrom('a', 'b', 'ab')
  const origin = fc.record({ schema: part, relation: part, name: part })
  const rules = fc.array(fc.constantFrom('*.a', 'a.b.ab', 'b.*', 'ab.?').map(pattern => rule(pattern)))
  fc.assert(
    fc.property(fc.array(origin), rules, fc.array(origin), rules, (some, few, others, more) => {
      const before = formFor(some, few)
      if (before !== undefined) assert.notEqual(formFor([...some, ...others], [...few, ...more]), undefined)
      assert.equal(formFor(some, few) !== undefined, maskedAmong(some, few).length > 0)
    }),
  )
})

test('patterns match as the regular expressions that they abbreviate, and in bounded time', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 12 })
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*', '?'), maxLength: 8 })
  fc.assert(
    fc.property(pattern, text, (glob, value) => {
      const source = glob.replaceAll('.', '\\.').replaceAll('*', '.*').replaceAll('?', '.')
      assert.equal(matchesGlob(glob, value), new RegExp(`^${source}$`).test(value))
    }),
  )
  assert.equal(matchesGlob(`${'*a'.repeat(500)}b`, 'a'.repeat(5_000)), false)
})
