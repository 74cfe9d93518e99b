import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { GateError } from '../../core/errors.ts'
import type { Piece } from './framer.ts'
import { MYSQL_LIMITS } from './limits.ts'
import { nextSequence, type Packet, writePacket } from './packet.ts'
import { ClientReader, ServerReader } from './reader.ts'

function refuses(run: () => unknown, code: string): void {
  assert.throws(run, (error: unknown) => error instanceof GateError && error.code === code)
}

function split(whole: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...new Set(places.map(place => (whole.length === 0 ? 0 : place % whole.length)))]
  const pieces: Buffer[] = []
  let start = 0
  for (const end of [...ends.sort((a, b) => a - b), whole.length]) {
    pieces.push(whole.subarray(start, end))
    start = end
  }
  return pieces
}

const payloads = fc.array(
  fc.uint8Array({ maxLength: 60 }).map(all => Buffer.from(all)),
  { maxLength: 8 },
)

test('packets are cut the same however they were split, and none is copied that lies in one chunk', () => {
  fc.assert(
    fc.property(
      payloads,
      fc.array(fc.nat(), { maxLength: 10 }),
      fc.nat({ max: 255 }),
      (all, places, first) => {
        const wire = Buffer.concat(all.map((payload, i) => writePacket(payload, (first + i) & 0xff)))
        const reader = new ClientReader()
        reader.expect(first)
        const packets: Packet[] = []
        for (const piece of split(wire, places)) {
          reader.push(piece)
          for (let one = reader.nextCommand(); one; one = reader.nextCommand()) packets.push(one)
        }
        assert.deepEqual(
          packets.map(one => one.payload),
          all,
        )
        assert.deepEqual(Buffer.concat(packets.map(one => one.bytes)), wire)
        assert.equal(reader.takeRest().length, 0)
        if (places.length === 0) assert.ok(packets.every(one => one.bytes.buffer === wire.buffer))
      },
    ),
  )
})

test('packets keep their order when more comes before all that came was looked at', () => {
  fc.assert(
    fc.property(
      payloads,
      fc.array(fc.nat(), { maxLength: 10 }),
      fc.infiniteStream(fc.boolean()),
      (all, places, pulls) => {
        const wire = Buffer.concat(all.map((payload, i) => writePacket(payload, i)))
        const reader = new ClientReader()
        const packets: Packet[] = []
        const pull = (): boolean => {
          const one = reader.nextCommand()
          if (one !== undefined) packets.push(one)
          return one !== undefined
        }
        for (const piece of split(wire, places)) {
          reader.push(piece)
          while (pulls.next().value === true && pull());
        }
        while (pull());
        assert.deepEqual(
          packets.map(one => one.payload),
          all,
        )
      },
    ),
  )
})

test('a packet of 16 MiB and more is joined of its parts, and cut into the same again', () => {
  for (const size of [0xff_ffff - 1, 0xff_ffff, 0xff_ffff + 1, 0xff_ffff * 2, 0xff_ffff * 2 + 5]) {
    const payload = Buffer.alloc(size, 'abc')
    const wire = writePacket(payload, 254)
    const parts = Math.floor(size / 0xff_ffff) + 1
    assert.equal(wire.length, size + 4 * parts)
    assert.equal(nextSequence(size, 254), (254 + parts) & 0xff)
    const reader = new ClientReader()
    reader.expect(254)
    const packets: Packet[] = []
    for (let at = 0; at < wire.length; at += 65_536) {
      reader.push(wire.subarray(at, at + 65_536))
      for (let one = reader.nextCommand(); one; one = reader.nextCommand()) packets.push(one)
    }
    assert.equal(packets.length, 1)
    assert.ok(packets[0]?.payload.equals(payload))
    assert.ok(packets[0]!.bytes.equals(wire))
    assert.equal(packets[0]!.next, (254 + parts) & 0xff)
    assert.equal(reader.takeRest().length, 0)
  }
})

test('a number that is not the next one is refused', () => {
  const reader = new ClientReader()
  reader.push(writePacket(Buffer.from([1]), 1))
  refuses(() => reader.nextCommand(), 'mysql-sequence-broken')
  refuses(() => reader.nextCommand(), 'internal')
  const server = new ServerReader()
  server.expect(1)
  server.push(Buffer.concat([writePacket(Buffer.from([1]), 1), writePacket(Buffer.from([1]), 3)]))
  assert.equal(server.next()?.sequence, 1)
  refuses(() => server.next(), 'mysql-reply-malformed')
  const parts = writePacket(Buffer.alloc(0xff_ffff), 0)
  parts.writeUInt8(7, parts.length - 1)
  const joined = new ClientReader()
  joined.push(parts)
  refuses(() => joined.nextCommand(), 'mysql-sequence-broken')
})

test('limits are looked at before memory is spent', () => {
  const head = (length: number): Buffer => Buffer.from([length & 0xff, (length >> 8) & 0xff, length >> 16, 0])
  const client = new ClientReader()
  client.push(head(MYSQL_LIMITS.handshakeBytes + 1))
  refuses(() => client.nextHandshake(), 'mysql-message-too-large')
  const server = new ServerReader()
  server.push(head(MYSQL_LIMITS.replyBytes + 1))
  refuses(() => server.next(), 'mysql-reply-too-large')
  const small = { ...MYSQL_LIMITS, commandBytes: 0xff_ffff + 10 }
  const joined = new ClientReader(small)
  joined.push(writePacket(Buffer.alloc(0xff_ffff + 10), 0))
  assert.equal(joined.nextCommand()?.payload.length, 0xff_ffff + 10)
  joined.push(writePacket(Buffer.alloc(0xff_ffff + 11), 2))
  refuses(() => joined.nextCommand(), 'mysql-message-too-large')
})

