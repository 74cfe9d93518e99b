import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import {
  backendMessage,
  frontendMessage,
  split,
  startupPacket,
} from '../../../test/fuzz/postgres/messages.ts'
import { GateError } from '../../core/errors.ts'
import type { Frame } from './framer.ts'
import { POSTGRES_LIMITS } from './limits.ts'
import { BackendReader, copyPayload, FrontendReader } from './reader.ts'
import { writeBackend, writeDataRow, writeFrontend, writeStartup } from './writer.ts'

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')
const ascii = (text: string): Buffer => Buffer.from(text, 'latin1')

/** A message: its type, its true length, its fields. */
function message(type: string, fields: string | Buffer): Buffer {
  const body = typeof fields === 'string' ? ascii(fields) : fields
  const head = Buffer.alloc(5)
  head.write(type, 'latin1')
  head.writeUInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}

function all(reader: { next(): Frame | undefined }): Frame[] {
  const frames: Frame[] = []
  for (let frame = reader.next(); frame !== undefined; frame = reader.next()) frames.push(frame)
  return frames
}

function refuses(run: () => unknown, code: string, pattern?: RegExp): void {
  assert.throws(run, (error: unknown) => {
    assert.ok(error instanceof GateError, String(error))
    assert.equal(error.code, code, error.message)
    if (pattern) assert.match(error.message, pattern)
    return true
  })
}

/** The reader of a client that has authenticated. */
function known(): FrontendReader {
  const reader = new FrontendReader()
  reader.authenticated()
  return reader
}

function readClient(bytes: Buffer): unknown {
  const reader = known()
  reader.push(bytes)
  return all(reader).map(frame => reader.read(frame))
}

function readServer(bytes: Buffer): unknown {
  const reader = new BackendReader()
  reader.push(bytes)
  return all(reader).map(frame => reader.read(frame))
}

test('what a client sends is written again as it was read, however it was split', () => {
  fc.assert(
    fc.property(
      fc.array(frontendMessage, { maxLength: 6 }),
      fc.array(fc.nat(), { maxLength: 12 }),
      (sent, places) => {
        const wire = Buffer.concat(sent.map(writeFrontend))
        const reader = known()
        const frames = split(wire, places).flatMap(piece => {
          reader.push(piece)
          return all(reader)
        })
        assert.deepEqual(Buffer.concat(frames.map(frame => frame.bytes)), wire)
        const messages = frames.map(frame => reader.read(frame))
        assert.deepEqual(messages, sent)
        assert.deepEqual(Buffer.concat(messages.map(writeFrontend)), wire)
        assert.equal(reader.buffered, 0)
      },
    ),
    { numRuns: 300 },
  )
})

test('what a server sends is written again as it was read, however it was split', () => {
  fc.assert(
    fc.property(
      fc.array(backendMessage, { maxLength: 6 }),
      fc.array(fc.nat(), { maxLength: 12 }),
      (sent, places) => {
        const wire = Buffer.concat(sent.map(writeBackend))
        const reader = new BackendReader()
        const frames = split(wire, places).flatMap(piece => {
          reader.push(piece)
          return all(reader)
        })
        assert.deepEqual(Buffer.concat(frames.map(frame => frame.bytes)), wire)
        const messages = frames.map(frame => reader.read(frame))
        assert.deepEqual(messages, sent)
        assert.deepEqual(Buffer.concat(messages.map(writeBackend)), wire)
      },
    ),
    { numRuns: 300 },
  )
})

test('messages keep their order when more comes before all that came was looked at', () => {
  const chunks = ['a', 'b', 'c', 'd', 'e'].map(value => writeDataRow([ascii(value)]))
  fc.assert(
    fc.property(fc.infiniteStream(fc.boolean()), pulls => {
      const reader = new BackendReader()
      const read: Buffer[] = []
      const pull = (): boolean => {
        const frame = reader.next()
        if (frame !== undefined) read.push(frame.bytes)
        return frame !== undefined
      }
      for (const chunk of chunks) {
        reader.push(chunk)
        while (pulls.next().value === true && pull());
      }
      while (pull());
      assert.deepEqual(Buffer.concat(read), Buffer.concat(chunks))
    }),
  )
})

test('startup packets are written again as they were read, byte by byte too', () => {
  fc.assert(
    fc.property(startupPacket, fc.boolean(), (packet, slowly) => {
      const wire = writeStartup(packet)
      const reader = new FrontendReader()
      let read: unknown
      for (const piece of slowly ? [...wire].map(byte => Buffer.of(byte)) : [wire]) {
        assert.equal(read, undefined)
        reader.push(piece)
        read = reader.nextStartup()
      }
      assert.deepEqual(read, packet)
      reader.requireNothingBuffered()
    }),
    { numRuns: 200 },
  )
})

