import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { On } from './on.ts'
import { aDelivery, anEvent, anyRequest, approved, aRequest, idOf, MINUTE, NOW, only } from './samples.ts'

export function openingContract(on: On): void {
  on('a request comes back as it was kept, in every handle', async (store, second) => {
    let number = 0
    await fc.assert(
      fc.asyncProperty(
        fc.constant(null).chain(() => anyRequest(number++)),
        async request => {
          assert.deepEqual(await store.open(only(request), NOW), request)
          assert.deepEqual(await second.get(request.id), request)
        },
      ),
      { numRuns: 60, endOnFailure: true },
    )
  })

  on('nothing is there that was not kept', async store => {
    assert.equal(await store.get(idOf('R', 1)), undefined)
    assert.equal(await store.standingFor('00', NOW), undefined)
    assert.deepEqual(await store.states([idOf('R', 1)]), new Map())
    assert.deepEqual(await store.states([]), new Map())
    assert.equal(await store.replace(only(aRequest(1, { version: 1 }))), false)
    assert.equal(await store.get(idOf('R', 1)), undefined)
  })

  on(
    'one who asks what is asked already gets the standing request, and nothing is kept',
    async (store, second) => {
      const first = aRequest(1)
      const same = aRequest(2, { digest: first.digest })
      const event = anEvent(same, idOf('E', 2))
      await store.open(only(first), NOW)
      const change = { request: same, events: [event], deliveries: [aDelivery(event, idOf('D', 2))] }
      assert.deepEqual(await second.open(change, NOW), first)
      assert.equal(await store.get(same.id), undefined)
      assert.deepEqual(await store.unrecorded(NOW + 1, 10), [])
      assert.deepEqual(await store.takeDeliveries(NOW, NOW + 1, 10), [])
      assert.deepEqual(await store.standingFor(first.digest, NOW), first)
    },
  )

  on('a request stands until its time and not at it', async store => {
    const first = aRequest(1, { standsUntilMs: NOW + 10 })
    await store.open(only(first), NOW)
    assert.deepEqual(await store.standingFor(first.digest, NOW + 9), first)
    assert.equal(await store.standingFor(first.digest, NOW + 10), undefined)
    const next = aRequest(2, { digest: first.digest })
    assert.deepEqual(await store.open(only(next), NOW + 9), first)
    assert.deepEqual(await store.open(only(next), NOW + 10), next)
    assert.deepEqual(await store.standingFor(first.digest, NOW + 10), next)
  })

  on('what passed by break-glass is kept beside a request that stands', async store => {
    const first = aRequest(1)
    const passed = aRequest(2, { digest: first.digest, state: 'spent', standsUntilMs: 0, brokeGlass: true })
    await store.open(only(first), NOW)
    assert.deepEqual(await store.open(only(passed), NOW), passed)
    assert.deepEqual(await store.get(passed.id), passed)
    assert.deepEqual(await store.standingFor(first.digest, NOW), first)
  })
}

export function changingContract(on: On): void {
  on(
    'a change is kept with its events and deliveries, if the version is the one it was made from',
    async store => {
      const request = aRequest(1)
      await store.open(only(request), NOW)
      const next = approved(request)
      const event = anEvent(next, idOf('E', 1), 'approved', { by: 'okta/bob', reason: 'go on' })
      const delivery = aDelivery(event, idOf('D', 1))
      assert.equal(await store.replace({ request: next, events: [event], deliveries: [delivery] }), true)
      assert.deepEqual(await store.get(request.id), next)
      assert.deepEqual(await store.unrecorded(NOW + 1, 10), [event])
      assert.deepEqual(await store.takeDeliveries(NOW, NOW + MINUTE, 10), [delivery])
      for (const version of [0, 1, 2, 4]) {
        const late = { ...next, version }
        const told = anEvent(late, idOf('E', 10 + version))
        const change = {
          request: late,
          events: [told],
          deliveries: [aDelivery(told, idOf('D', 10 + version))],
        }
        assert.equal(await store.replace(change), false, `version ${version} over 2`)
      }
      assert.deepEqual(await store.get(request.id), next)
      assert.deepEqual(await store.unrecorded(NOW + 1, 10), [event])
      assert.deepEqual(await store.takeDeliveries(NOW, NOW + MINUTE, 10), [])
    },
  )
}
