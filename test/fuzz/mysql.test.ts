import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import test from 'node:test'
import fc from 'fast-check'
import { GateError } from '../../src/core/errors.ts'
import { NEEDED } from '../../src/wire/mysql/capabilities.ts'
import { MYSQL_LIMITS, type MysqlLimits } from '../../src/wire/mysql/limits.ts'
import { readCommand } from '../../src/wire/mysql/read-command.ts'
import { readHandshake, readHandshakeResponse } from '../../src/wire/mysql/read-handshake.ts'
import { readBinaryRow, readTextRow } from '../../src/wire/mysql/read-reply.ts'
import { ClientReader, ServerReader } from '../../src/wire/mysql/reader.ts'
import { Replies } from '../../src/wire/mysql/replies.ts'
import {
  writeBinaryRow,
  writeCommand,
  writeHandshake,
  writeHandshakeResponse,
  writePacket,
  writeTextRow,
} from '../../src/wire/mysql/writer.ts'
import { Conversation } from './mysql/conversation.ts'
import { agreed, commandCase, handshake, response, typed } from './mysql/messages.ts'

type Segment = readonly ['c' | 's', string]
const TRANSCRIPTS = JSON.parse(
  readFileSync(new URL('../../vectors/mysql/transcripts.json', import.meta.url), 'utf8'),
) as { name: string; connections: Segment[][] }[]

function said(by: 'c' | 's', segments: readonly Segment[]): Buffer {
  return Buffer.concat(segments.flatMap(([who, data]) => (who === by ? [Buffer.from(data, 'base64')] : [])))
}

for (const { name, connections } of TRANSCRIPTS) {
  test(`a real conversation is read and written again: ${name}`, () => {
    for (const segments of connections) {
      const client = said('c', segments)
      const server = said('s', segments)
      const whole = new Conversation([client], [server])
      whole.run()
      assert.deepEqual(Buffer.concat(whole.written.c), client)
      assert.deepEqual(Buffer.concat(whole.written.s), server)
      for (const size of [1, 2, 3, 5, 64]) {
        const cut = (all: Buffer): Buffer[] =>
          Array.from({ length: Math.ceil(all.length / size) }, (_, i) =>
            all.subarray(i * size, (i + 1) * size),
          )
        const pieces = new Conversation(cut(client), cut(server))
        pieces.run()
        assert.deepEqual(pieces.kinds, whole.kinds)
      }
    }
  })
}

test('the conversations have every kind of packet that a server here can be made to send', () => {
  const kinds = new Set<string>()
  const forms = new Set<boolean>()
  for (const { connections } of TRANSCRIPTS) {
    for (const segments of connections) {
      const one = new Conversation([said('c', segments)], [said('s', segments)])
      one.run()
      forms.add(one.deprecatesEof)
      for (const kind of one.kinds) kinds.add(kind)
    }
  }
  const expected =
    'c query,c init-db,c field-list,c ping,c statistics,c debug,c set-option,c change-user,c stmt-prepare,' +
    'c stmt-execute,c stmt-send-long-data,c stmt-close,c stmt-reset,c stmt-fetch,c reset-connection,c quit,' +
    'c process-kill,s ok,s error,s columns,s column,s parameter,s columns-end,s row,s end,s prepared,s local-file,' +
    's auth-switch,s statistics'
  for (const kind of expected.split(',')) assert.ok(kinds.has(kind), `there is no ${kind}`)
  assert.deepEqual([...forms].sort(), [false, true])
})

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

const SMALL: MysqlLimits = {
  ...MYSQL_LIMITS,
  handshakeBytes: 100,
  commandBytes: 100,
  replyBytes: 100,
  rowBytes: 500,
  heldBytes: 200,
  windowBytes: 50,
  parameters: 5,
  columns: 5,
  entries: 3,
  nameBytes: 20,
}

/** A payload that begins as one does, and goes on somehow. */
const payload = fc
  .tuple(
    fc.constantFrom(0x00, 0x01, 0x02, 0x03, 0x04, 0x0a, 0x11, 0x16, 0x17, 0x18, 0x19, 0xfb, 0xfe, 0xff),
    fc.oneof(
      fc.uint8Array({ maxLength: 80 }),
      fc
        .array(fc.constantFrom(0, 0, 1, 2, 8, 0xfb, 0xfc, 0xfd, 0xfe, 0xff, 65), { maxLength: 40 })
        .map(all => Uint8Array.from(all)),
    ),
  )
  .map(([first, rest]) => Buffer.concat([Buffer.of(first), rest]))

test('a command of any bytes is refused, or written again as it was', () => {
  fc.assert(
    fc.property(payload, agreed, fc.nat({ max: 4 }), fc.boolean(), (bytes, bits, parameters, small) => {
      const prototype = { parameters, types: undefined, long: new Set([1]) }
      attempt(() => {
        const context = { capabilities: bits, prototype: () => prototype }
        const command = readCommand(bytes, context, small ? SMALL : undefined)
        if (command.kind !== 'other') assert.deepEqual(writeCommand(command, bits), bytes)
      })
    }),
    { numRuns: 10_000 },
  )
})

test('a command with one byte changed is refused, or written again as it is', () => {
  fc.assert(
    fc.property(commandCase, fc.nat(), fc.nat({ max: 255 }), (one, at, byte) => {
      const bytes = Buffer.from(writeCommand(one.command, one.capabilities))
      bytes[at % bytes.length] = byte
      const context = { capabilities: one.capabilities, prototype: () => one.prototype }
      attempt(() => {
        const command = readCommand(bytes, context)
        if (command.kind === 'other' || command.kind === 'stmt-unknown') return
        assert.deepEqual(writeCommand(command, one.capabilities), bytes)
      })
    }),
    { numRuns: 5_000 },
  )
})

