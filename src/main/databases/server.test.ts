import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, Server, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import type { GateError } from '../../core/errors.ts'
import { type EndableSession, OpenSessions } from '../../gateway/sql/open-sessions.ts'
import { DatabaseServer } from './server.ts'

/** A client of a stand-in for an engine, which lets everybody in and does nothing for them. */
class StandIn implements EndableSession {
  isAtRest = true
  readonly #socket: Socket
  readonly #leave: () => void

  constructor(socket: Socket, sessions: OpenSessions) {
    this.#socket = socket
    this.#leave = sessions.add(this)
    socket.once('close', this.#leave)
  }

  fail(error: GateError): void {
    this.#leave()
    this.#socket.end(error.code)
  }
}

async function started(context: TestContext) {
  const sessions = new OpenSessions()
  const inside: StandIn[] = []
  const troubles: GateError[] = []
  const waiting: (() => void)[] = []
  let lets = true
  let isClosed = false
  const gate = {
    sessions,
    async serve(socket: Socket): Promise<void> {
      socket.on('error', () => socket.destroy())
      if (lets) inside.push(new StandIn(socket, sessions))
      for (const resolve of waiting.splice(0)) resolve()
    },
  }
  const engine = {
    gate,
    close: async () => {
      isClosed = true
    },
  }
  const listens = context.mock.method(Server.prototype, 'listen')
  const server = new DatabaseServer({ host: '127.0.0.1', port: 0 }, engine, {
    limits: { connections: 10 },
    trouble: error => void troubles.push(error),
  })
  const address = await server.listen()
  const net = listens.mock.calls[0]?.this as Server
  return {
    ...{ server, address, net, inside, troubles },
    refuseToKnow: () => {
      lets = false
    },
    isClosed: () => isClosed,
    async come(): Promise<Socket> {
      const served = new Promise<void>(resolve => waiting.push(resolve))
      const client = connect(server.ports[0] ?? 0, '127.0.0.1')
      await served
      return client
    },
  }
}

/** All that a client hears until it is gone. */
async function heard(client: Socket): Promise<string> {
  let text = ''
  client.on('data', chunk => {
    text += String(chunk)
  })
  await once(client, 'close')
  return text
}

test('knows its port once it listens, and counts who is inside', async context => {
  const { server, address, come } = await started(context)
  assert.match(address, /^127\.0\.0\.1:\d+$/)
  assert.deepEqual(server.ports, [Number(address.split(':')[1])])
  await come()
  assert.equal(server.clients, 1)
  await server.close(0)
  assert.equal(server.clients, 0)
})

test('told to close, it ends who is at rest at once, and takes nobody any more', async context => {
  const { server, come, isClosed } = await started(context)
  const told = heard(await come())
  const closing = server.close(600_000)
  assert.equal(await told, 'gate-stopping')
  await closing
  assert.ok(isClosed())
  const late = connect(server.ports[0] ?? 0, '127.0.0.1')
  const [error] = (await once(late, 'error')) as [NodeJS.ErrnoException]
  assert.equal(error.code, 'ECONNREFUSED')
})

test('who is at something has time, and is ended as soon as it is at rest', async context => {
  const { server, come, inside, isClosed } = await started(context)
  const [quiet, busy] = [heard(await come()), heard(await come())]
  const [, session] = inside as [StandIn, StandIn]
  session.isAtRest = false
  const closing = server.close(600_000)
  await quiet
  assert.equal(server.clients, 1)
  assert.ok(!isClosed())
  session.isAtRest = true
  assert.equal(await busy, 'gate-stopping')
  await closing
})

test('after its time everybody is ended', async context => {
  const { server, come, inside } = await started(context)
  const told = heard(await come())
  for (const session of inside) session.isAtRest = false
  await server.close(0)
  assert.equal(await told, 'gate-stopping')
})

test('a session that does not end by itself loses its client', async context => {
  const { server, come, inside } = await started(context)
  const told = heard(await come())
  for (const session of inside) session.fail = () => undefined
  await server.close(0)
  assert.equal(await told, '')
})

test('who has not said yet who it is does not hold it up', async context => {
  const { server, come, refuseToKnow } = await started(context)
  refuseToKnow()
  const told = heard(await come())
  await server.close(600_000)
  assert.equal(await told, '')
})

test('a client that the system cannot take is trouble, and no end of all', async context => {
  const { server, net, troubles, come } = await started(context)
  net.emit('error', Object.assign(new Error('accept ENOBUFS'), { code: 'ENOBUFS' }))
  assert.match(troubles[0]?.message ?? '', /cannot be taken: `ENOBUFS`/)
  await come()
  assert.equal(server.clients, 1)
  await server.close(0)
})

test('a port that is taken is said as such, and is no trouble', async context => {
  const first = await started(context)
  const [host = '', port] = first.address.split(':')
  const engine = {
    gate: { sessions: new OpenSessions(), serve: async () => undefined },
    close: async () => undefined,
  }
  const second = new DatabaseServer({ host, port: Number(port) }, engine, {
    limits: { connections: 1 },
    trouble: error => assert.fail(error.message),
  })
  await assert.rejects(second.listen(), { code: 'address-unavailable' })
  await first.server.close(0)
})
