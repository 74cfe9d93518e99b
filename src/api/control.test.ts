import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { RequestListReply, RequestView } from '../contract/approvals.ts'
import { GateError } from '../core/errors.ts'
import { type Answer, call, makeWorld, ROLE, serve, TOKENS, token, type World } from './world.fixture.ts'

async function open(context: TestContext, world: World = makeWorld()) {
  const { send } = await serve(world.ports, context)
  const view = async (text: string, status = 200): Promise<RequestView> => {
    const answer = await send(text)
    assert.equal(answer.status, status, answer.body)
    return JSON.parse(answer.body)
  }
  const list = async (bearer: string, query = ''): Promise<RequestListReply> => {
    return JSON.parse((await send(call('GET', `/v1/requests${query}`, bearer))).body)
  }
  return { world, send, view, list }
}

function codeOf({ body }: Answer): string {
  return JSON.parse(body).code
}

test('who a token is', async context => {
  const { send, world } = await open(context)
  const who = async (bearer: string) => JSON.parse((await send(call('GET', '/v1/whoami', bearer))).body)
  const ann = {
    id: 'okta/ann',
    issuer: 'okta',
    subject: 'ann',
    name: 'Ann',
    groups: ['on-call'],
    person: true,
  }
  assert.deepEqual(await who(TOKENS.ann()), ann)
  assert.equal((await who(TOKENS.ci())).person, false)
  assert.equal((await who(world.adminToken.fresh?.reveal() ?? '')).id, 'sallyport/admin')
})

test('whom the demand names reads it, and that is recorded; approves it, and the call passes', async context => {
  const { world, view, send } = await open(context)
  const { id } = await world.asked()
  const shown = await view(call('GET', `/v1/requests/${id}`, TOKENS.ann()))
  assert.match(shown.call?.commandLine ?? '', /^aws ec2 terminate-instances/)
  assert.deepEqual(shown.may, { approve: true, deny: true, revoke: true })
  assert.deepEqual(
    world.events.map(({ what, by }) => [what, by]),
    [
      ['asked', undefined],
      ['shown', 'okta/ann'],
    ],
  )
  await view(call('GET', `/v1/requests/${id}`, TOKENS.ann()))
  assert.equal(world.events.length, 2, 'it is shown once to each')

  const approved = await view(
    call('POST', `/v1/requests/${id}/approve`, TOKENS.ann(), { uses: 1, comment: 'go' }),
  )
  assert.equal(approved.state, 'approved')
  assert.equal(approved.grant?.uses, 1)
  assert.equal(approved.approvals[0]?.by, 'okta/ann')
  assert.equal((await world.store.get(id))?.state, 'approved')
  assert.equal(world.events.at(-1)?.what, 'approved', 'it is in the journal before the answer')
  const again = await send(call('POST', `/v1/requests/${id}/approve`, TOKENS.ben(), {}))
  assert.equal(codeOf(again), 'request-closed')
})

test('two people are needed: one is not enough, and the same one twice neither', async context => {
  const { world, view, send } = await open(context)
  const { id } = await world.asked(['group/on-call'], { count: 2 })
  const first = await view(call('POST', `/v1/requests/${id}/approve`, TOKENS.ann(), {}))
  assert.equal(first.state, 'pending')
  assert.equal(first.demands[0]?.approvals, 1)
  assert.equal(first.may.approve, false)
  assert.equal(first.may.deny, true)
  assert.match(first.may.why ?? '', /has approved it already/)
  const twice = await send(call('POST', `/v1/requests/${id}/approve`, TOKENS.ann(), {}))
  assert.equal(codeOf(twice), 'approver-not-eligible')
  assert.equal((await view(call('POST', `/v1/requests/${id}/approve`, TOKENS.ben(), {}))).state, 'approved')
})

