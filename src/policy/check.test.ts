import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { loadCatalog } from '../catalog/load.ts'
import { checkPolicy } from './check.ts'
import type { DocumentKind } from './keys.ts'
import { readPolicy } from './parse.ts'
import { formatProblem } from './problem.ts'

const names = loadCatalog()
const ports = { names, canKnow: (key: string) => key.startsWith('s3:') || key.startsWith('request:') }

function check(statements: object | object[], kind: DocumentKind = 'policy'): readonly string[] {
  const text = JSON.stringify({ Version: '2012-10-17', Statement: statements })
  return checkPolicy({ name: 'p', text }, kind, ports).map(({ severity, kind: what, message }) =>
    [severity, what, message].join(' '),
  )
}

const ALLOW = { Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::builds/*' }

describe('checking a policy', () => {
  it('finds nothing in a good one', () => {
    assert.deepEqual(check(ALLOW), [])
    assert.deepEqual(
      check({
        Effect: 'Allow',
        Action: ['s3:*', 'sqs:Get*', '*', 'sql:Select', 'gate:Approve'],
        Resource: '*',
      }),
      [],
    )
    const trust = { Effect: 'Allow', Principal: { AWS: '*' }, Action: 'sts:AssumeRole' }
    assert.deepEqual(check(trust, 'trust'), [])
    const certificate = {
      ...trust,
      Principal: { Federated: 'our-clients' },
      Action: 'sts:AssumeRoleWithCertificate',
    }
    assert.deepEqual(check(certificate, 'trust'), [])
    const condition = {
      StringLike: { 'gate:Subject': 'spiffe://acme/*', 'gate:Claim/dns': '*.acme.example' },
    }
    assert.deepEqual(check({ ...certificate, Condition: condition }, 'trust'), [])
  })

  it('tells the nearest name of an action or service that does not exist', () => {
    const wrong = ['s3:GetObjct', 'ecs2:RunTask', 's3:Frobnicate*', 'sql:Selekt', 'gates:Approve']
    const found = check({ Effect: 'Allow', Action: wrong, Resource: '*' })
    assert.match(found[0] ?? '', /^warning unknown-action .*`s3:GetObjct`; did you mean `s3:GetObject`\?$/)
    assert.match(
      found[1] ?? '',
      /^warning unknown-service no service has the prefix `ecs2`; did you mean `ec/,
    )
    assert.match(found[2] ?? '', /^warning unknown-action no action matches `s3:Frobnicate\*`$/)
    assert.match(found[3] ?? '', /did you mean `sql:Select`/)
    assert.match(found[4] ?? '', /did you mean `gate`/)
    assert.equal(found.length, 5)
  })

  it('tells keys that cannot be known, with what keeps a document from being read', () => {
    const [found] = check({ ...ALLOW, Condition: { StringEquals: { 'aws:ResourceTag/a': 'b' } } })
    assert.match(found ?? '', /^error key /)
    const text = 'Statement:\n  - Effect: Alow\n    Action: s3:*\n    Resource: "*"\n'
    const [problem] = checkPolicy({ name: 'p.yaml', text }, 'policy', ports)
    assert.ok(problem)
    assert.match(formatProblem(problem), /^p\.yaml:2:13: error: `Effect` `Alow` is not accepted/)
  })

  const never: [string, object, RegExp][] = [
    ['NotAction of all', { ...ALLOW, Action: undefined, NotAction: '*' }, /about no action/],
    ['NotResource of all', { ...ALLOW, Resource: undefined, NotResource: '*' }, /about no resource/],
    [
      'resources of another service',
      { ...ALLOW, Resource: 'arn:aws:sqs:*:*:q' },
      /`s3:GetObject` takes resources of the type .*`object`/,
    ],
    [
      'a bucket where objects are meant',
      { ...ALLOW, Action: 's3:GetObject', Resource: 'arn:aws:s3:::builds' },
      /takes resources of the type/,
    ],
    ['an ARN for what takes none', { ...ALLOW, Action: 's3:ListAllMyBuckets' }, /takes no resource but `\*`/],
    [
      'a key that is never there',
      { ...ALLOW, Condition: { StringEquals: { 'aws:username': 'ann' } } },
      /never holds/,
    ],
    [
      'a variable that is never there',
      { ...ALLOW, Resource: 'arn:aws:s3:::home/${aws:username}/*' },
      /never has a value/,
    ],
  ]
  for (const [name, statement, message] of never) {
    it(`finds statements that can never match: ${name}`, () => {
      const found = check(statement)
      assert.equal(found.length, 1, found.join('\n'))
      assert.match(found[0] ?? '', /^warning never-matches /)
      assert.match(found[0] ?? '', message)
    })
  }

  it('keeps quiet about keys that are asked to be absent, and about defaults', () => {
    assert.deepEqual(check({ ...ALLOW, Condition: { Null: { 'aws:username': 'true' } } }), [])
    assert.deepEqual(check({ ...ALLOW, Condition: { StringEqualsIfExists: { 'aws:CalledVia': 'x' } } }), [])
    assert.deepEqual(check({ ...ALLOW, Resource: "arn:aws:s3:::home/${aws:username, 'all'}/*" }), [])
  })

  it('finds statements that another one makes useless', () => {
    const denying = { Sid: 'No', Effect: 'Deny', Action: 's3:*', Resource: '*' }
    assert.match(check([ALLOW, denying])[0] ?? '', /shadowed .*`No` denies all that it is about/)
    const wider = { Sid: 'All', Effect: 'Allow', Action: 's3:Get*', Resource: 'arn:aws:s3:::builds/*' }
    assert.match(check([wider, ALLOW])[0] ?? '', /`All` allows all of it already/)
    assert.equal(check([ALLOW, ALLOW]).length, 1)
    assert.deepEqual(
      check([ALLOW, { ...denying, Condition: { Bool: { 'aws:SecureTransport': 'false' } } }]),
      [],
    )
    assert.deepEqual(check([ALLOW, { ...ALLOW, Resource: 'arn:aws:s3:::other/*' }]), [])
  })
})

describe('the terms of an approval and of a mask', () => {
  const check = (statement: object): readonly string[] => {
    const text = JSON.stringify({
      Version: '2012-10-17',
      Statement: { Action: 's3:*', Resource: '*', ...statement },
    })
    return readPolicy({ name: 'p.yaml', text }).problems.map(({ message }) => message)
  }
  const approval = (terms: object): readonly string[] => check({ Effect: 'RequireApproval', Approval: terms })
  const mask = (terms: object): readonly string[] => check({ Effect: 'Mask', Mask: terms })

  it('are taken where they are right', () => {
    for (const From of ['admin', 'group/on-call', 'group//keycloak/ops', 'person/okta/00u1@example.com']) {
      assert.deepEqual(approval({ From, Hold: '15m', ValidFor: '30d', Count: 2, Uses: 1000 }), [])
    }
    for (const As of ['full', 'partial', 'hash', 'null']) assert.deepEqual(mask({ Fields: 'Body', As }), [])
    assert.deepEqual(mask({ Detect: ['jwt'], OtherObjects: 'pass' }), [])
  })

  const wrong: [string, readonly string[], RegExp][] = [
    ['nobody', approval({ From: [] }), /`From` is an empty list/],
    ['a bare name', approval({ From: 'on-call' }), /must be `group\/NAME`/],
    ['a person of no issuer', approval({ From: 'person/ann' }), /must be `group\/NAME`/],
    [
      'a wildcard is a name like any other, but control characters are none',
      approval({ From: 'group/a\nb' }),
      /must be/,
    ],
    ['a hold of a day', approval({ From: 'admin', Hold: '1d' }), /`Hold` `1d` must be a time .* up to `15m`/],
    ['a form that is none', mask({ Fields: 'Body', As: 'blur' }), /`full`, `partial`, `hash` or `null`/],
    ['objects', mask({ Detect: 'jwt', OtherObjects: 'skip' }), /`deny` or `pass`/],
    ['nothing to mask', mask({ As: 'full' }), /must have `Fields`, `Columns` or `Detect`/],
    ['a column of no table', mask({ Columns: ['email'] }), /`TABLE.COLUMN`; in any table: `\*\.email`/],
  ]
  for (const [name, messages, pattern] of wrong) {
    it(`are refused: ${name}`, () => assert.match(messages.join('\n'), pattern))
  }
})
