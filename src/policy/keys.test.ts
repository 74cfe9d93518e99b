import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type DocumentKind, unknowableKeys } from './keys.ts'
import { readPolicy } from './parse.ts'

const REQUEST_KEYS = new Set(['s3:prefix', 'aws:requesttag/team'])

/** The messages for a statement with this condition, or these members. */
function check(members: object, kind: DocumentKind = 'policy'): readonly string[] {
  const scope =
    kind === 'trust'
      ? { Principal: { Federated: 'local' }, Action: 'sts:AssumeRoleWithWebIdentity' }
      : { Action: 's3:*', Resource: '*' }
  const statement = { Effect: 'Deny', ...scope, ...members }
  const text = JSON.stringify({ Version: '2012-10-17', Statement: statement })
  const reading = readPolicy({ name: 'p', text }, kind === 'trust' ? 'trust' : 'permission')
  assert.ok(reading.document, JSON.stringify(reading.problems))
  return unknowableKeys(reading.document, key => REQUEST_KEYS.has(key), kind).map(({ message }) => message)
}

const on = (key: string) => ({ Condition: { StringEquals: { [key]: 'x' } } })

describe('a condition key', () => {
  const known = [
    'aws:PrincipalTag/Team',
    'AWS:sourceip',
    'aws:CalledVia',
    'gate:Subject',
    'gate:Claim/groups',
    'gate:ActingFor',
    'request:Tags[].Key',
    's3:prefix',
    'sql:HasWhere',
    'sql:rowsaffected',
    'aws:RequestTag/team',
    'token.actions.githubusercontent.com:sub',
  ]
  for (const key of known) it(`${key} can be known`, () => assert.deepEqual(check(on(key)), []))

  const unknown: [string, RegExp][] = [
    ['aws:ResourceTag/team', /the tags of a resource/],
    ['aws:MultiFactorAuthPresent', /gate:Claim\/amr/],
    ['aws:SourceVpce', /VPC endpoint/],
    ['aws:SourceIpp', /did you mean `aws:SourceIp`\?/],
    ['gate:Session/Calls', /does not count/],
    ['sql:HasWher', /did you mean `sql:HasWhere`/],
    ['aws:PrincipalTag/', /cannot know/],
    ['sts:ExternalId', /cannot know/],
    ['token.actions.githubusercontent.com:aud', /cannot know/],
    ['s3:prefixx', /docs\/policy\.md/],
  ]
  for (const [key, message] of unknown) {
    it(`${key} cannot`, () => {
      const [found, ...more] = check(on(key))
      assert.match(found ?? '', message)
      assert.deepEqual(more, [])
    })
  }

  it('is one that the control API sets, in a policy for it', () => {
    for (const key of ['gate:Group', 'gate:Role', 'gate:Claim/team', 'aws:SourceIp']) {
      assert.deepEqual(check(on(key), 'control'), [])
    }
    for (const key of ['aws:PrincipalTag/x', 's3:prefix', 'request:Name', 'gate:ActingFor']) {
      assert.equal(check(on(key), 'control').length, 1, key)
    }
  })

  it('is also looked for in variables of resources and values', () => {
    assert.match(
      check({ Resource: 'arn:aws:s3:::b/${aws:PrincipalOrgID}/*' })[0] ?? '',
      /`aws:principalorgid`/,
    )
    const value = { Condition: { StringLike: { 's3:prefix': "${aws:ResourceTag/x, 'none'}" } } }
    assert.equal(check(value).length, 1)
    assert.deepEqual(check({ Resource: 'arn:aws:s3:::b/${*}/${gate:Subject}' }), [])
  })

  it('has its place in the message', () => {
    const text =
      'Version: "2012-10-17"\nStatement:\n  - Effect: Deny\n    Action: s3:*\n    Resource: "*"\n    Condition:\n      Bool:\n        "aws:NoSuchKey": "true"\n'
    const { document } = readPolicy({ name: 'p.yaml', text })
    assert.ok(document)
    const [problem] = unknowableKeys(document, () => false, 'policy')
    assert.deepEqual(problem?.at, { line: 8, column: 9 })
    assert.equal(problem?.severity, 'error')
  })
})

describe('a condition key of a trust policy', () => {
  const known = [
    'token.actions.githubusercontent.com:sub',
    'id.example/path:groups',
    '127.0.0.1:8080:aud',
    'localhost:8080:sub',
    'local:sub',
    'gate:Claim/groups',
    'sts:RoleSessionName',
    'aws:RequestTag/team',
    'aws:SourceIp',
  ]
  for (const key of known) it(`${key} can be known`, () => assert.deepEqual(check(on(key), 'trust'), []))
  const unknown = ['other:sub', 's3:prefix', 'request:RoleArn', 'aws:ResourceTag/x', 'local:']
  for (const key of unknown) it(`${key} cannot`, () => assert.equal(check(on(key), 'trust').length, 1))
})
