import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { BufferBudget, readWhole } from './body.ts'

test('a declared body is reserved before it is read, and given back', async () => {
  const budget = new BufferBudget(10)
  const incoming = new PassThrough()
  const reading = readWhole(incoming, 6, 8, budget)
  assert.equal(budget.usedBytes, 6)
  incoming.end('abcdef')
  const body = await reading
  assert.equal(body.bytes.toString(), 'abcdef')
  body.release()
  body.release()
  assert.equal(budget.usedBytes, 0)
})

test('a second body that does not fit is refused, and the first is not disturbed', async () => {
  const budget = new BufferBudget(10)
  const first = new PassThrough()
  const reading = readWhole(first, 6, 8, budget)
  await assert.rejects(readWhole(new PassThrough(), 5, 8, budget), { code: 'overloaded' })
  first.end('abcdef')
  assert.equal((await reading).bytes.length, 6)
  assert.equal(budget.usedBytes, 6)
})

test('a chunked body is stopped at the limit and leaves nothing behind', async () => {
  const budget = new BufferBudget(100)
  const incoming = new PassThrough()
  const reading = readWhole(incoming, undefined, 8, budget)
  incoming.write('abcdef')
  incoming.write('ghijkl')
  await assert.rejects(reading, { code: 'body-too-large' })
  assert.equal(budget.usedBytes, 0)
})

test('a client that leaves in the middle', async () => {
  const budget = new BufferBudget(100)
  const incoming = new PassThrough()
  const reading = readWhole(incoming, 8, 8, budget)
  incoming.write('abc')
  incoming.destroy()
  await assert.rejects(reading, { code: 'client-gone' })
  assert.equal(budget.usedBytes, 0)
})

test('a request without a body', async () => {
  assert.equal((await readWhole(new PassThrough(), 0, 8, new BufferBudget(0))).bytes.length, 0)
})
