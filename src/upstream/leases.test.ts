import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { ManualClock } from '../core/clock.ts'
import { GateError } from '../core/errors.ts'
import type { Principal } from '../core/principal.ts'
import { Redacted } from '../core/redacted.ts'
import { RoleAssumer } from './assume-role.ts'
import { systemBaseCredentials } from './base-credentials.ts'
import type { Lease } from './lease.ts'
import { LeaseCache } from './lease-cache.ts'
import { asSessionName, sessionTags } from './names.ts'
import type { RoleSource, SessionPolicySource } from './settings.ts'
import { sdkAssumeRole } from './sts-client.ts'

const START = Date.UTC(2026, 0, 1)
const ROLE = 'arn:aws:iam::111122223333:role/deploy'
const SOURCE: RoleSource = {
  credentials: 'environment',
  assume: true,
  role: ROLE,
  externalId: 'from-the-gate',
  region: 'eu-west-1',
  sourceIdentity: true,
  sessionTags: true,
  sessionPolicy: true,
}
const PRINCIPAL: Principal = {
  arn: 'arn:aws:sts::111122223333:assumed-role/deploy/ci',
  roleArn: ROLE,
  account: '111122223333',
  sessionName: 'ci job/7',
  sessionId: '01JGFJ0000ABCDEFGHJKMNPQRS',
  issuer: 'ci',
  subject: 'repo:example/shop',
  claims: {},
  tags: { team: 'shop', 'aws:reserved': 'x' },
  actingFor: [],
  issuedAtMs: START,
  expiresAtMs: START + 2 * 3_600_000,
}
const BASE: Lease = { accessKeyId: 'AKIDBASE', secretAccessKey: new Redacted('base-secret') }

/** What the stand-in for STS says to one call; a status and a code, or credentials. */
type Answer = { code: string; message: string } | 'credentials'

