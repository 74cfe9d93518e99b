import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import {
  agreed,
  column,
  commandCase,
  handshake,
  okCase,
  response,
  typed,
} from '../../../test/fuzz/mysql/messages.ts'
import { GateError } from '../../core/errors.ts'
import { agree, capabilities, NEEDED } from './capabilities.ts'
import { readCommand } from './read-command.ts'
import { readAuthenticationReply, readHandshake, readHandshakeResponse } from './read-handshake.ts'
import {
  readBinaryRow,
  readColumn,
  readColumnCount,
  readEof,
  readFailure,
  readLocalFile,
  readOk,
  readPrepared,
  readTextRow,
  readVariables,
} from './read-reply.ts'
import { ClientReader, ServerReader } from './reader.ts'
import { Replies } from './replies.ts'
import {
  complaint,
  writeAuthenticationReply,
  writeBinaryRow,
  writeColumn,
  writeColumnCount,
  writeCommand,
  writeEof,
  writeFailure,
  writeHandshake,
  writeHandshakeResponse,
  writeLocalFile,
  writeOk,
  writePrepared,
  writeTextRow,
} from './writer.ts'

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')
const ALL = 0xffff_ffff
const CONTEXT = { capabilities: NEEDED, prototype: () => undefined }

function refuses(run: () => unknown, code: string, what?: string): void {
  assert.throws(
    run,
    (error: unknown) => {
      assert.ok(error instanceof GateError, String(error))
      assert.equal(error.code, code, error.message)
      return true
    },
    what,
  )
}

test('handshakes and their answers are written again as they were read', () => {
  fc.assert(
    fc.property(handshake, response, (one, other) => {
      const greeting = writeHandshake(one)
      assert.deepEqual(readHandshake(greeting), one)
      const answer = writeHandshakeResponse(other)
      const read = readHandshakeResponse(answer)
      assert.deepEqual(read, other)
      assert.deepEqual(writeHandshakeResponse(read), answer)
    }),
  )
})

test('commands are written again as they were read', () => {
  fc.assert(
    fc.property(commandCase, ({ command, capabilities: bits, prototype }) => {
      const payload = writeCommand(command, bits)
      const read = readCommand(payload, { capabilities: bits, prototype: () => prototype })
      assert.deepEqual(read, command)
      assert.deepEqual(writeCommand(read, bits), payload)
    }),
    { numRuns: 500 },
  )
})

test('answers are written again as they were read', () => {
  fc.assert(
    fc.property(okCase, column, fc.boolean(), ([ok, bits], one, end) => {
      const first = end ? 0xfe : 0x00
      const payload = writeOk(ok, bits, first)
      assert.deepEqual(readOk(payload, bits, first), ok)
      const definition = writeColumn(one)
      assert.deepEqual(readColumn(definition, one.defaultValue !== undefined), one)
    }),
  )
  fc.assert(
    fc.property(fc.nat({ max: 0xffff }), fc.nat({ max: 0xffff }), fc.string(), (a, b, text) => {
      const eof = { kind: 'eof', warnings: a, status: b } as const
      assert.deepEqual(readEof(writeEof(eof)), eof)
      const message = text.toWellFormed()
      const failure = { kind: 'error', code: a % 0xffff, sqlstate: '42000', message } as const
      assert.deepEqual(readFailure(writeFailure(failure)), failure)
      const prepared = {
        kind: 'prepared',
        statement: a * b,
        columns: a % 4097,
        parameters: b,
        warnings: a,
      } as const
      assert.deepEqual(readPrepared(writePrepared(prepared)), prepared)
      assert.equal(readLocalFile(writeLocalFile(message)), message)
      const more = { kind: 'auth-more', data: Buffer.from(message) } as const
      assert.deepEqual(readAuthenticationReply(writeAuthenticationReply(more)), more)
      const other = { kind: 'auth-switch', plugin: 'a_plugin', challenge: Buffer.from(message) } as const
      assert.deepEqual(readAuthenticationReply(writeAuthenticationReply(other)), other)
    }),
  )
  for (const count of [1, 250, 251, 252, 4096]) assert.equal(readColumnCount(writeColumnCount(count)), count)
})

test('rows are written again as they were read, text and binary', () => {
  fc.assert(
    fc.property(fc.array(typed, { maxLength: 12 }), all => {
      const values = all.map(([, value]) => value)
      const types = all.map(([type]) => type)
      assert.deepEqual(readTextRow(writeTextRow(values), values.length), values)
      assert.deepEqual(readBinaryRow(writeBinaryRow(values, types), types), values)
    }),
  )
  const large = [Buffer.alloc(70_000, 1), null, Buffer.alloc(0x100_0000, 2)]
  assert.deepEqual(readTextRow(writeTextRow(large), 3), large)
})

