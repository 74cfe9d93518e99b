import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { SignJWT } from 'jose'
import { ManualClock } from '../../core/clock.ts'
import { GateError } from '../../core/errors.ts'
import { START_MS } from '../testing.ts'
import { checkIssuer, type IssuerConfig } from './issuer.ts'
import { ALGORITHMS } from './key-set.ts'
import { findDuplicateName } from './strict-json.ts'
import { readTokenForm } from './token-form.ts'
import { Issuers } from './verify.ts'

const ISS = 'https://idp.example/tenant'
const nowS = START_MS / 1000

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const pairs: Readonly<Record<string, { publicKey: KeyObject; privateKey: KeyObject }>> = {
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  ES384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  ES512: generateKeyPairSync('ec', { namedCurve: 'P-521' }),
  EdDSA: generateKeyPairSync('ed25519'),
}

function pairFor(alg: string) {
  return pairs[alg] ?? rsa
}

function jwk(alg: string, kid: string, extra: object = {}): object {
  return { ...pairFor(alg).publicKey.export({ format: 'jwk' }), kid, ...extra }
}

function token(alg = 'RS256', kid: string | undefined = 'k1', claims: object = {}): Promise<string> {
  const all = { iss: ISS, sub: 'ada', aud: ['gate'], exp: nowS + 300, iat: nowS, ...claims }
  return new SignJWT({ ...all })
    .setProtectedHeader({ alg, ...(kid && { kid }) })
    .sign(pairFor(alg).privateKey)
}

interface Served {
  /** By URL; an Error is thrown. */
  readonly [url: string]: unknown
}

function issuersOf(served: Served, config: Partial<IssuerConfig> = { oidc: ISS }) {
  const clock = new ManualClock(START_MS)
  const fetched: string[] = []
  const now = { served }
  const issuers = new Issuers({
    issuers: [{ name: 'idp', audience: 'gate', ...config }],
    clock,
    fetchJson: async url => {
      fetched.push(url.href)
      const document = now.served[url.href]
      if (document instanceof Error || document === undefined) throw document ?? new Error('not found')
      return document
    },
  })
  return { clock, fetched, issuers, now }
}

const DISCOVERY = `${ISS}/.well-known/openid-configuration`
const KEYS = 'https://keys.example/set'

function serving(keys: readonly object[], discovery: object = {}): Served {
  return { [DISCOVERY]: { issuer: ISS, jwks_uri: KEYS, ...discovery }, [KEYS]: { keys } }
}

const down: Served = { [DISCOVERY]: new Error('down') }

for (const alg of ALGORITHMS) {
  test(`a token signed with ${alg} is verified`, async () => {
    const { issuers } = issuersOf(serving([jwk(alg, 'k1')]))
    const identity = await issuers.verify(await token(alg))
    assert.equal(identity.subject, 'ada')
    assert.equal(identity.issuer.provider, 'idp.example/tenant')
    assert.equal(identity.expiresAtMs, START_MS + 300_000)
  })
}

test('keys are fetched once for many tokens, by discovery', async () => {
  const { issuers, fetched } = issuersOf(serving([jwk('RS256', 'k1')]))
  const one = await token()
  await Promise.all([issuers.verify(one), issuers.verify(one), issuers.verify(one)])
  await issuers.verify(one)
  assert.deepEqual(fetched, [DISCOVERY, KEYS])
})

test('a rotated key is found at once, but the issuer is asked once per cool-down', async () => {
  const { issuers, fetched, now, clock } = issuersOf(serving([jwk('RS256', 'k1')]))
  await issuers.verify(await token())
  now.served = serving([jwk('RS256', 'k1'), jwk('ES256', 'k2')])
  const rotated = await token('ES256', 'k2')
  await assert.rejects(issuers.verify(rotated), { code: 'identity-token-invalid' })
  assert.equal(fetched.length, 2)
  clock.advance(30_000)
  await issuers.verify(rotated)
  assert.equal(fetched.length, 4)
  await assert.rejects(issuers.verify(await token('ES256', 'k3')), { code: 'identity-token-invalid' })
  assert.equal(fetched.length, 4)
})

test('a withdrawn key ends with the freshness of the set', async () => {
  const { issuers, now, clock } = issuersOf(serving([jwk('RS256', 'k1')]))
  const old = await token('RS256', 'k1', { exp: nowS + 86_400 })
  await issuers.verify(old)
  now.served = serving([jwk('ES256', 'k2')])
  clock.advance(600_001)
  await assert.rejects(issuers.verify(old), { code: 'identity-token-invalid' })
})

