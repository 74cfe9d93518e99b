import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { AccessRequest } from '../grants/model.ts'
import type { VerifiedIdentity } from '../identity/oidc/verify.ts'
import { type Bearer, LOCAL_ADMIN } from '../identity/people.ts'
import { mayAsk, mayDo } from './authorize.ts'
import { makeWorld } from './world.fixture.ts'

const world = makeWorld()
const asked: AccessRequest = await world.asked()

/** The holder of a token, as `identity/` would make it. */
function bearerOf(kind: Bearer['kind'], issuer: string, subject: string, groups: readonly string[]): Bearer {
  if (kind === 'admin') return { kind, person: LOCAL_ADMIN }
  const id = `${issuer}/${subject}`
  const person = {
    id,
    issuer,
    subject,
    name: subject,
    groups: kind === 'person' ? groups : [],
    knownAs: [subject],
  }
  const keys = { from: 'text', text: '' } as const
  const identity: VerifiedIdentity = {
    issuer: { name: issuer, iss: issuer, provider: issuer, audiences: ['a'], keys },
    subject,
    audiences: ['a'],
    claims: { groups, nested: { a: 1 }, Level: 3 },
    expiresAtMs: 0,
  }
  return { kind, person, identity }
}

const name = fc.constantFrom('ann', 'ben', 'admin')
const group = fc.constantFrom('on-call', 'dba')
const issuer = fc.constantFrom('okta', 'github')
const cases = fc.record({
  bearer: fc
    .tuple(fc.constantFrom('person', 'workload', 'admin'), issuer, name, fc.uniqueArray(group))
    .map(([kind, by, subject, groups]) => bearerOf(kind, by, subject, groups)),
  action: fc.constantFrom('gate:ReadRequest', 'gate:Approve', 'gate:Revoke'),
  from: fc.array(
    fc.oneof(
      group.map(each => `group/${each}`),
      fc.tuple(issuer, name).map(([by, subject]) => `person/${by}/${subject}`),
      fc.constant('admin'),
    ),
    { minLength: 1, maxLength: 3 },
  ),
  by: issuer,
  subject: name,
  policies: fc.constantFrom('none', 'all', 'nothing'),
})

test('who may do what is the table of the book', () => {
  fc.assert(
    fc.property(cases, ({ bearer, action, from, by, subject, policies }) => {
      const request: AccessRequest = {
        ...asked,
        requester: { ...asked.requester, issuer: by, subject },
        demands: asked.demands.map(each => ({ ...each, from })),
      }
      const { kind, person } = bearer
      const isOwn = kind !== 'admin' && person.issuer === by && person.subject === subject
      const named =
        from.includes(`person/${person.id}`) || person.groups.some(each => from.includes(`group/${each}`))
      const allowed = policies === 'none' ? named : policies === 'all'
      const expected =
        (isOwn && action !== 'gate:Approve') || kind === 'admin' || (kind === 'person' && allowed)
      const decide = policies === 'none' ? undefined : () => policies === 'all'
      assert.equal(mayDo({ bearer, action, request, address: '192.0.2.1' }, decide), expected)
    }),
    { numRuns: 2_000 },
  )
})

test('policies see who it is, by what was verified alone', () => {
  const bearer = bearerOf('person', 'okta', 'ann', ['on-call', 'dba'])
  const seen: unknown[] = []
  mayAsk(bearer, 'arn:aws:iam::1:role/r', '', (person, action, resource, context) => {
    seen.push(person.id, action, resource, Object.fromEntries(context))
    return true
  })
  assert.deepEqual(seen, [
    'okta/ann',
    'gate:Request',
    'arn:sallyport:gate:::request/*',
    {
      'gate:claim/groups': ['on-call', 'dba'],
      'gate:claim/level': ['3'],
      'gate:issuer': ['okta'],
      'gate:subject': ['ann'],
      'gate:group': ['on-call', 'dba'],
      'gate:role': ['arn:aws:iam::1:role/r'],
    },
  ])
})
