import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { EtagSeal } from './etag-seal.ts'

const seal = new EtagSeal(Buffer.alloc(32, 7))
const MD5 = '9b2cf535f27731c974343645a3985328'

test('a sealed ETag says nothing of the bytes, is always the same, and is opened in conditions', () => {
  const sealed = seal.seal(`"${MD5}"`)
  assert.match(sealed, /^"[\w-]{64}-masked"$/)
  assert.ok(!sealed.includes(MD5) && !Buffer.from(sealed.slice(1), 'base64url').toString().includes(MD5))
  assert.equal(seal.seal(`"${MD5}-masked"`), sealed)
  assert.notEqual(new EtagSeal(Buffer.alloc(32, 8)).seal(`"${MD5}"`), sealed)
  assert.deepEqual(
    seal.opened([
      ['if-match', sealed],
      ['if-none-match', `W/${sealed}, "x", ${sealed.slice(1, -1)}`],
      ['x-amz-meta-etag', sealed],
    ]),
    [
      ['if-match', `"${MD5}"`],
      ['if-none-match', `W/"${MD5}", "x",${MD5}`],
      ['x-amz-meta-etag', sealed],
    ],
  )
})

test('any ETag comes back as it was; what was not sealed here stays as it is', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[0-9a-zA-Z-]{1,60}$/), etag => {
      fc.pre(!etag.endsWith('-masked'))
      const headers = [['if-match', seal.seal(`"${etag}"`)]] as const
      assert.deepEqual(seal.opened(headers), [['if-match', `"${etag}"`]])
    }),
  )
  for (const etag of ['*', `"${MD5}"`, `"${MD5}-masked"`, `"${'A'.repeat(64)}-masked"`, '"-masked"', '']) {
    assert.deepEqual(seal.opened([['if-match', etag]]), [['if-match', etag]])
  }
})