test('lengths that are longer than they need be, or say nothing, are refused', () => {
  for (const bytes of [
    'fc 0100 41',
    'fd 010000 41',
    'fe 0100000000000000 41',
    'fc fa00',
    'fd ffff00',
    'fb 41 41',
    'ff',
  ]) {
    refuses(() => readTextRow(hex(bytes), 1), 'mysql-reply-malformed', bytes)
  }
  assert.deepEqual(readTextRow(hex('fb'), 1), [null])
  refuses(() => readTextRow(hex('fe ffffffffffffffff'), 1), 'mysql-reply-malformed')
  refuses(() => readTextRow(hex('fe ff ff ff ff 00 00 00 00'), 1), 'mysql-reply-malformed')
  refuses(() => readTextRow(hex('01 41 01 42'), 1), 'mysql-reply-malformed')
  refuses(() => readTextRow(hex('01 41'), 2), 'mysql-reply-malformed')
  refuses(() => readTextRow(hex('05 41'), 1), 'mysql-reply-malformed')
})

test('what is not canonical is refused: commands', () => {
  const bad = [
    '',
    '01 00',
    '0e 00',
    '19 010000',
    '19 0100000000',
    '1b 0200',
    '1b 00',
    '0c 01',
    '1c 0000000000',
    '04 41',
  ]
  for (const bytes of bad) refuses(() => readCommand(hex(bytes), CONTEXT), 'mysql-malformed', bytes)
  refuses(() => readCommand(hex('02 ff'), CONTEXT), 'mysql-text-invalid')
  refuses(() => readCommand(hex('02 61 00 62'), CONTEXT), 'mysql-malformed')
  refuses(
    () => readCommand(Buffer.concat([hex('02'), Buffer.alloc(1025, 65)]), CONTEXT),
    'mysql-name-too-long',
  )
  assert.deepEqual(readCommand(hex('12 00'), CONTEXT), { kind: 'other', code: 18, name: 'COM_BINLOG_DUMP' })
  assert.deepEqual(readCommand(hex('f0'), CONTEXT), { kind: 'other', code: 240, name: 'COM_240' })
  assert.deepEqual(readCommand(hex('17 07000000 00 01000000 ff'), CONTEXT), {
    kind: 'stmt-unknown',
    statement: 7,
  })
  for (const command of [
    { kind: 'other', code: 18, name: 'COM_BINLOG_DUMP' },
    { kind: 'stmt-unknown', statement: 7 },
  ] as const) {
    refuses(() => writeCommand(command, NEEDED), 'internal')
  }
})

test('what is not canonical is refused: executions', () => {
  const string = { type: 0xfd, unsigned: false }
  const prototype = { parameters: 2, types: undefined, long: new Set<number>() }
  const read = (bytes: string, more: object = {}, bits = NEEDED): unknown =>
    readCommand(hex(`17 01000000 ${bytes}`), {
      capabilities: bits,
      prototype: () => ({ ...prototype, ...more }),
    })
  const good = '00 01000000 00 01 fd00 fd00 0141 0142'
  assert.equal((read(good) as { parameters: unknown[] }).parameters.length, 2)
  for (const bytes of [
    '10 01000000 00 01 fd00 fd00 0141 0142',
    '08 01000000 00 01 fd00 fd00 0141 0142',
    '00 02000000 00 01 fd00 fd00 0141 0142',
    '00 01000000 04 01 fd00 fd00 0141 0142',
    '00 01000000 00 02 fd00 fd00 0141 0142',
    '00 01000000 00 00 0141 0142',
    '00 01000000 00 01 fd40 fd00 0141 0142',
    '00 01000000 00 01 fd00 1100 0141 0142',
    '00 01000000 00 01 fd00 0600 0141',
    '00 01000000 00 01 fd00 0a00 0141 0142',
    '00 01000000 00 01 fd00 0300 0141 0142',
    '00 01000000 00 01 fd00 fd00 0141',
    `${good} 00`,
  ]) {
    refuses(() => read(bytes), 'mysql-malformed', bytes)
  }
  assert.ok(read('00 01000000 00 00 0141 0142', { types: [string, string] }))
  refuses(() => read('00 01000000 00 00 0141 0142', { types: [string] }), 'mysql-malformed')
  assert.ok(read('00 01000000 00 01 fd00 fd00 0142', { long: new Set([0]) }))
  refuses(() => read('00 01000000 01 01 fd00 fd00 0142', { long: new Set([0]) }), 'mysql-malformed')
  const named = (NEEDED | capabilities('queryAttributes')) >>> 0
  assert.ok(read('08 01000000 02 00 01 fd00 00 fd00 00 0141 0142', {}, named))
  assert.ok(read('08 01000000 03 00 01 fd00 00 fd00 00 fd00 0161 0141 0142 0143', {}, named))
  refuses(() => read('08 01000000 01 00 01 fd00 00 0141', {}, named), 'mysql-malformed')
  refuses(() => read('00 01000000 02 00 01 fd00 00 fd00 00 0141 0142', {}, named), 'mysql-malformed')
  refuses(() => read('08 01000000 fd 000001', {}, named), 'mysql-too-many-values')
  refuses(() => read('08 01000000 fc ffff', {}, named), 'mysql-malformed')
})

