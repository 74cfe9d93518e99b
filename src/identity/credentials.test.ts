import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ManualClock } from '../core/clock.ts'
import { GateError } from '../core/errors.ts'
import { GateCredentials } from './credentials.ts'
import { EXPRESS_SESSION_MS, issueExpressSession } from './express.ts'
import { Keyring } from './keyring.ts'
import { MAX_TOKEN_CHARS } from './sealed-token.ts'
import { countingRandom, MemoryFiles, principalOf, START_MS } from './testing.ts'

function gate(files = new MemoryFiles(), clock = new ManualClock(START_MS), seed = 1) {
  const random = countingRandom(seed)
  const keyring = new Keyring({ path: '/k/credentials.json', files, clock, random, maxSessionMs: 43_200_000 })
  return { files, clock, keyring, credentials: new GateCredentials({ keyring, clock, random }) }
}

function code(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    assert.ok(error instanceof GateError, String(error))
    return error.code
  }
  return 'none'
}

test('issued credentials look like those of AWS and open to the same principal on every replica', () => {
  const one = gate()
  const two = gate(one.files, one.clock, 99)
  const principal = principalOf({ tags: { team: 'build' }, sourceIdentity: 'ada' })
  const issued = one.credentials.issue({ principal })
  assert.match(issued.accessKeyId, /^ASIA[A-Z2-7]{16}$/)
  assert.match(issued.secretAccessKey.reveal(), /^[A-Za-z0-9+/]{40}$/)
  assert.ok(issued.sessionToken.reveal().startsWith('SPT1'))
  for (const replica of [one, two]) {
    const opened = replica.credentials.open(issued.accessKeyId, issued.sessionToken.reveal())
    assert.deepEqual(opened.principal, principal)
    assert.equal(opened.secretAccessKey.reveal(), issued.secretAccessKey.reveal())
  }
})

test('a printed credential shows no secret', () => {
  const issued = gate().credentials.issue({ principal: principalOf() })
  const text = JSON.stringify(issued)
  assert.ok(!text.includes(issued.secretAccessKey.reveal()))
  assert.ok(!text.includes(issued.sessionToken.reveal()))
})

test('whatever the principal holds comes back from the token, or the token is refused as too large', () => {
  const { credentials } = gate()
  const text = fc.string({ maxLength: 300 })
  const scalars = fc.oneof(text, fc.integer(), fc.boolean(), fc.array(text, { maxLength: 5 }))
  fc.assert(
    fc.property(
      fc.dictionary(text, scalars),
      fc.dictionary(text, text),
      fc.array(text),
      (claims, tags, actingFor) => {
        const principal = principalOf({
          claims: JSON.parse(JSON.stringify(claims)),
          tags: { ...tags },
          actingFor,
        })
        let issued: ReturnType<typeof credentials.issue>
        try {
          issued = credentials.issue({ principal })
        } catch (error) {
          assert.ok(error instanceof GateError && error.code === 'sts-too-large')
          return
        }
        assert.ok(issued.sessionToken.reveal().length <= MAX_TOKEN_CHARS)
        assert.deepEqual(
          { ...credentials.open(issued.accessKeyId, issued.sessionToken.reveal()).principal },
          JSON.parse(JSON.stringify(principal)),
        )
      },
    ),
    { numRuns: 200 },
  )
})

test('a token with any bit, character or length changed is refused', () => {
  const { credentials } = gate()
  const issued = credentials.issue({ principal: principalOf() })
  const token = issued.sessionToken.reveal()
  credentials.open(issued.accessKeyId, token)
  fc.assert(
    fc.property(fc.nat(token.length - 1), fc.integer({ min: 32, max: 126 }), (at, character) => {
      const changed = token.slice(0, at) + String.fromCharCode(character) + token.slice(at + 1)
      fc.pre(changed !== token)
      assert.match(
        code(() => credentials.open(issued.accessKeyId, changed)),
        /^credentials-(invalid|not-gate)$/,
      )
    }),
  )
  for (let length = 0; length < token.length; length++) {
    assert.match(
      code(() => credentials.open(issued.accessKeyId, token.slice(0, length))),
      /^credentials-(invalid|not-gate)$/,
    )
  }
})

test('a token of another access key id is refused, also when both are cached', () => {
  const { credentials } = gate()
  const a = credentials.issue({ principal: principalOf() })
  const b = credentials.issue({ principal: principalOf({ sessionName: 'other' }) })
  for (const each of [a, b]) credentials.open(each.accessKeyId, each.sessionToken.reveal())
  assert.equal(
    code(() => credentials.open(a.accessKeyId, b.sessionToken.reveal())),
    'credentials-invalid',
  )
})

test('credentials end on time, from the cache as well', () => {
  const { credentials, clock } = gate()
  const issued = credentials.issue({ principal: principalOf({ expiresAtMs: START_MS + 900_000 }) })
  const open = () => credentials.open(issued.accessKeyId, issued.sessionToken.reveal())
  clock.advance(899_999)
  open()
  clock.advance(1)
  assert.equal(code(open), 'credentials-expired')
})

test('rotation: the old key opens and seals until replicas know the new one, then retires', () => {
  const { credentials, clock, keyring, files } = gate()
  const replica = gate(files, clock, 50)
  const before = keyring.sealing().id
  const issued = credentials.issue({ principal: principalOf() })
  const added = keyring.rotate().id
  assert.equal(keyring.sealing().id, before)
  clock.advance(60_000)
  assert.equal(keyring.sealing().id, added)
  const later = credentials.issue({ principal: principalOf() })
  replica.credentials.open(later.accessKeyId, later.sessionToken.reveal())
  replica.credentials.open(issued.accessKeyId, issued.sessionToken.reveal())
  clock.advance(43_200_000 + 300_001)
  assert.equal(keyring.find(before), undefined)
  keyring.rotate()
  assert.ok(!files.read('/k/credentials.json').includes(before))
})

