import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ANY_CHARACTER } from '../../test/harness/any-character.ts'
import type { Demand } from '../core/decision.ts'
import type { Json, JsonObject } from '../core/json.ts'
import { canonical } from './canonical.ts'
import {
  type CallParts,
  callDigest,
  type PrincipalParts,
  principalKey,
  requestDigest,
  scopeDigest,
} from './digest.ts'

const KEY = Buffer.alloc(32, 7)

const CALL: CallParts = {
  principalKey: 'ab',
  roleArn: 'arn:aws:iam::111122223333:role/deploy',
  account: '111122223333',
  region: 'eu-central-1',
  service: 'ec2',
  operation: 'TerminateInstances',
  parameters: { InstanceIds: ['i-1', 'i-2'], DryRun: false },
}

const PRINCIPAL: PrincipalParts = {
  issuer: 'github',
  subject: 'repo:acme/shop',
  actingFor: ['arn:aws:sts::111122223333:assumed-role/ci/run-17', 'kim'],
}

/**
 * Small alphabets, so that equal and nearly equal values come often. No name is a lone backslash: V8 13.6, once
 * it has seen an object with one, takes escaped names of others for it in `JSON.parse`, by which one test reads
 * back.
 */
const name = fc.oneof(
  fc.constantFrom(
    'a',
    'b',
    '1',
    '',
    '__proto__',
    'constructor',
    '"',
    '\\a',
    'é',
    'e\u0301',
    '\ud800',
    '\u0000',
  ),
  fc.string({ unit: ANY_CHARACTER, maxLength: 2 }).filter(text => text !== '\\'),
)
const scalar: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom(null, true, false, 0, -0, 1, '1', '0', 'null', 'true', '[]', '{}', ''),
  name,
  fc.double({ noNaN: true, noDefaultInfinity: true }),
)
const json: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>(tie => ({
  value: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    scalar,
    fc.array(tie('value'), { maxLength: 3 }),
    members(tie('value')),
  ),
})).value

/** Objects with any names as members of their own: not even `__proto__` is the prototype. */
function members(value: fc.Arbitrary<Json>): fc.Arbitrary<JsonObject> {
  return fc
    .uniqueArray(fc.tuple(name, value), { maxLength: 3, selector: ([key]) => key })
    .map(entries => Object.fromEntries(entries))
}

/** Equality of JSON values, written without any encoding. */
function same(a: Json, b: Json): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Object.is(a, b)
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const [left, right] = [Object.entries(a), new Map<string, Json>(Object.entries(b))]
  return (
    left.length === right.size &&
    left.every(([key, value]) => right.has(key) && same(value, right.get(key) as Json))
  )
}

/** The same value with its members in another order. */
function turned(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(turned)
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, member]) => [key, turned(member)]),
  )
}

describe('canonical JSON', () => {
  it('has one text for a value, whatever the order of its members', () => {
    fc.assert(fc.property(json, value => assert.equal(canonical(turned(value)), canonical(value))))
  })

  it('never has one text for two values', () => {
    fc.assert(
      fc.property(json, json, (a, b) => assert.equal(canonical(a) === canonical(b), same(a, b))),
      { numRuns: 3000 },
    )
  })

  it('can be read back, so nothing of the value is lost', () => {
    fc.assert(fc.property(json, value => assert.ok(same(JSON.parse(canonical(value)), value))))
  })

  it('refuses what is nested too deep or no JSON', () => {
    let deep: Json = 1
    for (let i = 0; i < 10_000; i++) deep = [deep]
    assert.throws(() => canonical(deep), { code: 'request-too-large' })
    assert.throws(() => canonical(Number.NaN), TypeError)
    assert.throws(() => canonical({ a: Number.POSITIVE_INFINITY }), TypeError)
  })
})

describe('the digest of a call', () => {
  it('is 64 hex digits, and another one under another key', () => {
    assert.match(callDigest(KEY, CALL), /^[0-9a-f]{64}$/)
    assert.notEqual(callDigest(Buffer.alloc(32, 8), CALL), callDigest(KEY, CALL))
    assert.throws(() => callDigest(Buffer.alloc(31), CALL), RangeError)
  })

  const other: readonly [string, Partial<CallParts>][] = [
    ['principal', { principalKey: 'abc' }],
    ['role', { roleArn: 'arn:aws:iam::111122223333:role/deploy2' }],
    ['account', { account: '111122223334' }],
    ['region', { region: 'eu-central-2' }],
    ['service', { service: 'rds' }],
    ['operation', { operation: 'StopInstances' }],
    ['parameter', { parameters: { InstanceIds: ['i-1', 'i-3'], DryRun: false } }],
    ['order of a list', { parameters: { InstanceIds: ['i-2', 'i-1'], DryRun: false } }],
    ['member more', { parameters: { ...CALL.parameters, Force: true } }],
    ['member less', { parameters: { InstanceIds: ['i-1', 'i-2'] } }],
    ['text for a boolean', { parameters: { ...CALL.parameters, DryRun: 'false' } }],
    ['body', { body: { bytes: 0 } }],
    ['hash of the body', { body: { bytes: 0, sha256: 'e3' } }],
  ]
  for (const [what, change] of other) {
    it(`is another one for another ${what}`, () => {
      assert.notEqual(callDigest(KEY, { ...CALL, ...change }), callDigest(KEY, CALL))
    })
  }

  it('is another one for any other parameters, and the same for any order of members', () => {
    const parameters = members(json)
    fc.assert(
      fc.property(parameters, parameters, (a, b) => {
        const [left, right] = [
          callDigest(KEY, { ...CALL, parameters: a }),
          callDigest(KEY, { ...CALL, parameters: b }),
        ]
        assert.equal(left === right, same(a, b))
        assert.equal(callDigest(KEY, { ...CALL, parameters: turned(a) as JsonObject }), left)
      }),
    )
  })

  it('cannot be made by moving text from one member to its neighbour', () => {
    const moved = { ...CALL, region: 'eu-central-1","service":"ec2', service: '' }
    assert.notEqual(callDigest(KEY, moved), callDigest(KEY, CALL))
    assert.notEqual(
      callDigest(KEY, { ...CALL, service: 'ec', operation: '2TerminateInstances' }),
      callDigest(KEY, CALL),
    )
  })
})

