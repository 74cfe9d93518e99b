import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { Outbound } from './outbound.ts'
import { SyslogSink } from './syslog-sink.ts'

const SIGNAL = new AbortController().signal

function event(id: string, length = 0): Outbound {
  const text = JSON.stringify({ id, x: 'x'.repeat(length) })
  return { id, timeMs: 0, kind: 'call', sessionId: undefined, weight: 'information', text, short: () => text }
}

/** Messages by octet counting. */
function messages(bytes: Buffer): string[] {
  const found: string[] = []
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(' ', at)
    const end = space + 1 + Number(bytes.toString('latin1', at, space))
    assert.ok(end <= bytes.length)
    found.push(bytes.toString('latin1', space + 1, end))
    at = end
  }
  return found
}

interface Receiver {
  readonly port: number
  readonly received: Buffer[]
}

async function withReceiver(
  server: Server,
  onSocket: (socket: Socket, received: Buffer[]) => void,
  run: (receiver: Receiver) => Promise<void>,
): Promise<void> {
  const received: Buffer[] = []
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    onSocket(socket, received)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    await run({ port: (server.address() as AddressInfo).port, received })
  } finally {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
}

/** As rsyslog and others do: read to the end, then close. */
const takesAll = (socket: Socket, received: Buffer[]): void => {
  socket.on('data', bytes => void received.push(bytes))
}

const place = (port: number): ConstructorParameters<typeof SyslogSink>[0] => ({
  name: 'siem',
  address: '127.0.0.1',
  port,
  facility: 13,
  host: 'gate',
})

test('a batch arrives in order, and counts when the receiver has read to its end', () =>
  withReceiver(createServer(), takesAll, async ({ port, received }) => {
    const sink = new SyslogSink(place(port))
    await sink.deliver([event('a'), event('b', 5_000)], SIGNAL)
    await sink.deliver(
      Array.from({ length: 500 }, (_, at) => event(`c${at}`, 2_000)),
      SIGNAL,
    )
    const read = messages(Buffer.concat(received))
    assert.equal(read.length, 502)
    assert.ok(read[1]?.includes('"id":"b"') && read.at(-1)?.includes('"id":"c499"'))
  }))

test('a receiver that closes at once has taken nothing', async () => {
  let isClosed = false
  const closesAtOnce = (socket: Socket): void => {
    socket.end(() => {
      isClosed = true
    })
  }
  await withReceiver(createServer(), closesAtOnce, async ({ port }) => {
    const sink = new SyslogSink(place(port), async () => {
      for (let turns = 0; turns < 20; turns += isClosed ? 1 : 0) await setImmediate()
    })
    await assert.rejects(sink.deliver([event('a')], SIGNAL), {
      code: 'stream-undeliverable',
      message: 'the syslog receiver of the stream `siem` closed before it had the events',
    })
  })
})

test('a receiver that breaks off has taken nothing', () =>
  withReceiver(
    createServer(),
    socket => void socket.once('data', () => socket.resetAndDestroy()),
    async ({ port }) => {
      await assert.rejects(new SyslogSink(place(port)).deliver([event('a')], SIGNAL), {
        code: 'stream-undeliverable',
      })
    },
  ))

test('a receiver that never closes is not waited for beyond the signal', () =>
  withReceiver(createServer({ allowHalfOpen: true }), takesAll, async ({ port, received }) => {
    const abort = new AbortController()
    const delivery = new SyslogSink(place(port)).deliver([event('a')], abort.signal)
    while (received.length === 0) await setImmediate()
    abort.abort()
    await assert.rejects(delivery, /gave no sign that it has the events/)
  }))

test('nobody listens', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  await assert.rejects(new SyslogSink(place(port)).deliver([event('a')], SIGNAL), /`ECONNREFUSED`/)
})
