import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { Conversation } from './conversation.ts'

class Bytes {
  held = 0
  push(chunk: Buffer): void {
    this.held += chunk.length
  }
}

test('a server that talks without end is read no further until somebody asks', async () => {
  const coming = Promise.withResolvers<Socket>()
  const server = createServer(coming.resolve).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const other = await coming.promise
  const talk = new Conversation(socket, new Bytes())
  const most = 32 * 1024 * 1024
  other.write(Buffer.alloc(most))
  await once(socket, 'pause')
  const { held } = talk.reader
  assert.ok(held > 1024 * 1024 && held < 2 * 1024 * 1024, `${held}`)
  await new Promise(resolve => setImmediate(resolve))
  assert.equal(talk.reader.held, held)
  assert.equal(await talk.until(({ held }) => (held === most ? 'all' : undefined)), 'all')
  socket.destroy()
  other.destroy()
  server.close()
  await once(server, 'close')
})
