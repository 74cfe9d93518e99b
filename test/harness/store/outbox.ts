import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import type { On } from './on.ts'
import { aDelivery, anEvent, aPerson, aRequest, idOf, MINUTE, NOW } from './samples.ts'

export function outboxContract(on: On): void {
  on('events wait for the journal, oldest first', async (store, second) => {
    const request = aRequest(1)
    const events = [30, 10, 20, 40].map(ms => anEvent(request, idOf('E', ms), 'shown', { timeMs: NOW + ms }))
    await store.open({ request, events, deliveries: [] }, NOW)
    const times = async (beforeMs: number, limit = 500): Promise<number[]> =>
      (await second.unrecorded(beforeMs, limit)).map(({ timeMs }) => timeMs - NOW)
    assert.deepEqual(await times(NOW + 40), [10, 20, 30])
    assert.deepEqual(await times(NOW + 41, 2), [10, 20])
    await store.recorded([idOf('E', 10), idOf('E', 30), idOf('E', 99)])
    await store.recorded([])
    assert.deepEqual(await times(NOW + 41), [20, 40])
    await second.recorded(Array.from({ length: 1_100 }, (_, n) => idOf('E', n)))
    assert.deepEqual(await times(NOW + 41), [])
  })

  on('a delivery is given to one, until its lease is over', async (store, second) => {
    const request = aRequest(1)
    const event = anEvent(request, idOf('E', 1))
    const deliveries = [1, 2, 3].map(n =>
      aDelivery(event, idOf('D', n), { dueMs: NOW + n, channel: `c${n}` }),
    )
    await store.open({ request, events: [event], deliveries }, NOW)
    assert.deepEqual(await store.takeDeliveries(NOW, NOW + MINUTE, 10), [])
    assert.deepEqual(await store.takeDeliveries(NOW + 2, NOW + MINUTE, 10), deliveries.slice(0, 2))
    assert.deepEqual(await second.takeDeliveries(NOW + 3, NOW + 2 * MINUTE, 10), deliveries.slice(2))
    assert.deepEqual(await second.takeDeliveries(NOW + MINUTE - 1, NOW + 2 * MINUTE, 10), [])
    const again = await second.takeDeliveries(NOW + MINUTE, NOW + 3 * MINUTE, 1)
    assert.equal(again.length, 1)
    assert.equal(again[0]?.attempts, 0)
  })

  on(
    'a delivery is tried again when it failed, and is gone when it came through or was given up',
    async store => {
      const request = aRequest(1)
      const event = anEvent(request, idOf('E', 1))
      const deliveries = [1, 2, 3].map(n => aDelivery(event, idOf('D', n)))
      await store.open({ request, events: [event], deliveries }, NOW)
      await store.takeDeliveries(NOW, NOW + MINUTE, 10)
      await store.delivered(idOf('D', 1))
      await store.failed(idOf('D', 2), NOW + 5, 'said \0 \ud800 and hung up '.repeat(100))
      await store.failed(idOf('D', 3), undefined, 'gone')
      await store.failed(idOf('D', 9), NOW, 'nobody knows it')
      await store.delivered(idOf('D', 9))
      assert.deepEqual(await store.takeDeliveries(NOW + 4, NOW + MINUTE, 10), [])
      const [second, ...rest] = await store.takeDeliveries(NOW + 5, NOW + 10, 10)
      assert.deepEqual(second, { ...deliveries[1], attempts: 1, dueMs: NOW + 5 })
      assert.deepEqual(rest, [])
      await store.failed(idOf('D', 2), NOW + 20, 'again')
      assert.equal((await store.takeDeliveries(NOW + MINUTE, NOW + 2 * MINUTE, 10))[0]?.attempts, 2)
    },
  )

  on('of many who take deliveries at once, each gets others', async (store, second) => {
    const request = aRequest(1)
    const event = anEvent(request, idOf('E', 1))
    const deliveries = Array.from({ length: 200 }, (_, n) => aDelivery(event, idOf('D', n)))
    await store.open({ request, events: [event], deliveries }, NOW)
    const taken: string[] = []
    while (taken.length < 200) {
      const takes = [0, 1, 2, 3].map(n => (n % 2 === 0 ? store : second).takeDeliveries(NOW, NOW + MINUTE, 7))
      const got = (await Promise.all(takes)).flat()
      assert.notEqual(got.length, 0)
      taken.push(...got.map(({ id }) => id))
    }
    assert.equal(taken.length, 200)
    assert.equal(new Set(taken).size, 200)
    assert.deepEqual(await store.takeDeliveries(NOW, NOW + MINUTE, 7), [])
  })
}

export function peopleContract(on: On): void {
  on('a person is who the latest proof says', async (store, second) => {
    assert.equal(await store.person('okta/bob'), undefined)
    const bob = aPerson('okta/bob')
    await store.rememberPerson(bob, NOW)
    assert.deepEqual(await second.person('okta/bob'), { person: bob, verifiedAtMs: NOW })
    const left = aPerson('okta/bob', { groups: [], name: 'Bob \0 💥' })
    await second.rememberPerson(left, NOW + 2)
    await store.rememberPerson(bob, NOW + 1)
    assert.deepEqual(await store.person('okta/bob'), { person: left, verifiedAtMs: NOW + 2 })
    assert.equal(await store.person('okta/Bob'), undefined)
  })

  on('a secret is the one that the first has made, for all', async (store, second) => {
    const asked = await Promise.all(
      Array.from({ length: 16 }, (_, n) => (n % 2 ? store : second).secret('links', Buffer.alloc(32, n + 1))),
    )
    const [first] = asked
    for (const secret of asked) assert.deepEqual(secret, first)
    assert.deepEqual(await second.secret('links', Buffer.alloc(32, 99)), first)
    assert.deepEqual(await store.secret('masks', Buffer.alloc(32, 99)), Buffer.alloc(32, 99))
  })
}
