import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Context, Decision, Pair } from '../core/decision.ts'
import type { Principal } from '../core/principal.ts'
import { compile } from './compile.ts'
import { decide, type PolicyLayer } from './decide.ts'
import { parsePolicy } from './parse.ts'

const PRINCIPAL: Principal = {
  arn: 'arn:aws:sts::123456789012:assumed-role/agent/a',
  roleArn: 'arn:aws:iam::123456789012:role/agent',
  account: '123456789012',
  sessionName: 'a',
  sessionId: 's',
  issuer: 'local',
  subject: 'agent-7',
  claims: {},
  tags: {},
  actingFor: [],
  issuedAtMs: 0,
  expiresAtMs: 1,
}

function layer(kind: 'role' | 'boundary', ...statements: object[]): PolicyLayer {
  const text = JSON.stringify({ Version: '2012-10-17', Statement: statements })
  return { kind, name: `the ${kind}`, policies: compile([parsePolicy({ name: `${kind}.json`, text })]) }
}

function ask(
  layers: PolicyLayer[],
  pairs: Partial<Pair>[],
  context: Record<string, string[]> = {},
): Decision {
  const keys: Context = new Map(Object.entries(context))
  const full = pairs.map(
    pair => ({ action: 's3:GetObject', resource: '*', certainty: 'exact', ...pair }) as Pair,
  )
  return decide({ principal: PRINCIPAL, pairs: full, context: keys }, layers)
}

const ALLOW = { Sid: 'A', Effect: 'Allow', Action: 's3:*', Resource: 'arn:aws:s3:::b/*' }
const OBJECT = { resource: 'arn:aws:s3:::b/k' }

describe('a decision', () => {
  it('is a denial where nothing allows, and names action and resource', () => {
    const decision = ask([layer('role', ALLOW)], [{ resource: 'arn:aws:s3:::other/k' }])
    assert.equal(decision.denial?.kind, 'implicit')
    assert.match(decision.denial?.reason ?? '', /`s3:GetObject` on `arn:aws:s3:::other\/k`/)
  })

  it('names the statements that allow', () => {
    const decision = ask([layer('role', ALLOW)], [OBJECT])
    assert.equal(decision.effect, 'allow')
    assert.deepEqual(decision.statements, [{ policy: 'role.json', statement: 'A', effect: 'Allow' }])
  })

  it('lets an explicit Deny win, over other pairs too, and tells its reason', () => {
    const denying = { Sid: 'D', Effect: 'Deny', Action: 's3:Delete*', Resource: '*', Reason: 'kept' }
    const decision = ask(
      [layer('role', ALLOW, denying)],
      [{ action: 'ec2:RunInstances' }, { ...OBJECT, action: 's3:DeleteObject' }],
    )
    assert.equal(decision.denial?.kind, 'explicit')
    assert.equal(decision.statements[0]?.statement, 'D')
    assert.match(decision.denial?.reason ?? '', /kept/)
  })

  it('has the masks for what a pair shows beside itself, which nobody need be allowed to read', () => {
    const calls = { Effect: 'Allow', Action: 'sql:Call', Resource: '*' }
    const base = 'arn:sallyport:sql:r:1:t/d'
    const mask = {
      Sid: 'M',
      Effect: 'Mask',
      Action: 'sql:Select',
      Resource: `${base}/*`,
      Mask: { Columns: ['*.ssn'] },
    }
    const call = { action: 'sql:Call', resource: `${base}/public.f` }
    assert.deepEqual(ask([layer('role', calls, mask)], [call]).obligations, [])
    const shows = [{ action: 'sql:Select', resource: `${base}/*`, certainty: 'any' as const }]
    const decision = ask([layer('role', calls, mask)], [{ ...call, shows }])
    assert.equal(decision.effect, 'allow')
    assert.deepEqual(
      decision.obligations.map(({ columns }) => columns),
      [['*.ssn']],
    )
  })

  it('needs every layer', () => {
    const boundary = layer('boundary', { Effect: 'Allow', Action: 's3:List*', Resource: '*' })
    assert.equal(ask([layer('role', ALLOW), boundary], [OBJECT]).denial?.kind, 'boundary')
  })

  it('denies a request without pairs, and one without layers', () => {
    assert.equal(ask([layer('role', ALLOW)], []).effect, 'deny')
    assert.equal(ask([], [OBJECT]).effect, 'deny')
  })

  it('adds the mask of every statement that could be about it', () => {
    const mask = (fields: string[]): object => ({
      Effect: 'Mask',
      Action: 's3:*',
      Resource: '*',
      Mask: { Fields: fields, As: 'hash' },
    })
    const { obligations } = ask([layer('role', ALLOW, mask(['Body']), mask(['ETag']))], [OBJECT])
    assert.deepEqual(
      obligations.map(({ fields, as }) => [...fields, as]),
      [
        ['Body', 'hash'],
        ['ETag', 'hash'],
      ],
    )
  })
})

