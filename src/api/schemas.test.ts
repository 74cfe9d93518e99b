import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ANY_CHARACTER } from '../../test/harness/any-character.ts'
import { listQuery } from '../contract/routes.ts'
import { GateError } from '../core/errors.ts'
import { readApprove, readAsk, readListQuery, readOneQuery, readReason } from './schemas.ts'

const ask = { role: 'deploy', forMs: 3_600_000, reason: 'the migration of tonight' }
const bytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
const REFUSED = { code: 'api-request-invalid' }

test('what is documented is taken as it is', () => {
  assert.deepEqual(readAsk(bytes(ask)), ask)
  const full = { ...ask, actions: ['ec2:*'], resources: ['arn:aws:ec2:*:*:instance/*'], uses: 5 }
  assert.deepEqual(readAsk(bytes(full)), full)
  assert.deepEqual(readApprove(bytes({})), {})
  assert.deepEqual(readApprove(bytes({ uses: 1, comment: 'go' })), { uses: 1, comment: 'go' })
  assert.deepEqual(readReason(bytes({ reason: 'no, ask Kim' })), { reason: 'no, ask Kim' })
})

test('anything else is refused', () => {
  const bad: unknown[] = [
    '',
    'null',
    '[]',
    '"x"',
    '{"reason":"a"} x',
    '{"reason":"a","reason":"b"}',
    '{"reason":"a","Reason":"b"}',
    '{"reason":"a","__proto__":{}}',
    '{"reason":"a","constructor":1}',
    `{"reason":${'['.repeat(40)}${']'.repeat(40)}}`,
    { reason: '' },
    { reason: '   ' },
    { reason: 'x'.repeat(501) },
    { reason: 'two\nlines' },
    { reason: 'turned \u202e around' },
    { reason: 'esc \u001b[2J' },
    { reason: 7 },
    { reason: ['x'] },
  ]
  for (const value of bad) assert.throws(() => readReason(bytes(value)), REFUSED, JSON.stringify(value))
  assert.throws(() => readReason(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])), REFUSED)
})

test('numbers are whole and within bounds', () => {
  for (const uses of [0, -1, 1.5, '1', 1e9, null, Number.MAX_VALUE]) {
    assert.throws(() => readApprove(bytes({ uses })), REFUSED)
  }
  for (const forMs of [59_999, 2_592_000_001, 1e300]) {
    assert.throws(() => readAsk(bytes({ ...ask, forMs })), REFUSED)
  }
  assert.throws(() => readAsk(bytes({ ...ask, actions: [] })), REFUSED)
  assert.throws(() => readAsk(bytes({ ...ask, actions: new Array(51).fill('ec2:*') })), REFUSED)
})

test('queries have each parameter once, and none that is not known', () => {
  const query = listQuery({ states: ['pending', 'approved'], role: 'r', waitS: 50, since: 'x', limit: 7 })
  assert.deepEqual(readListQuery(query), {
    state: ['pending', 'approved'],
    role: 'r',
    wait: 50,
    since: 'x',
    limit: 7,
  })
  const bad = ['state=open', 'state=', 'limit=0', 'limit=101', 'limit=1e1', 'limit=07', 'wait=51', 'wait=-1']
  bad.push('since=a&since=a', 'token=x', 'before=..', 'role=', '__proto__=1', 'role=a%0Ab', 'wait=')
  for (const query of bad) assert.throws(() => readListQuery(query), REFUSED, query)
  assert.throws(() => readOneQuery('since=x'), REFUSED)
})

test('whatever comes, it is read or refused, and a refusal is one plain line', () => {
  const source = fc.oneof(
    fc.string({ unit: ANY_CHARACTER }),
    fc.json(),
    fc.dictionary(fc.string(), fc.anything()).map(bytes),
  )
  const attempt = (read: () => unknown) => {
    try {
      read()
    } catch (error) {
      assert.ok(error instanceof GateError, String(error))
      assert.equal(error.code, 'api-request-invalid')
      assert.match(error.message, /^[\x20-\x7e…]{1,300}$/)
    }
  }
  fc.assert(
    fc.property(source, value => {
      attempt(() => readAsk(typeof value === 'string' ? Buffer.from(value) : value))
      attempt(() => readListQuery(String(value)))
    }),
  )
})
