import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import test from 'node:test'
import fc from 'fast-check'
import { GateError } from '../../src/core/errors.ts'
import { POSTGRES_LIMITS, type PostgresLimits } from '../../src/wire/postgres/limits.ts'
import type { BackendMessage, FrontendMessage, StartupPacket } from '../../src/wire/postgres/messages.ts'
import { BackendReader, FrontendReader } from '../../src/wire/postgres/reader.ts'
import { writeBackend, writeFrontend, writeStartup } from '../../src/wire/postgres/writer.ts'
import { backendMessage, frontendMessage, split } from './postgres/messages.ts'

/** All that a client sent: its startup packets first, up to the one that begins a session. */
function readClient(pieces: readonly Buffer[], limits?: PostgresLimits): (StartupPacket | FrontendMessage)[] {
  const reader = new FrontendReader(limits)
  reader.authenticated()
  const messages: (StartupPacket | FrontendMessage)[] = []
  let started = false
  for (const piece of pieces) {
    reader.push(piece)
    for (;;) {
      if (!started) {
        const packet = reader.nextStartup()
        if (packet === undefined) break
        started = packet.kind === 'startup'
        messages.push(packet)
        continue
      }
      const frame = reader.next()
      if (frame === undefined) break
      messages.push(reader.read(frame))
    }
  }
  assert.equal(reader.buffered, 0)
  return messages
}

/** All that a server sent; `encrypted`: how many requests for encryption it answers first. */
function readServer(pieces: readonly Buffer[], encrypted: number, limits?: PostgresLimits): BackendMessage[] {
  const reader = new BackendReader(limits)
  const messages: BackendMessage[] = []
  let answers = encrypted
  for (const piece of pieces) {
    reader.push(piece)
    for (;;) {
      if (answers > 0) {
        if (reader.nextEncryptionReply() === undefined) break
        answers--
        continue
      }
      const frame = reader.next()
      if (frame === undefined) break
      messages.push(reader.read(frame))
    }
  }
  assert.equal(reader.buffered, 0)
  return messages
}

const written = (message: StartupPacket | FrontendMessage): Buffer => {
  const { kind } = message
  return kind === 'startup' || kind === 'ssl-request' || kind === 'gss-request' || kind === 'cancel'
    ? writeStartup(message)
    : writeFrontend(message)
}

/** What the reader made; undefined if it refused. Any error but a `GateError` fails the test. */
function attempt<T>(run: () => T): T | undefined {
  try {
    return run()
  } catch (error) {
    assert.ok(error instanceof GateError, String(error))
    assert.notEqual(error.code, 'internal', error.message)
    assert.ok(error.message.length < 300, 'the message repeats input without a bound')
    return undefined
  }
}

type Segment = readonly ['c' | 's', string]
const TRANSCRIPTS = JSON.parse(
  readFileSync(new URL('../../vectors/postgres/transcripts.json', import.meta.url), 'utf8'),
) as { name: string; connections: Segment[][] }[]

function said(by: 'c' | 's', segments: readonly Segment[]): Buffer {
  return Buffer.concat(segments.flatMap(([who, data]) => (who === by ? [Buffer.from(data, 'base64')] : [])))
}

for (const { name, connections } of TRANSCRIPTS) {
  test(`a real conversation is read and written again: ${name}`, () => {
    for (const segments of connections) {
      const client = said('c', segments)
      const server = said('s', segments)
      const sent = readClient([client])
      const encrypted = sent.filter(one => one.kind === 'ssl-request' || one.kind === 'gss-request').length
      const answered = readServer([server], encrypted)
      assert.deepEqual(Buffer.concat(sent.map(written)), client)
      assert.deepEqual(Buffer.concat(answered.map(writeBackend)), server.subarray(encrypted))
      for (const size of [1, 2, 3, 5, 7, 64, 1000]) {
        const cut = (all: Buffer): Buffer[] =>
          Array.from({ length: Math.ceil(all.length / size) }, (_, i) =>
            all.subarray(i * size, (i + 1) * size),
          )
        assert.deepEqual(readClient(cut(client)), sent)
        assert.deepEqual(readServer(cut(server), encrypted), answered)
      }
    }
  })
}

test('the conversations have every kind of message that a server here can be made to send', () => {
  const kinds = new Set<string>()
  for (const { connections } of TRANSCRIPTS) {
    for (const segments of connections) {
      const sent = readClient([said('c', segments)])
      const encrypted = sent.filter(one => one.kind === 'ssl-request' || one.kind === 'gss-request').length
      for (const one of sent) kinds.add(`c ${one.kind}`)
      for (const one of readServer([said('s', segments)], encrypted)) kinds.add(`s ${one.kind}`)
    }
  }
  const client =
    'query parse bind describe execute sync function-call authentication copy-data copy-done cancel'
  for (const kind of client.split(' ')) assert.ok(kinds.has(`c ${kind}`), `no client sent ${kind}`)
  const server =
    'authentication backend-key parameter-status ready row-description data-row command-complete error notice ' +
    'notification empty-query function-result parse-complete bind-complete portal-suspended no-data ' +
    'copy-in-response copy-out-response copy-data copy-done'
  for (const kind of server.split(' ')) assert.ok(kinds.has(`s ${kind}`), `no server sent ${kind}`)
})