describe('an approval', () => {
  const approval = (more: object = {}, of: object = {}): object => ({
    Sid: 'P',
    Effect: 'RequireApproval',
    Action: 's3:*',
    Resource: '*',
    ...more,
    Approval: { From: ['group/x'], ...of },
  })
  const GLASS = approval({ Sid: 'G' }, { BreakGlass: true })

  it('is asked for, beside an Allow and without one', () => {
    for (const statements of [[approval()], [ALLOW, approval()]]) {
      const decision = ask([layer('role', ...statements)], [OBJECT])
      assert.equal(decision.effect, 'ask')
      assert.deepEqual(
        decision.demands?.map(({ from, count, uses, validForMs, holdMs }) => [
          from,
          count,
          uses,
          validForMs,
          holdMs,
        ]),
        [[['group/x'], 1, 1, 900_000, 25_000]],
      )
    }
  })

  it('opens nothing that a Deny closes, that another layer does not allow, or for another pair', () => {
    const denying = { Effect: 'Deny', Action: 's3:GetObject', Resource: '*' }
    assert.equal(ask([layer('role', approval(), denying)], [OBJECT]).denial?.kind, 'explicit')
    const boundary = layer('boundary', { Effect: 'Allow', Action: 's3:List*', Resource: '*' })
    assert.equal(ask([layer('role', approval()), boundary], [OBJECT]).denial?.kind, 'boundary')
    const other = { action: 'ec2:RunInstances' }
    assert.equal(ask([layer('role', approval())], [OBJECT, other]).denial?.kind, 'implicit')
  })

  it('is asked for by each statement, once, over all pairs and layers', () => {
    const second = approval({ Sid: 'B', Resource: 'arn:aws:s3:::b/other' }, { From: ['group/y'], Count: 2 })
    const layers = [layer('role', approval(), second), layer('boundary', approval({ Sid: 'C' }))]
    const decision = ask(layers, [OBJECT, OBJECT, { ...OBJECT, resource: 'arn:aws:s3:::b/other' }])
    assert.deepEqual(decision.demands?.map(({ statement }) => statement.statement).sort(), ['B', 'C', 'P'])
  })

  it('is asked for where the resource could be the one, and opens only what it surely is', () => {
    const unknown = { ...OBJECT, resource: 'arn:aws:s3:::b/*', certainty: 'any' as const }
    const secret = approval({ Resource: 'arn:aws:s3:::b/secret' })
    assert.equal(ask([layer('role', ALLOW, secret)], [unknown]).effect, 'ask')
    assert.equal(ask([layer('role', secret)], [unknown]).denial?.kind, 'implicit')
  })

  it('is waived by a break-glass statement of the same layer, and only by one that surely holds', () => {
    const passed = ask([layer('role', approval(), GLASS)], [OBJECT])
    assert.equal(passed.effect, 'allow')
    assert.deepEqual(
      passed.brokeGlass?.map(({ statement }) => statement.statement),
      ['G'],
    )
    const boundary = layer('boundary', approval({ Sid: 'C' }))
    assert.equal(ask([layer('role', GLASS), boundary], [OBJECT]).effect, 'ask')
    const unknown = { ...OBJECT, resource: 'arn:aws:s3:::b/*', certainty: 'any' as const }
    const narrow = approval({ Sid: 'G', Resource: 'arn:aws:s3:::b/k' }, { BreakGlass: true })
    assert.equal(ask([layer('role', ALLOW, narrow)], [unknown]).effect, 'ask')
  })

  it('is not passed for one pair by the broken glass of another', () => {
    const narrow = approval({ Sid: 'G', Resource: 'arn:aws:s3:::b/k' }, { BreakGlass: true })
    const pairs = [
      { ...OBJECT, resource: 'arn:aws:s3:::b/k' },
      { ...OBJECT, resource: 'arn:aws:s3:::b/other' },
    ]
    assert.equal(ask([layer('role', approval(), narrow)], pairs).effect, 'ask')
  })

  it('is waived for the whole call or not at all: nothing is passed over that nobody is told of', () => {
    const named = ({ demands }: Decision): string[] =>
      (demands ?? []).map(({ statement }) => statement.statement).sort()
    const key = approval({ Sid: 'K', Resource: 'arn:aws:s3:::b/k' })
    const narrow = approval({ Sid: 'G', Resource: 'arn:aws:s3:::b/k' }, { BreakGlass: true })
    const other = approval({ Sid: 'O', Resource: 'arn:aws:s3:::b/other' })
    const pairs = [
      { ...OBJECT, resource: 'arn:aws:s3:::b/k' },
      { ...OBJECT, resource: 'arn:aws:s3:::b/other' },
    ]
    for (const asked of [pairs, pairs.toReversed()]) {
      const decision = ask([layer('role', ALLOW, key, narrow, other)], asked)
      assert.deepEqual([decision.brokeGlass, named(decision)], [undefined, ['G', 'K', 'O']])
    }
    const friends = layer('boundary', approval({ Sid: 'F' }, { From: ['group/friends'] }))
    const decision = ask([layer('role', approval(), GLASS), friends], [OBJECT])
    assert.deepEqual([decision.brokeGlass, named(decision)], [undefined, ['F', 'G', 'P']])
  })
})