test('a handshake or its answer with one byte changed is refused, or written again as it is', () => {
  fc.assert(
    fc.property(handshake, response, fc.nat(), fc.nat({ max: 255 }), (one, other, at, byte) => {
      const greeting = Buffer.from(writeHandshake(one))
      greeting[at % greeting.length] = byte
      const read = attempt(() => readHandshake(greeting))
      const readable = 0x0600_0020 | 0x1000_0000
      if (read && (read.capabilities & readable) === 0) assert.deepEqual(writeHandshake(read), greeting)
      const answer = Buffer.from(writeHandshakeResponse(other))
      answer[at % answer.length] = byte
      const heard = attempt(() => readHandshakeResponse(answer))
      if (heard) assert.deepEqual(writeHandshakeResponse(heard), answer)
    }),
    { numRuns: 3_000 },
  )
})

test('a row with one byte changed is refused, or written again as it is', () => {
  fc.assert(
    fc.property(
      fc.array(typed, { minLength: 1, maxLength: 8 }),
      fc.nat(),
      fc.nat({ max: 255 }),
      (all, at, byte) => {
        const types = all.map(([type]) => type)
        const values = all.map(([, value]) => value)
        const binary = Buffer.from(writeBinaryRow(values, types))
        binary[at % binary.length] = byte
        const text = Buffer.from(writeTextRow(values))
        text[at % text.length] = byte
        attempt(() => assert.deepEqual(writeBinaryRow(readBinaryRow(binary, types), types), binary))
        attempt(() => assert.deepEqual(writeTextRow(readTextRow(text, types.length)), text))
      },
    ),
    { numRuns: 3_000 },
  )
})

test('an answer of any packets is read or refused, and ends', () => {
  const commands = fc.constantFrom(
    'query',
    'stmt-prepare',
    'stmt-fetch',
    'field-list',
    'change-user',
    'ping',
    'handshake',
  )
  fc.assert(
    fc.property(
      commands,
      agreed,
      fc.array(payload, { maxLength: 6 }),
      fc.boolean(),
      (kind, bits, all, small) => {
        attempt(() => {
          const replies = new Replies(bits, small ? SMALL : undefined)
          replies.begin(kind as 'query')
          for (const one of all) {
            if (replies.done) break
            const { kind: what } = replies.read(one)
            if (what === 'error') assert.ok(replies.done)
          }
        })
      },
    ),
    { numRuns: 5_000 },
  )
})

test('any bytes are cut into packets or refused, the same however they were split, and nothing is invented', () => {
  const noise = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map(all => Buffer.from(all)),
    fc
      .array(fc.tuple(payload, fc.integer({ min: -1, max: 3 })), { maxLength: 5 })
      .map(all => Buffer.concat(all.map(([one, number], i) => writePacket(one, number < 0 ? 9 : i)))),
  )
  fc.assert(
    fc.property(noise, fc.array(fc.nat(), { maxLength: 6 }), fc.boolean(), (bytes, places, rows) => {
      const outcome = (pieces: readonly Buffer[]): { out: Buffer; refused: boolean; whole: number } => {
        const client = new ClientReader(SMALL)
        const server = new ServerReader(SMALL)
        const next = () => (rows ? server.nextRow() : client.nextCommand())
        const out: Buffer[] = []
        let whole = 0
        const done = attempt(() => {
          for (const piece of pieces) {
            client.push(piece)
            server.push(piece)
            for (let one = next(); one; one = next()) {
              out.push(one.bytes)
              if (one.part === 'whole') whole++
            }
          }
          return true
        })
        return { out: Buffer.concat(out), refused: done === undefined, whole }
      }
      const ends = [...new Set(places.map(place => place % (bytes.length + 1)))].sort((a, b) => a - b)
      const pieces = [0, ...ends].map((start, i) => bytes.subarray(start, ends[i] ?? bytes.length))
      const once = outcome([bytes])
      const cut = outcome(pieces)
      assert.equal(cut.refused, once.refused)
      assert.equal(cut.whole, once.whole)
      assert.deepEqual(once.out, bytes.subarray(0, once.out.length))
    }),
    { numRuns: 3_000 },
  )
})

const CORPUS = new URL('mysql/refused/', import.meta.url)
for (const file of readdirSync(CORPUS)) {
  test(`the corpus: ${file} is refused`, () => {
    const { read, code, hex } = JSON.parse(readFileSync(new URL(file, CORPUS), 'utf8')) as {
      read: 'packet' | 'command' | 'response' | 'text-row' | 'answer'
      code: string
      hex: string
    }
    const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex')
    const statement = { parameters: 2, types: undefined, long: new Set([0]) }
    const readers: Record<typeof read, () => unknown> = {
      packet: () => {
        const reader = new ClientReader()
        reader.push(bytes)
        while (reader.nextCommand()) reader.expect(0)
      },
      command: () => readCommand(bytes, { capabilities: NEEDED, prototype: () => statement }),
      response: () => readHandshakeResponse(bytes),
      'text-row': () => readTextRow(bytes, 1),
      answer: () => {
        const replies = new Replies(NEEDED)
        replies.begin('query')
        replies.read(bytes)
      },
    }
    assert.throws(readers[read], (error: unknown) => error instanceof GateError && error.code === code)
  })
}