test('while the issuer is down its keys are used for an hour, then no more', async () => {
  const { issuers, now, clock, fetched } = issuersOf(serving([jwk('RS256', 'k1')]))
  const long = await token('RS256', 'k1', { exp: nowS + 86_400 })
  await issuers.verify(long)
  now.served = down
  clock.advance(3_600_000)
  await issuers.verify(long)
  const attempts = fetched.length
  await issuers.verify(long)
  assert.equal(fetched.length, attempts)
  clock.advance(1)
  await assert.rejects(issuers.verify(long), { code: 'issuer-unreachable' })
  now.served = serving([jwk('RS256', 'k1')])
  clock.advance(30_000)
  await issuers.verify(long)
})

test('what discovery says is not followed to other issuers, to plain http, or into this machine', async () => {
  const refused = [
    { issuer: 'https://evil.example' },
    { issuer: `${ISS}/` },
    { issuer: undefined },
    { jwks_uri: 'http://keys.example/set' },
    { jwks_uri: 'http://127.0.0.1/set' },
    { jwks_uri: 'https://localhost/set' },
    { jwks_uri: 'file:///etc/passwd' },
    { jwks_uri: 'https://user:password@keys.example/set' },
    { jwks_uri: 7 },
  ]
  for (const discovery of refused) {
    const { issuers, fetched } = issuersOf(serving([jwk('RS256', 'k1')], discovery))
    await assert.rejects(
      issuers.verify(await token()),
      { code: 'issuer-unreachable' },
      JSON.stringify(discovery),
    )
    assert.deepEqual(fetched, [DISCOVERY])
  }
})

test('an issuer on loopback may use plain http, for stand-ins', async () => {
  const iss = 'http://127.0.0.1:8443'
  const served = {
    [`${iss}/.well-known/openid-configuration`]: { issuer: iss, jwks_uri: `${iss}/k` },
    [`${iss}/k`]: { keys: [jwk('RS256', 'k1')] },
  }
  const { issuers } = issuersOf(served, { oidc: iss })
  const identity = await issuers.verify(await token('RS256', 'k1', { iss }))
  assert.equal(identity.issuer.provider, '127.0.0.1:8443')
})

test('a static key set needs no fetching; alone, the name is the issuer', async () => {
  const jwks = JSON.stringify({ keys: [jwk('RS256', 'k1')] })
  const named = issuersOf({}, { jwks })
  await named.issuers.verify(await token('RS256', 'k1', { iss: 'idp' }))
  await assert.rejects(named.issuers.verify(await token()), { code: 'identity-token-invalid' })
  const both = issuersOf({}, { oidc: ISS, jwks })
  await both.issuers.verify(await token())
  assert.deepEqual([...named.fetched, ...both.fetched], [])
})

test('a token without a key id needs a set in which one key alone fits', async () => {
  const one = issuersOf(serving([jwk('RS256', 'k1'), jwk('ES256', 'k2')]))
  await one.issuers.verify(await token('RS256', ''))
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' })
  const two = issuersOf(serving([jwk('RS256', 'k1'), { ...other, kid: 'k2' }]))
  await assert.rejects(two.issuers.verify(await token('RS256', '')), { code: 'identity-token-invalid' })
  const twins = issuersOf(serving([jwk('RS256', 'k1'), { ...other, kid: 'k1' }]))
  await assert.rejects(twins.issuers.verify(await token()), { code: 'identity-token-invalid' })
})

test('keys for other uses, and damaged ones, verify nothing and spoil nothing', async () => {
  for (const extra of [{ use: 'enc' }, { key_ops: ['encrypt'] }, { alg: 'RS512' }, { n: 'AQAB' }]) {
    const { issuers } = issuersOf(serving([jwk('RS256', 'k1', extra), jwk('ES256', 'k2')]))
    await assert.rejects(
      issuers.verify(await token()),
      { code: 'identity-token-invalid' },
      JSON.stringify(extra),
    )
    await issuers.verify(await token('ES256', 'k2'))
  }
  const many = Array.from({ length: 101 }, (_, i) => jwk('RS256', `k${i}`))
  await assert.rejects(issuersOf(serving(many)).issuers.verify(await token()), { code: 'issuer-unreachable' })
})