test('revoking older keys ends what they sealed, cached or not, within the time of a look', () => {
  const { credentials, clock, keyring, files } = gate()
  const replica = gate(files, clock, 50)
  const issued = credentials.issue({ principal: principalOf() })
  const open = () => replica.credentials.open(issued.accessKeyId, issued.sessionToken.reveal())
  open()
  keyring.rotate({ revokeOlder: true })
  clock.advance(5_000)
  assert.equal(code(open), 'credentials-invalid')
})

test('keys that others can read are not used; nor from the moment on when that happens', () => {
  const { credentials, clock, files } = gate()
  const issued = credentials.issue({ principal: principalOf() })
  const open = () => credentials.open(issued.accessKeyId, issued.sessionToken.reveal())
  open()
  files.modes.file = 0o640
  assert.equal(
    code(() => gate(files)),
    'keyring-unsafe',
  )
  clock.advance(5_000)
  assert.equal(code(open), 'keyring-unsafe')
  assert.equal(code(open), 'keyring-unsafe')
  files.modes.file = 0o600
  clock.advance(5_000)
  assert.equal(code(open), 'none')
  files.modes.folder = 0o755
  clock.advance(5_000)
  assert.equal(code(open), 'keyring-unsafe')
})

test('a damaged key file is refused and its text not repeated', () => {
  for (const text of [
    '',
    '{',
    '{"version":2,"keys":[]}',
    '{"version":1,"keys":[{"id":"zz","key":"c2VjcmV0"}]}',
  ]) {
    const files = new MemoryFiles()
    files.create('/k/credentials.json', text)
    assert.throws(() => gate(files), { code: 'keyring-unreadable' })
  }
  const files = new MemoryFiles()
  files.create(
    '/k/credentials.json',
    '{"version":1,"keys":[{"id":"00000000","created":"2026-01-01","key":"c2VjcmV0"}]}',
  )
  assert.throws(
    () => gate(files),
    (error: Error) => !error.message.includes('c2VjcmV0'),
  )
})

test('only one rotation at a time', () => {
  const { keyring, files } = gate()
  files.create('/k/credentials.json.lock', '')
  assert.equal(
    code(() => keyring.rotate()),
    'keyring-busy',
  )
})

test('keys of AWS are turned away with where to get the right ones, and are not repeated', () => {
  const { credentials } = gate()
  for (const [id, token] of [
    ['AKIAIOSFODNN7EXAMPLE', undefined],
    ['ASIAIOSFODNN7EXAMPLE', 'IQoJb3JpZ2luX2VjEXAMPLE'],
    ['ASIAABCDEFGHIJKLMNOP', 'IQoJb3JpZ2luX2VjEXAMPLE'],
    ['ASIAABCDEFGHIJKLMNOP', undefined],
    ['nonsense', 'IQoJb3JpZ2luX2VjEXAMPLE'],
  ] as const) {
    assert.throws(
      () => credentials.open(id, token),
      (error: GateError) =>
        error.code === 'credentials-not-gate' &&
        !error.message.includes(id) &&
        !error.message.includes('IQoJ') &&
        error.advice.includes('AWS_WEB_IDENTITY_TOKEN_FILE'),
    )
  }
})

test('a chained session names the sessions that it hangs on; credentials from before open without', () => {
  const { credentials } = gate()
  const parent = { sessionId: '0'.repeat(26), roleArn: principalOf().roleArn, issuedAtMs: START_MS - 5 }
  const chained = principalOf({ actingFor: ['arn:aws:sts::1:assumed-role/a/b'], chainedFrom: [parent] })
  for (const principal of [chained, principalOf({ actingFor: chained.actingFor })]) {
    const issued = credentials.issue({ principal })
    const opened = credentials.open(issued.accessKeyId, issued.sessionToken.reveal())
    assert.deepEqual(opened.principal, principal)
    const bucket = issueExpressSession(
      credentials,
      new ManualClock(START_MS),
      principal,
      'logs--use1-az4--x-s3',
    )
    const express = credentials.open(bucket.accessKeyId, bucket.sessionToken.reveal(), 's3express')
    assert.deepEqual(express.principal.chainedFrom, principal.chainedFrom)
    assert.equal(express.principal.sessionId, principal.sessionId)
  }
})

test('an S3 Express session is for one bucket, five minutes, and its own header', () => {
  const { credentials, clock } = gate()
  const principal = principalOf()
  const issued = issueExpressSession(credentials, clock, principal, 'logs--use1-az4--x-s3')
  const token = issued.sessionToken.reveal()
  const opened = credentials.open(issued.accessKeyId, token, 's3express')
  assert.equal(opened.expressBucket, 'logs--use1-az4--x-s3')
  assert.equal(opened.principal.arn, principal.arn)
  assert.equal(
    code(() => credentials.open(issued.accessKeyId, token, 'session')),
    'credentials-invalid',
  )
  const plain = credentials.issue({ principal })
  assert.equal(
    code(() => credentials.open(plain.accessKeyId, plain.sessionToken.reveal(), 's3express')),
    'credentials-invalid',
  )
  clock.advance(EXPRESS_SESSION_MS)
  assert.equal(
    code(() => credentials.open(issued.accessKeyId, token, 's3express')),
    'credentials-expired',
  )
  assert.equal(
    code(() => issueExpressSession(credentials, clock, principal, 'plain-bucket')),
    'sts-parameter-invalid',
  )
})
