import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseTrustDocument } from './parse.ts'
import { evaluateTrust, type TrustRequest } from './trust.ts'

const PROVIDER = 'arn:aws:iam::111122223333:oidc-provider/id.example'
const WEB = 'sts:AssumeRoleWithWebIdentity'

function ask(
  statements: object | object[],
  request: Partial<TrustRequest> & { keys?: Record<string, string[]> },
) {
  const text = JSON.stringify({ Version: '2012-10-17', Statement: statements })
  const { keys = {}, ...rest } = request
  const context = new Map(Object.entries(keys))
  return evaluateTrust(parseTrustDocument({ name: 'trust', text }))({ action: WEB, context, ...rest })
}

const FEDERATED = { federated: [PROVIDER, 'https://id.example', 'id.example', 'work'] }
const CALLER = {
  action: 'sts:AssumeRole',
  principalArns: ['arn:aws:iam::111122223333:role/a', '111122223333'],
}
const ALLOW = {
  Sid: 'Main',
  Effect: 'Allow',
  Principal: { Federated: PROVIDER },
  Action: WEB,
  Condition: { StringLike: { 'id.example:sub': 'repo:shop:*' } },
}
const MAIN = { ...FEDERATED, keys: { 'id.example:sub': ['repo:shop:main'] } }

describe('a trust policy', () => {
  it('lets in whom it names, under its conditions, and says which statement did', () => {
    const answer = ask(ALLOW, MAIN)
    assert.equal(answer.allowed, true)
    assert.equal(answer.statements[0]?.statement, 'Main')
    assert.equal(ask(ALLOW, { ...FEDERATED, keys: { 'id.example:sub': ['repo:other:main'] } }).allowed, false)
    assert.equal(ask(ALLOW, FEDERATED).allowed, false)
    assert.match(ask(ALLOW, FEDERATED).reason, /no statement of the trust policy allows/)
  })

  it('lets in nobody else: another issuer, a role of AWS, another action', () => {
    assert.equal(ask(ALLOW, { ...MAIN, federated: ['https://evil.example'] }).allowed, false)
    assert.equal(ask(ALLOW, { keys: MAIN.keys, principalArns: [PROVIDER] }).allowed, false)
    assert.equal(ask(ALLOW, { ...MAIN, action: 'sts:TagSession' }).allowed, false)
  })

  it('takes the issuer by every name that it has', () => {
    for (const name of FEDERATED.federated) {
      assert.equal(ask({ ...ALLOW, Principal: { Federated: [name] } }, MAIN).allowed, true, name)
    }
  })

  it('lets a Deny win', () => {
    const deny = { Sid: 'NotThis', Effect: 'Deny', Principal: '*', Action: 'sts:*' }
    const answer = ask([ALLOW, deny], MAIN)
    assert.equal(answer.allowed, false)
    assert.match(answer.reason, /denied by `NotThis`/)
  })

  it('means principals of AWS by `AWS: *`, and everybody by `*`', () => {
    const all = { Effect: 'Allow', Action: 'sts:*', Principal: { AWS: '*' } }
    assert.equal(ask(all, CALLER).allowed, true)
    assert.equal(ask(all, FEDERATED).allowed, false)
    assert.equal(ask({ ...all, Principal: '*' }, FEDERATED).allowed, true)
    assert.equal(ask({ ...all, Principal: { AWS: '111122223333' } }, CALLER).allowed, true)
    assert.equal(ask({ ...all, Principal: { AWS: '444455556666' } }, CALLER).allowed, false)
    assert.equal(ask({ ...all, Principal: { Service: 'ec2.amazonaws.com' } }, CALLER).allowed, false)
  })

  it('leaves out whom NotPrincipal names, also from a Deny', () => {
    const but = { Effect: 'Deny', NotPrincipal: { Federated: PROVIDER }, Action: 'sts:*' }
    const all = { Effect: 'Allow', Principal: '*', Action: 'sts:*' }
    assert.equal(ask([all, but], MAIN).allowed, true)
    assert.equal(ask([all, but], CALLER).allowed, false)
  })

  it('wants every audience of a token to fit', () => {
    const audience = { ...ALLOW, Condition: { StringEquals: { 'id.example:aud': 'sts.amazonaws.com' } } }
    const having = (...values: string[]) =>
      ask(audience, { ...FEDERATED, keys: { 'id.example:aud': values } }).allowed
    assert.equal(having('sts.amazonaws.com'), true)
    assert.equal(having('sts.amazonaws.com', 'elsewhere'), false)
    assert.equal(having(), false)
  })
})
