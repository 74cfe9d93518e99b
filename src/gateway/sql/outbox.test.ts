import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { Writable } from 'node:stream'
import { test } from 'node:test'
import fc from 'fast-check'
import { Outbox } from './outbox.ts'

function sink(): { readonly socket: Socket; readonly writes: Buffer[] } {
  const writes: Buffer[] = []
  const socket = new Writable({
    write(chunk: Buffer, _encoding, done) {
      writes.push(chunk)
      done()
    },
  })
  return { socket: socket as unknown as Socket, writes }
}

test('what comes out is what went in, in order, however it lay', () => {
  const step = fc.record({
    chunk: fc.nat(3),
    from: fc.nat(40),
    length: fc.nat(40),
    flushes: fc.boolean(),
  })
  const chunks = [0, 1, 2, 3].map(n => Buffer.from(Array.from({ length: 80 }, (_, i) => (n * 80 + i) % 256)))
  fc.assert(
    fc.property(fc.array(step), steps => {
      const { socket, writes } = sink()
      const outbox = new Outbox(socket)
      const expected: Buffer[] = []
      for (const { chunk, from, length, flushes } of steps) {
        const bytes = (chunks[chunk] ?? Buffer.alloc(0)).subarray(from, from + length)
        expected.push(bytes)
        outbox.push(bytes)
        if (flushes) outbox.flush()
      }
      outbox.flush()
      assert.deepEqual(Buffer.concat(writes), Buffer.concat(expected))
    }),
  )
})

test('messages next to each other in one chunk are one write, without a copy', () => {
  const { socket, writes } = sink()
  const outbox = new Outbox(socket)
  const chunk = Buffer.alloc(1_000, 7)
  for (let at = 0; at < 1_000; at += 100) outbox.push(chunk.subarray(at, at + 100))
  assert.equal(writes.length, 0)
  outbox.flush()
  assert.equal(writes.length, 1)
  assert.equal(writes[0]?.buffer, chunk.buffer)
})

test('much does not wait to be told', () => {
  const { socket, writes } = sink()
  const outbox = new Outbox(socket)
  for (let n = 0; n < 70; n++) outbox.push(Buffer.alloc(1_024))
  assert.ok(writes.length > 0)
})

test('nothing is written to a socket that takes nothing', () => {
  const { socket, writes } = sink()
  const outbox = new Outbox(socket)
  outbox.push(Buffer.from('a'))
  socket.destroy()
  outbox.flush()
  assert.equal(writes.length, 0)
})
