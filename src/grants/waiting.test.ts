import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { callQuestion, settleAll, testRoom, withStore } from './desk.fixture.ts'
import { demand, person } from './requests.fixture.ts'

const ann = person('ann')

describe('waiting for an answer', () => {
  /** Whether a wait has ended by now. */
  async function hasEnded(wait: Promise<void>): Promise<boolean> {
    await settleAll()
    return await Promise.race([wait.then(() => true), settleAll().then(() => false)])
  }

  const never = new AbortController().signal

  for (const answer of ['approve', 'deny', 'revoke'] as const) {
    it(`ends with what this process is told: ${answer}`, async () => {
      const { desk, timers } = testRoom()
      const here = desk()
      const { request } = await here.settle(callQuestion('d'), 'D')
      const wait = here.wait(request, 30_000, never)
      assert.ok(!(await hasEnded(wait)))
      if (answer === 'approve') await here.approve(request.id, ann, {})
      else await here[answer](request.id, ann, '')
      assert.ok(await hasEnded(wait))
      assert.equal(here.waiting, 0)
      timers.fire(1_000)
      await settleAll()
      assert.equal(timers.size, 0)
    })
  }

  it('goes on while more people are needed', async () => {
    const { desk } = testRoom()
    const here = desk()
    const question = callQuestion('d', { demands: [demand(['group/on-call'], { count: 2 })] })
    const { request } = await here.settle(question, 'D')
    const wait = here.wait(request, 30_000, never)
    await here.approve(request.id, ann, {})
    assert.ok(!(await hasEnded(wait)))
    await here.approve(request.id, person('bob'), {})
    assert.ok(await hasEnded(wait))
  })

  it('ends with what another process is told, by one poll for all', async () => {
    const { desk, store, timers } = testRoom()
    const asked: (readonly string[])[] = []
    const here = desk(
      withStore(store, {
        states: async ids => {
          asked.push(ids)
          return await store.states(ids)
        },
      }),
    )
    const { request: a } = await here.settle(callQuestion('a'), 'D')
    const { request: b } = await here.settle(callQuestion('b'), 'D')
    const waits = [a, a, b].map(each => here.wait(each, 30_000, never))
    await settleAll()
    asked.length = 0
    await desk().approve(a.id, ann, {})
    assert.equal(timers.fire(1_000), 1)
    assert.deepEqual(await Promise.all(waits.map(hasEnded)), [true, true, false])
    assert.deepEqual(asked, [[a.id, b.id]])
    assert.equal(timers.fire(1_000), 1)
    await settleAll()
    assert.deepEqual(asked.at(-1), [b.id])
  })

  it('ends at once with an answer that came before it', async () => {
    const { desk } = testRoom()
    const { request } = await desk().settle(callQuestion('d'), 'D')
    await desk().approve(request.id, ann, {})
    assert.ok(await hasEnded(desk().wait(request, 30_000, never)))
    assert.ok(await hasEnded(desk().wait({ ...request, id: 'unknown' }, 30_000, never)))
  })

  it('ends with its time, with its client, and where nobody is to wait; the request stays', async () => {
    const { desk, timers, store } = testRoom()
    const here = desk(store, { waiters: 2 })
    const { request } = await here.settle(callQuestion('d'), 'D')
    const client = new AbortController()
    const [held, left] = [here.wait(request, 30_000, never), here.wait(request, 20_000, client.signal)]
    assert.ok(await hasEnded(here.wait(request, 30_000, never)), 'a third')
    client.abort()
    assert.ok(await hasEnded(left))
    assert.ok(!(await hasEnded(held)))
    timers.fire(30_000)
    assert.ok(await hasEnded(held))
    assert.ok(await hasEnded(here.wait(request, 0, never)))
    assert.ok(await hasEnded(here.wait(request, 30_000, client.signal)))
    assert.equal((await here.get(request.id))?.state, 'pending')
    timers.fire(1_000)
    await settleAll()
    assert.equal(timers.size, 0)
  })

  it('leaves places to others, however many calls of one principal wait', async () => {
    const { desk, store } = testRoom()
    const here = desk(store, { waiters: 4, waitersEach: 2 })
    const { request } = await here.settle(callQuestion('d'), 'D')
    const client = new AbortController()
    const held = [1, 2].map(() => here.wait(request, 30_000, client.signal))
    assert.ok(await hasEnded(here.wait(request, 30_000, never)), 'a third')
    const requester = { ...request.requester, principalKey: 'another', subject: 'other' }
    const { request: other } = await here.settle(callQuestion('e', { requester }), 'D')
    assert.ok(!(await hasEnded(here.wait(other, 30_000, client.signal))))
    client.abort()
    await Promise.all(held)
    assert.ok(!(await hasEnded(here.wait(request, 30_000, never))), 'a place is given back')
  })

  it('outlasts a store that fails', async () => {
    const { desk, store, timers } = testRoom()
    let isDown = true
    const here = desk(
      withStore(store, {
        states: async ids => {
          if (isDown) throw new Error('down')
          return await store.states(ids)
        },
      }),
    )
    const { request } = await here.settle(callQuestion('d'), 'D')
    const wait = here.wait(request, 30_000, never)
    await settleAll()
    await desk().approve(request.id, ann, {})
    timers.fire(1_000)
    assert.ok(!(await hasEnded(wait)))
    isDown = false
    timers.fire(1_000)
    assert.ok(await hasEnded(wait))
  })
})