test('of many answers at once, each person counts once', async context => {
  const { world, send } = await open(context)
  const { id } = await world.asked(['group/on-call'], { count: 3 })
  const approve = (bearer: string) => send(call('POST', `/v1/requests/${id}/approve`, bearer, {}))
  const tokens = [TOKENS.ann, TOKENS.ben, TOKENS.ann, TOKENS.ann, TOKENS.ben, TOKENS.eve, TOKENS.ci]
  const answers = await Promise.all(tokens.map(make => approve(make())))
  assert.equal(answers.filter(({ status }) => status === 200).length, 2)
  const after = await world.store.get(id)
  assert.equal(after?.state, 'pending')
  assert.deepEqual(after?.approvals.map(({ by }) => by).sort(), ['okta/ann', 'okta/ben'])
})

test('a denial has a reason that the requester reads; an approver ends a grant', async context => {
  const { world, view } = await open(context)
  const denied = await world.asked()
  await view(call('POST', `/v1/requests/${denied.id}/deny`, TOKENS.ann(), { reason: 'not on a Friday' }))
  const read = await view(call('GET', `/v1/requests/${denied.id}`, TOKENS.ci()))
  assert.equal(read.state, 'denied')
  assert.equal(read.ended?.reason, 'not on a Friday')
  assert.deepEqual(read.may, { approve: false, deny: false, revoke: false })

  const { id } = await world.asked()
  await view(call('POST', `/v1/requests/${id}/approve`, TOKENS.ann(), {}))
  const revoked = await view(call('POST', `/v1/requests/${id}/revoke`, TOKENS.ben(), { reason: 'enough' }))
  assert.equal(revoked.state, 'revoked')
})

test('the requester reads and takes back its own, and never answers it', async context => {
  const { world, view, send, list } = await open(context)
  const { id } = await world.asked(['group/on-call', 'person/github/repo:acme/shop'])
  const own = await view(call('GET', `/v1/requests/${id}`, TOKENS.ci()))
  assert.deepEqual(own.may, { approve: false, deny: false, revoke: true })
  assert.equal(world.events.length, 1, 'the requester is no approver to whom it was shown')
  for (const answer of ['approve', 'deny']) {
    const body = answer === 'deny' ? { reason: 'x' } : {}
    const reply = await send(call('POST', `/v1/requests/${id}/${answer}`, TOKENS.ci(), body))
    assert.equal(codeOf(reply), 'api-denied')
  }
  assert.deepEqual((await list(TOKENS.other())).requests, [])
  assert.equal((await list(TOKENS.ci())).requests.length, 1)
  await view(call('POST', `/v1/requests/${id}/revoke`, TOKENS.ci(), { reason: 'no longer needed' }))
})

test('what may not be read answers as what is not there', async context => {
  const { world, send, list } = await open(context)
  const { id } = await world.asked()
  const missing = id.slice(0, -1) + (id.endsWith('0') ? '1' : '0')
  const answers = async (of: string) => {
    const all: Answer[] = []
    for (const bearer of [TOKENS.eve(), TOKENS.other()]) {
      all.push(await send(call('GET', `/v1/requests/${of}`, bearer)))
      for (const verb of ['deny', 'revoke']) {
        all.push(await send(call('POST', `/v1/requests/${of}/${verb}`, bearer, { reason: 'x' })))
      }
      all.push(await send(call('POST', `/v1/requests/${of}/approve`, bearer, {})))
    }
    return all.map(({ status, body }) => [status, body.replaceAll(of, 'ID')])
  }
  const there = await answers(id)
  assert.deepEqual(there, await answers(missing))
  assert.ok(there.every(([status]) => status === 404))
  assert.deepEqual((await list(TOKENS.eve())).requests, [])
  assert.equal((await world.store.get(id))?.state, 'pending')
})

