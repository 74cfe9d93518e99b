import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Json } from '../../core/json.ts'
import { cloudTrailRecord } from './cloudtrail.ts'
import { csvRow } from './csv.ts'
import { FACTS } from './facts.fixture.ts'
import { ocsfEvent } from './ocsf.ts'
import { DENIED_STATEMENT, STATEMENT } from './samples.fixture.ts'
import { isReadOnlySql, sqlActivityOf } from './sql.ts'

test('a statement is a Datastore Activity: which database, which query, who, and how it ended', () => {
  const event = ocsfEvent(STATEMENT, FACTS)
  assert.deepEqual([event['type_uid'], event['type_name']], [600504, 'Datastore Activity: Query'])
  assert.deepEqual(event['database'], { name: 'shop', uid: 'orders/shop', type_id: 1, type: 'Relational' })
  assert.deepEqual(event['dst_endpoint'], { name: 'orders', svc_name: 'postgres' })
  assert.deepEqual(event['query_info'], {
    uid: 'b0d9f2c1a7e35846',
    query_string: 'select email from customers where id = $1 and active = ?',
    query_time: STATEMENT.decision.timeMs,
    bytes: 230,
  })
  assert.equal(event['status'], 'Success')
  const denied = ocsfEvent(DENIED_STATEMENT, FACTS)
  assert.deepEqual([denied['type_uid'], denied['disposition']], [600507, 'Blocked'])
})

test('several actions are one activity: the one that does most', () => {
  const of = (...actions: readonly string[]): string => {
    const { call } = STATEMENT.decision
    assert.ok(call !== undefined)
    const pairs = actions.map(action => ({ action, resource: '*', certainty: 'exact' as const }))
    return `${sqlActivityOf({ ...call, pairs })} ${isReadOnlySql({ ...call, pairs })}`
  }
  assert.equal(of('sql:Select', 'sql:Delete', 'sql:Insert'), 'delete false')
  assert.equal(of('sql:Select', 'sql:Insert'), 'write false')
  assert.equal(of('sql:Select', 'sql:Call'), 'query false')
  assert.equal(of('sql:Select', 'sql:Explain'), 'query true')
  assert.equal(of('sql:Unknown'), 'other false')
  assert.equal(of(), 'other false')
})

test('a record of CloudTrail says where it ran, and that it is none of AWS', () => {
  const record = cloudTrailRecord(DENIED_STATEMENT, FACTS)
  assert.equal(record['eventSource'], 'sql.sallyport')
  assert.equal(record['readOnly'], false)
  const parameters = record['requestParameters'] as Readonly<Record<string, Json>>
  assert.deepEqual([parameters['target'], parameters['database']], ['orders', 'shop'])
})

test('a statement in a table is a text: neither a formula nor a command to a terminal', () => {
  const row = csvRow(DENIED_STATEMENT)
  assert.match(row, /,orders,shop,"'=delete from customers -- .*",b0d9f2c1a7e35846,\r\n$/)
  assert.doesNotMatch(row, /\u001b/)
})
