import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { after, before, beforeEach, test } from 'node:test'
import mysql from 'mysql2/promise'
import { GateError } from '../../src/core/errors.ts'
import { TEST_PRINCIPAL } from '../../src/policy/testing.ts'
import { readHandshake } from '../../src/wire/mysql/read-handshake.ts'
import { selfSigned } from '../harness/certificate.ts'
import { type Mariadb, startMariadb } from '../harness/mariadb.ts'
import { GATE_TOKEN, startMysqlGate, type TestMysqlFront, type TestUpstream } from '../harness/mysql-gate.ts'
import { ALLOW_ALL, asks, sqlDesk } from '../harness/sql-desk.ts'

/** How clients come to the MySQL side of the gate, and how they end what they run. */

const tls = await selfSigned()
const started = await startMariadb(tls)
const skip = 'missing' in started ? started.missing : false
let gate: TestMysqlFront
let upstream: TestUpstream
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
  await straight.query('create database shop')
  await straight.query("create user gate@'%' identified by 'p' require ssl")
  await straight.query("grant all on shop.* to gate@'%'")
  const place = { host: 'localhost', port, tls: { kind: 'verify', ca: tls.certificate } } as const
  upstream = { place, user: 'gate', password: 'p', database: 'shop' }
  gate = await startMysqlGate(upstream, tls)
})
beforeEach(() => {
  if (skip !== false) return
  gate.policy.deny = []
  gate.noted.length = 0
  gate.claimed.length = 0
})
after(async () => {
  if (skip !== false) return
  await straight.end()
  await gate.stop()
  await (started as Mariadb).stop()
})

function come(options: mysql.ConnectionOptions = {}, to: TestMysqlFront = gate): Promise<mysql.Connection> {
  return mysql.createConnection({
    connectTimeout: 0,
    ...{ host: 'localhost', port: to.port, user: 'agent', password: GATE_TOKEN, database: 'shop' },
    ssl: { ca: tls.certificate },
    ...options,
  })
}

function code(errno: number, sqlState: string, words = /./) {
  return (error: unknown): boolean => {
    const found = error as mysql.QueryError & { sqlMessage?: string }
    assert.deepEqual([found.errno, found.sqlState], [errno, sqlState], String(error))
    assert.match(found.sqlMessage ?? '', words)
    assert.ok(!String(found.sqlMessage).includes(GATE_TOKEN))
    return true
  }
}

async function one(client: mysql.Connection, sql: string): Promise<unknown> {
  const [rows] = await client.query({ sql, rowsAsArray: true })
  return (rows as unknown[][])[0]?.[0]
}

test('a token of 1,800 bytes is taken, and what is asked is answered', { skip }, async () => {
  const client = await come()
  assert.equal(await one(client, 'select 1 + 1'), 2)
  assert.equal(gate.claimed.length, 1)
  const [claimed] = gate.claimed
  assert.deepEqual([claimed?.user, claimed?.database, claimed?.secure], ['agent', 'shop', true])
  assert.equal(claimed?.clientAddress, '127.0.0.1')
  await client.end()
})

test('an IPv4 address is one, though it comes over a socket for both', { skip }, async () => {
  const dual = await startMysqlGate(upstream, tls, { host: '::' })
  const client = await come({ host: '127.0.0.1', ssl: { rejectUnauthorized: false } }, dual)
  assert.equal(dual.claimed[0]?.clientAddress, '127.0.0.1')
  await client.end()
  await dual.stop()
})

test('who comes in the clear is told how to come, before it could say anything', { skip }, async () => {
  await assert.rejects(come({ ssl: undefined as never }), code(3159, 'HY000', /over TLS alone/))
  assert.equal(gate.claimed.length, 0)
})

