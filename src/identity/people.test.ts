import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ANY_CHARACTER } from '../../test/harness/any-character.ts'
import { GateError } from '../core/errors.ts'
import type { JsonObject } from '../core/json.ts'
import { NAMING_CLAIMS } from '../core/person.ts'
import type { VerifiedIdentity } from './oidc/verify.ts'
import { LOCAL_ADMIN, People, type PeopleOptions } from './people.ts'
import { START_MS } from './testing.ts'

/** What the issuer called `name` said of its holder, as if the token had been verified. */
function identity(name: string, claims: JsonObject = {}, audiences = ['sallyport']): VerifiedIdentity {
  const issuer = { name, iss: name, provider: name, audiences, keys: { from: 'text', text: '' } } as const
  return { issuer, subject: 'u-1', audiences, claims, expiresAtMs: START_MS + 60_000 }
}

function people(verified: VerifiedIdentity, change: Partial<PeopleOptions> = {}): People {
  return new People({
    issuers: { verify: async () => verified },
    people: new Map([['okta', { groupsClaim: 'groups' }]]),
    ...change,
  })
}

test('an issuer of people makes a person with groups and names', async () => {
  const claims = {
    groups: ['on-call', 'dba'],
    email: 'ann@acme.example',
    name: 'Ann',
    preferred_username: 'ann',
  }
  const bearer = await people(identity('okta', claims)).identify('t')
  assert.equal(bearer.kind, 'person')
  assert.deepEqual(bearer.person, {
    id: 'okta/u-1',
    issuer: 'okta',
    subject: 'u-1',
    name: 'Ann',
    groups: ['on-call', 'dba'],
    knownAs: ['u-1', 'ann@acme.example', 'ann'],
  })
})

test('any other issuer makes a workload, which has no groups whatever its token says', async () => {
  const bearer = await people(identity('github', { groups: ['on-call'], name: 'Ann' })).identify('t')
  assert.equal(bearer.kind, 'workload')
  assert.deepEqual(bearer.person.groups, [])
  assert.equal(bearer.person.name, 'u-1')
})

test('a single group may be a string, and no group is no claim', async () => {
  assert.deepEqual((await people(identity('okta', { groups: 'a b' })).identify('t')).person.groups, ['a b'])
  assert.deepEqual((await people(identity('okta')).identify('t')).person.groups, [])
})

test('groups that cannot be read in full are refused, not cut', async () => {
  const bad = [7, {}, [7], [['a']], [''], ['a', null], ['x'.repeat(257)], ['a\nb'], ['\u202Eadmin']]
  for (const groups of [...bad, new Array(1_001).fill('g')]) {
    await assert.rejects(people(identity('okta', { groups })).identify('t'), {
      code: 'identity-token-rejected',
    })
  }
})

test('the claim of groups is the token\u2019s own, not one of every object', async () => {
  const options = { people: new Map([['okta', { groupsClaim: 'constructor' }]]) }
  assert.deepEqual((await people(identity('okta'), options).identify('t')).person.groups, [])
})

test('every name that the issuer has for a person counts, verified or not: names only take away', async () => {
  const known = async (claims: JsonObject) =>
    (await people(identity('okta', claims)).identify('t')).person.knownAs
  assert.deepEqual(await known({ email: 'a@b.example', email_verified: false }), ['u-1', 'a@b.example'])
  for (const claim of NAMING_CLAIMS) assert.deepEqual(await known({ [claim]: 'ann' }), ['u-1', 'ann'], claim)
  assert.deepEqual(await known({ login: 'a\u200bn\u0000n', upn: 7, email: '' }), ['u-1', 'ann'])
  assert.deepEqual(await known({ upn: 'x'.repeat(1_000) }), ['u-1', 'x'.repeat(1_000)])
})

test('a token for another audience of the issuer is not taken', async () => {
  const rules = new Map([['okta', { groupsClaim: 'groups', audience: ['control'] }]])
  const both = people(identity('okta', {}, ['sallyport', 'control']), { people: rules })
  assert.equal((await both.identify('t')).kind, 'person')
  const other = people(identity('okta', {}, ['sallyport']), { people: rules })
  await assert.rejects(other.identify('t'), { code: 'identity-token-rejected' })
})

test('the local administrator is known by the token alone', async () => {
  const adminToken = { matches: (token: string) => token === 'sallyport_admin_right' }
  const known = people(identity('okta'), { adminToken })
  assert.deepEqual(await known.identify('sallyport_admin_right'), { kind: 'admin', person: LOCAL_ADMIN })
  await assert.rejects(known.identify('sallyport_admin_wrong'), { code: 'api-token-rejected' })
  await assert.rejects(people(identity('okta')).identify('sallyport_admin_right'), {
    code: 'api-token-rejected',
  })
})

test('no issuer takes the place of the local administrator', async () => {
  for (const name of ['sallyport', 'Sallyport', 'SALLYPORT']) {
    const rules = new Map([[name, { groupsClaim: 'groups' }]])
    assert.throws(() => people(identity(name), { people: rules }), { code: 'issuer-misconfigured' })
    await assert.rejects(people(identity(name)).identify('t'), { code: 'issuer-misconfigured' })
  }
})

test('whatever a verified token says, there is a person with a printable name, or a refusal', async () => {
  const claim = fc.oneof(fc.string({ unit: ANY_CHARACTER }), fc.integer(), fc.jsonValue())
  const claims = fc.record({ name: claim, email: claim, preferred_username: claim, groups: claim })
  await fc.assert(
    fc.asyncProperty(claims, async stated => {
      try {
        const { person } = await people(identity('okta', stated as JsonObject)).identify('t')
        for (const text of [person.name, ...person.groups, ...person.knownAs]) {
          assert.ok(text.length > 0)
          assert.doesNotMatch(text, /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u)
        }
        assert.equal(person.id, 'okta/u-1')
      } catch (error) {
        assert.ok(error instanceof GateError, String(error))
      }
    }),
  )
})
