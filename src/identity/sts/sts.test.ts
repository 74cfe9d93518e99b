import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { type JWTPayload, SignJWT } from 'jose'
import { ManualClock } from '../../core/clock.ts'
import type { Context } from '../../core/decision.ts'
import { GateError } from '../../core/errors.ts'
import type { JsonObject } from '../../core/json.ts'
import { principalContext, roleId } from '../context.ts'
import { GateCredentials } from '../credentials.ts'
import { Keyring } from '../keyring.ts'
import { Issuers } from '../oidc/verify.ts'
import { countingRandom, MemoryFiles, principalOf, START_MS } from '../testing.ts'
import type { TrustQuestion } from '../trust.ts'
import { STS_NAMESPACE, writeStsResponse } from './response.ts'
import { Sts } from './sts.ts'

const GITHUB = 'https://token.actions.githubusercontent.com'
const BUILD = 'arn:aws:iam::111122223333:role/ci/build'
const RELEASE = 'arn:aws:iam::444455556666:role/release'
const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const nowS = START_MS / 1000

function jwt(claims: JWTPayload = {}): Promise<string> {
  const all = { iss: GITHUB, sub: 'repo:acme/shop', aud: 'sallyport', exp: nowS + 300, ...claims }
  return new SignJWT(all).setProtectedHeader({ alg: 'ES256', kid: 'k' }).sign(privateKey)
}

function world(allowed: (role: string, question: TrustQuestion) => boolean = () => true) {
  const clock = new ManualClock(START_MS)
  const random = countingRandom(3)
  const files = new MemoryFiles()
  const keyring = new Keyring({ path: '/k/c', files, clock, random, maxSessionMs: 43_200_000 })
  const credentials = new GateCredentials({ keyring, clock, random })
  const keys = JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k' }] })
  const issuers = new Issuers({
    issuers: [{ name: 'github', oidc: GITHUB, jwks: keys, audience: 'sallyport' }],
    clock,
    fetchJson: () => Promise.reject(new Error('nothing is to be fetched')),
  })
  const asked: (TrustQuestion & { readonly role: string })[] = []
  const sts = new Sts({
    roles: new Map([
      [BUILD, { arn: BUILD, maxSessionMs: 43_200_000 }],
      [RELEASE, { arn: RELEASE, maxSessionMs: 1_800_000 }],
    ]),
    issuers,
    credentials,
    trusts: (role, question) => {
      asked.push({ role, ...question })
      return { allowed: allowed(role, question), reason: 'statement `#1` of the test' }
    },
    checkPolicy: text => {
      if (!text.startsWith('{')) throw new GateError('internal', 'it is no object')
    },
    clock,
    random,
  })
  return { sts, asked, credentials, clock }
}

const NONE: Context = new Map()

async function web(sts: Sts, claims: JWTPayload = {}, parameters: JsonObject = {}, context: Context = NONE) {
  return sts.assumeRoleWithWebIdentity({
    parameters: {
      RoleArn: BUILD,
      RoleSessionName: 'run-1',
      WebIdentityToken: await jwt(claims),
      ...parameters,
    },
    context,
  })
}

test('a token becomes a session whose credentials open to the principal', async () => {
  const { sts, credentials } = world()
  const { principal, credentials: issued, web: facts } = await web(sts, { repository: 'acme/shop', run: 7 })
  assert.equal(principal.arn, 'arn:aws:sts::111122223333:assumed-role/build/run-1')
  assert.equal(principal.issuer, 'github')
  assert.equal(principal.subject, 'repo:acme/shop')
  assert.equal(principal.claims['repository'], 'acme/shop')
  assert.equal(principal.expiresAtMs, START_MS + 3_600_000)
  assert.match(principal.sessionId, /^[0-9A-Z]{26}$/)
  assert.equal(facts?.audience, 'sallyport')
  const opened = credentials.open(issued.accessKeyId, issued.sessionToken.reveal())
  assert.deepEqual(opened.principal, principal)
})

test('the trust policy is asked with the names and keys that IAM uses', async () => {
  const { sts, asked } = world()
  const context = new Map([['aws:sourceip', ['192.0.2.7']]])
  await web(
    sts,
    { environment: 'prod', amr: ['a', 'b'], nested: { x: 1 } },
    { DurationSeconds: 900 },
    context,
  )
  const [question] = asked
  assert.equal(asked.length, 1)
  assert.equal(question?.action, 'sts:AssumeRoleWithWebIdentity')
  assert.deepEqual(question?.federated, [
    'arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com',
    GITHUB,
    'token.actions.githubusercontent.com',
    'github',
  ])
  const seen = Object.fromEntries(question?.context ?? [])
  const expected: Record<string, string[]> = {
    'token.actions.githubusercontent.com:sub': ['repo:acme/shop'],
    'token.actions.githubusercontent.com:aud': ['sallyport'],
    'token.actions.githubusercontent.com:amr': ['a', 'b'],
    'token.actions.githubusercontent.com:environment': ['prod'],
    'gate:issuer': ['github'],
    'gate:subject': ['repo:acme/shop'],
    'gate:claim/environment': ['prod'],
    'sts:rolesessionname': ['run-1'],
    'sts:durationseconds': ['900'],
    'aws:sourceip': ['192.0.2.7'],
  }
  for (const [key, values] of Object.entries(expected)) assert.deepEqual(seen[key], values, key)
  assert.ok(!Object.keys(seen).some(key => key.endsWith('nested') || key !== key.toLowerCase()))
})