describe('the key of a principal', () => {
  it('is the same in each session of those that it acts for', () => {
    const actingFor = ['arn:aws:sts::111122223333:assumed-role/ci/run-18', 'kim']
    assert.equal(principalKey(KEY, { ...PRINCIPAL, actingFor }), principalKey(KEY, PRINCIPAL))
  })

  const other: readonly [string, Partial<PrincipalParts>][] = [
    ['issuer', { issuer: 'gitlab' }],
    ['subject', { subject: 'repo:acme/shop2' }],
    ['source identity', { sourceIdentity: '' }],
    ['chain', { actingFor: ['kim'] }],
    ['role in the chain', { actingFor: ['arn:aws:sts::111122223333:assumed-role/cd/run-17', 'kim'] }],
    ['account in the chain', { actingFor: ['arn:aws:sts::111122223334:assumed-role/ci/run-17', 'kim'] }],
    ['partition', { actingFor: ['arn:aws-cn:sts::111122223333:assumed-role/ci/run-17', 'kim'] }],
    ['order of the chain', { actingFor: PRINCIPAL.actingFor.toReversed() }],
    ['end of the chain', { actingFor: [PRINCIPAL.actingFor[0] ?? '', 'kim/x'] }],
  ]
  for (const [what, change] of other) {
    it(`is another one for another ${what}`, () => {
      assert.notEqual(principalKey(KEY, { ...PRINCIPAL, ...change }), principalKey(KEY, PRINCIPAL))
    })
  }

  it('leaves an ARN of another form whole', () => {
    const key = (arn: string): string => principalKey(KEY, { ...PRINCIPAL, actingFor: [arn] })
    for (const arn of [
      'arn:aws:iam::111122223333:user/a',
      'arn:aws:sts::111122223333:assumed-role/a/b/c',
      'arn:aws:sts::111122223333:federated-user/a',
      'arn:aws:sts::11112222333x:assumed-role/a/b',
    ]) {
      assert.notEqual(key(arn), key(arn.slice(0, arn.lastIndexOf('/'))))
    }
  })
})

describe('the digests of scopes and requests', () => {
  const scope = { actions: ['ec2:*', 's3:Get*'], resources: ['*'] }
  const parts = { principalKey: 'ab', roleArn: CALL.roleArn, scope }

  it('take the patterns of a scope as a set', () => {
    const turnedScope = { actions: ['s3:Get*', 'ec2:*', 'ec2:*'], resources: ['*'] }
    assert.equal(scopeDigest({ ...parts, scope: turnedScope }), scopeDigest(parts))
    for (const change of [
      { actions: ['*'] },
      { resources: ['ec2:*'] },
      { actions: ['*'], resources: scope.actions },
    ]) {
      assert.notEqual(scopeDigest({ ...parts, scope: { ...scope, ...change } }), scopeDigest(parts))
    }
    assert.notEqual(scopeDigest({ ...parts, principalKey: 'ac' }), scopeDigest(parts))
    assert.notEqual(scopeDigest({ ...parts, roleArn: 'x' }), scopeDigest(parts))
  })

  it('are others under other demands', () => {
    const demand: Demand = {
      statement: { policy: 'p', statement: 'S', effect: 'RequireApproval' },
      from: ['group/a', 'group/b'],
      count: 1,
      validForMs: 1000,
      uses: 1,
      holdMs: 0,
    }
    const of = (...demands: Demand[]): string => requestDigest('d', demands)
    const changes: Partial<Demand>[] = [
      { count: 2 },
      { uses: 2 },
      { validForMs: 2000 },
      { from: ['group/a'] },
      { from: ['group/a,group/b'] },
      { statement: { ...demand.statement, policy: 'q' } },
      { statement: { ...demand.statement, statement: 'T' } },
    ]
    for (const change of changes) {
      const changed = { ...demand, ...change }
      assert.notEqual(of(changed), of(demand))
      assert.notEqual(of(demand, changed), of(demand))
      assert.equal(of(demand, changed, demand), of(changed, demand))
    }
    assert.notEqual(requestDigest('e', [demand]), of(demand))
    const reordered = { ...demand, from: ['group/b', 'group/a'], holdMs: 5 }
    assert.equal(of({ ...reordered, statement: { ...demand.statement, reason: 'because' } }), of(demand))
  })
})
