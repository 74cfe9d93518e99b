import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CANARY, call, makeWorld, serve, TOKENS } from '../../src/api/world.fixture.ts'
import { bytesOf, readAttacks } from './api/attack.ts'

// Every file below the folder is an attack; from these, nothing is ever removed.
const attacks = readAttacks()

for (const attack of attacks) {
  test(`${attack.name}: ${attack.why}`, async context => {
    const world = makeWorld()
    const { send } = await serve(world.ports, context)
    const { id } = await world.asked(attack.from)
    const bytes = bytesOf(attack, world, id)
    const { status, body, headers } = await send(bytes)
    assert.equal(status, attack.expect.status, body)
    if (attack.expect.code !== undefined) {
      const { code, message, advice } = JSON.parse(body)
      assert.equal(code, attack.expect.code, message)
      assert.match(message, /^[^\n\r]{1,400}$/)
      assert.equal(typeof advice, 'string')
    }
    assert.ok(!body.includes(CANARY), 'it was shown the request')
    for (const [token] of bytes.matchAll(/(?:ey|sallyport_admin_)[\w.-]{8,}/g)) {
      assert.ok(!`${body}${JSON.stringify(headers)}`.includes(token), 'the answer has the token')
    }
    assert.ok(!Object.keys(headers).some(name => name.startsWith('access-control-')))
    const after = await world.store.get(id)
    assert.equal(after?.state, 'pending')
    assert.equal(after?.version, 1)
    assert.deepEqual(
      world.events.map(({ what }) => what),
      ['asked'],
    )
    assert.deepEqual(world.troubles, [], 'a client made the gate fail')
  })
}

test('the corpus only grows', () => {
  assert.ok(attacks.length >= 100, `${attacks.length} attacks`)
})

test('without the attack the same calls succeed: what is refused above is the attack', async context => {
  const world = makeWorld()
  const { send } = await serve(world.ports, context)
  const { id } = await world.asked()
  assert.equal((await send(call('GET', `/v1/requests/${id}`, TOKENS.ann()))).status, 200)
  assert.equal(
    (await send(call('POST', `/v1/requests/${id}/approve`, TOKENS.ann(), { uses: 1 }))).status,
    200,
  )
  const other = await world.asked()
  assert.equal(
    (await send(call('POST', `/v1/requests/${other.id}/deny`, TOKENS.ben(), { reason: 'no' }))).status,
    200,
  )
})