test('who is not known, wants what is not there, or may not, is told in words of MySQL', {
  skip,
}, async () => {
  await assert.rejects(come({ password: 'wrong' }), code(1045, '28000', /`agent` by this password.*\(event /))
  await assert.rejects(come({ password: '' }), code(1045, '28000'))
  await assert.rejects(come({ database: 'other' }), code(1049, '42000', /`other`/))
  gate.policy.deny = [/^sql:Connect/]
  await assert.rejects(come(), code(1142, '42000', /sql:Connect .* is denied.*\(event /))
  assert.deepEqual(
    gate.noted.map(({ what, effect, code: why }) => `${what} ${effect ?? why}`),
    ['refusal credentials-expired', 'refusal credentials-expired', 'decision deny'],
  )
})

test('a character set in which bytes are not what they seem is refused', { skip }, async () => {
  for (const charset of ['GBK_CHINESE_CI', 'SJIS_JAPANESE_CI', 'BIG5_CHINESE_CI', 'BINARY']) {
    await assert.rejects(come({ charset }), code(1115, '42000', /utf8mb4/))
  }
  const latin = await come({ charset: 'LATIN1_SWEDISH_CI' })
  assert.equal(await one(latin, 'select @@character_set_client'), 'latin1')
  await latin.end()
})

test('who comes anew is identified, asked about and connected anew', { skip }, async () => {
  const client = await come()
  await client.query('set @left = 7')
  const before = await one(client, 'select connection_id()')
  await client.changeUser({ user: 'other', password: GATE_TOKEN, database: 'shop' })
  assert.deepEqual(
    gate.claimed.map(({ user }) => user),
    ['agent', 'other'],
  )
  assert.equal(gate.noted.filter(({ question }) => question?.text.message === 'Connect').length, 4)
  assert.equal(await one(client, 'select @left'), null)
  assert.notEqual(await one(client, 'select connection_id()'), before)
  await assert.rejects(client.changeUser({ user: 'other', password: 'wrong' }), code(1045, '28000'))
  await client.end().catch(() => undefined)
})

test('who comes anew often leaves nothing behind: no connection, no listener, no place', {
  skip,
}, async () => {
  const few = await startMysqlGate(upstream, tls, { connections: 40 })
  const client = await come({}, few)
  let warned = 0
  const onWarning = (): void => {
    warned += 1
  }
  process.on('warning', onWarning)
  for (let i = 0; i < 30; i++) {
    await client.changeUser({ user: `agent${i}`, password: GATE_TOKEN, database: 'shop' })
  }
  assert.equal(await one(client, 'select 1'), 1)
  process.off('warning', onWarning)
  assert.equal(warned, 0)
  await client.end()
  const atServer = "select count(*) from information_schema.processlist where user = 'gate'"
  const before = Number(await one(straight, atServer))
  await few.stop()
  assert.ok(before <= 40, `${before} connections are left`)
  while (Number(await one(straight, atServer)) > 5) await new Promise(resolve => setTimeout(resolve, 20))
})

test('a client kills what it runs by the id that it was told, and nobody else can', { skip }, async () => {
  const [sleeper, own, stranger] = await Promise.all([come(), come(), come({ user: 'stranger' })])
  const slept = one(sleeper, 'select sleep(600)').catch((error: unknown) => error)
  await gate.until(({ question }) => question?.text.sql === 'select sleep(600)')
  const { threadId } = sleeper
  const theirs = Number(await one(own, 'select connection_id()'))
  assert.notEqual(theirs, own.threadId)
  await assert.rejects(stranger.query(`kill query ${threadId}`), code(1094, 'HY000'))
  await assert.rejects(stranger.query(`kill ${threadId}`), code(1094, 'HY000'))
  await assert.rejects(stranger.query(`kill query ${theirs}`), code(1094, 'HY000'))
  let heard = false
  void slept.finally(() => {
    heard = true
  })
  while (!heard) await own.query(`kill query ${threadId}`)
  assert.equal(((await slept) as { errno?: number }).errno ?? 1317, 1317)
  assert.equal(await one(sleeper, 'select 1'), 1)
  await own.query(`kill ${threadId}`)
  await assert.rejects(sleeper.query('select 1'))
  await Promise.all([own.end(), stranger.end()])
})

test('the first packet is a handshake that offers what both servers have', { skip }, async () => {
  const socket = connectTcp(gate.port, '127.0.0.1')
  const [chunk] = (await once(socket, 'data')) as [Buffer]
  const handshake = readHandshake(chunk.subarray(4))
  assert.equal(handshake.plugin, 'caching_sha2_password')
  assert.equal(handshake.extended, 0)
  assert.match(handshake.version, /^8\.0\.36-/)
  socket.destroy()
})

test('one client too many is told so: at the door, and of a target', { skip }, async () => {
  const narrow = await startMysqlGate(upstream, tls, {
    connections: 1,
    options: { door: { strangers: 10, strangersPerAddress: 1 } },
  })
  const stranger = connectTcp(narrow.port, '127.0.0.1')
  await once(stranger, 'data')
  await assert.rejects(come({}, narrow), (error: unknown) => (error as mysql.QueryError).errno === 1040)
  stranger.destroy()
  let first: mysql.Connection | undefined
  while (first === undefined) first = await come({}, narrow).catch(() => undefined)
  await assert.rejects(come({}, narrow), code(1203, '42000', /1 connections/))
  await first.end()
  await narrow.stop()
})

test('a certificate is shown to who identifies, and a password is asked for where it is of nobody', {
  skip,
}, async () => {
  const { key, certificate } = await selfSigned('client')
  const der = new X509Certificate(certificate).raw
  const seen: string[] = []
  const asking = await startMysqlGate(upstream, tls, {
    requestCertificate: true,
    rooms: {
      identify: ({ certificate: shown, password, user }) => {
        seen.push(`${user} ${shown?.equals(der) ?? 'none'} ${password.reveal() === '' ? 'no' : 'a'} password`)
        if (shown === undefined && password.reveal() !== GATE_TOKEN)
          throw new GateError('credentials-expired', 'no')
        if (user === 'stranger' && shown !== undefined) throw new GateError('credentials-expired', 'no')
        const principal = { ...TEST_PRINCIPAL, expiresAtMs: Number.MAX_SAFE_INTEGER }
        return { principal, target: 'shop' }
      },
    },
  })
  const ssl = { ca: tls.certificate, key, cert: certificate }
  const known = await come({ ssl, password: '' }, asking)
  assert.equal(await one(known, 'select 1'), 1)
  await known.changeUser({ user: 'agent', password: '' })
  await known.end()
  const stranger = await come({ ssl, user: 'stranger' }, asking)
  await stranger.end()
  await assert.rejects(come({ ssl, user: 'stranger', password: '' }, asking), code(1045, '28000'))
  assert.deepEqual(seen, [
    'agent true no password',
    'agent true no password',
    'stranger true no password',
    'stranger none a password',
    'stranger true no password',
    'stranger none no password',
  ])
  await asking.stop()
})

test('who has been idle for too long is told so, and left', { skip }, async () => {
  const hasty = await startMysqlGate(upstream, tls, { options: { idleMs: 100 } })
  const client = await come({}, hasty)
  const [error] = (await once(client, 'error')) as [mysql.QueryError]
  assert.match(String(error), /has sent no statement for 100 ms|closed/)
  client.destroy()
  await hasty.stop()
})

test('who waits for people is not idle, and not at rest', { skip }, async () => {
  const desk = sqlDesk(ALLOW_ALL, asks('sql:Delete'))
  const hasty = await startMysqlGate(upstream, tls, { options: { idleMs: 100 }, rooms: desk.rooms })
  await straight.query('create table shop.waits (id int)')
  const client = await come({}, hasty)
  const running = client
    .query<mysql.ResultSetHeader>('delete from waits')
    .catch((error: unknown) => assert.fail(String(error)))
  const request = await desk.request()
  // Several times as long as a client may be idle.
  await new Promise(resolve => setTimeout(resolve, 500))
  hasty.endThoseAtRest()
  await desk.approve(request)
  assert.equal((await running)[0].affectedRows, 0)
  client.destroy()
  await hasty.stop()
})

test('a session that is ended while its client comes never begins', { skip }, async () => {
  const ended = new GateError('session-revoked', 'a person has ended it')
  const closing = await startMysqlGate(upstream, tls, {
    rooms: {
      admit: () => {
        throw ended
      },
    },
  })
  await assert.rejects(come({}, closing), code(1045, '28000', /ended it/))
  await closing.stop()
})

test('a session that is ended later ends then, whether it runs something or not', { skip }, async () => {
  const ending = new AbortController()
  const closing = await startMysqlGate(upstream, tls, {
    rooms: { admit: () => ({ ended: ending.signal, check: () => undefined, leave: () => undefined }) },
  })
  const [idle, busy] = await Promise.all([come({}, closing), come({}, closing)])
  const told = once(idle, 'error') as Promise<[mysql.QueryError]>
  const slept = busy.query('select sleep(602)').catch((error: unknown) => error)
  const asleep = "select count(*) from information_schema.processlist where info like 'select sleep(602)%'"
  while ((await one(straight, asleep)) !== 1) await new Promise(resolve => setTimeout(resolve, 20))
  ending.abort(new GateError('session-revoked', 'a person has ended it'))
  assert.match(String((await told)[0]), /a person has ended it|closed/)
  assert.match(String(await slept), /a person has ended it|closed/)
  while ((await one(straight, asleep)) !== 0) await new Promise(resolve => setTimeout(resolve, 20))
  await closing.stop()
})

test('a session whose names cannot be read is told so, and leaves the server', { skip }, async () => {
  const blind = await startMysqlGate(upstream, tls, {
    rooms: {
      parser: {
        parse: () => Promise.reject(new GateError('sql-parser-gone', 'it is not there')),
      },
    },
  })
  const client = await come({}, blind).catch((error: unknown) => error as mysql.QueryError)
  if ('query' in client) {
    await assert.rejects(client.query('select 1'), code(1105, 'HY000'))
    client.destroy()
  } else assert.equal(client.errno, 1105)
  await blind.stop()
})

test('many that do nothing cost little, and each has its own id', { skip }, async () => {
  const clients = await Promise.all(Array.from({ length: 60 }, () => come()))
  assert.equal(new Set(clients.map(({ threadId }) => threadId)).size, clients.length)
  assert.deepEqual(
    await Promise.all(clients.map((client, i) => one(client, `select ${i}`))),
    clients.map((_, i) => i),
  )
  await Promise.all(clients.map(client => client.end()))
})

test('who says nothing is let go', { skip }, async () => {
  const hasty = await startMysqlGate(upstream, tls, { options: { greetingMs: 50, idleMs: 50 } })
  const silent = connectTcp(hasty.port, '127.0.0.1').resume()
  await once(silent, 'close')
  await hasty.stop()
})