describe('a resource of which parts are unknown', () => {
  const unknown = { resource: 'arn:aws:s3:::b/*', certainty: 'any' } as const

  it('is allowed only by what covers all that it could be', () => {
    assert.equal(ask([layer('role', ALLOW)], [unknown]).effect, 'allow')
    assert.equal(ask([layer('role', { ...ALLOW, Resource: 'arn:aws:s3:::b/k' })], [unknown]).effect, 'deny')
  })

  it('is denied by what it could be', () => {
    const denying = { Effect: 'Deny', Action: '*', Resource: 'arn:aws:s3:::b/secret' }
    assert.equal(ask([layer('role', ALLOW, denying)], [unknown]).denial?.kind, 'explicit')
  })

  it('is denied under another name', () => {
    const denying = { Effect: 'Deny', Action: '*', Resource: 'arn:aws:iam::1:role/admin/*' }
    const allowing = { Effect: 'Allow', Action: '*', Resource: '*' }
    const pair = { resource: 'arn:aws:iam::1:role/x', orAs: ['arn:aws:iam::1:role/*/x'] }
    assert.equal(ask([layer('role', allowing, denying)], [pair]).effect, 'deny')
  })

  it('is not let out by NotResource', () => {
    const but = { Effect: 'Allow', Action: '*', NotResource: 'arn:aws:s3:::b/secret' }
    assert.equal(ask([layer('role', but)], [unknown]).effect, 'deny')
    assert.equal(ask([layer('role', but)], [OBJECT]).effect, 'allow')
  })
})

describe('conditions', () => {
  const under = (condition: object, context: Record<string, string[]>): boolean =>
    ask([layer('role', { ...ALLOW, Condition: condition })], [OBJECT], context).effect === 'allow'

  const cases: [string, object, Record<string, string[]>, boolean][] = [
    [
      'StringEquals',
      { StringEquals: { 'aws:SourceIdentity': ['a', 'b'] } },
      { 'aws:sourceidentity': ['b'] },
      true,
    ],
    ['a key that is absent', { StringEquals: { 'aws:SourceIdentity': 'a' } }, {}, false],
    ['a negated operator on an absent key', { StringNotEquals: { 'aws:SourceIdentity': 'a' } }, {}, true],
    ['IfExists on an absent key', { StringEqualsIfExists: { 'aws:SourceIdentity': 'a' } }, {}, true],
    ['Null true', { Null: { 'aws:SourceIdentity': 'true' } }, {}, true],
    ['Null false', { Null: { 'aws:SourceIdentity': 'false' } }, {}, false],
    ['ForAllValues of none', { 'ForAllValues:StringEquals': { 'aws:TagKeys': 'a' } }, {}, true],
    [
      'ForAllValues',
      { 'ForAllValues:StringEquals': { 'aws:TagKeys': 'a' } },
      { 'aws:tagkeys': ['a', 'b'] },
      false,
    ],
    [
      'ForAnyValue',
      { 'ForAnyValue:StringEquals': { 'aws:TagKeys': 'a' } },
      { 'aws:tagkeys': ['a', 'b'] },
      true,
    ],
    ['ForAnyValue of none', { 'ForAnyValue:StringNotEquals': { 'aws:TagKeys': 'a' } }, {}, false],
    ['numbers', { NumericLessThanEquals: { 'request:MaxCount': '4' } }, { 'request:maxcount': ['4'] }, true],
    [
      'dates',
      { DateLessThan: { 'aws:CurrentTime': '2026-01-01' } },
      { 'aws:currenttime': ['2026-02-01'] },
      false,
    ],
    ['networks', { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } }, { 'aws:sourceip': ['10.2.3.4'] }, true],
    [
      'networks, negated',
      { NotIpAddress: { 'aws:SourceIp': '10.0.0.0/8' } },
      { 'aws:sourceip': ['10.2.3.4'] },
      false,
    ],
    [
      'a garbled number',
      { NumericLessThan: { 'request:MaxCount': '4' } },
      { 'request:maxcount': ['1e9'] },
      false,
    ],
  ]
  for (const [name, condition, context, allowed] of cases) {
    it(name, () => assert.equal(under(condition, context), allowed))
  }
})

describe('policy variables', () => {
  const own = { ...ALLOW, Resource: 'arn:aws:s3:::b/${gate:Subject}/*' }
  const at = (resource: string, context: Record<string, string[]>): string =>
    ask([layer('role', own)], [{ resource }], context).effect

  it('stand for the value of the request, in which wildcards are no wildcards', () => {
    assert.equal(at('arn:aws:s3:::b/ann/x', { 'gate:subject': ['ann'] }), 'allow')
    assert.equal(at('arn:aws:s3:::b/bob/x', { 'gate:subject': ['ann'] }), 'deny')
    assert.equal(at('arn:aws:s3:::b/bob/x', { 'gate:subject': ['*'] }), 'deny')
  })

  it('without a value make the statement say nothing', () => {
    assert.equal(at('arn:aws:s3:::b/ann/x', {}), 'deny')
  })
})
