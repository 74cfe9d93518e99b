import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Prepared, PreparedStatements } from './prepared.ts'

const STATE = {
  database: 'shop',
  dialect: { mariadb: true, ansiQuotes: false, noBackslashEscapes: false },
  charset: 'utf8mb4',
} as const

test('what is sent ahead is kept in its parts, up to a limit, until it is forgotten', () => {
  const prepared = new Prepared('insert into t values (?, ?)', STATE, 2)
  prepared.addLong(1, Buffer.from('a'))
  prepared.addLong(1, Buffer.from('b'))
  assert.deepEqual([...prepared.long], [1])
  assert.equal(Buffer.concat(prepared.longParts(1)).toString(), 'ab')
  assert.ok(!prepared.isTooLong)
  prepared.forgetLong()
  assert.deepEqual([...prepared.long], [])
  for (let i = 0; i < 65; i++) prepared.addLong(0, Buffer.alloc(1024 * 1024))
  assert.ok(prepared.isTooLong)
  assert.ok(prepared.bytes <= 65 * 1024 * 1024)
  prepared.forgetLong()
  assert.ok(!prepared.isTooLong)
  for (let i = 0; i < 1_000_000 && !prepared.isTooLong; i++) prepared.addLong(0, Buffer.alloc(0))
  assert.ok(prepared.isTooLong, 'empty parts cost memory, too')
})

test('a part of a chunk does not keep the chunk, and a parameter that is not there is an error', () => {
  const prepared = new Prepared('select ?', STATE, 1)
  const chunk = Buffer.from('xxabxx')
  prepared.addLong(0, chunk.subarray(2, 4))
  chunk.fill('z')
  assert.equal(prepared.longParts(0)[0]?.toString(), 'ab')
  prepared.addLong(1, Buffer.from('a'))
  assert.ok(prepared.isTooLong)
})

test('names of prepared texts are one in every case; there are places for so many', () => {
  const all = new PreparedStatements()
  all.setNamed('Abc', { sql: 'select 1', state: STATE })
  assert.equal(all.named('aBC')?.sql, 'select 1')
  all.setNamed('ABC', undefined)
  assert.equal(all.named('abc'), undefined)
  for (let i = 0; i < 20_000 && !all.isFull; i++) all.set(i, new Prepared('select 1', STATE, 0))
  assert.ok(all.isFull)
  all.clear()
  assert.ok(!all.isFull)
})