test('a message is cut at every place and read as the same', () => {
  const wire = Buffer.concat([
    writeFrontend({ kind: 'query', sql: 'select 1' }),
    writeFrontend({ kind: 'sync' }),
    writeFrontend({ kind: 'query', sql: 'ü' }),
  ])
  for (let at = 0; at <= wire.length; at++) {
    for (let next = at; next <= wire.length; next++) {
      const reader = known()
      const frames = [wire.subarray(0, at), wire.subarray(at, next), wire.subarray(next)].flatMap(piece => {
        reader.push(piece)
        return all(reader)
      })
      assert.deepEqual(
        frames.map(frame => reader.read(frame)),
        [{ kind: 'query', sql: 'select 1' }, { kind: 'sync' }, { kind: 'query', sql: 'ü' }],
      )
    }
  }
})

test('a message that lies in one chunk is a part of it and not a copy, and no chunk is written to', () => {
  const wire = Buffer.concat([writeDataRow([ascii('a'), null]), writeDataRow([ascii('b')])])
  const before = Buffer.from(wire)
  const reader = new BackendReader()
  reader.push(wire)
  const frames = all(reader)
  assert.ok(frames.every(frame => frame.bytes.buffer === wire.buffer))
  for (const frame of frames) reader.read(frame)
  assert.deepEqual(wire, before)
})

test('rows pass in runs, as many as are whole and asked for', () => {
  const row = writeDataRow([ascii('abc')])
  const wire = Buffer.concat([row, row, row, writeBackend({ kind: 'command-complete', tag: 'SELECT 3' })])
  const reader = new BackendReader()
  reader.push(wire.subarray(0, row.length * 2 + 3))
  assert.deepEqual(reader.nextRows(1), { count: 1, bytes: row })
  assert.deepEqual(reader.nextRows(100), { count: 1, bytes: row })
  assert.equal(reader.nextRows(100), undefined)
  assert.equal(reader.next(), undefined)
  assert.equal(reader.nextRows(100), undefined, 'inside of a message there is no run')
  reader.push(wire.subarray(row.length * 2 + 3))
  assert.deepEqual(reader.next()?.bytes, row)
  assert.equal(reader.nextRows(100), undefined)
  assert.equal(reader.next()?.type, 'C'.charCodeAt(0))
})

test('a row larger than the window passes in pieces, or whole if it is to be held', () => {
  const limits = { ...POSTGRES_LIMITS, windowBytes: 64, heldBytes: 300 }
  const row = writeDataRow([Buffer.alloc(200, 7)])
  const wire = Buffer.concat([row, row])
  for (const size of [1, 3, 5, 64, 100, wire.length]) {
    const reader = new BackendReader(limits)
    const frames: Frame[] = []
    for (let at = 0; at < wire.length; at += size) {
      reader.push(wire.subarray(at, at + size))
      frames.push(...all(reader))
    }
    assert.deepEqual(Buffer.concat(frames.map(frame => frame.bytes)), wire)
    const parts = frames.map(frame => frame.part)
    assert.equal(parts.filter(part => part === 'first').length, 2)
    assert.equal(parts.filter(part => part === 'last').length, 2)
    assert.equal(parts.includes('whole'), false)
    assert.deepEqual(
      Buffer.concat(frames.map(copyPayload)),
      Buffer.concat([row.subarray(5), row.subarray(5)]),
    )
    refuses(() => reader.read(frames[0]!), 'internal')
  }
  const holding = new BackendReader(limits)
  holding.holdsData = true
  holding.push(wire.subarray(0, 100))
  assert.equal(holding.next(), undefined)
  holding.push(wire.subarray(100))
  assert.deepEqual(
    all(holding).map(frame => [frame.part, frame.bytes.length]),
    [
      ['whole', row.length],
      ['whole', row.length],
    ],
  )
  holding.push(writeDataRow([Buffer.alloc(300)]))
  refuses(() => holding.next(), 'postgres-reply-too-large', /DataRow/)
  refuses(() => holding.next(), 'internal')
})

