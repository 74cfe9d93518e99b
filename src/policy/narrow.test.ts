import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Context, Pair } from '../core/decision.ts'
import { compile } from './compile.ts'
import { decide, type PolicyLayer } from './decide.ts'
import { sessionPolicies } from './narrow.ts'
import { parsePolicy } from './parse.ts'
import { TEST_PRINCIPAL } from './testing.ts'

const document = (...statements: object[]) =>
  parsePolicy({ name: 'p', text: JSON.stringify({ Version: '2012-10-17', Statement: statements }) })

const narrow = (...statements: object[]): { Statement: object[] }[] =>
  sessionPolicies([document(...statements)]).map(({ policy }) => JSON.parse(policy))

const VIA_SERVICE = {
  Effect: 'Allow',
  Action: '*',
  Resource: '*',
  Condition: { Bool: { 'aws:ViaAWSService': 'true' } },
}

describe('the session policies of a role', () => {
  it('are the policy itself first, then without resources, then by services', () => {
    const [exact, actions, services, ...more] = narrow({
      Effect: 'Allow',
      Action: ['sqs:SendMessage', 'sqs:Send*'],
      Resource: 'arn:aws:sqs:eu-west-1:123456789012:q',
      Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } },
    })
    const allowing = { Effect: 'Allow', Action: 'sqs:Send*' }
    assert.deepEqual(exact?.Statement, [
      { ...allowing, Resource: 'arn:aws:sqs:eu-west-1:123456789012:q' },
      VIA_SERVICE,
    ])
    assert.deepEqual(actions?.Statement, [{ ...allowing, Resource: '*' }, VIA_SERVICE])
    assert.deepEqual(services?.Statement, [{ Effect: 'Allow', Action: 'sqs:*', Resource: '*' }, VIA_SERVICE])
    assert.deepEqual(more, [])
  })

  it('keep a Deny that holds in every request, but not against AWS services on the way', () => {
    const allowing = { Effect: 'Allow', Action: 's3:*', Resource: '*' }
    const [exact] = narrow(allowing, { Effect: 'Deny', Action: '*', Resource: 'arn:aws:s3:::secret/*' })
    assert.deepEqual(exact?.Statement[1], {
      Effect: 'Deny',
      Action: 's3:*',
      Resource: 'arn:aws:s3:::secret/*',
      Condition: { Bool: { 'aws:ViaAWSService': 'false' } },
    })
  })

  it('drop a Deny that may not hold', () => {
    const allowing = { Effect: 'Allow', Action: 's3:*', Resource: '*' }
    const denying = { Effect: 'Deny', Action: 's3:*', Resource: 'arn:aws:s3:::b/${gate:Subject}/*' }
    const conditional = {
      Effect: 'Deny',
      Action: 's3:*',
      Resource: '*',
      Condition: { Null: { 'aws:SourceIdentity': 'true' } },
    }
    const unnamed = { Effect: 'Deny', Action: 'ec2:*', Resource: 'arn:aws:ec2:*:*:subnet/*' }
    for (const dropped of [denying, conditional, unnamed]) {
      const [exact] = narrow(allowing, dropped)
      assert.ok(!JSON.stringify(exact).includes('Deny'), JSON.stringify(exact))
    }
  })

  it('name no resources of services whose resources a request does not tell', () => {
    const [exact] = narrow({
      Effect: 'Allow',
      Action: 'ec2:RunInstances',
      Resource: 'arn:aws:ec2:*:*:instance/*',
    })
    assert.deepEqual(exact?.Statement[0], { Effect: 'Allow', Action: 'ec2:RunInstances', Resource: '*' })
  })

  it('let the gate open sessions of directory buckets', () => {
    const [exact] = narrow({ Effect: 'Allow', Action: 's3:GetObject', Resource: '*' })
    assert.ok(JSON.stringify(exact).includes('s3express:CreateSession'))
  })

  it('leave out what AWS would not take: actions and resources of the gate, other characters', () => {
    const [exact] = narrow(
      { Effect: 'Allow', Action: ['sql:Select', 'gate:Approve'], Resource: '*' },
      { Effect: 'Allow', Action: 's3:Get*', Resource: ['arn:sallyport:gate:::x', 'arn:aws:s3:::b/日本'] },
    )
    assert.ok(!/sallyport|sql|gate:|日/.test(JSON.stringify(exact)))
    assert.ok(JSON.stringify(exact).includes('"arn:aws:s3:::b/*"'))
  })

  it('fit the limit, and are none where nothing is left out', () => {
    const many = Array.from({ length: 200 }, (_, i) => `arn:aws:s3:::bucket-${i}/*`)
    const found = sessionPolicies([document({ Effect: 'Allow', Action: 's3:GetObject', Resource: many })])
    assert.deepEqual(
      found.map(({ note }) => note),
      ['session policy without resources', 'session policy by services'],
    )
    assert.deepEqual(narrow({ Effect: 'Allow', Action: '*', Resource: '*' }), [])
  })
})