test('the administrator reads and ends all, and approves what names it', async context => {
  const { world, view, send } = await open(context)
  const admin = world.adminToken.fresh?.reveal() ?? ''
  const foreign = await world.asked()
  const read = await view(call('GET', `/v1/requests/${foreign.id}`, admin))
  assert.equal(read.may.approve, false)
  assert.equal(read.may.revoke, true)
  const tried = await send(call('POST', `/v1/requests/${foreign.id}/approve`, admin, {}))
  assert.equal(codeOf(tried), 'approver-not-eligible')
  assert.equal(read.may.deny, true)
  await view(call('POST', `/v1/requests/${foreign.id}/deny`, admin, { reason: 'incident' }))
  const granted = await world.asked()
  await view(call('POST', `/v1/requests/${granted.id}/approve`, TOKENS.ann(), {}))
  await view(call('POST', `/v1/requests/${granted.id}/revoke`, admin, { reason: 'incident' }))
  const own = await world.asked(['admin'])
  await view(call('POST', `/v1/requests/${own.id}/approve`, admin, {}))
})

test('standing access is asked for by whoever may have the role, and approved like any other', async context => {
  const { view, send } = await open(context)
  const body = { role: ROLE, forMs: 3_600_000, reason: 'the migration of tonight', actions: ['ec2:*'] }
  const asked = await view(call('POST', '/v1/requests', TOKENS.ci(), body), 201)
  assert.equal(asked.kind, 'scope')
  assert.deepEqual(asked.scope, { actions: ['ec2:*'], resources: ['*'] })
  assert.equal(asked.uses, undefined)
  const granted = await view(
    call('POST', `/v1/requests/${asked.id}/approve`, TOKENS.ann(), { validForMs: 60_000 }),
  )
  assert.deepEqual(granted.grant, {
    fromMs: granted.grant?.fromMs,
    expiresAtMs: (granted.grant?.fromMs ?? 0) + 60_000,
  })
  const other = await send(call('POST', '/v1/requests', TOKENS.ci(), { ...body, role: 'nobody' }))
  assert.equal(codeOf(other), 'sts-denied')
})

test('control policies decide instead of the rules, and make nobody eligible', async context => {
  const asked: { who: string; action: string; resource: string; group: readonly string[] | undefined }[] = []
  const world = makeWorld({
    decide: ({ id: who }, action, resource, context) => {
      asked.push({ who, action, resource, group: context.get('gate:group') })
      assert.deepEqual(context.get('gate:role'), [ROLE])
      assert.deepEqual(context.get('aws:sourceip'), ['127.0.0.1'])
      assert.deepEqual(context.get('gate:claim/name'), [who === 'okta/eve' ? 'Eve' : 'Ann'])
      return who === 'okta/eve'
    },
  })
  const { send, view } = await open(context, world)
  const { id } = await world.asked()
  assert.equal((await send(call('GET', `/v1/requests/${id}`, TOKENS.ann()))).status, 404)
  const read = await view(call('GET', `/v1/requests/${id}`, TOKENS.eve()))
  assert.equal(read.may.approve, false)
  const tried = await send(call('POST', `/v1/requests/${id}/approve`, TOKENS.eve(), {}))
  assert.equal(codeOf(tried), 'approver-not-eligible')
  assert.deepEqual(asked.at(-1), {
    who: 'okta/eve',
    action: 'gate:Approve',
    resource: `arn:sallyport:gate:::request/${id}`,
    group: ['sales'],
  })
})

test('a list has pages, newest first, of what may be read', async context => {
  const { world, list } = await open(context)
  const ids: string[] = []
  for (let i = 0; i < 7; i++) {
    ids.unshift((await world.asked(i % 2 === 0 ? ['group/on-call'] : ['group/dba'])).id)
    world.clock.advance(10)
  }
  const mine = ids.filter((_, at) => at % 2 === 0)
  const first = await list(TOKENS.ann(), '?limit=3')
  assert.deepEqual(
    first.requests.map(each => each.id),
    mine.slice(0, 3),
  )
  assert.equal(first.requests[0]?.call?.parameters, undefined)
  const second = await list(TOKENS.ann(), `?limit=3&before=${first.next}`)
  assert.deepEqual(
    second.requests.map(each => each.id),
    mine.slice(3),
  )
  assert.equal(second.next, undefined)
  assert.deepEqual((await list(TOKENS.ann(), '?state=denied,spent')).requests, [])
  assert.equal(
    (await list(TOKENS.ann(), `?state=pending&role=${encodeURIComponent(ROLE)}`)).requests.length,
    4,
  )
})

