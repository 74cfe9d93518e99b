import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'node:test'
import { systemRandom } from '../../src/core/clock.ts'
import { Redacted } from '../../src/core/redacted.ts'
import { cancelPostgres } from '../../src/upstream/postgres/connect.ts'

test('a server that breaks the connection of a cancel breaks nothing else', async () => {
  const server = createServer(socket => {
    socket.on('error', () => undefined)
    socket.once('data', () => socket.resetAndDestroy())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const key = { processId: 1, secret: new Redacted(Buffer.alloc(4)) }
  const place = { host: '127.0.0.1', port, tls: { kind: 'none' } } as const
  await cancelPostgres(place, key, { timeoutMs: 60_000, random: systemRandom })
  server.close()
})
