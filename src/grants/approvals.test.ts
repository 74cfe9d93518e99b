import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { callQuestion, settleAll, testRoom, withStore } from './desk.fixture.ts'
import type { ScopeQuestion } from './desk.ts'
import type { AccessRequest } from './model.ts'
import { CALL, demand, person, REQUESTER } from './requests.fixture.ts'

const MINUTE_MS = 60_000
const ann = person('ann')

describe('settling a call', () => {
  it('asks once, whichever process the call comes to', async () => {
    const { desk, journal, store } = testRoom()
    let described = 0
    const describe = async () => {
      described++
      return CALL
    }
    const question = callQuestion('d', { describe })
    const first = await desk().settle(question, 'D1')
    const second = await desk().settle(question, 'D2')
    assert.equal(first.state, 'pending')
    assert.equal(second.state, 'pending')
    assert.equal(second.request.id, first.request.id)
    assert.equal(described, 1)
    assert.deepEqual(journal.said, ['asked'])
    assert.match(first.request.id, /^[0-9A-Z]{26}$/)
    assert.deepEqual(await store.unrecorded(Number.MAX_SAFE_INTEGER, 10), [])
  })

  it('asks no more than may wait, however many calls come at once', async () => {
    const { desk, store } = testRoom()
    const limited = desk(store, { pendingPerPrincipal: 3 })
    const calls = Array.from({ length: 40 }, async (_, i) =>
      limited.settle(callQuestion(`call ${i}`), `D${i}`),
    )
    const scopes = Array.from({ length: 20 }, async (_, i) =>
      limited.requestScope({
        requester: REQUESTER,
        scope: { actions: [`ec2:A${i}`], resources: ['*'] },
        reason: 'x',
        validForMs: MINUTE_MS,
        demands: callQuestion('d').demands,
      }),
    )
    const ended = await Promise.allSettled<unknown>([...calls, ...scopes])
    const asked = ended.filter(({ status }) => status === 'fulfilled').length
    assert.ok(asked >= 1 && asked <= 3, `${asked} asked`)
    assert.equal(await store.pendingOf(REQUESTER.principalKey, 1_000_000), asked)
  })

  it('asks once for many calls that ask the same, and lets no one of them wait for what another shows', async () => {
    const { desk, store } = testRoom()
    const limited = desk(store, { pendingPerPrincipal: 2 })
    const never = limited.settle(callQuestion('slow', { describe: () => new Promise(() => undefined) }), 'D')
    const same = await Promise.all(
      Array.from({ length: 20 }, async (_, i) => limited.settle(callQuestion('same'), `D${i}`)),
    )
    assert.equal(new Set(same.map(({ request }) => request.id)).size, 1)
    await assert.rejects(limited.settle(callQuestion('other'), 'D'), { code: 'requests-too-many' })
    const failing = callQuestion('fails', { describe: () => Promise.reject(new Error('no')) })
    const roomy = desk(store, { pendingPerPrincipal: 2 })
    await assert.rejects(roomy.settle(failing, 'D'), /no/)
    assert.equal((await roomy.settle(callQuestion('other'), 'D')).state, 'pending')
    void never
  })

  it('asks at a bounded rate, also one who takes back each request', async () => {
    const { desk, store, clock } = testRoom()
    const limited = desk(store, { askBurst: 3, askEveryMs: 10_000 })
    const askAndTakeBack = async (digest: string): Promise<void> => {
      const { request } = await limited.settle(callQuestion(digest), 'D')
      await limited.revoke(request.id, person('agent'), 'never mind')
    }
    for (const digest of ['a', 'b', 'c']) await askAndTakeBack(digest)
    await assert.rejects(askAndTakeBack('d'), { code: 'requests-too-many' })
    const sourced = { ...REQUESTER, principalKey: 'sourced', sourceIdentity: 'x' }
    const same = callQuestion('d', { requester: sourced })
    await assert.rejects(limited.settle(same, 'D'), { code: 'requests-too-many' })
    const another = callQuestion('d', {
      requester: { ...REQUESTER, principalKey: 'another', subject: 'other' },
    })
    assert.equal((await limited.settle(another, 'D')).state, 'pending')
    clock.advance(10_000)
    await askAndTakeBack('e')
    await assert.rejects(askAndTakeBack('f'), { code: 'requests-too-many' })
    clock.advance(-3_600_000)
    await assert.rejects(askAndTakeBack('g'), { code: 'requests-too-many' })
  })

  it('keeps and records each time that the glass is broken, and tells of the first and of some of many', async () => {
    const { desk, store, clock, journal } = testRoom(['ops'])
    const limited = desk(store, { glassTold: 3, glassToldEveryMs: 10_000 })
    const told = async (): Promise<number> => {
      const deliveries = await store.takeDeliveries(clock.now(), clock.now(), 100)
      for (const { id } of deliveries) await store.delivered(id)
      return deliveries.length
    }
    for (let i = 0; i < 10; i++) await limited.brokeGlass(callQuestion('d'), `D${i}`)
    assert.equal(await told(), 3)
    assert.equal((await limited.list({ limit: 100 })).length, 10)
    assert.deepEqual(
      journal.said,
      Array.from({ length: 10 }, () => 'broke-glass'),
    )
    const requester = { ...REQUESTER, principalKey: 'another', subject: 'other' }
    await limited.brokeGlass(callQuestion('d', { requester }), 'E')
    assert.equal(await told(), 1)
    clock.advance(10_000)
    for (let i = 0; i < 5; i++) await limited.brokeGlass(callQuestion('d'), `F${i}`)
    assert.equal(await told(), 1)
  })

  it('passes the retry once it is approved, also in another process, as often as was granted', async () => {
    const { desk, journal } = testRoom()
    const question = callQuestion('d')
    const { request } = await desk().settle(question, 'D1')
    await desk().approve(request.id, ann, {})
    for (const decision of ['D2', 'D3']) {
      const settled = await desk().settle(question, decision)
      assert.ok(settled.state === 'granted')
      assert.deepEqual(settled.grant, { requestId: request.id, by: ['okta/ann'], kind: 'call' })
    }
    const next = await desk().settle(question, 'D4')
    assert.equal(next.state, 'pending')
    assert.notEqual(next.request.id, request.id)
    assert.deepEqual(journal.said, ['asked', 'approved', 'spent', 'spent', 'asked'])
    assert.deepEqual(
      journal.events.filter(({ what }) => what === 'spent').map(event => [event.decisionId, event.usesLeft]),
      [
        ['D2', 1],
        ['D3', 0],
      ],
    )
  })

  it('passes nothing but that very call, by that principal, in that role, under those demands', async () => {
    const { desk } = testRoom()
    const question = callQuestion('d')
    const { request } = await desk().settle(question, 'D1')
    await desk().approve(request.id, ann, {})
    const others = [
      callQuestion('e'),
      callQuestion('d', { demands: [demand(['group/on-call'], { uses: 2, count: 2 })] }),
      callQuestion('d', { demands: [...question.demands, demand(['group/security'])] }),
      callQuestion('d', { requester: { ...REQUESTER, principalKey: 'another' } }),
      callQuestion('d', { requester: { ...REQUESTER, roleArn: `${REQUESTER.roleArn}2` } }),
    ]
    for (const other of others.slice(0, 3)) assert.equal((await desk().settle(other, 'D2')).state, 'pending')
    // A digest holds principal and role; a desk that were given one of another would not pass it, either.
    for (const other of others.slice(3))
      await assert.rejects(desk().settle(other, 'D2'), { code: 'overloaded' })
    assert.equal((await desk().settle(question, 'D3')).state, 'granted')
  })

  it('passes nothing once the grant has expired, or was revoked', async () => {
    const { desk, clock } = testRoom()
    const question = callQuestion('d')
    const first = await desk().settle(question, 'D1')
    await desk().approve(first.request.id, ann, {})
    clock.advance(15 * MINUTE_MS)
    const second = await desk().settle(question, 'D2')
    assert.equal(second.state, 'pending')
    await desk().approve(second.request.id, ann, { validForMs: 1 })
    clock.advance(1)
    const third = await desk().settle(question, 'D3')
    assert.equal(third.state, 'pending')
    await desk().approve(third.request.id, ann, {})
    await desk().revoke(third.request.id, ann, 'over')
    assert.equal((await desk().settle(question, 'D4')).state, 'pending')
  })

  it('passes nothing whose grant has expired while its use was recorded', async () => {
    const { desk, clock, journal } = testRoom()
    const question = callQuestion('d')
    const { request } = await desk().settle(question, 'D1')
    await desk().approve(request.id, ann, { validForMs: 1_000 })
    const record = journal.record.bind(journal)
    journal.record = async events => {
      clock.advance(1_000)
      await record(events)
    }
    const late = await desk().settle(question, 'D2')
    assert.equal(late.state, 'pending')
    assert.notEqual(late.request.id, request.id)
    assert.deepEqual(journal.said, ['asked', 'approved', 'spent', 'asked'])
  })

  it('answers by a denial for a while, and then asks again', async () => {
    const { desk, clock } = testRoom()
    const question = callQuestion('d')
    const { request } = await desk().settle(question, 'D1')
    await desk().deny(request.id, ann, 'not on a Friday')
    clock.advance(5 * MINUTE_MS - 1)
    const denied = await desk().settle(question, 'D2')
    assert.equal(denied.state, 'denied')
    assert.equal(denied.request.ended?.reason, 'not on a Friday')
    clock.advance(1)
    assert.equal((await desk().settle(question, 'D3')).state, 'pending')
  })

  it('keeps the number of open requests of a principal in bounds', async () => {
    const { desk, store } = testRoom()
    const bounded = desk(store, { pendingPerPrincipal: 2 })
    const first = await bounded.settle(callQuestion('a'), 'D1')
    await bounded.settle(callQuestion('b'), 'D2')
    await assert.rejects(bounded.settle(callQuestion('c'), 'D3'), { code: 'requests-too-many' })
    assert.equal((await bounded.settle(callQuestion('a'), 'D4')).request.id, first.request.id)
    const requester = { ...REQUESTER, principalKey: 'another', subject: 'other' }
    assert.equal((await bounded.settle(callQuestion('c', { requester }), 'D5')).state, 'pending')
    await bounded.revoke(first.request.id, ann, '')
    assert.equal((await bounded.settle(callQuestion('c'), 'D6')).state, 'pending')
  })

  it('asks for nothing that could not be shown', async () => {
    const { desk, store } = testRoom()
    const describe = async () => ({ ...CALL, parameters: { Text: 'x'.repeat(2_000) } })
    const small = desk(store, { shownCharacters: 1_000 })
    await assert.rejects(small.settle(callQuestion('d', { describe }), 'D1'), { code: 'request-too-large' })
    assert.deepEqual(await desk().list({ limit: 10 }), [])
  })

  it('gives one use to one of many who want it at once', async () => {
    const { desk, journal } = testRoom()
    const question = callQuestion('d')
    const { request } = await desk().settle(question, 'D')
    await desk().approve(request.id, ann, {})
    const desks = [desk(), desk(), desk()]
    const settled = await Promise.all(
      Array.from({ length: 30 }, (_, i) => desks[i % 3]!.settle(question, `D${i}`)),
    )
    assert.equal(settled.filter(({ state }) => state === 'granted').length, 2)
    assert.equal(new Set(settled.filter(({ state }) => state === 'pending').map(s => s.request.id)).size, 1)
    assert.equal(journal.said.filter(what => what === 'spent').length, 2)
  })
})

