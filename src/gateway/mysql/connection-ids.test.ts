import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { TEST_PRINCIPAL } from '../../policy/testing.ts'
import { ConnectionIds } from './connection-ids.ts'
import type { KillKind } from './ports.ts'

/** Says the same number so often, then others. */
function numbers(...all: readonly number[]): { bytes(length: number): Buffer } {
  let at = 0
  return {
    bytes: length => {
      const bytes = Buffer.alloc(length)
      bytes.writeUInt32BE(all[Math.min(at++, all.length - 1)] ?? 0)
      return bytes
    },
  }
}

describe('ids of connections', () => {
  it('are numbers that drivers keep, and never two alike', () => {
    const ids = new ConnectionIds(numbers(0xffff_ffff, 0xffff_ffff, 0, 7))
    assert.deepEqual([ids.take().id, ids.take().id], [0x7fff_ffff, 7])
    const same = new ConnectionIds(numbers(5))
    assert.deepEqual([same.take().id, same.take().id, same.take().id], [5, 1, 2])
  })

  it('kill for their own principal alone, and tell others nothing', async () => {
    const ids = new ConnectionIds(numbers(1, 2))
    const [own, young] = [ids.take(), ids.take()]
    const killed: string[] = []
    own.heldBy({ principal: TEST_PRINCIPAL, kill: async (kind: KillKind) => void killed.push(kind) })
    const strangers = [
      { arn: `${TEST_PRINCIPAL.arn}-other` },
      { issuer: `${TEST_PRINCIPAL.issuer}-other` },
      { subject: `${TEST_PRINCIPAL.subject}-other` },
    ]
    for (const other of strangers) {
      assert.equal(await ids.kill({ ...TEST_PRINCIPAL, ...other }, own.id, 'connection'), 'unknown')
    }
    assert.equal(await ids.kill(TEST_PRINCIPAL, young.id, 'query'), 'unknown')
    assert.equal(await ids.kill(TEST_PRINCIPAL, 3, 'query'), 'unknown')
    assert.equal(killed.length, 0)
    // A second session of the same somebody, as a client with a certificate begins one to kill what it runs.
    const again = { ...TEST_PRINCIPAL, sessionId: 'another' }
    assert.equal(await ids.kill(again, own.id, 'query'), 'done')
    assert.equal(killed.join(), 'query')
    own.giveBack()
    own.heldBy({ principal: TEST_PRINCIPAL, kill: async (kind: KillKind) => void killed.push(kind) })
    assert.equal(await ids.kill(TEST_PRINCIPAL, own.id, 'query'), 'unknown')
  })

  it('what another process runs is killed there, by whoever may', async () => {
    const asked: unknown[] = []
    const ids = new ConnectionIds(
      { bytes: length => Buffer.alloc(length, 1) },
      {
        ...{ own: 1, count: 4 },
        killIn: async (...question) => {
          asked.push(question)
          return 'done'
        },
      },
    )
    const own = ids.take()
    assert.equal(own.id % 4, 1)
    assert.equal(await ids.kill(TEST_PRINCIPAL, 4002, 'query'), 'done')
    assert.deepEqual(asked, [[2, TEST_PRINCIPAL, 4002, 'query']])
    assert.equal(await ids.killHere(TEST_PRINCIPAL, 4002, 'query'), 'unknown')
    assert.equal(await ids.kill(TEST_PRINCIPAL, own.id + 4, 'query'), 'unknown')
    assert.equal(asked.length, 1)
  })
})
