import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { leafHash, MerkleTree, merklePath, rootFromPath } from './merkle.ts'

const sha = (...parts: readonly Buffer[]): Buffer =>
  createHash('sha256').update(Buffer.concat(parts)).digest()

/** The definition of RFC 6962, section 2.1, word by word. */
function naive(payloads: readonly Buffer[]): Buffer {
  const [first] = payloads
  if (first === undefined) return sha()
  if (payloads.length === 1) return sha(Buffer.of(0), first)
  let half = 1
  while (half * 2 < payloads.length) half *= 2
  return sha(Buffer.of(1), naive(payloads.slice(0, half)), naive(payloads.slice(half)))
}

function rootOf(payloads: readonly Buffer[]): Buffer {
  const tree = new MerkleTree()
  for (const payload of payloads) tree.add(leafHash(payload))
  return tree.root()
}

const payloads = fc
  .array(fc.uint8Array({ maxLength: 20 }), { minLength: 1, maxLength: 130 })
  .map(all => all.map(each => Buffer.from(each)))

test('the roots are those of the inputs that Certificate Transparency is tested with', () => {
  // https://github.com/google/certificate-transparency: the seven roots and the eighth of its Merkle tree tests.
  const inputs = [
    '',
    '00',
    '10',
    '2021',
    '3031',
    '40414243',
    '5051525354555657',
    '606162636465666768696a6b6c6d6e6f',
  ]
  const bytes = inputs.map(input => Buffer.from(input, 'hex'))
  assert.equal(rootOf([]).toString('hex'), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  const first = '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d'
  assert.equal(rootOf(bytes.slice(0, 1)).toString('hex'), first)
  const all = '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328'
  assert.equal(rootOf(bytes).toString('hex'), all)
})

test('leaf by leaf, the root is that of the definition', () => {
  fc.assert(fc.property(payloads, all => assert.deepEqual(rootOf(all), naive(all))))
})

test('every leaf of every tree has a path to the root, and no other leaf or place has', () => {
  fc.assert(
    fc.property(payloads, fc.nat(), fc.nat(), (all, seed, other) => {
      const leaves = all.map(leafHash)
      const index = seed % all.length
      const path = merklePath(leaves, index)
      const leaf = leaves[index] as Buffer
      const size = all.length
      assert.deepEqual(rootFromPath(leaf, { index, size }, path), naive(all))
      const foreign = leafHash(Buffer.from(`not ${other}`))
      assert.notDeepEqual(rootFromPath(foreign, { index, size }, path), naive(all))
      const elsewhere = other % size
      const same = leaves[elsewhere]?.equals(leaf)
      if (elsewhere !== index && same !== true) {
        assert.notDeepEqual(rootFromPath(leaf, { index: elsewhere, size }, path), naive(all))
      }
    }),
  )
})

test('a path that is too long, too short or of a place outside of the tree leads nowhere', () => {
  const leaves = ['a', 'b', 'c'].map(text => leafHash(Buffer.from(text)))
  const leaf = leaves[0] as Buffer
  const path = merklePath(leaves, 0)
  assert.equal(rootFromPath(leaf, { index: 0, size: 3 }, path.slice(1)), undefined)
  assert.equal(rootFromPath(leaf, { index: 0, size: 3 }, [...path, leaf]), undefined)
  assert.equal(rootFromPath(leaf, { index: 3, size: 3 }, path), undefined)
  assert.equal(rootFromPath(leaf, { index: 0, size: 0 }, []), undefined)
})