test('times are taken with a minute of tolerance', async () => {
  const { issuers, clock } = issuersOf(serving([jwk('RS256', 'k1')]))
  const early = await token('RS256', 'k1', { nbf: nowS + 60, iat: nowS + 60 })
  await issuers.verify(early)
  clock.advance(359_999)
  await issuers.verify(await token())
  clock.advance(1)
  await assert.rejects(issuers.verify(await token()), { code: 'identity-token-expired' })
})

test('an issuer that is configured wrongly is named when the gate starts', () => {
  const wrong: Partial<IssuerConfig>[] = [
    { oidc: 'http://idp.example' },
    { oidc: 'https:/idp.example' },
    { oidc: 'https://IDP.example' },
    { oidc: 'https://u:p@idp.example' },
    { oidc: 'https://idp.example?x=1' },
    { oidc: 'https://idp.example#x' },
    { oidc: 'https://idp.example/a/../b' },
    { oidc: 'ftp://127.0.0.1' },
    { oidc: 'idp.example' },
    { oidc: 'https://aws' },
    {},
    { name: 'aws', jwks: '{}' },
    { name: 'GATE', jwks: '{}' },
    { name: 'a b', oidc: ISS },
    { name: 'a:b', oidc: ISS },
    { oidc: ISS, audience: [] },
    { oidc: ISS, audience: '' },
  ]
  for (const each of wrong) {
    const config = { name: 'idp', audience: 'gate', ...each }
    assert.throws(() => checkIssuer(config), { code: 'issuer-misconfigured' }, JSON.stringify(each))
  }
  assert.equal(
    checkIssuer({ name: 'a', oidc: 'https://t.auth0.example/', audience: 'x' }).provider,
    't.auth0.example/',
  )
})

test('no word in a trust policy can mean two issuers', () => {
  const build = (one: Partial<IssuerConfig>, two: Partial<IssuerConfig>) =>
    new Issuers({
      issuers: [
        { name: 'one', audience: 'gate', ...one },
        { name: 'two', audience: 'gate', ...two },
      ],
      clock: new ManualClock(START_MS),
      fetchJson: () => Promise.reject(new Error('nothing is to be fetched')),
    })
  build({ oidc: ISS }, { jwks: '{}' })
  for (const [one, two] of [
    [{ oidc: ISS }, { oidc: ISS }],
    [{ oidc: ISS }, { oidc: ISS.replace('tenant', 'Tenant') }],
    [{ oidc: 'https://idp.example' }, { name: 'idp.example', jwks: '{}' }],
    [{ oidc: 'https://idp.example' }, { name: 'IDP.example', oidc: 'https://other.example' }],
    [{ oidc: 'https://127.0.0.1' }, { oidc: 'http://127.0.0.1' }],
    [{ oidc: ISS }, { name: 'one', jwks: '{}' }],
  ]) {
    assert.throws(
      () => build(one ?? {}, two ?? {}),
      { code: 'issuer-misconfigured' },
      JSON.stringify([one, two]),
    )
  }
})

test('a duplicate name is found wherever JSON.parse would drop one, and nowhere else', () => {
  const value = fc.jsonValue({ maxDepth: 4 })
  fc.assert(
    fc.property(value, json => {
      const text = JSON.stringify(json, null, 1)
      const found = findDuplicateName(text)
      assert.equal(found !== undefined, hasFoldedTwins(json))
    }),
  )
  const doubled = fc.tuple(fc.string(), value, value)
  fc.assert(
    fc.property(doubled, ([name, a, b]) => {
      const member = JSON.stringify(name)
      const text = `[{${member}:${JSON.stringify(a)} ,\n${member}\t:${JSON.stringify(b)}}]`
      assert.notEqual(findDuplicateName(text), undefined)
    }),
  )
})

function hasFoldedTwins(json: unknown): boolean {
  if (Array.isArray(json)) return json.some(hasFoldedTwins)
  if (typeof json !== 'object' || json === null) return false
  const names = Object.keys(json).map(name => name.toLowerCase())
  return new Set(names).size !== names.length || Object.values(json).some(hasFoldedTwins)
}

test('any text at all is a token form or a clean refusal', () => {
  const part = fc.oneof(
    fc.string(),
    fc.json().map(text => Buffer.from(text).toString('base64url')),
    fc.uint8Array().map(bytes => Buffer.from(bytes).toString('base64url')),
  )
  fc.assert(
    fc.property(fc.array(part, { maxLength: 5 }), parts => {
      try {
        readTokenForm(parts.join('.'))
      } catch (error) {
        assert.ok(error instanceof GateError, String(error))
        assert.equal(error.code, 'identity-token-invalid')
      }
    }),
    { numRuns: 500 },
  )
})