test('with an azp, IAM’s `aud` key is that, and `oaud` the audience', async () => {
  const { sts, asked } = world()
  await web(sts, { azp: 'client-7' })
  const context = asked[0]?.context
  assert.deepEqual(context?.get('token.actions.githubusercontent.com:aud'), ['client-7'])
  assert.deepEqual(context?.get('token.actions.githubusercontent.com:oaud'), ['sallyport'])
})

test('tags and source identity of a token need their own permissions', async () => {
  const claims = {
    'https://aws.amazon.com/tags': {
      principal_tags: { Team: ['shop'], cost: ['7'] },
      transitive_tag_keys: ['Team'],
    },
    'https://aws.amazon.com/source_identity': 'ada',
  }
  for (const withheld of ['sts:TagSession', 'sts:SetSourceIdentity']) {
    const { sts } = world((_role, { action }) => action !== withheld)
    await assert.rejects(web(sts, claims), {
      code: 'sts-denied',
      message: `not authorized to perform ${withheld}`,
    })
  }
  const { sts, asked } = world()
  const { principal } = await web(sts, claims)
  assert.deepEqual(
    asked.map(each => each.action),
    ['sts:AssumeRoleWithWebIdentity', 'sts:TagSession', 'sts:SetSourceIdentity'],
  )
  assert.deepEqual(principal.tags, { Team: 'shop', cost: '7' })
  assert.deepEqual(asked[1]?.context.get('aws:requesttag/team'), ['shop'])
  assert.deepEqual(asked[1]?.context.get('aws:tagkeys'), ['Team', 'cost'])
  const context = principalContext(principal)
  assert.deepEqual(context.get('aws:principaltag/team'), ['shop'])
  assert.deepEqual(context.get('aws:sourceidentity'), ['ada'])
})

test('a denial tells the client nothing of the trust policy, and the operator all', async () => {
  const { sts } = world(() => false)
  const denied = await web(sts).catch((error: unknown) => error)
  const unknown = await web(sts, {}, { RoleArn: `${BUILD}x` }).catch((error: unknown) => error)
  assert.ok(denied instanceof GateError && unknown instanceof GateError)
  assert.equal(denied.message, unknown.message)
  assert.match(String(denied.cause), /statement `#1` of the test/)
})

test('a chained session keeps who stands behind it, what is transitive, and lasts an hour at most', async () => {
  const { sts, asked, clock } = world()
  const first = await web(sts, {
    'https://aws.amazon.com/tags': {
      principal_tags: { Team: ['shop'], cost: ['7'] },
      transitive_tag_keys: ['Team'],
    },
    'https://aws.amazon.com/source_identity': 'ada',
  })
  asked.length = 0
  clock.advance(60_000)
  const { principal, packedPolicySize } = sts.assumeRole(first.principal, {
    parameters: {
      RoleArn: RELEASE,
      RoleSessionName: 'next',
      ExternalId: 'ext-1',
      Tags: [{ Key: 'step', Value: '2' }],
    },
    context: NONE,
  })
  assert.equal(principal.arn, 'arn:aws:sts::444455556666:assumed-role/release/next')
  assert.deepEqual(principal.actingFor, [first.principal.arn])
  assert.deepEqual(principal.tags, { Team: 'shop', step: '2' })
  assert.deepEqual(principal.transitiveTagKeys, ['Team'])
  assert.equal(principal.sourceIdentity, 'ada')
  assert.equal(principal.subject, first.principal.subject)
  assert.equal(principal.federatedProvider, undefined)
  assert.notEqual(principal.sessionId, first.principal.sessionId)
  assert.equal(principal.expiresAtMs, START_MS + 60_000 + 1_800_000)
  assert.ok(packedPolicySize > 0 && packedPolicySize <= 100)
  assert.deepEqual(asked[0]?.principalArns, [
    first.principal.arn,
    BUILD,
    'arn:aws:iam::111122223333:root',
    '111122223333',
  ])
  assert.deepEqual(asked[0]?.context.get('sts:externalid'), ['ext-1'])
  assert.deepEqual(asked[0]?.context.get('aws:principalarn'), [BUILD])
  assert.deepEqual(principalContext(principal).get('gate:actingfor'), [first.principal.arn])
})

test('a chain has an end', async () => {
  const { sts } = world()
  let { principal } = await web(sts)
  const call = { parameters: { RoleArn: BUILD, RoleSessionName: 'next' }, context: NONE }
  for (let i = 0; i < 8; i++) principal = sts.assumeRole(principal, call).principal
  assert.throws(() => sts.assumeRole(principal, call), { code: 'sts-too-large' })
})

