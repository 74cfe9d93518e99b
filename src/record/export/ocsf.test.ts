import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Json, JsonObject } from '../../core/json.ts'
import type { Entry } from '../calls.ts'
import { FACTS } from './facts.fixture.ts'
import { ocsfEvent } from './ocsf.ts'
import { ocsfProblems } from './ocsf-schema.fixture.ts'
import { ALLOWED, DENIED } from './samples.fixture.ts'

test('the check of the schema finds what is wrong', () => {
  const event = ocsfEvent(ALLOWED, FACTS)
  const broken: readonly (readonly [string, JsonObject])[] = [
    ['api is missing', without(event, 'api')],
    ['surprise is not in the schema', { ...event, surprise: 1 }],
    ['status_id has no value `7`', { ...event, status_id: 7 }],
    ['status is not `Success`', { ...event, status: 'Fine' }],
    ['type_uid is not 600304', { ...event, type_uid: 600301 }],
    ['time is no integer', { ...event, time: '2026' }],
    ['src_endpoint.ip has the wrong form', { ...event, src_endpoint: { ip: 'home' } }],
  ]
  for (const [problem, wrong] of broken) assert.ok(ocsfProblems(wrong).includes(problem), problem)
  assert.equal(ocsfProblems({ ...event, src_endpoint: {} }).length, 1)
})

test('an allowed call says what was done, by whom, why, and how it ended', () => {
  const event = ocsfEvent(ALLOWED, FACTS)
  assert.equal(event['type_uid'], 600304)
  assert.equal(event['status'], 'Success')
  assert.equal(event['action'], 'Allowed')
  assert.equal(at(event, 'api', 'request', 'uid'), 'aws-request-1')
  assert.deepEqual(at(event, 'api', 'response', 'flags'), ['masked'])
  assert.equal(at(event, 'actor', 'user', 'uid'), 'arn:aws:sts::111122223333:assumed-role/agent/a')
  assert.equal(at(event, 'metadata', 'is_truncated'), true)
  assert.deepEqual(at(event, 'unmapped', 'redactedParameters'), ['UserData'])
  assert.equal(at(event, 'unmapped', 'parametersTruncated'), true)
})

test('an address is an ip where the schema takes it for one, and a name where not', () => {
  const of = (clientAddress: string): Json | undefined => {
    const entry = { ...ALLOWED, decision: { ...ALLOWED.decision, clientAddress } }
    return ocsfEvent(entry, FACTS)['src_endpoint']
  }
  assert.deepEqual(of('::ffff:192.0.2.7'), { ip: '::ffff:192.0.2.7' })
  const long = '0000:0000:0000:0000:0000:0000:100.100.100.100'
  assert.deepEqual(of(long), { name: long })
  assert.deepEqual(of(''), { name: 'unknown' })
})

test('a denied call is blocked, with the reason', () => {
  const event = ocsfEvent(DENIED, FACTS)
  assert.equal(event['status'], 'Failure')
  assert.equal(event['disposition'], 'Blocked')
  assert.equal(event['status_detail'], 'keep')
})

test('a call whose end nobody knows is neither a success nor a failure', () => {
  const recovery = { type: 'recovery', id: 'r', timeMs: 1, inFlight: [], tornBytes: 0 } as const
  const lost = ocsfEvent({ ...ALLOWED, ending: { kind: 'lost', recovery } } as Entry, FACTS)
  assert.deepEqual([lost['status_id'], lost['status']], [99, 'Lost'])
  const open = ocsfEvent({ ...ALLOWED, ending: { kind: 'open' } } as Entry, FACTS)
  assert.deepEqual([open['status_id'], open['status']], [0, 'Unknown'])
})

function without(event: JsonObject, member: string): JsonObject {
  return Object.fromEntries(Object.entries(event).filter(([name]) => name !== member))
}

function at(value: Json | undefined, ...path: readonly string[]): Json | undefined {
  let found: Json | undefined = value
  for (const name of path) found = (found as JsonObject | undefined)?.[name]
  return found
}
