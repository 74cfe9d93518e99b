import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import test from 'node:test'
import { TLSSocket } from 'node:tls'
import mysql from 'mysql2/promise'
import { GateError } from '../../src/core/errors.ts'
import { agree, capabilities, has, NEEDED } from '../../src/wire/mysql/capabilities.ts'
import type { Command, Handshake, Ok } from '../../src/wire/mysql/messages.ts'
import type { Packet } from '../../src/wire/mysql/packet.ts'
import { CACHING_SHA2, readClearPassword, SHA2_FULL } from '../../src/wire/mysql/passwords.ts'
import { readCommand } from '../../src/wire/mysql/read-command.ts'
import { readHandshakeResponse } from '../../src/wire/mysql/read-handshake.ts'
import { ClientReader } from '../../src/wire/mysql/reader.ts'
import {
  writeAuthenticationReply,
  writeBinaryRow,
  writeColumn,
  writeColumnCount,
  writeEof,
  writeFailure,
  writeHandshake,
  writeOk,
  writePacket,
  writePrepared,
  writeTextRow,
} from '../../src/wire/mysql/writer.ts'
import { selfSigned } from '../harness/certificate.ts'
import { execute, which } from '../harness/process.ts'

/** As long as a token of the gate is. */
const TOKEN = 'token-'.repeat(300)
const OFFERED = capabilities(
  ...(['longPassword', 'foundRows', 'longFlag', 'connectWithDatabase', 'localFiles', 'protocol41'] as const),
  ...(['interactive', 'tls', 'transactions', 'secureConnection', 'multiStatements', 'multiResults'] as const),
  ...([
    'preparedMultiResults',
    'pluginAuth',
    'connectAttributes',
    'longAuthData',
    'queryAttributes',
  ] as const),
)
const { key, certificate } = await selfSigned()

const GREETING: Omit<Handshake, 'challenge'> = {
  version: '8.0.36-gate',
  connectionId: 7,
  capabilities: OFFERED,
  extended: 0,
  collation: 255,
  status: 2,
  plugin: CACHING_SHA2,
}
const OK: Ok = {
  kind: 'ok',
  affectedRows: 0n,
  lastInsertId: 0n,
  status: 2,
  warnings: 0,
  info: undefined,
  changes: [],
}
const COLUMN = {
  schema: '',
  table: '',
  originalTable: '',
  name: 'sql',
  originalName: '',
  collation: 45,
  length: 9000,
}
const column = writeColumn({ ...COLUMN, type: 0xfd, flags: 0, decimals: 0, defaultValue: undefined })
const eof = writeEof({ kind: 'eof', warnings: 0, status: 2 })

/** Serves one connection with the codecs alone: answers each statement with its text and parameters. */
async function serve(raw: Socket, heard: string[]): Promise<void> {
  const reader = new ClientReader()
  let socket = raw
  let wake = (): void => undefined
  const listen = (): void =>
    void socket.on('data', chunk => {
      reader.push(chunk)
      wake()
    })
  const pull = async (next: () => Packet | undefined): Promise<Packet> => {
    for (let one = next(); ; one = next()) {
      if (one !== undefined) return one
      await new Promise<void>(resolve => {
        wake = resolve
      })
    }
  }
  /** Sends packets after the one that is numbered before them; gives the number after them. */
  const say = (sequence: number, ...payloads: readonly Buffer[]): number => {
    socket.write(Buffer.concat(payloads.map((payload, i) => writePacket(payload, (sequence + i) & 0xff))))
    return (sequence + payloads.length) & 0xff
  }
  listen()
  const challenge = Buffer.from(randomBytes(20).map(byte => byte || 1))
  reader.expect(say(0, writeHandshake({ ...GREETING, challenge })))
  let packet = await pull(() => reader.nextHandshake())
  let response = readHandshakeResponse(packet.payload)
  if (response.kind === 'tls-request') {
    raw.removeAllListeners('data').pause()
    raw.unshift(reader.takeRest())
    socket = new TLSSocket(raw, { isServer: true, key, cert: certificate })
    socket.on('error', () => undefined)
    listen()
    packet = await pull(() => reader.nextHandshake())
    response = readHandshakeResponse(packet.payload)
  }
  assert.ok(response.kind === 'handshake-response')
  const agreed = agree(response.capabilities, OFFERED)
  heard.push(`${response.user}@${response.database} ${response.plugin} ${socket === raw ? 'clear' : 'tls'}`)
  const full = { kind: 'auth-more', data: Buffer.of(SHA2_FULL) } as const
  const other = {
    kind: 'auth-switch',
    plugin: CACHING_SHA2,
    challenge: Buffer.concat([challenge, Buffer.alloc(1)]),
  } as const
  let next = packet.next
  if (response.plugin !== CACHING_SHA2) {
    reader.expect(say(next, writeAuthenticationReply(other)))
    next = (await pull(() => reader.nextHandshake())).next
  }
  reader.expect(say(next, writeAuthenticationReply(full)))
  packet = await pull(() => reader.nextHandshake())
  if (readClearPassword(packet.payload).reveal() !== TOKEN) {
    say(packet.next, writeFailure({ kind: 'error', code: 1045, sqlstate: '28000', message: 'another token' }))
    socket.end()
    return
  }
  say(packet.next, writeOk(OK, agreed))
  const statements: { sql: Buffer; parameters: number }[] = []
  for (;;) {
    reader.expect(0)
    packet = await pull(() => reader.nextCommand())
    const prototype = (id: number) => {
      const parameters = statements[id]?.parameters
      return parameters === undefined ? undefined : { parameters, types: undefined, long: new Set<number>() }
    }
    const command = readCommand(packet.payload, { capabilities: agreed, prototype })
    heard.push(command.kind)
    if (command.kind === 'quit') break
    if (command.kind === 'stmt-close') continue
    say(1, ...answer(command, statements, agreed))
  }
  socket.end()
}

