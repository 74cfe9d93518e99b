import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import mysql from 'mysql2/promise'
import { Redacted } from '../../src/core/redacted.ts'
import { connectMysql } from '../../src/upstream/mysql/connect.ts'
import type { MysqlConnection } from '../../src/upstream/mysql/port.ts'
import { capabilities } from '../../src/wire/mysql/capabilities.ts'
import type { Command, Value } from '../../src/wire/mysql/messages.ts'
import { nextSequence, writePacket } from '../../src/wire/mysql/packet.ts'
import { readBinaryRow } from '../../src/wire/mysql/read-reply.ts'
import { Replies, type Reply } from '../../src/wire/mysql/replies.ts'
import { writeCommand } from '../../src/wire/mysql/write-command.ts'
import { selfSigned } from '../harness/certificate.ts'
import { type Mariadb, startMariadb } from '../harness/mariadb.ts'
import { GATE_TOKEN, startMysqlGate, type TestMysqlFront } from '../harness/mysql-gate.ts'

/** What drivers do beneath what they show: cursors, long data, statements that are not there, commands of old. */

const CANARY = '078-05-1120'
const VAR_STRING = { type: 0xfd, unsigned: false }
const CURSOR = 1

const tls = await selfSigned()
const started = await startMariadb(tls)
const skip = 'missing' in started ? started.missing : false
let gate: TestMysqlFront
let straight: mysql.Connection

before(async () => {
  if (skip !== false) return
  const { port } = started as Mariadb
  straight = await mysql.createConnection({
    connectTimeout: 0,
    host: '127.0.0.1',
    port,
    user: 'root',
    password: '',
  })
  for (const sql of [
    'create database shop',
    'create table shop.users (id int primary key, ssn varchar(40))',
    `insert into shop.users values (1, '${CANARY}'), (2, '${CANARY}'), (3, null)`,
    'create table shop.notes (note longtext)',
    "create user gate@'%' identified by 'p'",
    "grant all on *.* to gate@'%'",
  ]) {
    await straight.query(sql)
  }
  const place = { host: 'localhost', port, tls: { kind: 'verify', ca: tls.certificate } } as const
  gate = await startMysqlGate({ place, user: 'gate', password: 'p', database: 'shop' }, tls)
})
after(async () => {
  if (skip !== false) return
  await straight.end()
  await gate.stop()
  await (started as Mariadb).stop()
})

/** A client that says what it is told to. */
class Raw {
  readonly connection: MysqlConnection
  readonly #replies: Replies