test('a call that waits is answered when there is news, or when its time is over', async context => {
  const world = makeWorld({
    sleep: async delayMs => {
      world.clock.advance(delayMs)
      slept += 1
      if (slept === 3) await world.asked()
    },
  })
  let slept = 0
  const { list, view } = await open(context, world)
  const { cursor } = await list(TOKENS.ann(), '?state=pending')
  const news = await list(TOKENS.ann(), `?state=pending&wait=50&since=${cursor}`)
  assert.equal(news.requests.length, 1)
  assert.equal(slept, 3)
  const none = await list(TOKENS.ann(), `?state=pending&wait=5&since=${news.cursor}`)
  assert.equal(none.cursor, news.cursor)
  assert.equal(slept, 8)
  const [{ id, version } = { id: '', version: 0 }] = news.requests
  const read = await view(call('GET', `/v1/requests/${id}?wait=5&since=${version}`, TOKENS.ci()))
  assert.equal(read.version, version)
  assert.equal(slept, 13)
})

test('a person is remembered once a minute, a workload never', async context => {
  const { world, send } = await open(context)
  const whoami = (bearer: string) => send(call('GET', '/v1/whoami', bearer))
  await whoami(TOKENS.ann())
  await whoami(TOKENS.ann())
  await whoami(TOKENS.ci())
  await whoami(TOKENS.ben())
  assert.deepEqual(
    world.remembered.map(({ person }) => person.id),
    ['okta/ann', 'okta/ben'],
  )
  world.clock.advance(60_000)
  await whoami(TOKENS.ann())
  assert.equal(world.remembered.length, 3)
})

test('what the gate cannot do is told without its cause, and goes to the log', async context => {
  const world = makeWorld({
    remember: async () => {
      throw new Error('secret of the store')
    },
  })
  const { send } = await open(context, world)
  world.desk.get = async () => {
    throw new Error('secret of the desk')
  }
  const answer = await send(call('GET', '/v1/requests/01KAR5QJ0000000000000000ZZ', TOKENS.ann()))
  assert.equal(answer.status, 500)
  assert.doesNotMatch(answer.body, /secret/)
  assert.equal(world.troubles.length, 2)
})

test('tokens that prove nothing are taken at a rate, and good ones still pass', async context => {
  const { send } = await open(context)
  const whoami = async (bearer: string) => (await send(call('GET', '/v1/whoami', bearer))).status
  assert.equal(await whoami(TOKENS.ann()), 200)
  const expired = token({ claims: { exp: 1 } })
  const statuses: number[] = []
  for (let i = 0; i < 31; i++) statuses.push(await whoami(i % 2 === 0 ? expired : TOKENS.forged()))
  assert.deepEqual(statuses, [...new Array(30).fill(401), 429])
  assert.equal(await whoami(TOKENS.ben()), 429)
})

test('an issuer that is away is no fault of the token, and trouble with a file of the gate is not told', async context => {
  let error = new GateError('issuer-unreachable', 'the issuer `okta` cannot be reached')
  const people = { identify: () => Promise.reject(error) }
  const { send, world } = await open(context, makeWorld({ people }))
  const whoami = () => send(call('GET', '/v1/whoami', TOKENS.ann()))
  assert.deepEqual([(await whoami()).status, codeOf(await whoami())], [503, 'issuer-unreachable'])
  error = new GateError('keyring-unsafe', '`/secret/path` has mode 0644')
  const hidden = await whoami()
  assert.deepEqual([hidden.status, codeOf(hidden)], [500, 'internal'])
  assert.doesNotMatch(hidden.body, /secret/)
  assert.match(String(world.troubles.at(-1)), /secret/)
})
