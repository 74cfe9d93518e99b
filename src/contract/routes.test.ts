import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { newId } from '../core/id.ts'
import { isRequestId, listQuery, pathOf, ROUTES } from './routes.ts'

const timesAndBytes = fc.tuple(fc.nat({ max: 2 ** 45 }), fc.uint8Array({ minLength: 16, maxLength: 16 }))

test('every number that the gate makes is one that the API takes', () => {
  fc.assert(
    fc.property(timesAndBytes, ([time, bytes]) => {
      const id = newId({ now: () => time }, { bytes: () => Buffer.from(bytes) })
      assert.ok(isRequestId(id))
      assert.equal(pathOf(ROUTES.approve.path, id), `/v1/requests/${id}/approve`)
    }),
  )
})

test('what is no number of a request makes no path', () => {
  for (const id of [
    '',
    '..',
    '%2e%2e',
    '01KAR5QJ0000000000000000Z',
    '01kar5qj0000000000000000zz',
    'U'.repeat(26),
  ]) {
    assert.throws(() => pathOf(ROUTES.get.path, id), RangeError)
  }
})

test('the query of a list escapes what it is given', () => {
  assert.equal(listQuery({}), '')
  assert.equal(
    listQuery({ states: ['pending', 'approved'], role: 'arn:aws:iam::1:role/a&b', waitS: 5, since: 'x' }),
    '?state=pending%2Capproved&role=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fa%26b&wait=5&since=x',
  )
})