describe('standing access', () => {
  const question: ScopeQuestion = {
    requester: REQUESTER,
    scope: { actions: ['ec2:*'], resources: ['arn:aws:ec2:*:111122223333:instance/*'] },
    reason: 'maintenance',
    validForMs: 60 * MINUTE_MS,
    demands: [demand(['group/on-call'], { uses: 2 })],
  }

  it('lets every call within it pass until it ends, shown as such', async () => {
    const { desk, clock, journal } = testRoom()
    const request = await desk().requestScope(question)
    assert.equal((await desk().requestScope(question)).id, request.id)
    assert.equal((await desk().settle(callQuestion('a'), 'D1')).state, 'pending')
    await desk().approve(request.id, ann, {})
    for (const digest of ['a', 'b', 'c', 'c']) {
      const settled = await desk().settle(callQuestion(digest), 'D')
      assert.ok(settled.state === 'granted')
      assert.deepEqual(settled.grant, { requestId: request.id, by: ['okta/ann'], kind: 'scope' })
    }
    assert.equal(journal.said.filter(what => what === 'spent').length, 4)
    clock.advance(60 * MINUTE_MS)
    assert.equal((await desk().settle(callQuestion('b'), 'D')).state, 'pending')
  })

  it('is used by many calls of one process at once, each of which finds what the one before it left', async () => {
    const { desk, store, journal } = testRoom()
    const request = await desk().requestScope(question)
    await desk().approve(request.id, ann, {})
    let failures = 0
    const here = desk(
      withStore(store, {
        replace: async change => {
          await settleAll()
          const isKept = await store.replace(change)
          if (!isKept) failures++
          return isKept
        },
      }),
    )
    const settled = await Promise.all(
      Array.from({ length: 100 }, (_, i) => here.settle(callQuestion(`${i}`), `D${i}`)),
    )
    assert.ok(settled.every(({ state }) => state === 'granted'))
    assert.equal(journal.said.filter(what => what === 'spent').length, 100)
    assert.equal(failures, 0)
  })

  it('lets nothing pass beyond it', async () => {
    const { desk } = testRoom()
    const request = await desk().requestScope({ ...question, uses: 1 })
    await desk().approve(request.id, ann, {})
    const pairs = [{ action: 's3:GetObject', resource: 'arn:aws:s3:::b/k', certainty: 'exact' as const }]
    const stricter = [demand(['group/on-call'], { uses: 2, count: 2 })]
    const others = [
      callQuestion('a', { pairs }),
      callQuestion('b', { demands: stricter }),
      callQuestion('c', { requester: { ...REQUESTER, principalKey: 'another' } }),
      callQuestion('d', { requester: { ...REQUESTER, roleArn: `${REQUESTER.roleArn}2` } }),
    ]
    for (const other of others) assert.equal((await desk().settle(other, 'D')).state, 'pending')
    assert.equal((await desk().settle(callQuestion('e'), 'D')).state, 'granted')
    assert.equal((await desk().settle(callQuestion('f'), 'D')).state, 'pending')
  })

  it('uses the grant of the call itself first, and then the one that ends first', async () => {
    const { desk } = testRoom()
    const { request } = await desk().settle(callQuestion('a'), 'D')
    await desk().approve(request.id, ann, { uses: 1 })
    const long = await desk().requestScope({ ...question, uses: 1 })
    await desk().approve(long.id, ann, {})
    const scope = { ...question.scope, actions: ['ec2:Terminate*'] }
    const short = await desk().requestScope({ ...question, scope, uses: 1, validForMs: MINUTE_MS })
    await desk().approve(short.id, ann, {})
    const taken: string[] = []
    for (let i = 0; i < 3; i++) taken.push((await desk().settle(callQuestion('a'), 'D')).request.id)
    assert.deepEqual(taken, [request.id, short.id, long.id])
  })

  const wrong: readonly (readonly [string, Partial<ScopeQuestion>])[] = [
    ['no actions', { scope: { actions: [], resources: ['*'] } }],
    ['no reason', { reason: ' \n' }],
    ['a long reason', { reason: 'x'.repeat(501) }],
    ['no time', { validForMs: 0 }],
    ['too much time', { validForMs: 12 * 60 * MINUTE_MS + 1 }],
    ['no uses', { uses: 0 }],
    ['nobody to ask', { demands: [] }],
  ]
  for (const [what, change] of wrong) {
    it(`is not asked for with ${what}`, async () => {
      await assert.rejects(
        testRoom()
          .desk()
          .requestScope({ ...question, ...change }),
        { code: 'request-invalid' },
      )
    })
  }

  it('counts among the open requests of a principal', async () => {
    const { desk, store } = testRoom()
    await desk().settle(callQuestion('a'), 'D')
    const full = desk(store, { pendingPerPrincipal: 1 })
    await assert.rejects(full.requestScope(question), { code: 'requests-too-many' })
  })
})

