import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { BackendReader } from '../../wire/postgres/reader.ts'
import { ClientHold, KEEP_ALIVE_MS } from './client-hold.ts'

const AWAITED = { requestId: 'R1', url: 'https://gate/r/R1', from: 'one person of group/x', holdMs: 60_000 }

function room() {
  const reader = new BackendReader()
  const said: string[] = []
  const timers = new Set<() => void>()
  const hold = new ClientHold({
    tell: bytes => {
      reader.push(Buffer.from(bytes))
      const frame = reader.next()
      if (frame !== undefined) said.push(reader.read(frame).kind)
    },
    setting: ['server_encoding', 'UTF8'],
    after: (delayMs, run) => {
      assert.equal(delayMs, KEEP_ALIVE_MS)
      timers.add(run)
      return () => timers.delete(run)
    },
  })
  const fire = (): void => {
    for (const run of [...timers]) {
      timers.delete(run)
      run()
    }
  }
  return { hold, said, timers, fire }
}

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))

describe('a client that waits', () => {
  it('is told at once, and that its connection lives for as long as it waits', async () => {
    const { hold, said, timers, fire } = room()
    const held = await hold.hold(async () => {
      fire()
      fire()
    }, AWAITED)
    assert.equal(held, 'held')
    assert.deepEqual(said, ['notice', 'parameter-status', 'parameter-status'])
    assert.equal(timers.size, 0)
  })

  it('cancels what it waits for, and only while it waits', async () => {
    const { hold } = room()
    assert.equal(hold.cancel(), false)
    const waiting = hold.hold(untilAborted, AWAITED)
    assert.equal(hold.cancel(), true)
    await assert.rejects(waiting, { code: 'sql-cancelled' })
    assert.equal(hold.cancel(), false)
    assert.equal(await hold.hold(async () => undefined, AWAITED), 'held')
  })

  it('waits no more when it has left', async () => {
    const { hold, said } = room()
    const waiting = hold.hold(untilAborted, AWAITED)
    hold.leave()
    assert.equal(await waiting, 'left')
    said.length = 0
    assert.equal(await hold.hold(() => assert.fail('asked for nobody'), AWAITED), 'left')
    assert.deepEqual(said, [])
  })
})
