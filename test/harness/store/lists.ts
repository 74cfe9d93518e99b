import assert from 'node:assert/strict'
import type { GrantStore } from '../../../src/grants/port.ts'
import type { On } from './on.ts'
import { approved, aRequest, aScope, idOf, MINUTE, NOW, only, PRINCIPAL_KEY, ROLE } from './samples.ts'

export function listsContract(on: On): void {
  on('lists have the newest first, by state and role, page by page', async store => {
    const other = { ...aRequest(0).requester, roleArn: 'arn:aws:iam::111122223333:role/other' }
    const requests = Array.from({ length: 12 }, (_, n) => {
      const request = aRequest(n, n % 3 === 0 ? { requester: other } : {})
      return n % 2 === 0 ? { ...approved(request), version: 1 } : request
    })
    // Kept in another order than they were asked in.
    for (const request of requests.toSorted((a, b) => (a.askedAtMs % 5) - (b.askedAtMs % 5))) {
      await store.open(only(request), NOW)
    }
    const numbers = async (filter: Parameters<GrantStore['list']>[0]): Promise<number[]> =>
      (await store.list(filter)).map(({ askedAtMs }) => askedAtMs - NOW)
    assert.deepEqual(await numbers({ limit: 500 }), [11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0])
    assert.deepEqual(await numbers({ limit: 3 }), [11, 10, 9])
    assert.deepEqual(await numbers({ limit: 3, before: idOf('R', 9) }), [8, 7, 6])
    assert.deepEqual(await numbers({ limit: 3, before: idOf('R', 0) }), [])
    assert.deepEqual(await numbers({ limit: 500, states: ['approved'] }), [10, 8, 6, 4, 2, 0])
    assert.deepEqual(
      await numbers({ limit: 2, states: ['approved', 'denied'], before: idOf('R', 8) }),
      [6, 4],
    )
    assert.deepEqual(await numbers({ limit: 500, states: [] }), [])
    assert.deepEqual(await numbers({ limit: 500, roleArn: other.roleArn }), [9, 6, 3, 0])
    assert.deepEqual(await numbers({ limit: 500, roleArn: other.roleArn, states: ['pending'] }), [9, 3])
    assert.deepEqual(await store.list({ limit: 1 }), [requests[11]])
  })

  on('states of many at once', async store => {
    const requests = Array.from({ length: 5 }, (_, n) => aRequest(n))
    for (const request of requests) await store.open(only(request), NOW)
    await store.replace(only(approved(aRequest(2))))
    const ids = [...requests.map(({ id }) => id), ...Array.from({ length: 1_200 }, (_, n) => idOf('N', n))]
    const states = await store.states(ids)
    assert.equal(states.size, 5)
    assert.equal(states.get(idOf('R', 2)), 'approved')
    assert.equal(states.get(idOf('R', 3)), 'pending')
  })

  on('standing access is found by principal and role while it stands', async store => {
    const scope = { ...approved(aScope(1)), version: 1 }
    const { requester } = scope
    const others = [
      { ...scope, id: idOf('R', 2), digest: '2', requester: { ...requester, principalKey: 'other' } },
      { ...scope, id: idOf('R', 3), digest: '3', requester: { ...requester, roleArn: 'other' } },
      { ...scope, id: idOf('R', 4), digest: '4', standsUntilMs: NOW },
      aScope(5),
      { ...approved(aRequest(6)), version: 1 },
    ]
    for (const request of [scope, ...others]) await store.open(only(request), NOW - MINUTE)
    assert.deepEqual(await store.scopes(PRINCIPAL_KEY, ROLE, NOW), [scope])
    assert.deepEqual(await store.scopes(PRINCIPAL_KEY, ROLE, scope.standsUntilMs), [])
  })

  on('pending and approved requests are overdue once they stand no longer; others never', async store => {
    const ended = aRequest(4, { state: 'expired', standsUntilMs: 0 })
    const requests = [
      aRequest(1, { standsUntilMs: NOW + 5 }),
      { ...approved(aRequest(2)), version: 1, standsUntilMs: NOW + 6 },
      aRequest(3, { standsUntilMs: NOW + 7 }),
      ended,
      aRequest(5, { state: 'denied', standsUntilMs: NOW + 1 }),
    ]
    for (const request of requests) await store.open(only(request), NOW)
    const overdue = async (nowMs: number, limit = 500): Promise<string[]> =>
      (await store.overdue(nowMs, limit)).map(({ id }) => id).toSorted()
    assert.deepEqual(await overdue(NOW + 4), [])
    assert.deepEqual(await overdue(NOW + 5), [idOf('R', 1)])
    assert.deepEqual(await overdue(NOW + 7), [idOf('R', 1), idOf('R', 2), idOf('R', 3)])
    assert.equal((await overdue(NOW + 7, 2)).length, 2)
  })

  on('what has ended long ago is forgotten, the oldest first; what has not ended never', async store => {
    const states = ['expired', 'denied', 'pending', 'spent', 'revoked'] as const
    for (const [n, state] of states.entries()) {
      await store.open(only(aRequest(n, { state, standsUntilMs: state === 'pending' ? NOW + 1 : 0 })), NOW)
    }
    await store.open(only({ ...approved(aRequest(5)), version: 1 }), NOW)
    const left = async (): Promise<string[]> =>
      (await store.list({ limit: 500 })).map(({ id }) => id).toSorted()
    assert.equal(await store.forget(idOf('R', 4), 2), 2)
    assert.deepEqual(
      await left(),
      [2, 3, 4, 5].map(n => idOf('R', n)),
    )
    assert.equal(await store.forget(idOf('R', 4), 2), 1)
    assert.equal(await store.forget(idOf('R', 4), 2), 0)
    assert.deepEqual(
      await left(),
      [2, 4, 5].map(n => idOf('R', n)),
    )
  })

  on('pending requests are counted for each principal, while they stand', async store => {
    const { requester } = aRequest(0)
    await store.open(only(aRequest(1, { standsUntilMs: NOW + 5 })), NOW)
    await store.open(only(aRequest(2)), NOW)
    await store.open(only({ ...approved(aRequest(3)), version: 1 }), NOW)
    await store.open(only(aRequest(4, { requester: { ...requester, principalKey: 'other' } })), NOW)
    assert.equal(await store.pendingOf(PRINCIPAL_KEY, NOW + 4), 2)
    assert.equal(await store.pendingOf(PRINCIPAL_KEY, NOW + 5), 1)
    assert.equal(await store.pendingOf('nobody', NOW), 0)
  })
}