const action = fc.constantFrom(
  '*',
  's3:*',
  's3:GetObject',
  's3:Get*',
  's3express:*',
  'sqs:SendMessage',
  'ec2:*',
  'ec2:RunInstances',
  'sql:Select',
)
const resource = fc.constantFrom(
  '*',
  'arn:aws:s3:::b/*',
  'arn:aws:s3:::b/k',
  'arn:aws:s3:*',
  'arn:aws:sqs:*:1:q',
  'arn:aws:ec2:*:*:instance/i',
  'arn:aws:s3:::${gate:Subject}/*',
  'arn:aws:s3:::b/日*',
  'arn:sallyport:sql:::x',
  'arn:aws:s3:::b/${*}',
)
const some = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(of, { minLength: 1, maxLength: 3 })
const statement = fc
  .record(
    {
      Effect: fc.constantFrom('Allow', 'Allow', 'Deny'),
      actionKey: fc.constantFrom('Action', 'Action', 'NotAction'),
      actions: some(action),
      resourceKey: fc.constantFrom('Resource', 'Resource', 'NotResource'),
      resources: some(resource),
      Condition: fc.constantFrom(
        { Null: { 'aws:SourceIdentity': 'true' } },
        { StringEquals: { 'aws:SourceIdentity': 'a' } },
      ),
    },
    { requiredKeys: ['Effect', 'actionKey', 'actions', 'resourceKey', 'resources'] },
  )
  .map(({ actionKey, actions, resourceKey, resources, ...rest }) => ({
    ...rest,
    [actionKey]: actions,
    [resourceKey]: resources,
  }))
const pair: fc.Arbitrary<Pair> = fc.record({
  action: fc.constantFrom(
    's3:GetObject',
    's3:ListAllMyBuckets',
    's3express:CreateSession',
    'sqs:SendMessage',
    'ec2:RunInstances',
  ),
  resource: fc.constantFrom(
    '*',
    'arn:aws:s3:::b/k',
    'arn:aws:s3:::c/k',
    'arn:aws:s3:::b/日',
    'arn:aws:s3:::b/*',
    'arn:aws:sqs:x:1:q',
    'arn:aws:ec2:x:1:instance/i',
  ),
  certainty: fc.constantFrom('exact', 'exact', 'any'),
})

const layer = (document: ReturnType<typeof parsePolicy>): PolicyLayer => ({
  kind: 'role',
  name: 'the role',
  policies: compile([document]),
})

describe('what the gate allows', () => {
  it('is allowed by every one of the session policies', () => {
    let allowed = 0
    const check = (
      statements: object[],
      version: string,
      pairs: Pair[],
      keys: [string, string[]][],
    ): void => {
      const text = JSON.stringify({ Version: version, Statement: statements })
      const role = parsePolicy({ name: 'p', text })
      const context: Context = new Map([...keys, ['aws:viaawsservice', ['false']]])
      for (const pair of pairs) {
        const request = { principal: TEST_PRINCIPAL, pairs: [pair], context }
        if (decide(request, [layer(role)]).effect === 'deny') continue
        allowed++
        for (const { policy } of sessionPolicies([role])) {
          const session = layer(parsePolicy({ name: 'session', text: policy }))
          const decision = decide(request, [session])
          assert.equal(decision.effect, 'allow', `${text}\n${policy}\n${JSON.stringify(pair)}`)
        }
      }
    }
    const keys = fc.constantFrom<[string, string[]][]>(
      [],
      [['gate:subject', ['b']]],
      [['aws:sourceidentity', ['a']]],
    )
    fc.assert(
      fc.property(some(statement), fc.constantFrom('2012-10-17', '2008-10-17'), some(pair), keys, check),
      { numRuns: 3_000 },
    )
    assert.ok(allowed > 500, `only ${allowed} requests were allowed`)
  })
})
