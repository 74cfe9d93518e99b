import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { httpPost } from './post.ts'

const SIGNAL = new AbortController().signal

async function posted(listener: RequestListener, wholeMs?: number): Promise<number> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  try {
    const url = new URL(`http://127.0.0.1:${port}/hook?a=b`)
    return await httpPost(wholeMs)({ url, headers: {}, body: '{}', signal: SIGNAL })
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

/** Sends a byte again and again, for as long as the connection stands. */
function drip(send: () => void, until: { readonly destroyed: boolean }): void {
  const timer = setInterval(() => (until.destroyed ? clearInterval(timer) : send()), 5)
}

test('a receiver that never comes to the end of the head of its reply is left after a time', async () => {
  const never = posted((_, { socket }) => {
    socket?.write('HTTP/1.1 200 OK\r\nx: ')
    if (socket !== null) drip(() => void socket.write('.'), socket)
  }, 200)
  await assert.rejects(never, { name: 'TimeoutError' })
})

test('a receiver that has said yes and drips the rest holds nobody up', async () => {
  const status = await posted((_, reply) => {
    reply.writeHead(200)
    drip(() => void reply.write('.'), reply)
  }, 200)
  assert.equal(status, 200)
})

test('a reply without an end is not read to its end', async () => {
  const chunk = Buffer.alloc(64 * 1024)
  let sent = 0
  const status = await posted((_, reply) => {
    const more = (): void => {
      while (!reply.destroyed && reply.write(chunk)) sent += chunk.length
    }
    reply.writeHead(200).on('drain', more)
    more()
  }).catch(() => 0)
  assert.ok(status === 0 || status === 200)
  assert.ok(sent < 64 * 2 ** 20, `${sent} bytes`)
})

test('a redirect is an answer, and nobody goes where it leads', async () => {
  let asked = 0
  const status = await posted((_, reply) => {
    asked += 1
    reply.writeHead(307, { location: 'http://169.254.169.254/latest/meta-data' }).end()
  })
  assert.deepEqual([status, asked], [307, 1])
})
