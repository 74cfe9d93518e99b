import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { GateError } from '../core/errors.ts'
import type { ControlPorts } from './control.ts'
import { call, makeWorld, ROLE, serve, TOKENS } from './world.fixture.ts'

const SESSION = '01KAR5QJ0000000000000000ZZ'
const WHY = { reason: 'it ran wild' }

async function open(context: TestContext, change: Partial<ControlPorts> = {}) {
  const world = makeWorld(change)
  const { send } = await serve(world.ports, context)
  const post = async (path: string, bearer: string, body: object): Promise<[number, string]> => {
    const answer = await send(call('POST', path, bearer, body))
    const { code, kind } = JSON.parse(answer.body)
    return [answer.status, code ?? kind]
  }
  return { world, send, post, admin: world.adminToken.fresh?.reveal() ?? '' }
}

test('the administrator ends a session that nobody has seen, a principal and a role', async context => {
  const { world, post, admin } = await open(context)
  assert.deepEqual(await post(`/v1/sessions/${SESSION}/kill`, admin, WHY), [200, 'session'])
  assert.deepEqual(await post('/v1/sessions/kill', admin, { ...WHY, principal: 'github/repo:a/b:ref' }), [
    200,
    'principal',
  ])
  assert.deepEqual(await post('/v1/sessions/kill', admin, { ...WHY, role: ROLE }), [200, 'role'])
  assert.deepEqual(
    world.kills.map(({ target: { kind, of }, by, reason }) => [kind, of, by, reason]),
    [
      ['session', SESSION, 'sallyport/admin', WHY.reason],
      ['principal', 'github/repo:a/b:ref', 'sallyport/admin', WHY.reason],
      ['role', ROLE, 'sallyport/admin', WHY.reason],
    ],
  )
})

test('without control policies nobody else ends a session, and a workload never does', async context => {
  const { world, post } = await open(context)
  for (const token of [TOKENS.ann(), TOKENS.ci(), TOKENS.eve()]) {
    assert.deepEqual(await post(`/v1/sessions/${SESSION}/kill`, token, WHY), [403, 'api-denied'])
    assert.deepEqual(await post('/v1/sessions/kill', token, { ...WHY, role: ROLE }), [403, 'api-denied'])
  }
  assert.deepEqual(await post(`/v1/sessions/${SESSION}/kill`, TOKENS.forged(), WHY), [
    401,
    'identity-token-invalid',
  ])
  const anything = await open(context, { decide: () => true })
  assert.deepEqual(await anything.post(`/v1/sessions/${SESSION}/kill`, TOKENS.ci(), WHY), [403, 'api-denied'])
  assert.deepEqual([...world.kills, ...anything.world.kills], [])
})

test('control policies decide for people, by the session, or by the role for all of its sessions', async context => {
  const asked: unknown[] = []
  const { world, post } = await open(context, {
    decide: (person, action, resource, context) => {
      asked.push([person.id, action, resource, context.get('gate:role'), context.get('gate:group')])
      return resource.endsWith(SESSION) || context.get('gate:role')?.[0] === ROLE
    },
  })
  const ann = TOKENS.ann()
  assert.equal((await post(`/v1/sessions/${SESSION}/kill`, ann, WHY))[0], 200)
  assert.equal((await post(`/v1/sessions/${SESSION.replace('ZZ', 'ZY')}/kill`, ann, WHY))[0], 403)
  assert.equal((await post('/v1/sessions/kill', ann, { ...WHY, role: ROLE }))[0], 200)
  assert.equal((await post('/v1/sessions/kill', ann, { ...WHY, role: `${ROLE}2` }))[0], 403)
  assert.equal((await post('/v1/sessions/kill', ann, { ...WHY, principal: 'github/x' }))[0], 403)
  const arn = 'arn:sallyport:gate:::session/'
  assert.deepEqual(asked[0], ['okta/ann', 'gate:KillSession', `${arn}${SESSION}`, undefined, ['on-call']])
  assert.deepEqual(asked[2], ['okta/ann', 'gate:KillSession', `${arn}*`, [ROLE], ['on-call']])
  assert.deepEqual(asked[4], ['okta/ann', 'gate:KillSession', `${arn}*`, undefined, ['on-call']])
  assert.equal(world.kills.length, 2)
  assert.ok((world.kills[0]?.most ?? 0) < 20_000, 'one person cannot fill the store')
})

test('what is no session, principal or role is refused before anything is done', async context => {
  const { world, post, admin } = await open(context)
  for (const [path, body, status] of [
    [`/v1/sessions/${SESSION.toLowerCase()}/kill`, WHY, 404],
    [`/v1/sessions/${SESSION.slice(1)}/kill`, WHY, 404],
    [`/v1/sessions/${SESSION}0/kill`, WHY, 404],
    [`/v1/sessions/*/kill`, WHY, 404],
    [`/v1/sessions/${SESSION}/kill/`, WHY, 404],
    [`/v1/sessions/${SESSION}/kill?x=1`, WHY, 400],
    [`/v1/sessions/${SESSION}/kill`, {}, 400],
    [`/v1/sessions/${SESSION}/kill`, { reason: ' ' }, 400],
    [`/v1/sessions/${SESSION}/kill`, { ...WHY, role: ROLE }, 400],
    ['/v1/sessions/kill', WHY, 400],
    ['/v1/sessions/kill', { ...WHY, role: ROLE, principal: 'a/b' }, 400],
    ['/v1/sessions/kill', { ...WHY, role: '*' }, 400],
    ['/v1/sessions/kill', { ...WHY, role: 'arn:aws:iam::*:role/x' }, 400],
    ['/v1/sessions/kill', { ...WHY, principal: 'nobody' }, 400],
    ['/v1/sessions/kill', { ...WHY, principal: 'a/b\u0007' }, 400],
  ] as const) {
    assert.equal((await post(path, admin, body))[0], status, `${path} ${JSON.stringify(body)}`)
  }
  assert.deepEqual(world.kills, [])
})

test('an order that is not durable everywhere is not answered as done', async context => {
  for (const code of ['store-unavailable', 'journal-unavailable', 'revocations-too-many'] as const) {
    const { post, admin } = await open(context, {
      kill: () => Promise.reject(new GateError(code, 'not now')),
    })
    const [status, told] = await post(`/v1/sessions/${SESSION}/kill`, admin, WHY)
    assert.equal(told, code)
    assert.ok(status >= 400)
  }
})
