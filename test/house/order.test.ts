import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { longestFirst, secondsOfFiles } from '../../tools/test/order.ts'
import { ROOT } from '../harness/process.ts'

test('the longest files are run first, and the others by their names', () => {
  const seconds = new Map([
    ['b', 5],
    ['d', 90],
  ])
  assert.deepEqual(longestFirst(['c', 'a', 'b', 'd'], seconds), ['d', 'b', 'a', 'c'])
})

test('what is known to take long is there', () => {
  const known = [...secondsOfFiles().keys()]
  assert.deepEqual(
    known.filter(file => !existsSync(join(ROOT, file))),
    [],
  )
})
