import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { allowed, ids } from '../journal.fixture.ts'
import { type CheckpointedDisk, checkpointedDisk, fill, settle, testSigner } from './checkpoint.fixture.ts'
import { checkProof, encodeProof, MAX_PROOF_BYTES, prove } from './proof.ts'
import { byId } from './signer.ts'

async function closed(count: number, events: number): Promise<CheckpointedDisk> {
  const disk = checkpointedDisk({ events, segmentBytes: 1_500 })
  const journal = await disk.open()
  await Promise.all(
    Array.from({ length: count }, (_, i) => journal.append({ ...allowed(`e${i}`), userAgent: 'ä€𝄞' })),
  )
  await journal.close()
  return disk
}

test('every event of journals of any size is proven, and no other event by its proof', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 20 }),
      async (count, events) => {
        const disk = await closed(count, events)
        for (let i = 0; i < count; i++) {
          const proof = await prove(disk.source, `e${i}`)
          const proven = checkProof(encodeProof(proof), disk.keys)
          assert.deepEqual(ids([proven.event]), [`e${i}`])
          assert.equal(proven.number, i + 1)
          const other = { ...proof, payload: proof.payload.replace(`"e${i}"`, `"x${i}"`) }
          assert.throws(() => checkProof(encodeProof(other), disk.keys), { code: 'proof-invalid' })
        }
      },
    ),
    { numRuns: 25 },
  )
})

test('whatever is changed in a proof, it says the same or nothing', async () => {
  const disk = await closed(9, 5)
  const text = encodeProof(await prove(disk.source, 'e3'))
  const before = checkProof(text, disk.keys)
  const bytes = Buffer.from(text)
  let refused = 0
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes)
    changed[at] = (bytes[at] as number) ^ (1 << (at % 7))
    try {
      assert.deepEqual(checkProof(changed.toString(), disk.keys), before)
    } catch (error) {
      assert.equal((error as { code?: string }).code, 'proof-invalid', String(error))
      refused++
    }
  }
  // White space between the members may be another.
  assert.ok(refused > bytes.length * 0.9, `${refused} of ${bytes.length}`)
})

const REFUSED: readonly [string, (proof: Record<string, unknown>) => unknown, RegExp][] = [
  [
    'a number of another place',
    proof => ({ ...proof, number: 5 }),
    /not one that the checkpoint was signed over/,
  ],
  ['a number outside', proof => ({ ...proof, number: 99 }), /not one that the checkpoint was signed over/],
  ['a number that is none', proof => ({ ...proof, number: '4' }), /`number` is none/],
  ['a shorter path', proof => ({ ...proof, path: [] }), /not one that the checkpoint was signed over/],
  [
    'a path without end',
    proof => ({ ...proof, path: Array(54).fill('00'.repeat(32)) }),
    /`path` is not a list/,
  ],
  ['another version', proof => ({ ...proof, version: 2 }), /its version is not 1/],
  ['a member more', proof => ({ ...proof, note: 'trust me' }), /has not just/],
  ['no checkpoint', proof => ({ ...proof, checkpoint: null }), /its checkpoint cannot be read/],
  ['a list', () => [], /has not just/],
]

for (const [what, change, message] of REFUSED) {
  test(`a proof with ${what} is refused`, async () => {
    const disk = await closed(9, 5)
    const proof = JSON.parse(encodeProof(await prove(disk.source, 'e3'))) as Record<string, unknown>
    assert.throws(() => checkProof(JSON.stringify(change(proof)), disk.keys), {
      code: 'proof-invalid',
      message,
    })
  })
}

test('a proof with a key that is not given, or too long a one, is refused', async () => {
  const disk = await closed(3, 5)
  const text = encodeProof(await prove(disk.source, 'e1'))
  const others = byId([testSigner('another').publicKey])
  assert.throws(() => checkProof(text, others), { message: /signed with the key `\w{32}`, not with one/ })
  assert.throws(() => checkProof(' '.repeat(MAX_PROOF_BYTES + 1), disk.keys), { message: /takes more than/ })
  assert.throws(() => checkProof('{', disk.keys), { message: /is not JSON/ })
})

test('an event that no checkpoint covers yet, or that is not there, is not proven', async () => {
  const disk = checkpointedDisk({ events: 4 })
  const journal = await disk.open()
  await fill(journal, 6)
  await settle()
  await assert.rejects(prove(disk.source, 'e5'), { code: 'checkpoint-missing' })
  await assert.rejects(prove(disk.source, 'nobody'), { code: 'session-unknown' })
  await journal.close()
  assert.equal((await prove(disk.source, 'e5')).checkpoint.number, 2)
})