test('each message of a client has a limit that is looked at before memory is spent', () => {
  const head = (type: string, length: number): Buffer => {
    const bytes = Buffer.alloc(5)
    bytes.write(type, 'latin1')
    bytes.writeUInt32BE(length, 1)
    return bytes
  }
  for (const type of 'QPBDECFpdfHScX') {
    refuses(() => readClient(head(type, 0xffff_ffff)), 'postgres-message-too-large')
    refuses(() => readClient(head(type, 0x7fff_ffff)), 'postgres-message-too-large')
    refuses(() => readClient(head(type, 3)), 'postgres-malformed', /length/)
  }
  refuses(() => readClient(head('S', POSTGRES_LIMITS.controlBytes)), 'postgres-message-too-large')
  refuses(() => readClient(head('!', 4)), 'postgres-message-unknown')
  refuses(() => readClient(head('\0', 8)), 'postgres-message-unknown')
  for (const type of 'RKSZTDGHWdcCENAtVv123nsI') {
    refuses(() => readServer(head(type, 0xffff_ffff)), 'postgres-reply-too-large')
    refuses(() => readServer(head(type, 0)), 'postgres-reply-malformed')
  }
  refuses(() => readServer(head('!', 4)), 'postgres-reply-malformed')
  const reader = new FrontendReader()
  reader.push(hex('00002712 00030000'))
  refuses(() => reader.nextStartup(), 'postgres-message-too-large')
})

test('what is not canonical is refused', () => {
  const client: readonly (readonly [string, string | Buffer, string?])[] = [
    ['Q', 'select 1'],
    ['Q', 'select 1\0 drop table t\0'],
    ['Q', 'select 1\0\0'],
    ['Q', ''],
    ['Q', hex('ff00'), 'postgres-text-invalid'],
    ['Q', hex('c080 00'), 'postgres-text-invalid'],
    ['Q', hex('eda080 00'), 'postgres-text-invalid'],
    ['P', hex('00 00 ffff'), 'postgres-malformed'],
    ['P', hex('00 00 0002 00000000')],
    ['P', hex('00 00 0001 00000000 00')],
    ['P', hex('00 00')],
    ['B', hex('00 00 0000 0001 fffffffe 0000')],
    ['B', hex('00 00 0000 0001 00000002 41 0000')],
    ['B', hex('00 00 0001 0002 0000 0000')],
    ['B', hex('00 00 0002 0000 0000 0001 ffffffff 0000')],
    ['B', hex('00 00 0000 0000 ffff'), 'postgres-too-many-values'],
    ['B', hex('00 00 0000 0000')],
    ['D', 'Xname\0'],
    ['C', 'S'],
    ['E', hex('00 ffffffff')],
    ['E', hex('00 000000')],
    ['F', hex('00000001 0000 0000 0002')],
    ['S', 'x'],
    ['X', '\0'],
    ['H', 'x'],
    ['c', 'x'],
    ['f', 'no end'],
    ['P', `${'n'.repeat(64)}\0select 1\0\0\0`, 'postgres-name-too-long'],
    ['D', `S${'n'.repeat(64)}\0`, 'postgres-name-too-long'],
    ['B', `${'n'.repeat(64)}\0\0\0\0\0\0\0\0`, 'postgres-name-too-long'],
  ]
  for (const [type, fields, code] of client) {
    refuses(() => readClient(message(type, fields)), code ?? 'postgres-malformed')
  }
  const server: readonly (readonly [string, string | Buffer, string?])[] = [
    ['R', hex('00000001')],
    ['R', hex('00000000 00')],
    ['R', hex('00000005 000000')],
    ['R', hex('0000000a 41')],
    ['K', hex('00000001 000000')],
    ['K', Buffer.alloc(4 + 257)],
    ['Z', 'X'],
    ['Z', ''],
    ['T', hex('0001')],
    ['T', hex('ffff'), 'postgres-reply-too-wide'],
    ['D', hex('0001 fffffffe')],
    ['D', hex('0001 ffffffff 00')],
    ['D', hex('0681'), 'postgres-reply-too-wide'],
    ['E', 'Sx\0Sy\0\0'],
    ['E', 'Sx\0'],
    ['E', hex('01 00 00')],
    ['E', hex('53 ff 00 00')],
    ['G', hex('02 0000')],
    ['v', hex('00030000 ffffffff')],
    ['v', hex('00030000 00000041'), 'postgres-reply-too-wide'],
    ['1', 'x'],
    ['V', hex('00000001')],
  ]
  for (const [type, fields, code] of server) {
    refuses(() => readServer(message(type, fields)), code ?? 'postgres-reply-malformed')
  }
})