/** Small, so that every limit is met. */
const SMALL: PostgresLimits = {
  ...POSTGRES_LIMITS,
  startupBytes: 200,
  authenticationBytes: 64,
  statementBytes: 200,
  bindBytes: 200,
  controlBytes: 64,
  replyBytes: 300,
  dataBytes: 1000,
  heldBytes: 500,
  windowBytes: 100,
  startupParameters: 4,
  parameters: 5,
  columns: 5,
  fields: 5,
  nameBytes: 20,
  labelBytes: 20,
}

/** Bytes that look like messages: a type that is known, a length that may be right, and something. */
const nearly = fc
  .tuple(
    fc.constantFrom(...'QPBDECFpdfHScXRKSZTDGHWdcCENAtVv123nsI'),
    fc.uint8Array({ maxLength: 60 }),
    fc.oneof(
      { weight: 6, arbitrary: fc.constant(0) },
      { weight: 1, arbitrary: fc.integer({ min: -9, max: 300 }) },
    ),
  )
  .map(([type, body, off]) => {
    const head = Buffer.alloc(5)
    head.write(type, 'latin1')
    head.writeInt32BE(body.length + 4 + off, 1)
    return Buffer.concat([head, body])
  })
const noise = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map(all => Buffer.from(all)),
  fc.array(nearly, { maxLength: 5 }).map(all => Buffer.concat(all)),
)

test('whatever comes is read or refused, the same however it was split, and nothing is invented', () => {
  fc.assert(
    fc.property(noise, fc.array(fc.nat(), { maxLength: 6 }), fc.boolean(), (bytes, places, small) => {
      for (const Reader of [FrontendReader, BackendReader]) {
        const outcome = (pieces: readonly Buffer[]): { out: Buffer; refused: boolean; kinds: string[] } => {
          const reader = new Reader(small ? SMALL : undefined)
          if (reader instanceof FrontendReader) reader.authenticated()
          const out: Buffer[] = []
          const kinds: string[] = []
          const done = attempt(() => {
            for (const piece of pieces) {
              reader.push(piece)
              for (let frame = reader.next(); frame; frame = reader.next()) {
                out.push(frame.bytes)
                if (frame.part === 'whole') kinds.push(reader.read(frame).kind)
              }
            }
            return true
          })
          return { out: Buffer.concat(out), refused: done === undefined, kinds }
        }
        const whole = outcome([bytes])
        const cut = outcome(split(bytes, places))
        assert.deepEqual(cut.kinds, whole.kinds)
        assert.equal(cut.refused, whole.refused)
        assert.deepEqual(whole.out, bytes.subarray(0, whole.out.length))
      }
    }),
    { numRuns: 3000 },
  )
})

test('a message with one byte changed is refused or is another message, written as it is', () => {
  const client = frontendMessage.map(one => [FrontendReader, writeFrontend(one), writeFrontend] as const)
  const server = backendMessage.map(one => [BackendReader, writeBackend(one), writeBackend] as const)
  fc.assert(
    fc.property(
      fc.oneof(client, server),
      fc.nat(),
      fc.nat({ max: 255 }),
      ([Reader, wire, write], at, byte) => {
        const changed = Buffer.from(wire)
        changed[at % changed.length] = byte
        attempt(() => {
          const reader = new Reader()
          reader.push(changed)
          for (let frame = reader.next(); frame; frame = reader.next()) {
            if (frame.part !== 'whole') continue
            assert.deepEqual((write as (one: unknown) => Buffer)(reader.read(frame)), frame.bytes)
          }
        })
      },
    ),
    { numRuns: 5000 },
  )
})

test('startup packets of any bytes are read or refused', () => {
  const words = fc.constantFrom('user\0', 'database\0', 'a\0', '\0', 'replication\0', '_pq_.x\0', '\xff', 'x')
  const body = fc.oneof(
    fc.uint8Array({ maxLength: 40 }).map(all => Buffer.from(all)),
    fc
      .tuple(fc.constantFrom(0x30000, 0x30002, 0x3ffff, 80_877_102, 80_877_103, 80_877_104), fc.array(words))
      .map(([code, all]) => {
        const head = Buffer.alloc(4)
        head.writeUInt32BE(code)
        return Buffer.concat([head, Buffer.from(all.join(''), 'latin1')])
      }),
  )
  fc.assert(
    fc.property(body, fc.boolean(), (bytes, small) => {
      const head = Buffer.alloc(4)
      head.writeUInt32BE(bytes.length + 4)
      const wire = Buffer.concat([head, bytes])
      attempt(() => {
        const reader = new FrontendReader(small ? SMALL : undefined)
        reader.push(wire)
        const packet = reader.nextStartup()
        assert.ok(packet)
        assert.deepEqual(writeStartup(packet), wire)
      })
    }),
    { numRuns: 3000 },
  )
})

const CORPUS = new URL('postgres/refused/', import.meta.url)
for (const file of readdirSync(CORPUS)) {
  test(`the corpus: ${file} is refused`, () => {
    const { side, code, hex } = JSON.parse(readFileSync(new URL(file, CORPUS), 'utf8')) as {
      side: 'startup' | 'client' | 'server'
      code: string
      hex: string
    }
    const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex')
    const read = (): unknown => {
      if (side === 'startup') return readClient([bytes])
      if (side === 'server') return readServer([bytes], 0)
      return readClient([
        writeStartup({ kind: 'startup', version: { major: 3, minor: 0 }, parameters: [] }),
        bytes,
      ])
    }
    assert.throws(read, (error: unknown) => error instanceof GateError && error.code === code)
  })
}