/** A stand-in that speaks STS's query XML, so that the real SDK is exercised. */
async function fakeSts(t: TestContext, answer: (call: URLSearchParams, n: number) => Answer) {
  const calls: URLSearchParams[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', chunk => {
      body += chunk
    })
    request.on('end', () => {
      const call = new URLSearchParams(body)
      calls.push(call)
      assert.match(
        request.headers.authorization ?? '',
        /Credential=AKIDBASE\/\d{8}\/eu-west-1\/sts\/aws4_request/,
      )
      const say = answer(call, calls.length)
      response.setHeader('content-type', 'text/xml')
      if (say !== 'credentials') {
        response.statusCode = say.code.startsWith('AccessDenied') ? 403 : 400
        const error = `<Error><Type>Sender</Type><Code>${say.code}</Code><Message>${say.message}</Message></Error>`
        response.end(`<ErrorResponse>${error}<RequestId>r</RequestId></ErrorResponse>`)
        return
      }
      response.end(
        `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA${calls.length}</AccessKeyId>` +
          '<SecretAccessKey>lease-secret</SecretAccessKey><SessionToken>lease-token</SessionToken>' +
          `<Expiration>2026-01-01T01:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
      )
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const callAssumeRole = sdkAssumeRole({ endpoint: () => endpoint, base: async () => BASE })
  t.after(() => {
    callAssumeRole.close()
    server.closeAllConnections()
    server.close()
  })
  return { calls, callAssumeRole }
}

const POLICIES = ['{"narrow":1}', '{"wider":1}']
const policies: SessionPolicySource = (_principal, generality) => {
  const policy = POLICIES[generality]
  return policy === undefined ? undefined : { policy, ...(generality > 0 ? { note: 'generalised' } : {}) }
}

async function assumer(
  t: TestContext,
  answer: (call: URLSearchParams, n: number) => Answer,
  source = policies,
) {
  const { calls, callAssumeRole } = await fakeSts(t, answer)
  const notes: string[] = []
  const made = new RoleAssumer({
    callAssumeRole,
    sessionPolicy: source,
    clock: new ManualClock(START),
    random: { bytes: length => Buffer.alloc(length) },
    note: message => notes.push(message),
  })
  return {
    calls,
    notes,
    assume: (more: Partial<RoleSource> = {}) => made.assume(PRINCIPAL, { ...SOURCE, ...more }),
  }
}

const denied = (action: string): Answer => ({
  code: 'AccessDenied',
  message: `User: x is not authorized to perform: ${action} on resource: ${ROLE}`,
})

test('a lease names the principal, carries its tags and a narrow policy, and prints no secret', async t => {
  const { calls, assume } = await assumer(t, () => 'credentials')
  const lease = await assume()
  const call = Object.fromEntries(calls[0] ?? [])
  assert.equal(call['RoleArn'], ROLE)
  assert.equal(call['RoleSessionName'], 'ci-job-7')
  assert.equal(call['SourceIdentity'], 'repo-example-shop')
  assert.equal(call['ExternalId'], 'from-the-gate')
  assert.equal(call['DurationSeconds'], '3600')
  assert.equal(call['Policy'], POLICIES[0])
  assert.equal(call['Tags.member.1.Key'], 'team')
  assert.equal(call['Tags.member.2.Key'], undefined)
  assert.equal(lease.accessKeyId, 'ASIA1')
  assert.equal(lease.secretAccessKey.reveal(), 'lease-secret')
  assert.equal(lease.expiresAtMs, Date.UTC(2026, 0, 1, 1))
  assert.equal(lease.note, undefined)
  assert.ok(!JSON.stringify(lease).includes('lease-'))
})

test('what the trust policy does not allow is left out, said once, and not asked for again', async t => {
  const { calls, notes, assume } = await assumer(t, call => {
    if (call.has('Tags.member.1.Key')) return denied('sts:TagSession')
    return call.has('SourceIdentity') ? denied('sts:SetSourceIdentity') : 'credentials'
  })
  const lease = await assume()
  assert.equal(lease.note, 'without session tags; without a source identity')
  assert.equal(calls.length, 3)
  await assume()
  assert.equal(calls.length, 4)
  assert.equal(notes.length, 2)
})

test('sessions of one role that meet the same refusal together all get their leases', async t => {
  const { assume, notes } = await assumer(t, call =>
    call.has('Tags.member.1.Key') ? denied('sts:TagSession') : 'credentials',
  )
  const leases = await Promise.all([assume(), assume(), assume()])
  for (const lease of leases) assert.equal(lease.note, 'without session tags')
  assert.equal(notes.length, 1)
})

test('a policy that is too large becomes a more general one, then none', async t => {
  const tooLarge: Answer = { code: 'PackedPolicyTooLarge', message: 'too large' }
  const second = await assumer(t, call => (call.get('Policy') === POLICIES[0] ? tooLarge : 'credentials'))
  assert.equal((await second.assume()).note, 'generalised')
  const none = await assumer(t, call => (call.has('Policy') ? tooLarge : 'credentials'))
  assert.match((await none.assume()).note ?? '', /^no session policy/)
  assert.equal(none.calls.at(-1)?.has('Policy'), false)
  assert.equal(none.notes.length, 1)
  const long = await assumer(
    t,
    () => 'credentials',
    (_principal, n) => (n === 0 ? { policy: 'x'.repeat(2049) } : { policy: POLICIES[1] ?? '' }),
  )
  await long.assume()
  assert.equal(long.calls.length, 1)
  assert.equal(long.calls[0]?.get('Policy'), POLICIES[1])
})

test('tags that do not fit with no policy left are left out', async t => {
  const tooLarge: Answer = { code: 'PackedPolicyTooLarge', message: 'too large' }
  const { assume } = await assumer(
    t,
    call => (call.has('Tags.member.1.Key') ? tooLarge : 'credentials'),
    () => undefined,
  )
  assert.match((await assume()).note ?? '', /without session tags/)
})

test('a refusal of the role itself is lease-denied, trouble at STS lease-unavailable', async t => {
  const refused = await assumer(t, () => denied('sts:AssumeRole'))
  await assert.rejects(refused.assume(), { code: 'lease-denied' })
  assert.equal(refused.calls.length, 1)
  const invalid = await assumer(t, () => ({ code: 'InvalidClientTokenId', message: 'no' }))
  await assert.rejects(invalid.assume(), (error: GateError) => {
    assert.equal(error.code, 'lease-unavailable')
    assert.ok(!error.message.includes('secret'))
    return true
  })
})

test('the environment gives credentials, or says what is missing', async () => {
  const find = systemBaseCredentials({ AWS_ACCESS_KEY_ID: 'AKID', AWS_SECRET_ACCESS_KEY: 's' })
  assert.equal((await find({ credentials: 'environment' })).accessKeyId, 'AKID')
  await assert.rejects(systemBaseCredentials({})({ credentials: 'environment' }), {
    code: 'lease-unavailable',
  })
})

/** A cache over attempts that the test ends by hand. */
function handCache() {
  const clock = new ManualClock(START)
  const failures: unknown[] = []
  const random = { bytes: (length: number) => Buffer.alloc(length) }
  const cache = new LeaseCache({ clock, random, renewalFailed: error => failures.push(error) }, 3)
  const waiting: { resolve(lease: Lease): void; reject(error: unknown): void }[] = []
  const obtain = (): Promise<Lease> => new Promise((resolve, reject) => waiting.push({ resolve, reject }))
  const lease = (minutes: number): Lease => ({ ...BASE, expiresAtMs: clock.now() + minutes * 60_000 })
  return { clock, cache, waiting, obtain, lease, failures }
}

test('one attempt at a time; everybody who waits gets its lease', async () => {
  const { cache, waiting, obtain, lease } = handCache()
  const asked = [cache.get('a', obtain), cache.get('a', obtain), cache.get('b', obtain)]
  assert.equal(waiting.length, 2)
  const made = lease(60)
  waiting[0]?.resolve(made)
  waiting[1]?.resolve(lease(60))
  assert.equal((await Promise.all(asked))[1], made)
  assert.equal(await cache.get('a', obtain), made)
  assert.equal(waiting.length, 2)
})

test('a lease is renewed before its end while it is still used; a failed renewal costs nothing', async () => {
  const { clock, cache, waiting, obtain, lease, failures } = handCache()
  const first = lease(60)
  const asked = cache.get('a', obtain)
  waiting[0]?.resolve(first)
  await asked
  clock.advance(50 * 60_000)
  assert.equal(await cache.get('a', obtain), first)
  assert.equal(waiting.length, 1)
  clock.advance(4 * 60_000)
  assert.equal(await cache.get('a', obtain), first)
  assert.equal(await cache.get('a', obtain), first)
  assert.equal(waiting.length, 2)
  waiting[1]?.reject(new GateError('lease-unavailable', 'x'))
  await new Promise(setImmediate)
  assert.equal(failures.length, 1)
  assert.equal(await cache.get('a', obtain), first)
  assert.equal(waiting.length, 2)
  clock.advance(5_000)
  assert.equal(await cache.get('a', obtain), first)
  const second = lease(60)
  waiting[2]?.resolve(second)
  await new Promise(setImmediate)
  assert.equal(await cache.get('a', obtain), second)
})

test('a lease is not used in its last moments, and a refusal holds for a while', async () => {
  const { clock, cache, waiting, obtain, lease } = handCache()
  const asked = cache.get('a', obtain)
  waiting[0]?.resolve(lease(1))
  await asked
  clock.advance(31_000)
  const again = cache.get('a', obtain)
  waiting[1]?.reject(new GateError('lease-denied', 'x'))
  await assert.rejects(again, { code: 'lease-denied' })
  await assert.rejects(cache.get('a', obtain), { code: 'lease-denied' })
  assert.equal(waiting.length, 2)
  clock.advance(5_000)
  cache.get('a', obtain).catch(() => undefined)
  assert.equal(waiting.length, 3)
})

test('the cache is bounded', async () => {
  const { cache, lease } = handCache()
  for (let i = 0; i < 10; i++) await cache.get(String(i), async () => lease(60))
  assert.equal(cache.size, 3)
})

test('whatever a session or a tag is called, STS takes its form', () => {
  fc.assert(fc.property(fc.string(), name => assert.match(asSessionName(name), /^[\w+=,.@-]{2,64}$/)))
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.string(), { maxKeys: 60 }), tags => {
      const made = sessionTags({ ...PRINCIPAL, tags })
      assert.ok(made.tags.length <= 50)
      assert.equal(made.tags.length + made.dropped, Object.keys(tags).length)
    }),
  )
})
