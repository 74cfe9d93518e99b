import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { GateError } from '../../core/errors.ts'
import { type LaneMessage, LanePost } from './lane-post.ts'

describe('the post between processes of a gate', () => {
  /** Two processes, and a primary that carries what they say as it goes through a pipe. */
  function pair(): { posts: LanePost[]; carried: LaneMessage[]; timers: (() => void)[] } {
    const carried: LaneMessage[] = []
    const timers: (() => void)[] = []
    const posts: LanePost[] = [0, 1].map(
      own =>
        new LanePost({
          lanes: { own, count: 3 },
          send(message) {
            carried.push(message)
            void posts[message.to]?.receive(JSON.parse(JSON.stringify(message)))
          },
          after(_ms, run) {
            timers.push(run)
            return () => void timers.splice(timers.indexOf(run), 1)
          },
        }),
    )
    return { posts, carried, timers }
  }

  it('brings a question to one of them, and its answer back', async () => {
    const { posts, timers } = pair()
    const [one, two] = posts as [LanePost, LanePost]
    two.on('double', async body => Number(body) * 2)
    one.on('double', async () => 'the wrong process')
    assert.deepEqual(await Promise.all([one.ask(1, 'double', 2), one.ask(1, 'double', 21)]), [4, 42])
    assert.equal(timers.length, 0)
  })

  it('says what went wrong there', async () => {
    const { posts } = pair()
    const [one, two] = posts as [LanePost, LanePost]
    two.on('kill', async () => {
      throw new GateError('database-unreachable', 'the database server is away')
    })
    await assert.rejects(one.ask(1, 'kill', {}), {
      code: 'database-unreachable',
      message: 'the database server is away',
    })
    two.on('kill', async () => {
      throw new Error('secret')
    })
    await assert.rejects(one.ask(1, 'kill', {}), { message: 'another process of the gate failed at it' })
  })

  it('does not wait for ever for one that has died, and takes no late answer', async () => {
    const { posts, timers } = pair()
    const [one] = posts as [LanePost, LanePost]
    const asked = one.ask(2, 'kill', {})
    timers[0]?.()
    await assert.rejects(asked, { code: 'overloaded' })
    await one.receive({ kind: 'lane', from: 2, to: 0, number: 1, body: { value: 'done' } })
  })

  it('does not answer what nobody asked', async () => {
    const { posts, carried } = pair()
    const [one, two] = posts as [LanePost, LanePost]
    const heard: unknown[] = []
    two.on('cancel', async body => heard.push(body))
    one.tell(1, 'cancel', { processId: 7 })
    await Promise.resolve()
    assert.deepEqual(heard, [{ processId: 7 }])
    assert.equal(carried.length, 1)
  })
})
