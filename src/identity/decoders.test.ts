import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ANY_CHARACTER } from '../../test/harness/any-character.ts'
import { GateError } from '../core/errors.ts'
import type { JsonObject } from '../core/json.ts'
import { parseKeyFile, writeKeyFile } from './keyfile.ts'
import { readKeySet } from './oidc/key-set.ts'
import { splitToken } from './sealed-token.ts'
import { parseRoleArn, readClaims, sessionArn, writeClaims } from './session-claims.ts'
import { readTags } from './sts/tags.ts'
import { principalOf } from './testing.ts'

/** Whatever the decoder is given, it answers, or throws an error of the gate with one of these codes. */
function isClean(run: () => unknown, codes: readonly string[]): void {
  try {
    run()
  } catch (error) {
    assert.ok(error instanceof GateError, String(error))
    assert.ok(codes.includes(error.code), error.code)
  }
}

test('a key file comes back as it was written', () => {
  const key = fc.record(
    {
      id: fc.stringMatching(/^[0-9a-f]{8}$/),
      createdMs: fc.integer({ min: 0, max: 4e12 }),
      secret: fc.uint8Array({ minLength: 32, maxLength: 32 }).map(bytes => Buffer.from(bytes)),
    },
    { noNullPrototype: true },
  )
  fc.assert(
    fc.property(fc.uniqueArray(key, { selector: each => each.id, minLength: 1, maxLength: 16 }), keys => {
      const sorted = [...keys].sort((a, b) => a.createdMs - b.createdMs)
      assert.deepEqual(parseKeyFile('f', writeKeyFile(keys)), sorted)
    }),
  )
})

test('any text is a key file or is refused', () => {
  const text = fc.oneof(
    fc.string(),
    fc.json(),
    fc.json().map(keys => `{"version":1,"keys":[${keys}]}`),
  )
  fc.assert(fc.property(text, each => isClean(() => parseKeyFile('f', each), ['keyring-unreadable'])))
})

test('any document is a key set without a key for a stranger, or is refused', async () => {
  const entry = fc.dictionary(
    fc.constantFrom('kty', 'kid', 'n', 'e', 'crv', 'x', 'y', 'use', 'alg', 'key_ops', 'k', 'd'),
    fc.oneof(fc.constantFrom('RSA', 'EC', 'OKP', 'oct', 'P-256', 'Ed25519', 'sig', 'RS256'), fc.jsonValue()),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(entry, { maxLength: 4 }), fc.string(), async (keys, kid) => {
      const set = readKeySet({ keys })
      for (const alg of ['RS256', 'ES256', 'EdDSA', 'HS256', 'none']) {
        const key = await set.find(alg, kid)
        assert.ok(key === undefined || key.type === 'public')
      }
    }),
  )
  for (const document of [null, [], 'x', {}, { keys: {} }]) assert.throws(() => readKeySet(document))
})

test('any text is no token of the gate, or has all the parts of one', () => {
  const text = fc.oneof(
    fc.string(),
    fc.uint8Array({ maxLength: 80 }).map(bytes => `SPT1${Buffer.from(bytes).toString('base64')}`),
  )
  fc.assert(
    fc.property(text, each => {
      const parts = splitToken(each)
      if (parts === undefined) return
      assert.match(parts.keyId, /^[0-9a-f]{8}$/)
      assert.equal(
        parts.head.length + parts.ciphertext.length + parts.tag.length,
        Buffer.from(each, 'base64').length,
      )
    }),
  )
})

test('sealed claims of another form are no principal', () => {
  const good: JsonObject = JSON.parse(writeClaims({ principal: principalOf() }))
  assert.ok(readClaims(JSON.stringify(good)))
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(good)), fc.jsonValue(), (name, value) => {
      const read = readClaims(JSON.stringify({ ...good, [name]: value }))
      if (read !== undefined) assert.equal(read.principal.account, '111122223333')
    }),
  )
  for (const name of Object.keys(good)) {
    const { [name]: _, ...rest } = good
    assert.equal(readClaims(JSON.stringify(rest)), undefined, name)
  }
})

test('a role’s ARN is taken apart and put together as a session’s', () => {
  const name = fc.stringMatching(/^[\w+=,.@-]{1,64}$/)
  const path = fc.array(fc.stringMatching(/^[\x21-\x2e\x30-\x7e]{1,20}$/), { maxLength: 4 })
  fc.assert(
    fc.property(fc.stringMatching(/^\d{12}$/), path, name, (account, folders, role) => {
      const parsed = parseRoleArn(`arn:aws-cn:iam::${account}:role/${[...folders, role].join('/')}`)
      assert.deepEqual(parsed, { partition: 'aws-cn', account, name: role })
      assert.equal(parsed && sessionArn(parsed, 's'), `arn:aws-cn:sts::${account}:assumed-role/${role}/s`)
    }),
  )
})

test('any tags are taken without twins and within the limits, or refused', () => {
  const tag = fc.oneof(
    fc.jsonValue(),
    fc.record({ Key: fc.string({ unit: ANY_CHARACTER }), Value: fc.string() }),
  )
  fc.assert(
    fc.property(fc.array(tag), tags => {
      const plain = JSON.parse(JSON.stringify(tags))
      isClean(() => {
        const { values } = readTags(plain, undefined)
        const folded = [...values.keys()].map(key => key.toLowerCase())
        assert.equal(new Set(folded).size, values.size)
        assert.ok(folded.every(key => key.length >= 1 && !key.startsWith('aws:') && !/[\n\r*${}]/.test(key)))
      }, ['sts-parameter-invalid'])
    }),
    { numRuns: 300 },
  )
})