describe('breaking the glass', () => {
  it('keeps and tells each call, beside whatever stands', async () => {
    const { desk, journal, store } = testRoom()
    const pending = await desk().settle(callQuestion('d'), 'D1')
    const first = await desk().brokeGlass(callQuestion('d'), 'D2')
    const second = await desk().brokeGlass(callQuestion('d'), 'D3')
    assert.equal(new Set([pending.request.id, first.id, second.id]).size, 3)
    assert.equal(first.brokeGlass, true)
    assert.deepEqual(journal.said, ['asked', 'broke-glass', 'broke-glass'])
    assert.deepEqual(
      journal.events.map(event => event.decisionId),
      [undefined, 'D2', 'D3'],
    )
    assert.equal((await desk().settle(callQuestion('d'), 'D4')).request.id, pending.request.id)
    assert.equal((await store.takeDeliveries(Number.MAX_SAFE_INTEGER, 0, 100)).length, 6)
  })

  it('tells of a call that is too large to show', async () => {
    const { desk, store } = testRoom()
    const describe = async () => ({ ...CALL, parameters: { Text: 'x'.repeat(5_000) } })
    const small = desk(store, { shownCharacters: 1_000 })
    assert.deepEqual((await small.brokeGlass(callQuestion('d', { describe }), 'D1')).call?.parameters, {})
  })

  it('fails where the store keeps nothing of it', async () => {
    const { desk, store } = testRoom()
    const { request } = await desk().settle(callQuestion('d'), 'D1')
    const wrong = desk(withStore(store, { open: async () => request }))
    await assert.rejects(wrong.brokeGlass(callQuestion('d'), 'D2'), { code: 'internal' })
  })

  it('fails where it cannot be recorded', async () => {
    const { desk, journal } = testRoom()
    journal.isFull = true
    await assert.rejects(desk().brokeGlass(callQuestion('d'), 'D1'), { code: 'journal-unavailable' })
  })
})

