import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as machine from './machine.ts'
import type { AccessRequest, Person } from './model.ts'
import { demand, person, question, REQUESTER } from './requests.fixture.ts'

const HOUR_MS = 3_600_000
const COOL_DOWN_MS = 300_000
let events = 0
const at = (nowMs: number): machine.Moment => ({ nowMs, eventId: `E${++events}` })

function asked(change: Partial<machine.Question> = {}): AccessRequest {
  return machine.ask(question(change), HOUR_MS, at(1_000)).request
}

function approved(change: Partial<machine.Question> = {}): AccessRequest {
  return machine.approve(asked(change), person('ann'), {}, at(2_000)).request
}

/** Approves as each in turn. */
function approvedBy(request: AccessRequest, ...people: Person[]): AccessRequest {
  return people.reduce((next, by) => machine.approve(next, by, {}, at(2_000)).request, request)
}

const NOT_ELIGIBLE = { code: 'approver-not-eligible' }
const CLOSED = { code: 'request-closed' }

describe('asking', () => {
  it('makes a request that stands until it closes, and tells the journal all of it', () => {
    const { request, event } = machine.ask(question({ reason: 'a\nb' }), HOUR_MS, { nowMs: 5, eventId: 'E' })
    const { state, standsUntilMs, openUntilMs, askedAtMs, version, reason } = request
    assert.deepEqual(
      { state, standsUntilMs, openUntilMs, askedAtMs, version, reason },
      {
        state: 'pending',
        standsUntilMs: 5 + HOUR_MS,
        openUntilMs: 5 + HOUR_MS,
        askedAtMs: 5,
        version: 1,
        reason: 'a b',
      },
    )
    assert.equal(event.id, 'E')
    assert.equal(event.what, 'asked')
    assert.equal(event.requestId, request.id)
    assert.equal(event.sessionId, REQUESTER.sessionId)
    assert.equal(event.request?.['digest'], 'd1')
    assert.deepEqual(event.request?.['call'], JSON.parse(JSON.stringify(request.call)))
  })

  const unsound: readonly Partial<machine.Question>[] = [
    { demands: [] },
    { demands: [demand([])] },
    { demands: [demand(['admin'], { count: 0 })] },
    { demands: [demand(['admin'], { count: Number.NaN })] },
    { uses: 0 },
    { uses: 1.5 },
    { validForMs: 0 },
    { validForMs: Number.POSITIVE_INFINITY },
  ]
  for (const change of unsound) {
    it(`refuses what nobody could or everybody would approve: ${JSON.stringify(change)}`, () => {
      assert.throws(() => asked(change), { code: 'internal' })
    })
  }

  it('is over at once for a call that broke the glass', () => {
    const { request, event } = machine.breakGlass(question(), 'D1', at(5))
    assert.equal(request.state, 'spent')
    assert.equal(request.standsUntilMs, 0)
    assert.equal(request.brokeGlass, true)
    assert.equal(event.what, 'broke-glass')
    assert.equal(event.decisionId, 'D1')
    assert.equal(event.request?.['brokeGlass'], true)
    assert.throws(() => machine.spend(request, 'D2', at(6)), CLOSED)
    assert.throws(() => machine.approve(request, person('ann'), {}, at(6)), CLOSED)
  })
})

