import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { GateError } from '../../core/errors.ts'
import { Redacted } from '../../core/redacted.ts'
import {
  CACHING_SHA2,
  challengeOf,
  isProof,
  NATIVE,
  nativeProof,
  readClearPassword,
  sha2Proof,
  verifierOf,
  wantsKey,
  writeClearPassword,
} from './passwords.ts'

const secret = (text: string): Redacted => new Redacted(text)
const challenges = fc
  .uint8Array({ minLength: 20, maxLength: 20 })
  .map(all => Buffer.from(all.map(byte => (byte === 0 ? 1 : byte))))

test('a proof is of its password and its challenge, and of no other', () => {
  fc.assert(
    fc.property(
      fc.string({ minLength: 1 }),
      fc.string({ minLength: 1 }),
      challenges,
      challenges,
      (p, q, c, d) => {
        for (const [plugin, proofOf] of [
          [NATIVE, nativeProof],
          [CACHING_SHA2, sha2Proof],
        ] as const) {
          const verifier = verifierOf(plugin, secret(p))
          const proof = proofOf(secret(p), c)
          assert.equal(isProof(plugin, proof, verifier, c), true)
          assert.equal(isProof(plugin, proofOf(secret(q), c), verifier, c), p === q)
          assert.equal(isProof(plugin, proof, verifier, d), c.equals(d))
          assert.equal(isProof(plugin, new Redacted(Buffer.alloc(0)), verifier, c), false)
          assert.equal(isProof(plugin, new Redacted(proof.reveal().subarray(1)), verifier, c), false)
          assert.equal(isProof(plugin, verifier, verifier, c), false)
        }
      },
    ),
    { numRuns: 50 },
  )
})

// Computed by mysql2's `auth_41.calculateToken` and by `calculateToken` of its `caching_sha2_password`.
test('proofs are those that other clients send', () => {
  const challenge = Buffer.from('0102030405060708090a0b0c0d0e0f1011121314', 'hex')
  assert.equal(nativeProof(secret('pencil'), challenge).reveal().toString('hex'), NATIVE_VECTOR)
  assert.equal(sha2Proof(secret('pencil'), challenge).reveal().toString('hex'), SHA2_VECTOR)
  assert.equal(nativeProof(secret(''), challenge).reveal().length, 0)
  assert.equal(sha2Proof(secret(''), challenge).reveal().length, 0)
})

const NATIVE_VECTOR = 'cf61fc4b84338d2884baac2131c29caedc133246'
const SHA2_VECTOR = '804b188f4565dae5617113370e156183c91cfef6dd4714585f8d465f2150b271'

test('a password in full ends where its packet does', () => {
  assert.equal(readClearPassword(writeClearPassword(secret('pä')).reveal()).reveal(), 'pä')
  assert.equal(readClearPassword(Buffer.from([0])).reveal(), '')
  for (const bytes of ['', 'a', 'a\0b\0', 'a\0\0']) {
    assert.throws(
      () => readClearPassword(Buffer.from(bytes)),
      (error: unknown) => error instanceof GateError && error.code === 'mysql-malformed',
    )
  }
  assert.throws(() => writeClearPassword(secret('a\0b')), /zero byte/)
  const token = 'x'.repeat(1800)
  assert.equal(readClearPassword(writeClearPassword(secret(token)).reveal()).reveal(), token)
  assert.equal(wantsKey(Buffer.of(2)), true)
  assert.equal(wantsKey(Buffer.of(2, 0)), false)
})

test('a challenge has 20 bytes, and perhaps a zero byte behind them', () => {
  const bytes = Buffer.alloc(20, 7)
  assert.deepEqual(challengeOf(bytes), bytes)
  assert.deepEqual(challengeOf(Buffer.concat([bytes, Buffer.alloc(1)])), bytes)
  for (const length of [0, 19, 22]) assert.throws(() => challengeOf(Buffer.alloc(length)), /another length/)
  assert.throws(() => challengeOf(Buffer.alloc(21, 7)), /another length/)
})