describe('people at the desk', () => {
  it('are told of every change in every channel, without what the channel reads itself', async () => {
    const { desk, store, clock } = testRoom()
    const ids: string[] = []
    for (const digest of ['a', 'b', 'c', 'd']) {
      ids.push((await desk().settle(callQuestion(digest), 'D')).request.id)
    }
    const [approved = '', denied = '', revoked = ''] = ids
    await desk().approve(approved, ann, {})
    await desk().settle(callQuestion('a'), 'D')
    await desk().shown(denied, 'channel/ops', 'ops')
    await desk().deny(denied, ann, '')
    await desk().revoke(revoked, ann, '')
    clock.advance(24 * 60 * MINUTE_MS)
    await desk().sweep()
    const deliveries = await store.takeDeliveries(Number.MAX_SAFE_INTEGER, 0, 100)
    for (const channel of ['ops', 'chat']) {
      const told = deliveries.filter(delivery => delivery.channel === channel).map(({ event }) => event.what)
      assert.deepEqual(told.toSorted(), [
        ...['approved', 'asked', 'asked', 'asked', 'asked', 'denied', 'expired', 'expired', 'revoked'],
      ])
    }
    assert.ok(deliveries.every(({ event, attempts }) => event.request === undefined && attempts === 0))
  })

  it('are shown a request once each for the journal', async () => {
    const { desk, journal } = testRoom()
    const { request } = await desk().settle(callQuestion('d'), 'D')
    for (const by of ['okta/ann', 'channel/ops', 'okta/ann', 'channel/ops'])
      await desk().shown(request.id, by, by)
    assert.deepEqual(journal.said, ['asked', 'shown', 'shown'])
  })

  it('find what ended a long time ago gone, and what has not ended there', async () => {
    const { desk, clock } = testRoom()
    const ended = await desk().settle(callQuestion('a'), 'D')
    await desk().revoke(ended.request.id, ann, 'never mind')
    clock.advance(89 * 24 * 60 * MINUTE_MS)
    await desk().sweep()
    const { request } = await desk().settle(callQuestion('b'), 'D')
    assert.equal((await desk().get(ended.request.id))?.state, 'revoked')
    clock.advance(25 * 60 * MINUTE_MS)
    await desk().sweep()
    assert.equal(await desk().get(ended.request.id), undefined)
    assert.equal((await desk().get(request.id))?.state, 'expired')
  })

  it('learn what they may answer', async () => {
    const { desk, clock } = testRoom()
    const { request } = await desk().settle(callQuestion('d'), 'D')
    assert.deepEqual(desk().eligible(request, ann), { demands: [0] })
    assert.match(desk().eligible(request, person('bob', [])).why ?? '', /names/)
    assert.match(desk().eligible(request, person('repo:acme/shop')).why ?? '', /their own/)
    const approved = await desk().approve(request.id, ann, {})
    assert.match(desk().eligible(approved, ann).why ?? '', /no longer open/)
    clock.advance(24 * 60 * MINUTE_MS)
    assert.match(desk().eligible(request, ann).why ?? '', /no longer open/)
  })

  it('cannot answer what is not there', async () => {
    const { desk } = testRoom()
    await assert.rejects(desk().approve('X', ann, {}), { code: 'request-unknown' })
    await assert.rejects(desk().deny('X', ann, ''), { code: 'request-unknown' })
    await assert.rejects(desk().revoke('X', ann, ''), { code: 'request-unknown' })
    await assert.rejects(desk().shown('X', 'okta/ann', ''), { code: 'request-unknown' })
    assert.equal(await desk().get('X'), undefined)
  })

  it('list what there is in pages, newest first', async () => {
    const { desk, clock } = testRoom()
    const ids: string[] = []
    for (const digest of ['a', 'b', 'c']) {
      ids.unshift((await desk().settle(callQuestion(digest), 'D')).request.id)
      clock.advance(1)
    }
    const idsOf = (requests: readonly AccessRequest[]) => requests.map(({ id }) => id)
    assert.deepEqual(idsOf(await desk().list({ limit: 2 })), ids.slice(0, 2))
    assert.deepEqual(idsOf(await desk().list({ limit: Number.NaN, before: ids[1]! })), ids.slice(2))
    assert.deepEqual(await desk().list({ limit: 5, states: ['spent'] }), [])
  })

  it('give up where others change the request without end', async () => {
    const { desk, store } = testRoom()
    const { request } = await desk().settle(callQuestion('d'), 'D')
    const contended = desk(withStore(store, { replace: async () => false }))
    await assert.rejects(contended.approve(request.id, ann, {}), { code: 'overloaded' })
  })
})
