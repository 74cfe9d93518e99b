import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ANY_CHARACTER } from '../../test/harness/any-character.ts'
import type { MaskForm } from '../core/decision.ts'
import { maskSameLength, maskText } from './form.ts'
import { carriesMask } from './marker.ts'

const key = Buffer.alloc(32, 7)
const forms: readonly MaskForm[] = ['full', 'partial', 'hash', 'null']
const kinds = [undefined, 'email-address', 'credit-card', 'iban', 'phone-number', 'us-ssn', 'own']

test('the forms of a text', () => {
  const rows: readonly [string, MaskForm, string | undefined, string][] = [
    ['hunter2', 'full', undefined, '~mask~'],
    ['hunter2', 'null', undefined, ''],
    ['hunter2', 'partial', undefined, '~mask~'],
    ['a longer secret', 'partial', undefined, '~mask~cret'],
    ['12345678901', 'partial', undefined, '~mask~'],
    ['123456789012', 'partial', undefined, '~mask~9012'],
    ['\u{1f511}'.repeat(6), 'partial', undefined, '~mask~'],
    ['4242 4242 4242 4242', 'partial', 'credit-card', '~mask~4242'],
    ['4242-4242-4242-42 42', 'partial', 'credit-card', '~mask~4242'],
    ['123-45-6789', 'partial', 'us-ssn', '~mask~'],
    ['alice@example.com', 'partial', 'email-address', '~mask~@example.com'],
    ['alice@example.com', 'partial', undefined, '~mask~@example.com'],
    ['alice%40example.com', 'partial', 'email-address', '~mask~@example.com'],
    ['alice\\u0040example.com', 'partial', 'email-address', '~mask~@example.com'],
    ['alice&#64;example.com', 'partial', 'email-address', '~mask~@example.com'],
    ['zoë@exämple.de', 'partial', 'email-address', '~mask~@exämple.de'],
    ['ends in a quote"', 'partial', undefined, '~mask~'],
    ['-----END PRIVATE KEY-----', 'partial', 'private-key', '~mask~'],
    ['4242', 'partial', 'credit-card', '~mask~'],
  ]
  for (const [value, form, kind, expected] of rows)
    assert.equal(maskText(value, form, key, kind), expected, value)
})

test('the forms of bytes keep their number', () => {
  const rows: readonly [string, MaskForm, string | undefined, string][] = [
    ['hunter2', 'full', undefined, '~mask~*'],
    ['hunter2', 'null', undefined, '~mask~*'],
    ['short', 'full', undefined, '*****'],
    ['4242 4242 4242 4242', 'partial', 'credit-card', '~mask~*********4242'],
    ['alice.b@example.com', 'partial', 'email-address', '~mask~*@example.com'],
    ['alice1@example.com', 'partial', 'email-address', '~mask~@example.com'],
    ['bob@example.com', 'partial', 'email-address', '~mask~*********'],
    ['1234567890', 'hash', undefined, '~mask~****'],
  ]
  for (const [value, form, kind, expected] of rows) {
    assert.equal(maskSameLength(Buffer.from(value), form, key, kind).toString(), expected, value)
  }
})

test('a hash is keyed HMAC-SHA-256: equal values stay equal, other values and other keys differ', () => {
  // What `openssl dgst -sha256 -mac HMAC` and `base32` make of it.
  const hash = maskText('a', 'hash', key)
  assert.equal(hash, '~mask~hjzyajpv2ykdwk34wukouwfv6fu')
  assert.equal(maskText('a', 'hash', key), hash)
  assert.notEqual(maskText('b', 'hash', key), hash)
  assert.notEqual(maskText('a', 'hash', Buffer.alloc(32, 8)), hash)
  const long = maskSameLength(Buffer.from('x'.repeat(40)), 'hash', key).toString()
  assert.equal(long, `${maskText('x'.repeat(40), 'hash', key)}*******`)
  assert.match(maskSameLength(Buffer.from('12345678901'), 'hash', key).toString(), /^~mask~h[a-z2-7]{4}$/)
})

const texts = fc.oneof(
  fc.string({ unit: ANY_CHARACTER, maxLength: 40 }),
  fc.stringMatching(/^~mask~\**[a-z0-9@.]{0,30}$/),
  fc.stringMatching(/^[a-z.]{1,30}@[a-z]{1,20}\.com$/),
  fc.stringMatching(/^[0-9 -]{4,24}$/),
)

test('a mask is recognised, and masking it again changes nothing', () => {
  fc.assert(
    fc.property(texts, fc.constantFrom(...forms), fc.constantFrom(...kinds), (value, form, kind) => {
      const once = maskText(value, form, key, kind)
      assert.equal(maskText(once, form, key, kind), once)
      if (form !== 'null') assert.ok(carriesMask(once))
    }),
    { numRuns: 2000 },
  )
})

test('masked bytes are as many, are recognised from six on, stay so, and are UTF-8 where they were', () => {
  fc.assert(
    fc.property(texts, fc.constantFrom(...forms), fc.constantFrom(...kinds), (value, form, kind) => {
      const bytes = Buffer.from(value)
      const once = maskSameLength(bytes, form, key, kind)
      assert.equal(once.length, bytes.length)
      assert.ok(maskSameLength(once, form, key, kind).equals(once), once.toString())
      assert.equal(carriesMask(once.toString('latin1')), bytes.length >= 6)
      assert.doesNotThrow(() => new TextDecoder('utf-8', { fatal: true }).decode(once))
    }),
    { numRuns: 2000 },
  )
})

test('what is left to see is what the form says, and never more', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[A-Z]{12,40}$/), value => {
      assert.equal(maskText(value, 'partial', key), `~mask~${value.slice(-4)}`)
      assert.equal(
        maskSameLength(Buffer.from(value), 'partial', key)
          .subarray(0, -4)
          .toString('latin1')
          .replace(/\*+/, ''),
        '~mask~',
      )
      for (const form of ['full', 'hash'] as const) {
        assert.doesNotMatch(maskText(value, form, key), /[A-Z]/)
        assert.doesNotMatch(maskSameLength(Buffer.from(value), form, key).toString(), /[A-Z]/)
      }
    }),
  )
})
