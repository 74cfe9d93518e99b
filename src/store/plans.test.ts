import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { aRevocation } from '../../test/harness/store/revocations.ts'
import { aPerson, approved, aRequest, NOW, only } from '../../test/harness/store/samples.ts'
import { openStore } from './open.ts'

test('every query finds its rows by an index, however many there are', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-store-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'grants.db')
  const store = await openStore({ kind: 'sqlite', path })
  const prepare = t.mock.method(DatabaseSync.prototype, 'prepare')
  const request = aRequest(1)
  await store.open(only(request), NOW)
  await store.get(request.id)
  await store.states([request.id, 'x'])
  await store.list({ limit: 10, states: ['pending', 'approved'] })
  await store.list({ limit: 10, roleArn: 'x', before: 'x' })
  await store.replace(only(approved(request)))
  await store.scopes('x', 'x', NOW)
  await store.overdue(NOW, 10)
  await store.forget('0'.repeat(26), 10)
  await store.pendingOf('x', NOW)
  await store.unrecorded(NOW, 10)
  await store.recorded(['x'])
  await store.takeDeliveries(NOW, NOW + 1, 10)
  await store.delivered('x')
  await store.failed('x', NOW, 'x')
  await store.rememberPerson(aPerson('x'), NOW)
  await store.person('x')
  await store.secret('x', Buffer.alloc(32))
  await store.revoke(aRevocation(1), 10)
  await store.revoke(aRevocation(2, { of: aRevocation(1).of }), 10)
  await store.revocations(1, 10)
  const queries = prepare.mock.calls.map(call => call.arguments[0])
  await store.close()
  const database = new DatabaseSync(path)
  const plans = queries.map(sql => ({
    sql,
    steps: database
      .prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .all(...new Array(sql.split('?').length - 1).fill(null)),
  }))
  assert.ok(plans.length > 18)
  for (const { sql, steps } of plans) {
    for (const { detail } of steps) assert.doesNotMatch(String(detail), /^SCAN/, sql)
  }
  database.close()
})
