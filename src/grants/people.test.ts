import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Requester } from './model.ts'
import { isNamed, mayApprove, mayDeny } from './people.ts'
import { demand, person, REQUESTER } from './requests.fixture.ts'

const asked = (requester: Partial<Requester>) => ({
  requester: { ...REQUESTER, subject: 'bot-1', knownAs: [], ...requester },
  demands: [demand(['group/on-call'])],
  approvals: [],
})

describe('who is named', () => {
  it('a group is known by its name alone, whichever issuer of people tells it', () => {
    for (const issuer of ['okta', 'contractors']) {
      assert.ok(isNamed('group/on-call', { ...person('ann'), issuer, id: `${issuer}/ann` }))
    }
    assert.ok(!isNamed('group/On-Call', person('ann')))
    assert.ok(!isNamed('group/on-call', person('ann', ['on-call '])))
  })

  it('a person is of an issuer, and nobody is the administrator by a group or a name', () => {
    assert.ok(isNamed('person/okta/ann', person('ann')))
    assert.ok(!isNamed('person/github/ann', person('ann')))
    assert.ok(!isNamed('admin', person('admin', ['admin'])))
  })
})

describe('four eyes', () => {
  const dora = person('u-99', ['on-call'], { knownAs: ['Dora@acme.example'] })

  it('sees through case, characters that look alike to Unicode, and those that nobody sees', () => {
    for (const name of [
      'dora@acme.example',
      'DORA@ACME.EXAMPLE',
      'ｄｏｒａ@acme.example',
      ' dora@acme.example',
      'do\u200bra@acme.example\u0000',
    ]) {
      for (const requester of [{ knownAs: [name] }, { sourceIdentity: name }, { subject: name }]) {
        assert.deepEqual(mayApprove(asked(requester), dora).demands, [], JSON.stringify(requester))
        assert.deepEqual(mayDeny(asked(requester), dora).demands, [])
      }
    }
    assert.deepEqual(mayApprove(asked({ knownAs: ['dana@acme.example'] }), dora).demands, [0])
  })
})
