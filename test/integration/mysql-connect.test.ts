import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { GateError } from '../../src/core/errors.ts'
import { Redacted } from '../../src/core/redacted.ts'
import { ask } from '../../src/upstream/mysql/ask.ts'
import { connectMysql, killMysql, leaveMysql } from '../../src/upstream/mysql/connect.ts'
import type { MysqlConnection, MysqlPlace } from '../../src/upstream/mysql/port.ts'
import { Talk } from '../../src/upstream/mysql/talk.ts'
import { capabilities, has } from '../../src/wire/mysql/capabilities.ts'
import { characterSetOf } from '../../src/wire/mysql/collations.ts'
import { selfSigned } from '../harness/certificate.ts'
import { type Mariadb, startMariadb } from '../harness/mariadb.ts'

const PASSWORD = 'a-secret-of-mariadb'
const UTF8MB4 = 45
const SHAPE = capabilities('multiResults', 'deprecateEof', 'sessionTrack', 'foundRows')
const tls = await selfSigned()
const started = await startMariadb(tls)
const skip = 'missing' in started ? started.missing : false
const options = { timeoutMs: 60_000 }
let verified: MysqlPlace
let plain: MysqlPlace

before(async () => {
  if (skip !== false) return
  const { port } = started as Mariadb
  verified = { host: 'localhost', port, tls: { kind: 'verify', ca: tls.certificate } }
  plain = { host: '127.0.0.1', port, tls: { kind: 'none' } }
  const root = await come(plain, 'root', '', 'mysql')
  for (const sql of [
    'CREATE DATABASE shop',
    `CREATE USER gate@'%' IDENTIFIED BY '${PASSWORD}'`,
    'GRANT ALL ON shop.* TO gate@`%`',
  ]) {
    await rowsOf(root, sql)
  }
  leaveMysql(root)
})
after(async () => {
  if (skip === false) await (started as Mariadb).stop()
})

function come(
  place: MysqlPlace,
  user = 'gate',
  password = PASSWORD,
  database = 'shop',
  collation = UTF8MB4,
): Promise<MysqlConnection> {
  const login = { user, database, password: async () => new Redacted(password), collation }
  return connectMysql(
    place,
    { ...login, capabilities: SHAPE, attributes: [['program_name', 'test']] },
    options,
  )
}

/** The rows of a query, as text. */
async function rowsOf(connection: MysqlConnection, sql: string): Promise<readonly string[]> {
  const talk = new Talk(connection.socket)
  connection.socket.resume()
  try {
    const { rows } = await ask(talk, connection.capabilities, sql)
    return rows.map(row => row.map(String).join('|'))
  } finally {
    talk.leave()
  }
}

const code =
  (expected: string, words = /./) =>
  (error: unknown) => {
    assert.ok(error instanceof GateError, String(error))
    assert.equal(error.code, expected, error.message)
    assert.match(error.message, words)
    assert.ok(!error.message.includes(PASSWORD))
    return true
  }

test('a server is verified, and told who comes over TLS alone', { skip }, async () => {
  const connection = await come(verified)
  assert.equal(connection.product, 'mariadb')
  assert.match(connection.version, /^1\d\.\d+\.\d+-MariaDB/)
  assert.ok(has(connection.capabilities, 'deprecateEof', 'sessionTrack', 'foundRows'))
  assert.ok(!has(connection.capabilities, 'multiStatements'), 'more than the client asked for')
  assert.equal(connection.variables.get('character_set_client'), 'utf8mb4')
  assert.match(connection.variables.get('sql_mode') ?? '', /STRICT_TRANS_TABLES/)
  assert.match((await rowsOf(connection, "SHOW STATUS LIKE 'Ssl_version'")).join(), /TLSv1\.3/)
  assert.deepEqual(await rowsOf(connection, 'SELECT CONNECTION_ID()'), [`${connection.connectionId}`])
  leaveMysql(connection)
})

test("an authority that is not the server's, a name that is not in its certificate: no user is named", {
  skip,
}, async () => {
  const stranger = (await selfSigned()).certificate
  await assert.rejects(come({ ...verified, tls: { kind: 'verify', ca: stranger } }), code('database-tls'))
  await assert.rejects(come({ ...verified, host: '127.0.0.1' }), code('database-tls'))
})

test('a wrong password, no such database, and a port where nobody is are told apart', { skip }, async () => {
  await assert.rejects(come(verified, 'gate', 'wrong'), code('database-refused', /`1045`/))
  await assert.rejects(come(verified, 'gate', PASSWORD, 'mysql'), code('database-refused', /`1044`/))
  await assert.rejects(come({ ...plain, port: 1 }), code('database-unreachable'))
})

test('texts are in the character set that the client said', { skip }, async () => {
  const latin = await come(verified, 'gate', PASSWORD, 'shop', 8)
  assert.equal(latin.variables.get('character_set_client'), 'latin1')
  leaveMysql(latin)
  // MySQL 8's own collation, which this server does not know by that number.
  const newer = await come(verified, 'gate', PASSWORD, 'shop', 255)
  assert.equal(newer.variables.get('character_set_client'), 'utf8mb4')
  leaveMysql(newer)
  await assert.rejects(come(verified, 'gate', PASSWORD, 'shop', 1), code('internal'))
})

test('the character sets of collations are those of the server', { skip }, async () => {
  const readable = ['utf8mb3', 'utf8mb4', 'latin1', 'ascii']
  const connection = await come(verified)
  const ids = Array.from({ length: 3 }, (_, i) => `id between ${i * 85} and ${i * 85 + 84}`)
  for (const some of ids) {
    const rows = await rowsOf(
      connection,
      `select id, character_set_name from information_schema.collations where ${some} and id < 256`,
    )
    for (const row of rows) {
      const [id, name = ''] = row.split('|')
      const plain = name === 'utf8' ? 'utf8mb3' : name
      assert.equal(characterSetOf(Number(id)), readable.includes(plain) ? plain : undefined, row)
    }
  }
  leaveMysql(connection)
})

test('what a connection runs is killed by its id, and one that is gone is no error', { skip }, async () => {
  const connection = await come(verified)
  const login = {
    ...{ user: 'gate', database: 'shop', password: async () => new Redacted(PASSWORD) },
    ...{ capabilities: 0, collation: UTF8MB4, attributes: [] },
  }
  const slept = rowsOf(connection, 'SELECT SLEEP(600)').catch((error: unknown) => String(error))
  let heard = false
  void slept.finally(() => {
    heard = true
  })
  while (!heard) await killMysql(verified, login, connection.connectionId, 'query', options)
  assert.match(String(await slept), /`1317`/)
  await killMysql(verified, login, connection.connectionId, 'connection', options)
  await killMysql(verified, login, connection.connectionId, 'connection', options)
  await assert.rejects(rowsOf(connection, 'SELECT 1'), code('database-unreachable'))
})