  constructor(connection: MysqlConnection) {
    this.connection = connection
    this.#replies = new Replies(connection.capabilities)
    connection.socket.on('data', (chunk: Buffer) => {
      connection.reader.push(chunk)
      this.#wake()
    })
    connection.socket.on('close', () => this.#wake())
    connection.socket.resume()
  }

  #wake: () => void = () => undefined

  /** Sends a command; all that is answered, rows by the types of the columns, which came before where none come now. */
  async say(command: Command, types: readonly number[] = []): Promise<{ replies: Reply[]; rows: Value[][] }> {
    const payload = writeCommand(command, this.connection.capabilities)
    return this.send(payload, command.kind as Parameters<Replies['begin']>[0], types)
  }

  async send(payload: Buffer, kind: Parameters<Replies['begin']>[0], types: readonly number[] = []) {
    const { reader, socket } = this.connection
    this.#replies.begin(kind)
    reader.expect(nextSequence(payload.length, 0))
    socket.write(writePacket(payload, 0))
    const replies: Reply[] = []
    const rows: Value[][] = []
    const described: number[] = []
    while (!this.#replies.done) {
      const packet = this.#replies.inRows ? reader.nextRow() : reader.next()
      if (packet === undefined) {
        if (socket.destroyed) break
        await new Promise<void>(resolve => {
          this.#wake = resolve
        })
      } else if (packet.part === 'whole') {
        const reply = this.#replies.read(packet.payload)
        replies.push(reply)
        if (reply.kind === 'column') described.push(reply.column.type)
        if (reply.kind === 'row') {
          rows.push(readBinaryRow(packet.payload, types.length > 0 ? types : described))
        }
      }
    }
    return { replies, rows, types: described }
  }

  async prepare(sql: string): Promise<number> {
    const { replies } = await this.say({ kind: 'stmt-prepare', sql: Buffer.from(sql) })
    const [prepared] = replies
    assert.ok(prepared?.kind === 'prepared', JSON.stringify(prepared))
    return prepared.statement
  }
}

async function come(eof: 'eof' | 'no eof'): Promise<Raw> {
  gate.policy.deny = []
  gate.policy.masks = []
  const wished = capabilities('longPassword', 'longFlag', 'protocol41', 'transactions', 'multiResults')
  const connection = await connectMysql(
    { host: 'localhost', port: gate.port, tls: { kind: 'verify', ca: tls.certificate } },
    {
      user: 'agent',
      database: 'shop',
      password: async () => new Redacted(GATE_TOKEN),
      capabilities: eof === 'eof' ? wished : (wished | capabilities('deprecateEof')) >>> 0,
      collation: 45,
      attributes: [],
    },
    { timeoutMs: 60_000 },
  )
  gate.noted.length = 0
  return new Raw(connection)
}

function failure(replies: readonly Reply[]): string {
  const [first] = replies
  return first?.kind === 'error'
    ? `${first.code} ${first.sqlstate} ${first.message}`
    : JSON.stringify(first?.kind)
}

for (const eof of ['eof', 'no eof'] as const) {
  test(`rows of a cursor are masked as they are fetched (${eof})`, { skip }, async () => {
    const raw = await come(eof)
    gate.policy.masks = [{ columns: ['users.ssn'], as: 'full' }]
    const statement = await raw.prepare('select id, ssn from users order by id')
    const opened = await raw.say({
      kind: 'stmt-execute',
      statement,
      flags: CURSOR,
      typed: false,
      parameters: [],
    })
    const types = opened.replies.flatMap(reply => (reply.kind === 'column' ? [reply.column.type] : []))
    assert.deepEqual(opened.rows, [])
    const first = await raw.say({ kind: 'stmt-fetch', statement, rows: 2 }, types)
    assert.deepEqual(
      first.rows.map(([, ssn]) => ssn?.toString()),
      ['~mask~', '~mask~'],
    )
    const rest = await raw.say({ kind: 'stmt-fetch', statement, rows: 9 }, types)
    assert.deepEqual(
      rest.rows.map(([, ssn]) => ssn),
      [null],
    )
    assert.deepEqual(
      gate.decisions().map(line => line.slice(0, 13)),
      ['allow Execute', 'allow Execute', 'allow Execute'],
    )
    await raw.say({ kind: 'stmt-reset', statement })
    const over = await raw.say({ kind: 'stmt-fetch', statement, rows: 1 }, types)
    assert.match(failure(over.replies), /^1243 HY000/)
    raw.connection.socket.destroy()
  })
}

test('long data goes to the server with the execution that may, and with no other', { skip }, async () => {
  const raw = await come('eof')
  const statement = await raw.prepare('insert into notes values (?)')
  const parameters = [{ type: VAR_STRING, name: '', value: undefined }]
  const execute = { kind: 'stmt-execute', statement, flags: 0, typed: true, parameters } as const
  const ahead = (text: string): void => {
    const command = { kind: 'stmt-send-long-data', statement, parameter: 0, data: Buffer.from(text) } as const
    raw.connection.socket.write(writePacket(writeCommand(command, raw.connection.capabilities), 0))
  }
  gate.policy.deny = [/sql:Insert/]
  ahead('denied ')
  assert.match(failure((await raw.say(execute)).replies), /^1142 42000 .*sql:Insert/)
  gate.policy.deny = []
  ahead('one ')
  ahead('two')
  assert.equal((await raw.say(execute)).replies[0]?.kind, 'ok')
  ahead('forgotten')
  await raw.say({ kind: 'stmt-reset', statement })
  const value = Buffer.from('three')
  const typed = { ...execute, parameters: [{ type: VAR_STRING, name: '', value }] }
  assert.equal((await raw.say(typed)).replies[0]?.kind, 'ok')
  const untyped = { ...typed, typed: false }
  assert.equal((await raw.say(untyped)).replies[0]?.kind, 'ok')
  const [rows] = await straight.query('select note from shop.notes')
  assert.deepEqual(rows, [{ note: 'one two' }, { note: 'three' }, { note: 'three' }])
  const recorded = gate.noted.flatMap(({ what, question }) =>
    what === 'decision' && question?.text.message === 'Execute' ? [question.text.parameters] : [],
  )
  assert.deepEqual(recorded, [['denied '], ['one two'], ['three'], ['three']])
  raw.connection.socket.destroy()
})

test('what is not prepared, and commands that never pass, are errors; the session goes on', {
  skip,
}, async () => {
  const raw = await come('eof')
  const { replies } = await raw.send(
    Buffer.from('170900000000010000000000', 'hex').subarray(0, 10),
    'stmt-execute',
  )
  assert.match(failure(replies), /^1243 HY000/)
  assert.match(failure((await raw.say({ kind: 'statistics' })).replies), /^1235 42000 .*COM_STATISTICS/)
  assert.match(
    failure((await raw.say({ kind: 'field-list', table: 'users', wildcard: '' })).replies),
    /COM_FIELD_LIST/,
  )
  for (const code of ['08', '12', '15', '1e', '0a', 'fe', 'fa']) {
    const refused = await raw.send(Buffer.from(code, 'hex'), 'ping')
    assert.match(failure(refused.replies), /^1235 42000 the gate does not let COM_/, code)
  }
  const statement = await raw.prepare('select 1')
  await raw.say({ kind: 'reset-connection' })
  const execute = { kind: 'stmt-execute', statement, flags: 0, typed: false, parameters: [] } as const
  assert.match(failure((await raw.say(execute)).replies), /^1243/)
  assert.equal((await raw.say({ kind: 'ping' })).replies[0]?.kind, 'ok')
  raw.connection.socket.destroy()
})

test('a command that is none ends the session', { skip }, async () => {
  const raw = await come('eof')
  const { socket } = raw.connection
  const closed = once(socket, 'close')
  socket.write(writePacket(Buffer.from('1901', 'hex'), 0))
  await closed
  const again = await come('eof')
  const gone = once(again.connection.socket, 'close')
  again.connection.socket.write(writePacket(Buffer.from('0e', 'hex'), 7))
  await gone
})
