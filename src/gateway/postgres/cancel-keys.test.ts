import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Redacted } from '../../core/redacted.ts'
import { countingRandom } from '../../identity/testing.ts'
import { CancelKeys } from './cancel-keys.ts'

describe('keys to cancel by', () => {
  it('cancel what their session runs, and nothing else', () => {
    const keys = new CancelKeys(countingRandom(1))
    const cancelled: string[] = []
    const one = keys.issue({ minor: 0 }, () => cancelled.push('one'))
    const two = keys.issue({ minor: 0 }, () => cancelled.push('two'))
    keys.cancel(one.key)
    keys.cancel({ processId: two.key.processId, secret: one.key.secret })
    keys.cancel({ processId: two.key.processId, secret: new Redacted(Buffer.alloc(8)) })
    keys.cancel({ processId: 0, secret: two.key.secret })
    assert.deepEqual(cancelled, ['one'])
    two.takeBack()
    keys.cancel(two.key)
    assert.deepEqual(cancelled, ['one'])
  })

  it('are as long as the version of the protocol lets them be', () => {
    const keys = new CancelKeys(countingRandom(1))
    const lengths = [0, 2].map(minor => keys.issue({ minor }, () => undefined).key.secret.reveal().length)
    assert.deepEqual(lengths, [4, 32])
  })

  it('never have the number of another, whatever is drawn', () => {
    const keys = new CancelKeys({ bytes: length => Buffer.alloc(length, 7) })
    const ids = Array.from({ length: 5 }, () => keys.issue({ minor: 0 }, () => undefined).key.processId)
    assert.equal(new Set(ids).size, 5)
  })

  it('say whose process they are of, and go there', () => {
    const asked: number[] = []
    const lanes = { own: 2, count: 3, cancelIn: (lane: number) => void asked.push(lane) }
    const keys = new CancelKeys(countingRandom(1), lanes)
    const cancelled: string[] = []
    const { key } = keys.issue({ minor: 2 }, () => cancelled.push('own'))
    assert.equal(key.processId % 3, 2)
    keys.cancel(key)
    for (const processId of [key.processId - 1, key.processId - 2, -1]) keys.cancel({ ...key, processId })
    assert.deepEqual(cancelled, ['own'])
    assert.deepEqual(asked, [1, 0, 0])
    keys.cancelHere({ ...key, processId: key.processId - 1 })
    assert.deepEqual(cancelled, ['own'])
  })
})
