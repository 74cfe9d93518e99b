import assert from 'node:assert/strict'
import type { GrantStore } from '../../../src/grants/port.ts'
import { aDelivery, anEvent, approved, aRequest, aScope, idOf, NOW, only, spent } from './samples.ts'

/** What `vectors/store/version-1.*.sql` hold: everything is there, and goes on. */
export async function checkVersion1(store: GrantStore): Promise<void> {
  const asked = aRequest(1, { reason: 'it\'s "broken" 💥' })
  const granted = approved(aRequest(2))
  const scope = aScope(3)
  assert.deepEqual(await store.list({ limit: 10 }), [scope, granted, asked])
  const events = await store.unrecorded(NOW + 1, 10)
  assert.deepEqual(events, [
    anEvent(asked, idOf('E', 1)),
    anEvent(aRequest(2), idOf('E', 2)),
    anEvent(scope, idOf('E', 3)),
    anEvent(granted, idOf('E', 4), 'approved', { by: 'okta/bob', usesLeft: 3 }),
  ])
  assert.deepEqual(await store.open(only(aRequest(4, { digest: granted.digest })), NOW), granted)
  const event = anEvent(spent(granted), idOf('E', 5), 'spent')
  const change = { request: spent(granted), events: [event], deliveries: [aDelivery(event, idOf('D', 5))] }
  assert.equal(await store.replace(change), true)
  assert.equal((await store.takeDeliveries(NOW, NOW + 1, 10)).length, 1)
}
