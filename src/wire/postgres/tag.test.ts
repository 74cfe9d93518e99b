import assert from 'node:assert/strict'
import test from 'node:test'
import { rowsOf } from './tag.ts'

test('tags tell of rows, or of none', () => {
  const tags: readonly (readonly [string, number | undefined])[] = [
    ['SELECT 0', 0],
    ['SELECT 12', 12],
    ['INSERT 0 5', 5],
    ['UPDATE 1', 1],
    ['DELETE 3', 3],
    ['MERGE 3', 3],
    ['COPY 1000000', 1_000_000],
    ['FETCH 2', 2],
    ['MOVE 2', 2],
    ['CREATE TABLE', undefined],
    ['BEGIN', undefined],
    ['INSERT 5', undefined],
    ['SELECT 1 2', undefined],
    ['SELECT -1', undefined],
    ['select 1', undefined],
    ['', undefined],
  ]
  for (const [tag, rows] of tags) assert.equal(rowsOf(tag), rows, tag)
})