test('what is not canonical is refused: attributes', () => {
  const bits = (NEEDED | capabilities('queryAttributes')) >>> 0
  const read = (bytes: string): unknown => readCommand(hex(`03 ${bytes}`), { ...CONTEXT, capabilities: bits })
  assert.ok(read('00 01 73'))
  refuses(() => read('00 02 73'), 'mysql-malformed')
  refuses(() => read('01 01 00 00 fd00 0161 0141 73'), 'mysql-malformed')
  refuses(() => read('01 01 02 01 fd00 0161 0141 73'), 'mysql-malformed')
  refuses(() => read('fc ffff 01'), 'mysql-too-many-values')
  refuses(() => read('fb 01'), 'mysql-malformed')
})

test('clients that cannot what is needed are refused, and nothing is agreed on that was not offered', () => {
  const answer = (bits: number): Buffer =>
    Buffer.concat([
      Buffer.from(Uint32Array.of(bits).buffer),
      hex('00000001 ff'),
      Buffer.alloc(23),
      hex('6100 00 00'),
    ])
  assert.ok(readHandshakeResponse(answer(NEEDED)))
  refuses(() => readHandshakeResponse(answer(capabilities('protocol41'))), 'mysql-capability-missing')
  refuses(() => readHandshakeResponse(answer(NEEDED).subarray(0, 32)), 'mysql-malformed')
  const extended = answer(NEEDED)
  extended[31] = 1
  refuses(() => readHandshakeResponse(extended), 'mysql-malformed')
  refuses(() => readHandshakeResponse(Buffer.concat([answer(NEEDED), hex('00')])), 'mysql-malformed')
  const attributes = (NEEDED | capabilities('connectAttributes')) >>> 0
  const many = Buffer.concat([answer(attributes), hex('fc 0204'), Buffer.alloc(2 * 513)])
  refuses(() => readHandshakeResponse(many), 'mysql-too-many-values')
  assert.equal(agree(ALL, NEEDED), NEEDED)
  assert.equal(agree(ALL, ALL) & capabilities('compress', 'zstd', 'optionalMetadata', 'multiFactor'), 0)
  assert.equal(agree(NEEDED, ALL), NEEDED)
})

test('handshakes that are not of this protocol are refused', () => {
  const good = writeHandshake({
    version: '8.0.36',
    connectionId: 1,
    challenge: Buffer.alloc(20, 1),
    capabilities: NEEDED,
    extended: 0,
    collation: 255,
    status: 2,
    plugin: 'caching_sha2_password',
  })
  assert.ok(readHandshake(good))
  for (const at of [0, 12 + 8, 12 + 8 + 1 + 2 + 1 + 2 + 2]) {
    const bad = Buffer.from(good)
    bad[at] = 9
    refuses(() => readHandshake(bad), 'mysql-reply-malformed', String(at))
  }
  refuses(() => readHandshake(good.subarray(0, -1)), 'mysql-reply-malformed')
  refuses(() => readHandshake(Buffer.concat([good, hex('00')])), 'mysql-reply-malformed')
  refuses(
    () => writeHandshake({ ...readHandshake(good), capabilities: NEEDED | capabilities('compress') }),
    'internal',
  )
})

test('answers that are not canonical are refused', () => {
  const bits = (NEEDED | capabilities('sessionTrack')) >>> 0
  const bad: readonly (() => unknown)[] = [
    () => readOk(hex('00 00 00 0200 0000 0141 00'), NEEDED),
    () => readOk(hex('00 00 00 0200 00'), NEEDED),
    () => readOk(hex('fe 00 00 0200 0000'), NEEDED),
    () => readOk(hex('00 00 00 0240 0000 00 03 00 05 41'), bits),
    () => readOk(hex('00 00 00 0240 0000 00'), bits),
    () => readEof(hex('fe 0000 0200 00')),
    () => readFailure(hex('ff ffff 23 48593030 30')),
    () => readFailure(hex('ff 2804 23 6161616161')),
    () => readFailure(hex('ff 28')),
    () => readColumnCount(hex('00')),
    () => readColumnCount(hex('01 00')),
    () => readPrepared(hex('00 01000000 0000 0000 01 0000')),
    () => readPrepared(hex('00 01000000 0000 0000 00 0000 00')),
    () => readAuthenticationReply(hex('fe')),
    () => readAuthenticationReply(hex('02 00')),
    () => readBinaryRow(hex('00 01 41'), [0xfd]),
    () => readBinaryRow(hex('00 08 0141'), [0xfd]),
    () => readBinaryRow(hex('01 00 0141'), [0xfd]),
    () => readBinaryRow(hex('00 00 05 0000000000'), [0x0a]),
  ]
  for (const [i, run] of bad.entries()) refuses(run, 'mysql-reply-malformed', String(i))
  refuses(() => readColumnCount(hex('fc 0110')), 'mysql-reply-too-wide')
  assert.equal(readFailure(hex('ff 2804 41')).sqlstate, undefined)
  const changes = readOk(hex('00 00 00 0240 0000 00 0f 00 0d 0a 6175746f636f6d6d6974 01 31'), bits).changes
  assert.deepEqual(readVariables(changes[0]!), [['autocommit', '1']])
})