describe('approving', () => {
  it('makes a grant from now on, for what was asked', () => {
    const { request, event } = machine.approve(asked(), person('ann'), { comment: ' fine ' }, at(2_000))
    assert.equal(request.state, 'approved')
    assert.deepEqual(request.grant, { uses: 3, usesLeft: 3, fromMs: 2_000, expiresAtMs: 902_000 })
    assert.equal(request.standsUntilMs, 902_000)
    assert.equal(request.version, 2)
    assert.deepEqual(
      [event.what, event.by, event.name, event.reason, event.state, event.usesLeft, event.expiresAtMs],
      ['approved', 'okta/ann', 'ANN', 'fine', 'approved', 3, 902_000],
    )
  })

  it('takes as many different people as a demand counts', () => {
    const two = asked({ demands: [demand(['group/on-call'], { count: 2 })] })
    const one = approvedBy(two, person('ann'))
    assert.equal(one.state, 'pending')
    assert.equal(one.grant, undefined)
    assert.throws(() => approvedBy(one, person('ann')), NOT_ELIGIBLE)
    assert.equal(approvedBy(one, person('bob')).state, 'approved')
  })

  it('takes two accounts of one person as one', () => {
    const two = asked({ demands: [demand(['group/on-call'], { count: 2 })] })
    const other = person('a.nn', ['on-call'], {
      id: 'google/a.nn',
      issuer: 'google',
      knownAs: ['ANN@acme.example'],
    })
    assert.throws(() => approvedBy(two, person('ann'), other), NOT_ELIGIBLE)
    const third = person('ann2', ['on-call'], { knownAs: ['x@acme.example', 'ＡＮＮ'] })
    assert.throws(() => approvedBy(two, person('ann'), third), NOT_ELIGIBLE, 'full-width letters')
  })

  it('waits for each demand, and counts one person for each that names them', () => {
    const demands = [demand(['group/on-call']), demand(['group/security'], { count: 2 })]
    const both = asked({ demands })
    assert.equal(approvedBy(both, person('ann', ['on-call', 'security'])).state, 'pending')
    assert.equal(
      approvedBy(both, person('ann', ['on-call', 'security']), person('bob', ['security'])).state,
      'approved',
    )
    assert.equal(approvedBy(both, person('ann', ['security']), person('bob', ['security'])).state, 'pending')
    const met = approvedBy(both, person('ann'))
    assert.throws(() => approvedBy(met, person('bob')), NOT_ELIGIBLE, 'that demand is met')
  })

  const strangers: readonly (readonly [string, string, Person])[] = [
    ['another group', 'group/on-call', person('ann', ['on-call2', 'on', 'On-Call', 'group/on-call'])],
    ['a name that reads like a group', 'group/on-call', person('group/on-call', [])],
    [
      'the same subject of another issuer',
      'person/okta/ann',
      person('ann', [], { id: 'google/ann', issuer: 'google' }),
    ],
    ['another case', 'person/okta/ann', person('Ann')],
    ['a group named like a person', 'person/okta/ann', person('bob', ['person/okta/ann', 'okta/ann'])],
    ['somebody who calls themselves admin', 'admin', person('admin', ['admin'], { name: 'sallyport/admin' })],
    ['an entry of an unknown kind', 'everybody', person('everybody', ['everybody'])],
    ['an empty group', 'group/', person('ann', [])],
  ]
  for (const [what, from, by] of strangers) {
    it(`takes no approval and no denial of ${what}`, () => {
      const request = asked({ demands: [demand([from])] })
      assert.throws(() => approvedBy(request, by), NOT_ELIGIBLE)
      assert.throws(() => machine.deny(request, by, 'no', COOL_DOWN_MS, at(2_000)), NOT_ELIGIBLE)
    })
  }

  it('takes a person by name, and the local administrator where the policy says so', () => {
    assert.equal(
      approvedBy(asked({ demands: [demand(['person/okta/ann'])] }), person('ann', [])).state,
      'approved',
    )
    const admin = person('admin', [], { id: 'sallyport/admin', issuer: 'sallyport' })
    assert.equal(approvedBy(asked({ demands: [demand(['admin'])] }), admin).state, 'approved')
    assert.throws(() => approvedBy(asked(), admin), NOT_ELIGIBLE)
  })

  it('takes a denial of everything from the local administrator, and from nobody who is only called so', () => {
    const admin = person('admin', [], { id: 'sallyport/admin', issuer: 'sallyport' })
    assert.equal(machine.deny(asked(), admin, 'no', COOL_DOWN_MS, at(2_000)).request.state, 'denied')
    const called = person('admin', ['admin'], { name: 'sallyport/admin' })
    assert.throws(() => machine.deny(asked(), called, 'no', COOL_DOWN_MS, at(2_000)), NOT_ELIGIBLE)
  })

  const selves: readonly Person[] = [
    person('kim', ['on-call'], { knownAs: ['KIM@acme.EXAMPLE'] }),
    person('repo:acme/shop'),
    person('Repo:Acme/Shop', ['on-call'], { issuer: 'google', id: 'google/Repo:Acme/Shop' }),
    person('kim@acme.example', ['on-call'], { knownAs: [] }),
    person('x', ['on-call'], { knownAs: ['y', ' kim@acme.example '] }),
  ]
  for (const by of selves) {
    it(`takes no answer of the requester, known as ${by.subject} and ${by.knownAs}`, () => {
      assert.throws(() => approvedBy(asked(), by), NOT_ELIGIBLE)
      assert.throws(() => machine.deny(asked(), by, '', COOL_DOWN_MS, at(2_000)), NOT_ELIGIBLE)
    })
  }

  it('knows the requester also where the caller did not say how', () => {
    const requester = { ...REQUESTER, subject: 'ann', sourceIdentity: 'bob@acme.example', knownAs: [] }
    assert.throws(() => approvedBy(asked({ requester }), person('ann')), NOT_ELIGIBLE)
    assert.throws(() => approvedBy(asked({ requester }), person('bob')), NOT_ELIGIBLE)
    assert.equal(approvedBy(asked({ requester }), person('cid')).state, 'approved')
  })

  it('grants the least that any approver allows', () => {
    const two = asked({ demands: [demand(['group/on-call'], { count: 3 })] })
    const first = machine.approve(two, person('ann'), { uses: 2 }, at(2_000)).request
    const second = machine.approve(first, person('bob'), { uses: 3, validForMs: 60_000 }, at(3_000)).request
    const third = machine.approve(second, person('cid'), {}, at(4_000)).request
    assert.deepEqual(third.grant, { uses: 2, usesLeft: 2, fromMs: 4_000, expiresAtMs: 64_000 })
  })

  for (const narrowing of [{ uses: 4 }, { uses: 0 }, { uses: -1 }, { uses: 1.5 }, { uses: Number.NaN }]) {
    it(`refuses to widen or to make sense of ${narrowing.uses}`, () => {
      const approve = () => machine.approve(asked(), person('ann'), narrowing, at(2_000))
      assert.throws(approve, { code: 'approval-invalid' })
      const longer = () => machine.approve(asked(), person('ann'), { validForMs: 900_001 }, at(2_000))
      assert.throws(longer, { code: 'approval-invalid' })
    })
  }

  it('comes too late once the request is closed', () => {
    const late = () => machine.approve(asked(), person('ann'), {}, at(1_000 + HOUR_MS))
    assert.throws(late, CLOSED)
    assert.throws(() => machine.deny(asked(), person('ann'), '', COOL_DOWN_MS, at(1_000 + HOUR_MS)), CLOSED)
    for (const request of ended()) {
      assert.throws(() => machine.approve(request, person('bob'), {}, at(2_000)), CLOSED)
      assert.throws(() => machine.deny(request, person('bob'), '', COOL_DOWN_MS, at(2_000)), CLOSED)
    }
  })
})

