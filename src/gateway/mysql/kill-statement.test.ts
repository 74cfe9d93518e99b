import assert from 'node:assert/strict'
import { test } from 'node:test'
import { killIn } from './kill-statement.ts'

const of = (sql: string) => killIn(Buffer.from(sql))

test('what a text kills is known where it does nothing else', () => {
  assert.deepEqual(of('KILL QUERY 17'), { connectionId: 17, kind: 'query' })
  assert.deepEqual(of(' kill 17 ;'), { connectionId: 17, kind: 'connection' })
  assert.deepEqual(of('Kill Hard\nConnection 17'), { connectionId: 17, kind: 'connection' })
  for (const other of [
    ...['', 'KILL', 'KILL QUERY', 'KILL 1, 2', 'KILL 1; SELECT 2', 'KILL QUERY ID 5', 'KILL USER gate'],
    ...['KILL (SELECT 1)', 'KILL 1e3', 'KILL -1', 'KILL /* 1 */ 2', 'XKILL 1', `KILL ${' '.repeat(200)}1`],
  ]) {
    assert.equal(of(other), undefined, other)
  }
})
