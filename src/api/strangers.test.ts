import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CANARY, http, makeWorld, serve, TOKENS } from './world.fixture.ts'

const methods = fc.constantFrom('GET', 'POST', 'PUT', 'HEAD', 'OPTIONS')
const pieces = fc.constantFrom(
  '/',
  'v1',
  'r',
  'requests',
  'whoami',
  'approve',
  'deny',
  'revoke',
  'ID',
  '%2e',
  '..',
  'é',
)
const query = fc.constantFrom(
  '',
  '?',
  '?wait=0&since=1',
  '?state=pending',
  '?before=ID',
  '?role=*',
  '?&&=',
  '?limit=100',
)
const targets = fc.oneof(
  fc.constantFrom(
    '/v1/requests/ID',
    '/v1/requests/ID/approve',
    '/v1/requests/ID/deny',
    '/v1/requests',
    '/r/ID',
  ),
  fc.array(pieces, { minLength: 1, maxLength: 5 }).map(parts => `/${parts.join('/')}`),
)
const printable = fc.string({
  unit: fc.integer({ min: 0x20, max: 0x7e }).map(code => String.fromCharCode(code)),
})
const names = fc.constantFrom(
  'authorization',
  'content-type',
  'content-encoding',
  'host',
  'origin',
  'cookie',
  'x-forwarded-for',
  'x-http-method-override',
  'upgrade',
)
const values = fc.oneof(
  printable,
  fc.constantFrom('application/json', 'gate.example', 'Bearer EVE', 'Bearer OTHER', ''),
)
const bodies = fc.oneof(
  fc.string({ unit: 'binary-ascii', maxLength: 200 }),
  fc.json(),
  fc.constantFrom('{}', '{"reason":"x"}', '{"uses":1}'),
)

test('whatever somebody sends who may not: nothing is shown, nothing is changed, and the gate does not fail', async context => {
  const world = makeWorld()
  const { send } = await serve(world.ports, context)
  const { id } = await world.asked()
  // ECDSA makes another signature each time; one of each is enough.
  const tokens = { EVE: TOKENS.eve(), OTHER: TOKENS.other() }
  const fill = (text: string) =>
    text.replaceAll('ID', id).replaceAll('EVE', tokens.EVE).replaceAll('OTHER', tokens.OTHER)
  const headers = fc.array(fc.tuple(names, values), { maxLength: 4 })
  let answered = 0
  await fc.assert(
    fc.asyncProperty(methods, targets, query, headers, bodies, async (method, target, asked, given, body) => {
      const filled = given.map(([name, value]) => [name, fill(value)] as const)
      const answer = await send(http(method, encodeURI(fill(target + asked)), filled, body))
      assert.ok(answer.status >= 200 && answer.status < 500, `${answer.status} ${answer.body}`)
      assert.ok(!answer.body.includes(CANARY))
      const after = await world.store.get(id)
      assert.equal(after?.version, 1)
      world.clock.advance(2_000)
      answered += 1
    }),
    { numRuns: 400 },
  )
  assert.ok(answered >= 400)
  assert.deepEqual(world.troubles, [])
})
