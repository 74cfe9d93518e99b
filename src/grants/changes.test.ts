import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { callQuestion, testRoom, withStore } from './desk.fixture.ts'
import { demand, person } from './requests.fixture.ts'

const ann = person('ann')

describe('a journal that fails', () => {
  it('lets nothing pass, keeps the use taken, and gets the event by the sweep of another', async () => {
    const { desk, journal, clock, store } = testRoom()
    const question = callQuestion('d', { demands: [demand(['group/on-call'])] })
    const { request } = await desk().settle(question, 'D1')
    await desk().approve(request.id, ann, {})
    journal.isFull = true
    await assert.rejects(desk().settle(question, 'D2'), { code: 'journal-unavailable' })
    assert.equal((await desk().get(request.id))?.state, 'spent')
    await assert.rejects(desk().settle(question, 'D3'), { code: 'journal-unavailable' })
    clock.advance(10_001)
    await assert.rejects(desk().sweep(), { code: 'journal-unavailable' })
    journal.isFull = false
    const asked = await desk().settle(question, 'D4')
    assert.equal(asked.state, 'pending', 'the question of D3 was kept')
    await desk().sweep()
    assert.deepEqual(journal.said, ['asked', 'approved', 'spent', 'asked'])
    assert.deepEqual(await store.unrecorded(Number.MAX_SAFE_INTEGER, 10), [])
  })

  it('leaves what is fresh to the process that made it', async () => {
    const { desk, journal, clock } = testRoom()
    journal.isFull = true
    await assert.rejects(desk().settle(callQuestion('d'), 'D1'))
    journal.isFull = false
    clock.advance(10_000)
    await desk().sweep()
    assert.deepEqual(journal.said, [])
    clock.advance(1)
    await desk().sweep()
    assert.deepEqual(journal.said, ['asked'])
    await desk().sweep()
    assert.deepEqual(journal.said, ['asked'])
  })

  it('that does not take one event gets the others', async () => {
    const room = testRoom()
    room.journal.isFull = true
    for (const digest of ['a', 'b', 'c']) await assert.rejects(room.desk().settle(callQuestion(digest), 'D'))
    const poison = (await room.store.unrecorded(Number.MAX_SAFE_INTEGER, 3))[1]?.id
    room.journal.isFull = false
    const record = room.journal.record.bind(room.journal)
    room.journal.record = async events => {
      if (events.some(({ id }) => id === poison)) throw new Error('too large')
      await record(events)
    }
    room.clock.advance(10_001)
    await assert.rejects(room.desk().sweep(), /too large/)
    assert.equal(room.journal.events.length, 2)
  })

  it('is not asked twice because its mark failed', async () => {
    const { desk, store, journal, clock } = testRoom()
    const forgetful = withStore(store, {
      recorded: async () => {
        throw new Error('gone')
      },
    })
    const settled = await desk(forgetful).settle(callQuestion('d'), 'D1')
    assert.equal(settled.state, 'pending')
    clock.advance(10_001)
    await desk().sweep()
    assert.equal(journal.events.length, 2)
    assert.equal(new Set(journal.events.map(({ id }) => id)).size, 1)
  })
})
