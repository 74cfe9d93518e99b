import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { GateError } from '../../core/errors.ts'
import { testSigner } from './checkpoint.fixture.ts'
import {
  followSuccessions,
  readSuccessions,
  type Succession,
  signSuccession,
  writeSuccessions,
} from './keys-succession.ts'
import { byId } from './signer.ts'

const [a, b, c, thief] = ['a', 'b', 'c', 'thief'].map(name => testSigner(name)) as [
  ReturnType<typeof testSigner>,
  ReturnType<typeof testSigner>,
  ReturnType<typeof testSigner>,
  ReturnType<typeof testSigner>,
]

async function chain(): Promise<readonly Succession[]> {
  return [await signSuccession(a, b.publicKey, 1, 1_000), await signSuccession(b, c.publicKey, 2, 2_000)]
}

test('from a key, all that followed are known; from a later one, none before', async () => {
  const read = readSuccessions(writeSuccessions(await chain()))
  assert.deepEqual([...followSuccessions(byId([a.publicKey]), read).keys()], [a.keyId, b.keyId, c.keyId])
  assert.deepEqual([...followSuccessions(byId([b.publicKey]), read).keys()], [b.keyId, c.keyId])
  assert.deepEqual([...followSuccessions(byId([thief.publicKey]), read).keys()], [thief.keyId])
})

test('forged, out of order, forked or turned back: found', async () => {
  const [first, second] = (await chain()) as [Succession, Succession]
  const given = byId([a.publicKey])
  const forged = { ...(await signSuccession(thief, c.publicKey, 1, 1_000)), from: a.keyId }
  const faults: readonly (readonly [readonly Succession[], RegExp])[] = [
    [[forged], /its signature does not hold/],
    [[second, first], /succession 2 stands in its place/],
    [[second], /succession 2 stands in its place/],
    [[{ ...first, timeMs: 1_001 }, second], /its signature does not hold/],
    [[first, { ...second, publicKey: first.publicKey }], /its key has another id/],
    [[first, await signSuccession(a, c.publicKey, 2, 2_000)], /was followed by another before/],
    [[first, await signSuccession(b, a.publicKey, 2, 2_000)], /came back/],
    [[first, await signSuccession(b, c.publicKey, 2, 999)], /older than the one before/],
  ]
  for (const [successions, message] of faults) {
    assert.throws(() => followSuccessions(given, successions), { code: 'journal-key-unusable', message })
  }
})

test('whatever byte is changed, no other key is trusted for it', async () => {
  const text = writeSuccessions(await chain())
  fc.assert(
    fc.property(fc.nat(text.length - 1), fc.integer({ min: 32, max: 126 }), (at, code) => {
      const changed = text.slice(0, at) + String.fromCharCode(code) + text.slice(at + 1)
      if (changed === text) return
      try {
        // A key that nobody gave may have any successor; nothing is trusted for it.
        for (const id of followSuccessions(byId([a.publicKey]), readSuccessions(changed)).keys()) {
          assert.ok([a, b, c].some(({ keyId }) => keyId === id))
        }
      } catch (error) {
        assert.equal(error instanceof GateError && error.code, 'journal-key-unusable')
      }
    }),
    { numRuns: 300 },
  )
})

test('a signer that does not sign as its key does is refused', async () => {
  const liar = { ...a, sign: thief.sign }
  await assert.rejects(signSuccession(liar, b.publicKey, 1, 1), /gave no signature of its own/)
})