function answer(
  command: Command,
  statements: { sql: Buffer; parameters: number }[],
  agreed: number,
): Buffer[] {
  switch (command.kind) {
    case 'query': {
      const names = command.attributes.map(({ name, value }) => `${name}=${value}`).join()
      const text = Buffer.concat([command.sql, Buffer.from(names)])
      return [writeColumnCount(1), column, eof, writeTextRow([text]), eof]
    }
    case 'stmt-prepare': {
      const parameters = command.sql.toString().split('?').length - 1
      statements.push({ sql: command.sql, parameters })
      const head = writePrepared({
        kind: 'prepared',
        statement: statements.length - 1,
        columns: 1,
        parameters,
        warnings: 0,
      })
      const described = parameters === 0 ? [] : [...Array.from({ length: parameters }, () => column), eof]
      return [head, ...described, column, eof]
    }
    case 'stmt-execute': {
      const text = command.parameters
        .map(({ value }) => (value === null ? 'NULL' : value?.toString('latin1')))
        .join()
      const row = writeBinaryRow([Buffer.from(text)], [0xfd])
      return [writeColumnCount(1), column, eof, row, eof]
    }
    default:
      return [writeOk(OK, agreed)]
  }
}

async function listening<T>(act: (port: number, heard: string[]) => Promise<T>): Promise<T> {
  const heard: string[] = []
  const server = createServer(socket => {
    socket.on('error', () => undefined)
    serve(socket, heard).catch(error => {
      heard.push(error instanceof GateError ? error.message : String(error))
      socket.destroy()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    return await act((server.address() as AddressInfo).port, heard)
  } finally {
    server.close()
  }
}

test('mysql2 sends its token over TLS, queries, and parameters', async () => {
  await listening(async (port, heard) => {
    const client = await mysql.createConnection({
      connectTimeout: 0,
      ...{ host: '127.0.0.1', port, user: 'developer', password: TOKEN, database: 'orders' },
      ssl: { rejectUnauthorized: false },
    })
    const [rows] = await client.query('select 1')
    assert.deepEqual(rows, [{ sql: 'select 1' }])
    const [executed] = await client.execute('select ?, ?', ['two', null])
    assert.deepEqual(executed, [{ sql: 'two,NULL' }])
    const [named] = await client.query({ sql: 'select 2 ', attributes: { trace: 'abc' } } as never)
    assert.deepEqual(named, [{ sql: 'select 2 trace=abc' }])
    const [none] = await client.execute({ sql: 'select 3', attributes: { trace: 'abc' } } as never)
    assert.deepEqual(none, [{ sql: 'abc' }])
    const [nothing] = await client.execute('select 4')
    assert.deepEqual(nothing, [{ sql: '' }])
    await client.end()
    assert.deepEqual(heard.slice(0, 4), [
      `developer@orders ${CACHING_SHA2} tls`,
      'query',
      'stmt-prepare',
      'stmt-execute',
    ])
    const other = {
      host: '127.0.0.1',
      port,
      user: 'developer',
      password: 'x',
      ssl: { rejectUnauthorized: false },
    }
    await assert.rejects(mysql.createConnection(other), /another token/)
  })
})

const cli = ['mysql', 'mariadb'].find(name => which(name) !== undefined)
const skip = cli === undefined ? 'mysql is not installed (Debian: apt-get install mariadb-client)' : false

test('the command line sends its token over TLS', { skip }, async () => {
  await listening(async (port, heard) => {
    const { code, stdout, stderr } = await execute(
      cli ?? 'mysql',
      ['--no-defaults', '-h127.0.0.1', `-P${port}`, '-udeveloper', '--ssl', '-N', '-e', 'select 1', 'orders'],
      { env: { PATH: process.env['PATH'], MYSQL_PWD: TOKEN, USER: 'someone' } },
    )
    assert.equal(code, 0, `${stderr} ${heard.join(', ')}`)
    assert.equal(stdout, 'select 1\n')
    assert.match(heard[0] ?? '', /^developer@orders \w+ tls$/)
    assert.ok(has(OFFERED, 'tls') && has(NEEDED, 'pluginAuth'))
  })
})
