import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Pair } from '../core/decision.ts'
import { compile } from './compile.ts'
import type { PolicyLayer } from './decide.ts'
import { type Explanation, explain, explanationProse } from './explain.ts'
import { parsePolicy } from './parse.ts'
import { TEST_PRINCIPAL } from './testing.ts'

const TEXT = `Version: "2012-10-17"
Statement:
  - Sid: Read
    Effect: Allow
    Action: s3:GetObject
    Resource: arn:aws:s3:::builds/*
    Condition:
      Bool: {"aws:SecureTransport": "true"}
      IpAddress: {"aws:SourceIp": [10.0.0.0/8, 192.168.0.0/16]}
  - Effect: Deny
    Action: s3:*
    NotResource: arn:aws:s3:::builds/*
    Reason: only builds
`
const LAYERS: PolicyLayer[] = [
  { kind: 'role', name: 'the role', policies: compile([parsePolicy({ name: 'deploy.yaml', text: TEXT })]) },
]

function ask(resource: string, address: string, certainty: Pair['certainty'] = 'exact'): Explanation {
  const context = new Map([
    ['aws:securetransport', ['true']],
    ['aws:sourceip', [address]],
  ])
  const pairs: Pair[] = [{ action: 's3:GetObject', resource, certainty }]
  return explain({ principal: TEST_PRINCIPAL, pairs, context }, LAYERS)
}

describe('an explanation', () => {
  it('names the statements that allow, with their place', () => {
    const { decision, pairs } = ask('arn:aws:s3:::builds/a', '10.1.1.1')
    assert.equal(decision.effect, 'allow')
    assert.deepEqual(
      pairs[0]?.matched.map(({ ref, at, layer }) => [ref.statement, at.line, layer]),
      [['Read', 3, 'the role']],
    )
    assert.match(
      explanationProse(ask('arn:aws:s3:::builds/a', '10.1.1.1')),
      /^ALLOWED\n\nallow s3:GetObject on arn:aws:s3:::builds\/a\n {2}matched: Allow `Read` \(deploy.yaml:3:5, the role\)/,
    )
  })

  it('names the condition that failed, with what the request has', () => {
    const { decision, pairs } = ask('arn:aws:s3:::builds/a', '192.0.2.1')
    assert.equal(decision.denial?.kind, 'implicit')
    const [nearest] = pairs[0]?.near ?? []
    assert.equal(nearest?.failed, 'condition')
    assert.equal(
      nearest?.because,
      'it wants `aws:SourceIp` by `IpAddress` `10.0.0.0/8`, `192.168.0.0/16`, and the request has `192.0.2.1`',
    )
  })

  it('names the resources that a statement is about instead', () => {
    const { decision, pairs } = ask('arn:aws:s3:::other/a', '10.1.1.1')
    assert.equal(decision.denial?.kind, 'explicit')
    assert.match(decision.denial?.reason ?? '', /only builds/)
    assert.deepEqual(
      pairs[0]?.matched.map(({ ref }) => ref.statement),
      ['#2'],
    )
    assert.deepEqual(
      pairs[0]?.near.map(({ because }) => because),
      ['it is about `arn:aws:s3:::builds/*`'],
    )
  })

  it('says that a resource is not known in full', () => {
    assert.match(
      explanationProse(ask('arn:aws:s3:::*', '10.1.1.1', 'any')),
      /parts of which the request does not tell/,
    )
  })

  it('shows nothing that a terminal would obey', () => {
    const prose = explanationProse(ask('arn:aws:s3:::builds/\u001b[2J\nALLOWED\u202e\u009b', '\u001b[31m'))
    assert.doesNotMatch(prose, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]|\nALLOWED/)
  })
})

it('an explanation says who would be asked, and what would be masked', () => {
  const text = `Statement:
  - {Sid: Asks, Effect: RequireApproval, Action: s3:*, Resource: "*", Approval: {From: [group/on-call], Count: 2}}
  - {Sid: Hides, Effect: Mask, Action: s3:*, Resource: "*", Mask: {Fields: [Body], Detect: [iban], As: hash}}
`
  const policies = compile([parsePolicy({ name: 'p.yaml', text })])
  const pairs: Pair[] = [{ action: 's3:GetObject', resource: 'arn:aws:s3:::b/k', certainty: 'exact' }]
  const asked = { principal: TEST_PRINCIPAL, pairs, context: new Map() }
  const prose = explanationProse(explain(asked, [{ kind: 'role', name: 'the role', policies }]))
  assert.match(prose, /^NEEDS AN APPROVAL: 2 people of `group\/on-call` \(`Asks`\)\n/)
  assert.match(prose, /masked: Body, what looks like iban, in the form hash \(`Hides`\)/)
})