/** A request in each final state. */
function ended(): AccessRequest[] {
  const spent = machine.spend(
    machine.approve(asked(), person('ann'), { uses: 1 }, at(2_000)).request,
    'D',
    at(2_001),
  ).request
  const expired = machine.expire(asked(), at(HOUR_MS * 2))?.request
  assert.ok(expired)
  const denied = machine.deny(asked(), person('ann'), 'no', COOL_DOWN_MS, at(2_000)).request
  const revoked = machine.revoke(approved(), person('ann'), 'no', at(2_000)).request
  assert.deepEqual(
    [spent, expired, denied, revoked].map(({ state }) => state),
    ['spent', 'expired', 'denied', 'revoked'],
  )
  return [spent, expired, denied, revoked]
}

describe('denying and revoking', () => {
  it('ends the request at the word of one, and stands for a while', () => {
    const two = asked({ demands: [demand(['group/on-call'], { count: 2 })] })
    const one = approvedBy(two, person('ann'))
    for (const by of [person('bob'), person('ann')]) {
      const { request, event } = machine.deny(one, by, 'not\u202e now\u0007', COOL_DOWN_MS, at(3_000))
      assert.equal(request.state, 'denied')
      assert.equal(request.standsUntilMs, 303_000)
      assert.deepEqual(request.ended, { by: by.id, name: by.name, atMs: 3_000, reason: 'not  now' })
      assert.equal(event.reason, 'not  now')
    }
  })

  it('keeps so much of a reason as a person reads', () => {
    const { request } = machine.deny(asked(), person('ann'), '😀'.repeat(100_000), COOL_DOWN_MS, at(3_000))
    assert.equal(request.ended?.reason, `${'😀'.repeat(499)}…`)
    assert.equal(
      machine.revoke(asked(), person('ann'), 'x'.repeat(500), at(2)).request.ended?.reason?.length,
      500,
    )
    assert.equal(machine.revoke(asked(), person('ann'), '\n\u200b', at(2)).request.ended?.reason, undefined)
  })

  it('revokes what is open or granted, and nothing else', () => {
    for (const request of [asked(), approved()]) {
      const revoked = machine.revoke(request, person('zoe', []), 'over', at(3_000)).request
      assert.equal(revoked.state, 'revoked')
      assert.equal(revoked.standsUntilMs, 0)
      assert.throws(() => machine.spend(revoked, 'D', at(3_001)), CLOSED)
    }
    for (const request of ended()) {
      assert.throws(() => machine.revoke(request, person('zoe'), '', at(3_000)), CLOSED)
    }
  })
})

