import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { createAdminServer } from './admin.ts'
import type { CallbackRequest } from './callbacks.ts'
import { jsonReply } from './reply.ts'
import { call, http, makeWorld, serve, TOKENS } from './world.fixture.ts'

test('health and metrics need no token and no name', async context => {
  const world = makeWorld()
  let troubles: readonly string[] = []
  const { send } = await serve({ ...world.ports, troubles: () => troubles }, context)
  const elsewhere = [['host', 'probe.internal']] as const
  assert.equal((await send(http('GET', '/healthz', elsewhere))).body, 'ok\n')
  assert.equal((await send(http('GET', '/readyz', elsewhere))).body, 'ready\n')
  assert.equal((await send(http('GET', '/metrics', elsewhere))).body, 'calls 1\n')
  assert.equal((await send(http('HEAD', '/healthz'))).status, 200)
  assert.equal((await send(http('POST', '/healthz'))).status, 405)
  troubles = ['the journal cannot be written']
  const waiting = await send(http('GET', '/readyz?verbose'))
  assert.deepEqual([waiting.status, waiting.body], [503, 'not ready\nthe journal cannot be written\n'])
})

test('without a desk the address has health and metrics alone', async context => {
  const { control: _, ...ports } = makeWorld().ports
  const { send } = await serve(ports, context)
  assert.equal((await send(http('GET', '/healthz'))).status, 200)
  assert.equal((await send(call('GET', '/v1/whoami', TOKENS.ann()))).status, 404)
  assert.equal((await send(http('GET', `/r/${'0'.repeat(26)}`))).status, 404)
})

test('every answer says what a browser must not do with it', async context => {
  const world = makeWorld()
  const { send } = await serve(world.ports, context)
  const { id } = await world.asked()
  const answers = [
    await send(call('GET', `/v1/requests/${id}`, TOKENS.ann())),
    await send(call('GET', '/v1/requests', TOKENS.ann())),
    await send(http('GET', '/v1/requests')),
    await send(http('GET', '/nowhere')),
    await send(http('GET', '/healthz')),
    await send(http('GET', `/r/${id}`)),
  ]
  for (const { headers, body } of answers) {
    assert.equal(headers['cache-control'], 'no-store', body)
    assert.equal(headers['x-content-type-options'], 'nosniff')
    assert.equal(headers['referrer-policy'], 'no-referrer')
    assert.equal(headers['cross-origin-resource-policy'], 'same-origin')
    assert.match(headers['content-security-policy'] ?? '', /default-src 'none'.*frame-ancestors 'none'/)
    assert.equal(headers['set-cookie'], undefined)
    assert.equal(headers['access-control-allow-origin'], undefined)
  }
  const unknown = await send(http('GET', '/v1/requests'))
  assert.equal(unknown.headers['www-authenticate'], 'Bearer realm="sallyport"')
  const method = await send(call('DELETE', `/v1/requests/${id}`, TOKENS.ann()))
  assert.equal(method.headers['allow'], 'GET')
})

test('a callback gets the bytes that were sent, without a token, at its very path', async context => {
  const world = makeWorld()
  const seen: CallbackRequest[] = []
  const answer = async (request: CallbackRequest) => {
    seen.push(request)
    return jsonReply(200, { taken: true })
  }
  const callbacks = new Map([['/v1/notify/slack/ops', answer]])
  const { send } = await serve({ ...world.ports, callbacks }, context)
  const headers = [
    ['X-Slack-Signature', 'v0=00'],
    ['x-twice', 'a'],
    ['X-Twice', 'b'],
  ] as const
  const body = 'payload=%7B%22\u00fc'
  const taken = await send(http('POST', '/v1/notify/slack/ops', headers, body))
  assert.equal(taken.status, 200, taken.body)
  assert.deepEqual(seen[0]?.body, Buffer.from(body, 'latin1'))
  assert.equal(seen[0]?.headers.get('x-slack-signature'), 'v0=00')
  assert.equal(seen[0]?.headers.has('x-twice'), false)
  assert.equal((await send(http('GET', '/v1/notify/slack/ops'))).status, 405)
  assert.equal((await send(http('POST', '/v1/notify/slack/ops?x=1', [], 'a'))).status, 400)
  assert.equal((await send(http('POST', '/v1/notify/slack/OPS', [], 'a'))).status, 404)
  assert.equal((await send(http('POST', '/v1/notify/slack/ops', [], 'a'.repeat(131_073)))).status, 413)
  assert.equal(seen.length, 1)
})

test('a client that dribbles its body is not waited for', async context => {
  const world = makeWorld()
  const server = createAdminServer(world.ports)
  assert.ok(server.requestTimeout > 0 && server.headersTimeout > 0)
  Object.assign(server, { headersTimeout: 200, requestTimeout: 200 })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  context.after(() => void server.close())
  const { id } = await world.asked()
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  const text = call('POST', `/v1/requests/${id}/approve`, TOKENS.ann(), { comment: 'slow' })
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = connect(address.port, '127.0.0.1')
    let got = ''
    socket.on('data', chunk => {
      got += chunk.toString()
    })
    socket.on('close', () => resolve(got))
    socket.on('error', reject)
    socket.write(text.slice(0, -5))
  })
  assert.match(answer, /^HTTP\/1\.1 408 /)
  assert.equal((await world.store.get(id))?.state, 'pending')
})

test('a client that goes while it waits frees its place, and is shown nothing', async context => {
  let waiting = 0
  const world = makeWorld({
    sleep: (_, signal) => {
      waiting += 1
      return new Promise(resolve => {
        signal.addEventListener(
          'abort',
          () => {
            waiting -= 1
            resolve()
          },
          { once: true },
        )
        if (waiting === 8) full.resolve()
      })
    },
  })
  const full = Promise.withResolvers<void>()
  const { port, send } = await serve(world.ports, context)
  const { id } = await world.asked()
  const text = call('GET', `/v1/requests/${id}?wait=50&since=1`, TOKENS.ann())
  const sockets = Array.from({ length: 8 }, () => connect(port, '127.0.0.1'))
  for (const socket of sockets) socket.write(text)
  await full.promise
  const ninth = await send(text)
  assert.equal(JSON.parse(ninth.body).code, 'overloaded')
  assert.deepEqual(world.troubles, [])
  for (const socket of sockets) socket.destroy()
  while (waiting > 0) await new Promise(resolve => setImmediate(resolve))
  assert.deepEqual(
    world.events.map(({ what }) => what),
    ['asked'],
  )
  const after = await send(call('GET', `/v1/requests/${id}?wait=50&since=0`, TOKENS.ann()))
  assert.equal(after.status, 200)
})
