import assert from 'node:assert/strict'
import test from 'node:test'
import { ClientReader, ServerReader } from '../../src/wire/mysql/reader.ts'
import { BackendReader, copyPayload, FrontendReader } from '../../src/wire/postgres/reader.ts'

/** What buffers take at most, above what they took before, while this runs. */
function mostBuffered(run: (look: () => void) => void): number {
  const before = process.memoryUsage().arrayBuffers
  let most = 0
  run(() => {
    most = Math.max(most, process.memoryUsage().arrayBuffers - before)
  })
  return most
}

const MIB = 1024 * 1024

test('a row of 1 GiB passes in constant memory', () => {
  const chunk = Buffer.alloc(64 * 1024, 65)
  const length = 0x3fff_ff00
  const head = Buffer.alloc(5)
  head.write('D', 'latin1')
  head.writeUInt32BE(length + 4, 1)
  for (const Reader of [BackendReader, FrontendReader]) {
    const reader = new Reader()
    if (reader instanceof FrontendReader) {
      reader.authenticated()
      head.write('d', 'latin1')
    }
    let passed = 0
    const most = mostBuffered(look => {
      reader.push(Buffer.from(head))
      for (let sent = 0; sent < length; sent += chunk.length) {
        reader.push(chunk.subarray(0, Math.min(chunk.length, length - sent)))
        for (let frame = reader.next(); frame; frame = reader.next()) passed += copyPayload(frame).length
        if (sent % (MIB * 64) === 0) look()
      }
    })
    assert.equal(passed, length)
    assert.ok(most < 8 * MIB, `${most} bytes`)
    assert.equal(reader.buffered, 0)
  }
})

test('a row of MySQL of 500 MiB, in parts, passes in constant memory', () => {
  const part = Buffer.alloc(0xff_ffff, 65)
  const reader = new ServerReader()
  let passed = 0
  const most = mostBuffered(look => {
    for (let i = 0; i < 32; i++) {
      const size = i === 31 ? 1000 : part.length
      const head = Buffer.alloc(4)
      head.writeUIntLE(size, 0, 3)
      head.writeUInt8(i, 3)
      reader.push(head)
      for (let at = 0; at < size; at += 65_536) {
        reader.push(part.subarray(at, Math.min(at + 65_536, size)))
        for (let one = reader.nextRow(); one; one = reader.nextRow()) passed += one.bytes.length
      }
      look()
    }
  })
  assert.equal(passed, 31 * (0xff_ffff + 4) + 1004)
  assert.ok(most < 8 * MIB, `${most} bytes`)
})

test('a message that is announced costs little until it comes, and nothing before a client has authenticated', () => {
  const announced = (type: string, length: number): Buffer => {
    const head = Buffer.alloc(5)
    head.write(type, 'latin1')
    head.writeUInt32BE(length, 1)
    return Buffer.concat([head, Buffer.from('x')])
  }
  const readers: unknown[] = []
  const known = mostBuffered(look => {
    for (let i = 0; i < 40; i++) {
      const client = new FrontendReader()
      client.authenticated()
      client.push(announced('B', 60 * MIB))
      assert.equal(client.next(), undefined)
      const server = new BackendReader()
      server.holdsData = true
      server.push(announced('D', 60 * MIB))
      assert.equal(server.next(), undefined)
      const command = new ClientReader()
      command.push(Buffer.from([0xfe, 0xff, 0xff, 0, 3]))
      assert.equal(command.nextCommand(), undefined)
      readers.push(client, server, command)
      look()
    }
  })
  assert.ok(known < 40 * MIB, `${known} bytes for 120 messages`)
  const unknown = mostBuffered(look => {
    for (let i = 0; i < 100; i++) {
      const client = new FrontendReader()
      client.push(announced('p', 65_000))
      assert.equal(client.next(), undefined)
      const handshake = new ClientReader()
      handshake.push(Buffer.from([0xff, 0xfe, 0, 0, 3]))
      assert.equal(handshake.nextHandshake(), undefined)
      readers.push(client, handshake)
      look()
    }
  })
  assert.ok(unknown < 16 * MIB, `${unknown} bytes for 200 messages`)
  assert.equal(readers.length, 320)
})

test('a message that comes byte by byte takes no more than its bytes, and no longer', () => {
  const size = 200_000
  const reader = new FrontendReader()
  reader.authenticated()
  const head = Buffer.alloc(5)
  head.write('Q', 'latin1')
  head.writeUInt32BE(size + 4, 1)
  for (const byte of head) reader.push(Buffer.of(byte))
  assert.equal(reader.next(), undefined)
  for (let i = 0; i < size - 1; i++) {
    reader.push(Buffer.of(65))
    assert.equal(reader.next(), undefined)
  }
  reader.push(Buffer.of(0))
  const frame = reader.next()
  assert.equal(frame?.bytes.length, size + 5)
  assert.equal(reader.read(frame!).kind, 'query')
})