test('a session policy travels with the principal, to be decided on', async () => {
  const { sts, credentials } = world()
  const policy = '{"Statement":[]}'
  const { principal, credentials: issued } = await web(sts, {}, { Policy: policy })
  assert.equal(principal.sessionPolicy, policy)
  assert.equal(
    credentials.open(issued.accessKeyId, issued.sessionToken.reveal()).principal.sessionPolicy,
    policy,
  )
  await assert.rejects(web(sts, {}, { Policy: 'x' }), { code: 'sts-policy-malformed' })
})

test('the condition keys of a principal: claims cannot take the place of others', async () => {
  const { sts } = world()
  const { principal } = await web(sts, { 'x/../aws:principalarn': 'forged', __proto__x: 'y', ok: true })
  const context = principalContext(principal)
  assert.deepEqual(context.get('aws:principalarn'), [BUILD])
  assert.deepEqual(context.get('aws:principalaccount'), ['111122223333'])
  assert.deepEqual(context.get('aws:principaltype'), ['AssumedRole'])
  assert.deepEqual(context.get('aws:userid'), [`${roleId(BUILD)}:run-1`])
  assert.deepEqual(context.get('aws:tokenissuetime'), ['2026-11-23T10:00:00Z'])
  assert.deepEqual(context.get('gate:claim/ok'), ['true'])
  assert.deepEqual(context.get('token.actions.githubusercontent.com:sub'), ['repo:acme/shop'])
  assert.equal(context.get('aws:multifactorauthpresent'), undefined)
  assert.match(roleId(BUILD), /^AROA[A-Z2-7]{17}$/)
})

test('answers are written as AWS writes them', async () => {
  const { sts } = world()
  const assumed = await web(sts, { sub: 'a<b>&"\'' })
  const { status, headers, body } = writeStsResponse(assumed, 'id-1')
  const xml = body.toString()
  assert.equal(status, 200)
  assert.equal(new Map(headers).get('content-length'), String(body.length))
  assert.ok(
    xml.startsWith(
      `<AssumeRoleWithWebIdentityResponse xmlns="${STS_NAMESPACE}"><AssumeRoleWithWebIdentityResult>`,
    ),
  )
  const parts = [
    '<SubjectFromWebIdentityToken>a&lt;b&gt;&amp;&quot;&apos;</SubjectFromWebIdentityToken><Audience>sallyport</Audience>',
    `<AssumedRoleUser><AssumedRoleId>${roleId(BUILD)}:run-1</AssumedRoleId><Arn>${assumed.principal.arn}</Arn></AssumedRoleUser>`,
    `<SecretAccessKey>${assumed.credentials.secretAccessKey.reveal()}</SecretAccessKey>`,
    '<Expiration>2026-11-23T11:00:00Z</Expiration></Credentials>',
    '<ResponseMetadata><RequestId>id-1</RequestId></ResponseMetadata></AssumeRoleWithWebIdentityResponse>',
  ]
  for (const part of parts) assert.ok(xml.includes(part), part)
  const caller = writeStsResponse(sts.getCallerIdentity(assumed.principal), 'id-2').body.toString()
  assert.equal(
    caller,
    `<GetCallerIdentityResponse xmlns="${STS_NAMESPACE}"><GetCallerIdentityResult><UserId>${roleId(BUILD)}:run-1</UserId><Account>111122223333</Account><Arn>${assumed.principal.arn}</Arn></GetCallerIdentityResult><ResponseMetadata><RequestId>id-2</RequestId></ResponseMetadata></GetCallerIdentityResponse>`,
  )
})

test('whatever parameters come, they are taken or cleanly refused, and no session is wider than its role', () => {
  const { sts } = world()
  const value = fc.oneof(
    fc.jsonValue(),
    fc.string(),
    fc.integer(),
    fc.constantFrom(BUILD, RELEASE, 'run-1', 900),
  )
  const names = fc.constantFrom(
    'RoleArn',
    'RoleSessionName',
    'DurationSeconds',
    'Policy',
    'Tags',
    'ExternalId',
    'X',
  )
  const principal = principalOf({ roleArn: BUILD })
  fc.assert(
    fc.property(fc.dictionary(names, value), random => {
      const parameters = { RoleArn: RELEASE, RoleSessionName: 'next', ...JSON.parse(JSON.stringify(random)) }
      try {
        const begun = sts.assumeRole(principal, { parameters, context: NONE }).principal
        assert.match(begun.arn, /^arn:aws:sts::\d{12}:assumed-role\/(build|release)\/[\w+=,.@-]{2,64}$/)
        assert.ok(begun.expiresAtMs - begun.issuedAtMs <= (begun.roleArn === RELEASE ? 1_800_000 : 3_600_000))
      } catch (error) {
        assert.ok(error instanceof GateError, String(error))
        assert.match(error.code, /^sts-/)
      }
    }),
    { numRuns: 300 },
  )
})
