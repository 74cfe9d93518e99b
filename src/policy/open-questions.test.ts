import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { compile } from './compile.ts'
import { decide } from './decide.ts'
import { parsePolicy } from './parse.ts'
import { TEST_PRINCIPAL } from './testing.ts'

const ALL = { Effect: 'Allow', Action: '*', Resource: '*' }

/** Whether these statements let `action` on `resource` through. */
function allows(statements: object[], keys: Record<string, string[]>, action = 's3:GetObject'): boolean {
  const text = JSON.stringify({ Version: '2012-10-17', Statement: statements })
  const layer = { kind: 'role', name: 'it', policies: compile([parsePolicy({ name: 'p', text })]) } as const
  const pairs = [{ action, resource: 'arn:aws:s3:::b/k', certainty: 'exact' }] as const
  const request = { principal: TEST_PRINCIPAL, pairs, context: new Map(Object.entries(keys)) }
  return decide(request, [layer]).effect === 'allow'
}

const allowing = (Condition: object, keys: Record<string, string[]>) => allows([{ ...ALL, Condition }], keys)
const denying = (Condition: object, keys: Record<string, string[]>) =>
  !allows([ALL, { ...ALL, Effect: 'Deny', Condition }], keys)

describe('what IAM leaves open never opens the gate', () => {
  it('several values under a plain operator: all of them for an Allow, one of them for a Deny', () => {
    const condition = { StringEquals: { 'request:Ids[]': 'mine' } }
    assert.ok(!allowing(condition, { 'request:ids[]': ['mine', 'theirs'] }))
    assert.ok(allowing(condition, { 'request:ids[]': ['mine', 'mine'] }))
    assert.ok(denying(condition, { 'request:ids[]': ['theirs', 'mine'] }))
    const negated = { StringNotEquals: { 'request:Ids[]': 'mine' } }
    assert.ok(!allowing(negated, { 'request:ids[]': ['mine', 'theirs'] }))
    assert.ok(denying(negated, { 'request:ids[]': ['mine', 'theirs'] }))
  })

  it('a value of another type', () => {
    const condition = { NumericGreaterThan: { 'request:Size': '10' } }
    const negated = { NotIpAddress: { 'aws:SourceIp': '10.0.0.0/8' } }
    assert.ok(!allowing(condition, { 'request:size': ['many'] }))
    assert.ok(denying(condition, { 'request:size': ['many'] }))
    assert.ok(denying(condition, { 'request:size': ['1e+21'] }))
    assert.ok(!allowing(negated, { 'aws:sourceip': ['nowhere'] }))
    assert.ok(!allowing(negated, { 'aws:sourceip': ['::ffff:10.0.0.1%eth0'] }))
  })

  it('a variable without a value silences an Allow, and leaves the rest of a Deny as it stands', () => {
    const both = ['arn:aws:s3:::b/k', 'arn:aws:s3:::home/${gate:Claim/home}/*']
    assert.ok(!allows([{ ...ALL, Resource: both }], {}))
    assert.ok(!allows([ALL, { ...ALL, Effect: 'Deny', Resource: both }], {}))
    assert.ok(denying({ StringNotEquals: { 's3:prefix': '${gate:Claim/home}' } }, { 's3:prefix': ['x'] }))
    assert.ok(!allowing({ StringNotEquals: { 's3:prefix': '${gate:Claim/home}' } }, { 's3:prefix': ['x'] }))
  })

  it('a variable whose value would move the components of an ARN', () => {
    const condition = { ArnLike: { 'request:Role': 'arn:aws:iam::${gate:Claim/account}:role/x' } }
    const keys = { 'request:role': ['arn:aws:iam::1:evil:role/x'] }
    assert.ok(!allowing(condition, { ...keys, 'gate:claim/account': ['1:evil'] }))
    assert.ok(allowing(condition, { 'request:role': ['arn:aws:iam::1:role/x'], 'gate:claim/account': ['1'] }))
  })
})

describe('a SQL statement that was not understood', () => {
  it('is allowed only by name, and denied by wildcards too', () => {
    assert.ok(!allows([ALL, { ...ALL, Action: 'sql:*' }], {}, 'sql:Unknown'))
    assert.ok(!allows([{ Effect: 'Allow', NotAction: 's3:*', Resource: '*' }], {}, 'sql:Unknown'))
    const named = { ...ALL, Action: 'sql:Unknown' }
    assert.ok(allows([named], {}, 'sql:Unknown'))
    assert.ok(!allows([named, { ...ALL, Effect: 'Deny', Action: 'sql:*' }], {}, 'sql:Unknown'))
  })
})