test('an error of the gate is written whatever it quotes', () => {
  const failure = readFailure(writeFailure(complaint(1142, '42000', 'no \ud800 and \0')))
  assert.deepEqual(failure, { kind: 'error', code: 1142, sqlstate: '42000', message: 'no \ufffd and \0' })
})

test('what was agreed on decides what an OK means', () => {
  fc.assert(
    fc.property(agreed, bits => {
      const ok = {
        kind: 'ok',
        affectedRows: 1n,
        lastInsertId: 0n,
        status: 2,
        warnings: 0,
        info: 'x',
        changes: [],
      } as const
      assert.deepEqual(readOk(writeOk(ok, bits), bits), ok)
    }),
  )
})

// https://dev.mysql.com/doc/dev/mysql-server/latest/PAGE_PROTOCOL.html: as of MySQL 5.6, with their heads.
const DOCUMENTED = {
  handshake:
    '50000000 0a 352e362e342d6d372d6c6f6700 560a0000 5242337 67a264772 00 ffff 08 0200 0fc0 15 00000000000000000000' +
    '2b7944262f5a5a3330355a47 00 6d7973716c5f6e61746976655f70617373776f726400',
  response:
    '54000001 8da60f00 00000001 08 0000000000000000000000000000000000000000000000 70616d00' +
    '14 ab09eef6bcb1323e61143865c0991d957d75d447 7465737400 6d7973716c5f6e61746976655f70617373776f726400',
  execute: '12000000 17 01000000 00 01000000 00 01 0f00 03666f6f',
  answer:
    '01000001 01' +
    '27000002 03646566 00 00 00 1140407665 7273696f6e5f636f6d6d656e74 00 0c 0800 1c000000 fd 0000 1f 0000' +
    '05000003 fe00000200 1d000004 1c4d7953514c20436f6d6d756e697479205365727665722028 47504c29 05000005 fe00000200',
}

test('the examples of the documentation are read, and written again', () => {
  const server = new ServerReader()
  server.push(hex(DOCUMENTED.handshake))
  const greeting = server.next()!
  const handshake = readHandshake(greeting.payload)
  assert.deepEqual(
    [handshake.version, handshake.connectionId, handshake.challenge.toString(), handshake.plugin],
    ['5.6.4-m7-log', 2646, 'RB3vz&Gr+yD&/ZZ305ZG', 'mysql_native_password'],
  )
  const client = new ClientReader()
  client.expect(greeting.next)
  client.push(hex(DOCUMENTED.response))
  const answer = client.nextHandshake()!
  const response = readHandshakeResponse(answer.payload)
  assert.ok(response.kind === 'handshake-response')
  assert.deepEqual(
    [response.user, response.database, response.plugin],
    ['pam', 'test', 'mysql_native_password'],
  )
  assert.deepEqual(writeHandshakeResponse(response), answer.payload)
  client.expect(0)
  client.push(hex(DOCUMENTED.execute))
  const asked = client.nextCommand()!
  const prototype = () => ({ parameters: 1, types: undefined, long: new Set<number>() })
  const command = readCommand(asked.payload, { capabilities: NEEDED, prototype })
  assert.ok(command.kind === 'stmt-execute')
  assert.equal(command.parameters[0]?.value?.toString(), 'foo')
  assert.deepEqual(writeCommand(command, NEEDED), asked.payload)
  const replies = new Replies(NEEDED)
  replies.begin('query')
  server.expect(asked.next)
  server.push(hex(DOCUMENTED.answer))
  const kinds: string[] = []
  while (!replies.done) {
    const packet = server.next()!
    const reply = replies.read(packet.payload)
    kinds.push(reply.kind)
    if (reply.kind === 'column') assert.equal(reply.column.name, '@@version_comment')
    if (reply.kind === 'row') {
      assert.equal(readTextRow(packet.payload, 1)[0]?.toString(), 'MySQL Community Server (GPL)')
    }
  }
  assert.deepEqual(kinds, ['columns', 'column', 'columns-end', 'row', 'end'])
  assert.equal(server.buffered, 0)
})