test('a row larger than the window passes in pieces, an error or an end never, whatever was split where', () => {
  const limits = { ...MYSQL_LIMITS, windowBytes: 64, heldBytes: 300 }
  const large = Buffer.concat([Buffer.from([0xfc, 200, 0]), Buffer.alloc(200, 7)])
  const wire = Buffer.concat([
    writePacket(large, 0),
    writePacket(Buffer.from([1, 65]), 1),
    writePacket(large, 2),
    writePacket(Buffer.from([0xfe, 0, 0, 2, 0]), 3),
  ])
  for (const size of [1, 2, 3, 4, 5, 6, 7, 64, 100, 207, 208, wire.length]) {
    const reader = new ServerReader(limits)
    const frames: (Packet | Piece)[] = []
    for (let at = 0; at < wire.length; at += size) {
      reader.push(wire.subarray(at, at + size))
      for (let one = reader.nextRow(); one; one = reader.nextRow()) frames.push(one)
    }
    assert.deepEqual(Buffer.concat(frames.map(one => one.bytes)), wire)
    assert.deepEqual(
      frames.map(one => one.part).filter(part => part !== 'middle'),
      ['first', 'last', 'whole', 'first', 'last', 'whole'],
    )
  }
  const holding = new ServerReader(limits)
  holding.holdsRows = true
  holding.push(wire)
  assert.equal(holding.nextRows(9), undefined, 'what is held does not pass unread')
  assert.deepEqual(
    [0, 1, 2, 3].map(() => holding.nextRow()?.part),
    ['whole', 'whole', 'whole', 'whole'],
  )
  const failing = new ServerReader(limits)
  failing.push(writePacket(Buffer.concat([Buffer.from([0xff]), Buffer.alloc(100)]), 0))
  refuses(() => failing.nextRow(), 'mysql-reply-too-large')
})

test('a row of several parts passes in pieces with the heads of its parts', () => {
  const row = Buffer.concat([Buffer.from([0xfe, 0, 0, 0, 1, 0, 0, 0, 0]), Buffer.alloc(0x100_0000)])
  const wire = Buffer.concat([writePacket(row, 9), writePacket(Buffer.from([0xfe, 0, 0, 2, 0]), 11)])
  const reader = new ServerReader()
  reader.expect(9)
  const out: Buffer[] = []
  const parts: string[] = []
  for (let at = 0; at < wire.length; at += 100_000) {
    reader.push(wire.subarray(at, at + 100_000))
    for (let one = reader.nextRow(); one; one = reader.nextRow()) {
      out.push(one.bytes)
      if (one.part !== 'middle') parts.push(one.part)
    }
  }
  assert.ok(Buffer.concat(out).equals(wire))
  assert.deepEqual(parts, ['first', 'last', 'whole'])
})

test('rows pass in runs, up to what may be something else', () => {
  const row = writePacket(Buffer.from([1, 65]), 0)
  const rows = Buffer.concat([row, writePacket(Buffer.from([1, 66]), 1), writePacket(Buffer.from([0xfb]), 2)])
  const end = writePacket(Buffer.from([0xfe, 0, 0, 2, 0]), 3)
  const reader = new ServerReader()
  reader.push(Buffer.concat([rows, end]))
  assert.deepEqual(reader.nextRows(1), { count: 1, bytes: row })
  assert.deepEqual(reader.nextRows(9), { count: 2, bytes: rows.subarray(row.length) })
  assert.equal(reader.nextRows(9), undefined)
  assert.deepEqual(reader.nextRow()?.bytes, end)
  assert.equal(reader.nextRows(9), undefined)
  const broken = new ServerReader()
  broken.push(Buffer.concat([row, row]))
  assert.equal(broken.nextRows(9)?.count, 1)
  assert.equal(broken.nextRows(9), undefined)
  refuses(() => broken.nextRow(), 'mysql-reply-malformed')
})

test('what stands behind a request for TLS is for TLS, and is read by nobody else', () => {
  const reader = new ClientReader()
  const hello = Buffer.from('160301', 'hex')
  reader.push(Buffer.concat([writePacket(Buffer.from('request'), 0), hello]))
  reader.push(Buffer.from('02'))
  assert.equal(reader.nextHandshake()?.payload.toString(), 'request')
  assert.deepEqual(reader.takeRest(), Buffer.concat([hello, Buffer.from('02')]))
  assert.equal(reader.buffered, 0)
  assert.equal(reader.nextHandshake(), undefined)
  reader.push(writePacket(Buffer.from('response'), 1))
  assert.equal(reader.nextHandshake()?.payload.toString(), 'response')
  reader.push(Buffer.from([1, 0]))
  assert.equal(reader.nextCommand(), undefined)
  refuses(() => reader.takeRest(), 'internal')
  const server = new ServerReader()
  server.push(Buffer.from([1]))
  refuses(() => server.requireNothingBuffered(), 'mysql-reply-malformed')
})