describe('spending', () => {
  it('takes one use after the other until none is left', () => {
    let request = approved()
    for (const left of [2, 1, 0]) {
      const step = machine.spend(request, `D${left}`, at(3_000))
      request = step.request
      assert.equal(request.grant?.usesLeft, left)
      assert.deepEqual(
        [step.event.what, step.event.usesLeft, step.event.decisionId],
        ['spent', left, `D${left}`],
      )
      assert.equal(request.state, left === 0 ? 'spent' : 'approved')
    }
    assert.equal(request.standsUntilMs, 0)
    assert.throws(() => machine.spend(request, 'D', at(3_000)), CLOSED)
  })

  it('ends with the grant, to the millisecond', () => {
    assert.ok(machine.spend(approved(), 'D', at(901_999)))
    assert.throws(() => machine.spend(approved(), 'D', at(902_000)), CLOSED)
  })

  it('takes nothing of a request that nobody has approved', () => {
    for (const request of [asked(), ...ended()]) {
      assert.throws(() => machine.spend(request, 'D', at(2_000)), CLOSED)
      assert.ok(!machine.isSpendable(request, 2_000))
    }
  })

  it('takes nothing where the state and the grant do not agree', () => {
    const request = approved()
    assert.ok(request.grant)
    const empty = { ...request, grant: { ...request.grant, usesLeft: 0 } }
    const { grant: _, ...bare } = request
    for (const wrong of [empty, bare]) assert.throws(() => machine.spend(wrong, 'D', at(2_000)), CLOSED)
  })
})

describe('expiring and showing', () => {
  it('ends what is over, and only that', () => {
    assert.equal(machine.expire(asked(), at(1_000 + HOUR_MS - 1)), undefined)
    assert.equal(machine.expire(asked(), at(1_000 + HOUR_MS))?.request.state, 'expired')
    assert.equal(machine.expire(approved(), at(901_999)), undefined)
    assert.equal(machine.expire(approved(), at(902_000))?.event.what, 'expired')
    for (const request of ended()) assert.equal(machine.expire(request, at(HOUR_MS * 10)), undefined)
  })

  it('tells once for each to whom it was shown', () => {
    const step = machine.show(asked(), 'channel/ops', 'ops', at(2_000))
    assert.ok(step)
    assert.deepEqual([step.event.what, step.event.by, step.event.name], ['shown', 'channel/ops', 'ops'])
    assert.equal(step.request.version, 2)
    assert.equal(step.request.state, 'pending')
    assert.equal(machine.show(step.request, 'channel/ops', 'ops', at(2_000)), undefined)
    assert.ok(machine.show(step.request, 'okta/ann', 'Ann', at(2_000)))
  })
})
