import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { compare, figuresOf, measure, type Thresholds } from '../../tools/catalog/coverage.ts'
import { loadCatalog } from './load.ts'

const FOLDER = join(import.meta.dirname, '..', '..', 'data', 'catalog')
const limits = JSON.parse(readFileSync(join(FOLDER, 'coverage.json'), 'utf8')) as Thresholds
const coverage = measure(loadCatalog(), new Set())

test('the catalog covers no less than it did', () => {
  assert.deepEqual(compare(figuresOf(coverage), limits), [])
  assert.deepEqual(Object.keys(limits.atLeast).sort(), Object.keys(figuresOf(coverage).atLeast).sort())
  assert.deepEqual(Object.keys(limits.atMost).sort(), Object.keys(figuresOf(coverage).atMost).sort())
})

test('a drop is noticed', () => {
  const worse = compare(
    { atLeast: { mapped: 9 }, atMost: { denied: 3 } },
    { atLeast: { mapped: 10, services: 1 }, atMost: { denied: 2 } },
  )
  assert.deepEqual(worse, [
    'mapped dropped to 9 from 10',
    'services dropped to 0 from 1',
    'denied rose to 3 from 2',
  ])
})

test('a rule by hand takes an operation from those that are denied', () => {
  assert.ok(coverage.denied.includes('s3 CopyObject'))
  const more = measure(loadCatalog(), new Set(['s3 CopyObject']))
  assert.ok(!more.denied.includes('s3 CopyObject'))
  assert.equal(more.mapped, coverage.mapped + 1)
})

test('twins are found', () => {
  assert.ok(
    coverage.collisions.includes('docdb CreateDBCluster = neptune CreateDBCluster = rds CreateDBCluster'),
  )
  assert.ok(coverage.collisions.every(collision => !collision.startsWith('s3 ')))
})
