import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  aDelivery,
  anEvent,
  anyRequest,
  aPerson,
  approved,
  aRequest,
  idOf,
  NOW,
} from '../../test/harness/store/samples.ts'
import type { AccessRequest } from '../grants/model.ts'
import {
  deliveryRow,
  eventRow,
  personRow,
  readDelivery,
  readEvent,
  readPerson,
  readRequest,
  readState,
  requestRow,
} from './rows.ts'

const DAMAGED = { code: 'store-damaged' }
const request = approved(aRequest(1))

test('a request is the same in a row and back', () => {
  fc.assert(fc.property(anyRequest(1), value => assert.deepEqual(readRequest(requestRow(value)), value)))
})

test('a column that does not agree with the body is damage', () => {
  const row = requestRow(request)
  for (const name of Object.keys(row).filter(key => key !== 'body')) {
    const other = { ...row, [name]: typeof row[name as 'version'] === 'number' ? 7 : 'pending' }
    assert.throws(() => readRequest(other), DAMAGED, name)
  }
})

/** Every place in a value, as the path to it. */
function* places(value: unknown, path: readonly string[] = []): Generator<readonly string[]> {
  yield path
  if (typeof value !== 'object' || value === null) return
  for (const [name, member] of Object.entries(value)) yield* places(member, [...path, name])
}

function replaced(value: unknown, [name, ...rest]: readonly string[], by: unknown): unknown {
  if (name === undefined) return by
  const copy: Record<string, unknown> = Array.isArray(value)
    ? Object.assign([], value)
    : Object.assign({}, value)
  copy[name] = replaced(copy[name], rest, by)
  return copy
}

/** What nobody looks into: free values of the call, for people to read. */
const FREE = /^call,parameters,|^call,resources,\d+,facts,/

test('a body of which any one value is of another kind is damage', () => {
  const row = requestRow(request)
  for (const path of places(request)) {
    if (FREE.test(path.join())) continue
    for (const by of [-1, true, 0.5]) {
      const body = JSON.stringify(replaced(request, path, by))
      assert.throws(() => readRequest({ ...row, body }), DAMAGED, `${path.join('.')} is ${by}`)
    }
  }
})

test('a body without any one of its members is damage', () => {
  const row = requestRow(request)
  for (const path of places(request)) {
    if (FREE.test(path.join()) || path.length === 0 || /^(?:\d+|InstanceIds)$/.test(path.at(-1) ?? ''))
      continue
    const body = JSON.stringify(replaced(request, path, undefined))
    assert.throws(() => readRequest({ ...row, body }), DAMAGED, path.join('.'))
  }
})

test('what is cut off, empty or no JSON is damage, and its text is not quoted', () => {
  const row = requestRow(request)
  for (const body of ['', 'canary', 'null', '[]', '{}', row.body.slice(0, -1), `${row.body}}`]) {
    assert.throws(
      () => readRequest({ ...row, body }),
      (error: Error) => {
        assert.equal((error as Error & { code: string }).code, 'store-damaged')
        assert.doesNotMatch(error.message, /canary|TerminateInstances/)
        assert.equal(error.cause, undefined)
        return true
      },
    )
  }
})

test('a grant fits its request', () => {
  const grant = { uses: 3, usesLeft: 3, fromMs: NOW, expiresAtMs: NOW }
  const bad: Partial<AccessRequest>[] = [
    { state: 'pending' },
    { grant: { ...grant, usesLeft: 4 } },
    { grant: { ...grant, usesLeft: -1 } },
    { grant: { ...grant, usesLeft: 0.5 } },
    { kind: 'scope' },
    { scope: { actions: ['*'], resources: ['*'] } },
    { demands: [] },
    { version: Number.NaN },
    { standsUntilMs: Number.POSITIVE_INFINITY },
  ]
  for (const changes of bad) {
    const value = { ...request, ...changes }
    assert.throws(() => requestRow(value), DAMAGED, JSON.stringify(changes))
    assert.throws(() => readRequest({ ...requestRow(request), body: JSON.stringify(value) }), DAMAGED)
  }
  const { grant: _, ...without } = request
  assert.throws(() => requestRow(without), DAMAGED)
})

test('a state is one of the six', () => {
  assert.equal(readState({ id: 'x', state: 'spent' }), 'spent')
  assert.throws(() => readState({ id: 'x', state: 'granted' as 'spent' }), DAMAGED)
})

test('events, deliveries and people are checked as requests are', () => {
  const event = anEvent(request, idOf('E', 1), 'spent', { usesLeft: 2 })
  assert.deepEqual(readEvent(eventRow(event)), event)
  assert.throws(() => readEvent({ ...eventRow(event), time_ms: 1 }), DAMAGED)
  assert.throws(() => readEvent({ ...eventRow(event), id: 'other' }), DAMAGED)
  assert.throws(() => readEvent({ ...eventRow(event), body: '{}' }), DAMAGED)
  assert.throws(() => eventRow({ ...event, what: 'granted' as 'spent' }), DAMAGED)

  const delivery = aDelivery(event, idOf('D', 1))
  assert.deepEqual(readDelivery(deliveryRow(delivery)), delivery)
  assert.throws(() => readDelivery({ ...deliveryRow(delivery), due_ms: null }), DAMAGED)
  assert.throws(() => readDelivery({ ...deliveryRow(delivery), body: '{}' }), DAMAGED)

  const person = aPerson('okta/bob')
  assert.deepEqual(readPerson(personRow(person, NOW)), person)
  assert.throws(() => readPerson({ ...personRow(person, NOW), id: 'okta/alice' }), DAMAGED)
  assert.throws(() => readPerson({ ...personRow(person, NOW), body: '{"id":"okta/bob"}' }), DAMAGED)
})