test('startup packets that say two things, or nothing good, are refused', () => {
  const packet = (body: Buffer): Buffer => {
    const head = Buffer.alloc(4)
    head.writeUInt32BE(body.length + 4)
    return Buffer.concat([head, body])
  }
  const start = (bytes: Buffer): unknown => {
    const reader = new FrontendReader()
    reader.push(bytes)
    return reader.nextStartup()
  }
  const v3 = hex('00030000')
  refuses(() => start(packet(hex('00020000 00'))), 'postgres-version-refused')
  refuses(() => start(packet(hex('00040000 00'))), 'postgres-version-refused')
  refuses(() => start(packet(v3)), 'postgres-malformed')
  refuses(
    () => start(packet(Buffer.concat([v3, ascii('user\0a\0user\0b\0\0')]))),
    'postgres-malformed',
    /twice/,
  )
  refuses(() => start(packet(Buffer.concat([v3, ascii('user\0a\0\0x')]))), 'postgres-malformed')
  refuses(() => start(packet(Buffer.concat([v3, ascii('user\0a\0')]))), 'postgres-malformed')
  refuses(() => start(packet(hex('04d2162f 00'))), 'postgres-malformed')
  refuses(() => start(packet(hex('04d2162e 00000001 000000'))), 'postgres-malformed')
  const many = Array.from({ length: 101 }, (_, i) => `n${i}\0\0`).join('')
  refuses(() => start(packet(Buffer.concat([v3, ascii(`${many}\0`)]))), 'postgres-too-many-values')
  refuses(
    () => start(packet(Buffer.concat([v3, ascii(`${'n'.repeat(1025)}\0\0\0`)]))),
    'postgres-name-too-long',
  )
  refuses(() => start(packet(Buffer.concat([v3, hex('75 00 ff 00 00')]))), 'postgres-text-invalid')
})

test('bytes behind a request for encryption or its answer are refused', () => {
  const client = new FrontendReader()
  client.push(Buffer.concat([writeStartup({ kind: 'ssl-request' }), hex('00')]))
  assert.deepEqual(client.nextStartup(), { kind: 'ssl-request' })
  refuses(() => client.requireNothingBuffered(), 'postgres-malformed')
  const server = new BackendReader()
  assert.equal(server.nextEncryptionReply(), undefined)
  server.push(ascii('SR'))
  assert.equal(server.nextEncryptionReply(), 'S')
  refuses(() => server.requireNothingBuffered(), 'postgres-reply-malformed')
  const old = new BackendReader()
  old.push(ascii('E'))
  refuses(() => old.nextEncryptionReply(), 'postgres-reply-malformed')
})

test('a head that was split, and then nothing, is not nothing', () => {
  const reader = known()
  reader.push(ascii('Q'))
  assert.equal(reader.next(), undefined)
  refuses(() => reader.requireNothingBuffered(), 'postgres-malformed')
})

test('before a client has authenticated nothing is taken of it but that', () => {
  for (const type of 'QPBDECFdfHSc') {
    const reader = new FrontendReader()
    reader.push(message(type, ''))
    refuses(() => reader.next(), 'postgres-malformed', /before the client has authenticated/)
  }
  const unknown = new FrontendReader()
  unknown.push(message('!', ''))
  refuses(() => unknown.next(), 'postgres-message-unknown')
  const reader = new FrontendReader()
  reader.push(message('p', 'x'))
  assert.equal(reader.next()?.type, 'p'.charCodeAt(0))
  reader.push(message('X', ''))
  assert.equal(reader.next()?.type, 'X'.charCodeAt(0))
  reader.authenticated()
  reader.push(message('S', ''))
  assert.equal(reader.next()?.type, 'S'.charCodeAt(0))
})

test('rows that are held do not pass unread', () => {
  const reader = new BackendReader()
  reader.holdsData = true
  reader.push(writeDataRow([ascii('secret')]))
  assert.equal(reader.nextRows(9), undefined)
  assert.equal(reader.next()?.part, 'whole')
  const broken = new BackendReader()
  broken.push(Buffer.concat([message('!', ''), writeDataRow([])]))
  refuses(() => broken.next(), 'postgres-reply-malformed')
  refuses(() => broken.nextRows(9), 'internal')
})

test('the type of the next message is told before it is read, however it is split', () => {
  const bytes = Buffer.concat([
    writeBackend({ kind: 'parse-complete' }),
    writeDataRow([Buffer.alloc(40)]),
    writeBackend({ kind: 'command-complete', tag: 'SELECT 1' }),
    writeBackend({ kind: 'ready', state: 'I' }),
  ])
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 80, maxLength: 80 }), sizes => {
      const reader = new BackendReader()
      assert.equal(reader.nextType, undefined)
      const types: string[] = []
      let at = 0
      for (const size of sizes) {
        reader.push(bytes.subarray(at, at + size))
        at += size
        for (;;) {
          const { nextType } = reader
          const frame = reader.next()
          if (frame === undefined) break
          assert.equal(nextType, frame.type)
          types.push(String.fromCharCode(frame.type))
        }
      }
      assert.equal(types.join(''), '1DCZ')
      assert.equal(reader.nextType, undefined)
    }),
  )
})
