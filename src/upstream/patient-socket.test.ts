import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { Agent } from 'undici'
import { asUpstreamError } from './errors.ts'
import { patientConnector } from './patient-socket.ts'
import { type OpenReply, ReplyReceiver } from './reply.ts'

/** More than a reply holds for its reader, so that undici is told to pause. */
const BODY = Buffer.alloc(96 * 1024, 'b')
const chunked = (body: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n0\r\n\r\n')])

const WAYS = {
  'Content-Length and Connection: close': [
    `HTTP/1.1 200 OK\r\ncontent-length: ${BODY.length}\r\nconnection: close\r\n\r\n`,
    BODY,
  ],
  'HTTP/1.0': [`HTTP/1.0 200 OK\r\ncontent-length: ${BODY.length}\r\n\r\n`, BODY],
  'chunks and Connection: close': [
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n',
    chunked(BODY),
  ],
  'nothing but the end': ['HTTP/1.1 200 OK\r\n\r\n', BODY],
  'Content-Length alone': [`HTTP/1.1 200 OK\r\ncontent-length: ${BODY.length}\r\n\r\n`, BODY],
} as const

/** Asks a server that answers each connection as `answer` does; gives the reply, unread. */
async function ask(t: TestContext, answer: (socket: Socket) => void): Promise<OpenReply> {
  const server = createServer(socket => {
    socket.on('error', () => socket.destroy())
    socket.once('data', () => answer(socket))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const agent = new Agent({ connect: patientConnector({}), pipelining: 1 })
  t.after(async () => {
    await agent.destroy()
    server.close()
  })
  const receiver = new ReplyReceiver(error => asUpstreamError(error, 'there'), new AbortController().signal)
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  agent.dispatch({ origin, path: '/', method: 'GET' }, receiver)
  return receiver.reply
}

/** Resolves when the reply holds so much that undici has been told to pause, and the end has come, too. */
async function full({ body }: OpenReply, ended: Promise<unknown>): Promise<void> {
  await ended
  while (body.readableLength < body.readableHighWaterMark) await new Promise(setImmediate)
  // What undici's socket has of the end by now, it has acted upon.
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
}

for (const [way, [head, body]] of Object.entries(WAYS)) {
  test(`a server that closes while its reader is slow has said all that it said: ${way}`, async t => {
    const closed = Promise.withResolvers<void>()
    const reply = await ask(t, socket => {
      socket.write(head)
      socket.end(body, closed.resolve)
    })
    await full(reply, closed.promise)
    assert.ok(Buffer.concat(await reply.body.toArray()).equals(BODY))
  })
}

test('the same where undici is told to pause by the very last bytes', async t => {
  const closed = Promise.withResolvers<void>()
  const [head, body] = WAYS['Content-Length and Connection: close']
  const reply = await ask(t, socket => {
    socket.setNoDelay(true)
    socket.write(head)
    socket.write(body.subarray(0, 1024))
    setImmediate(() => socket.end(body.subarray(1024), closed.resolve))
  })
  await full(reply, closed.promise)
  assert.ok(Buffer.concat(await reply.body.toArray()).equals(BODY))
})

const SHORT = BODY.subarray(1)
for (const [way, head] of [
  ['Content-Length', `content-length: ${BODY.length}\r\nconnection: close`],
  ['chunks', 'transfer-encoding: chunked\r\nconnection: close'],
] as const) {
  test(`a reply by ${way} that is cut is no whole one, however slow its reader`, async t => {
    const closed = Promise.withResolvers<void>()
    const reply = await ask(t, socket => {
      socket.write(`HTTP/1.1 200 OK\r\n${head}\r\n\r\n`)
      socket.end(way === 'chunks' ? chunked(BODY).subarray(0, -5) : SHORT, closed.resolve)
    })
    await full(reply, closed.promise)
    await assert.rejects(reply.body.toArray())
  })
}

for (const head of [
  '',
  'connection: close\r\n',
  `content-length: ${BODY.length + 1}\r\nconnection: close\r\n`,
]) {
  test(`a reset breaks a reply, whoever waits for whom: ${JSON.stringify(head)}`, async t => {
    let server: Socket | undefined
    const reply = await ask(t, socket => {
      server = socket
      socket.write(`HTTP/1.1 200 OK\r\n${head}\r\n`)
      socket.write(BODY)
    })
    await full(reply, Promise.resolve())
    const failed = once(reply.body, 'error')
    server?.resetAndDestroy()
    const [error] = await failed
    assert.equal(error.code, 'upstream-unreachable')
    assert.match(error.message, /UND_ERR_SOCKET/)
  })
}
