import assert from 'node:assert/strict'
import type { On } from './on.ts'
import { aGrant, anEvent, approved, aRequest, idOf, NOW, only, spent } from './samples.ts'

export function racesContract(on: On): void {
  on('of many who ask the same at once, exactly one is kept', async (store, second) => {
    for (let round = 0; round < 100; round++) {
      const digest = `${round}`.padStart(64, 'd')
      const requests = [0, 1, 2, 3].map(n => aRequest(round * 4 + n, { digest }))
      const answers = await Promise.all(
        requests.map((request, n) => {
          const change = { request, events: [anEvent(request, idOf('E', round * 4 + n))], deliveries: [] }
          return (n % 2 === 0 ? store : second).open(change, NOW)
        }),
      )
      assert.equal(new Set(answers.map(({ id }) => id)).size, 1)
      const kept = await store.states(requests.map(({ id }) => id))
      assert.deepEqual([...kept.keys()], [answers[0]?.id])
      const events = await second.unrecorded(NOW + 1, 500)
      assert.deepEqual(
        events.map(({ requestId }) => requestId),
        [answers[0]?.id],
      )
      await store.recorded(events.map(({ id }) => id))
    }
  })

  on(
    'of many who change the same version, exactly one is kept: no use is spent twice',
    async (store, second) => {
      const uses = 100
      let request = approved(aRequest(1, { uses }), { ...aGrant(uses), uses })
      await store.open(only({ ...request, version: 1 }), NOW)
      request = { ...request, version: 1 }
      for (let round = 0; round < uses; round++) {
        const next = spent(request)
        const won = await Promise.all(
          [0, 1, 2, 3].map(n => {
            const event = anEvent(next, idOf('E', round * 4 + n), 'spent', { decisionId: `${n}` })
            return (n % 2 === 0 ? store : second).replace({ request: next, events: [event], deliveries: [] })
          }),
        )
        assert.equal(won.filter(Boolean).length, 1)
        const events = await store.unrecorded(NOW + 1, 500)
        assert.deepEqual(
          events.map(({ decisionId }) => decisionId),
          [`${won.indexOf(true)}`],
        )
        await second.recorded(events.map(({ id }) => id))
        request = next
      }
      assert.deepEqual(await store.get(request.id), request)
      assert.equal(request.state, 'spent')
    },
  )
}
