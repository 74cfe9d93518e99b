import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import mysql from 'mysql2/promise'
import { selfSigned } from '../harness/certificate.ts'
import { type Mariadb, startMariadb } from '../harness/mariadb.ts'
import { GATE_TOKEN, startMysqlGate, type TestMysqlFront } from '../harness/mysql-gate.ts'
import { execute, pythonWith, ROOT, start, which } from '../harness/process.ts'

/** Clients of MySQL as they are installed, unchanged, with a token of 1,800 bytes as their password. */

const PROGRAMS = join(ROOT, 'test/integration/clients/mysql')
const tls = await selfSigned()
const folder = mkdtempSync(join(tmpdir(), 'sallyport-mysql-clients-'))
const authority = join(folder, 'authority.pem')
writeFileSync(authority, tls.certificate)
const started = await startMariadb(tls)
const skip = 'missing' in started ? started.missing : false
let gate: TestMysqlFront
/** One that says that it is MariaDB, as behind which there is one. */
let mariadb: TestMysqlFront
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
    ...['program', 'jdbc', 'python'].map(
      name => `create table shop.${name} (id int primary key auto_increment, name varchar(40))`,
    ),
    "create user gate@'%' identified by 'p' require ssl",
    "grant all on shop.* to gate@'%'",
  ]) {
    await straight.query(sql)
  }
  const place = { host: 'localhost', port, tls: { kind: 'verify', ca: tls.certificate } } as const
  const upstream = { place, user: 'gate', password: 'p', database: 'shop' }
  gate = await startMysqlGate(upstream, tls, { options: { localFiles: true } })
  mariadb = await startMysqlGate(upstream, tls, {
    options: { serverVersion: '5.5.5-10.11.6-MariaDB-sallyport' },
  })
  for (const { policy } of [gate, mariadb]) policy.deny = [/\/mysql\.user/]
})
after(async () => {
  if (skip === false) {
    await straight.end()
    await gate.stop()
    await mariadb.stop()
    await (started as Mariadb).stop()
  }
  rmSync(folder, { recursive: true, force: true })
})

const program = which('mysql') ?? which('mariadb')
const noProgram = skip || (program === undefined ? 'no mysql (Debian: mariadb-client)' : false)

function words(...more: readonly string[]): readonly string[] {
  return wordsTo(gate, ...more)
}

function wordsTo({ port }: TestMysqlFront, ...more: readonly string[]): readonly string[] {
  const to = ['--no-defaults', '--host=localhost', '--protocol=tcp', `--port=${port}`, '--user=agent']
  return [...to, `--password=${GATE_TOKEN}`, `--ssl-ca=${authority}`, '--ssl-verify-server-cert', ...more]
}

function run(sql: string, ...more: readonly string[]): ReturnType<typeof execute> {
  return execute(program ?? 'mysql', [...words(...more), '--batch', '-e', sql, 'shop'])
}

test('mysql: queries, several at once, errors with their numbers', { skip: noProgram }, async () => {
  const two = await run("select 1 as one; insert into program (name) values ('x'); select name from program")
  assert.equal(two.stdout, 'one\n1\nname\nx\n', two.stderr)
  const denied = await run('select * from mysql.user')
  assert.equal(denied.code, 1)
  assert.match(denied.stderr, /^ERROR 1142 \(42000\) at line 1: .*denied.*\(event \w{26}\)$/m)
  const twice = await run('insert into program (id) values (9), (9)')
  assert.match(twice.stderr, /^ERROR 1062 \(23000\)/m)
  const used = await run('use shop; select database()')
  assert.match(used.stdout, /shop/, used.stderr)
})

test('mysql: each of its plugins carries the token, and TLS is a must', { skip: noProgram }, async () => {
  for (const plugin of ['caching_sha2_password', 'mysql_clear_password', 'mysql_native_password']) {
    const { stdout, stderr } = await run('select 7', `--default-auth=${plugin}`)
    assert.equal(stdout, '7\n7\n', stderr)
  }
  const quiet = words('--batch', '-e', 'select 8', 'shop').filter(word => !word.startsWith('--password'))
  const env = { ...process.env, MYSQL_PWD: GATE_TOKEN }
  assert.equal((await execute(program ?? 'mysql', quiet, { env })).stdout, '8\n8\n')
  const plain = await run('select 7', '--skip-ssl-verify-server-cert', '--ssl=0')
  assert.match(plain.stderr, /^ERROR 3159 \(HY000\): the gate takes connections over TLS alone/m)
  const wrong = await run('select 7', '--password=wrong')
  assert.match(wrong.stderr, /^ERROR 1045 \(28000\)/m)
})

test('mysql: a gate that says that it is MariaDB', { skip: noProgram }, async () => {
  const { stdout, stderr } = await execute(
    program ?? 'mysql',
    wordsTo(mariadb, '--batch', '-e', 'select 9', 'shop'),
  )
  assert.equal(stdout, '9\n9\n', stderr)
})

test('mysql: an interrupt stops the query, and nothing else', { skip: noProgram }, async () => {
  const sleeping = (seconds: number) =>
    start(program ?? 'mysql', words('--batch', '-e', `select sleep(${seconds})`, 'shop'))
  const [other, running] = [sleeping(601), sleeping(602)]
  while ((await asleep()).length < 2) await new Promise(resolve => setTimeout(resolve, 20))
  running.child.kill('SIGINT')
  await running.printed(/ERROR 1317 \(70100\)|query killed/)
  while ((await asleep()).length === 2) await new Promise(resolve => setTimeout(resolve, 20))
  assert.deepEqual(await asleep(), ['select sleep(601)'])
  await Promise.all([other.stop('SIGKILL'), running.stop('SIGKILL')])
  // Nobody waits for it any more: the gate ends it there.
  while ((await asleep()).length > 0) await new Promise(resolve => setTimeout(resolve, 20))
})

/** What sleeps at the server. */
async function asleep(): Promise<readonly string[]> {
  const [rows] = await straight.query<mysql.RowDataPacket[]>(
    "select info from information_schema.processlist where info like 'select sleep(%'",
  )
  return rows.map(({ info }) => String(info))
}

const jar = process.env['MARIADB_JDBC_JAR'] ?? '/usr/share/java/mariadb-java-client.jar'
const noJava =
  which('java') === undefined || !existsSync(jar)
    ? 'no Java with MariaDB Connector/J (Debian: default-jdk-headless, libmariadb-java)'
    : false

test('Connector/J: prepared statements, batches, fetch size, errors, cancelling', {
  skip: skip || noJava,
}, async () => {
  for (const { port } of [gate, mariadb]) {
    const url = `jdbc:mariadb://localhost:${port}/shop`
    const args = ['-cp', jar, join(PROGRAMS, 'Jdbc.java'), url, GATE_TOKEN, authority]
    const { code, stdout, stderr } = await execute('java', args)
    assert.equal(code, 0, `${stdout}${stderr}`)
    assert.equal(stdout, 'prepared\nchanges\nstreaming\nfailing\ncancelling\n')
  }
})

const withPymysql = await pythonWith('pymysql')

test('PyMySQL: queries, changes, streams, errors, every plugin that it could begin with', {
  skip: skip || (withPymysql === undefined && 'no PyMySQL for python3 (make clients)'),
}, async () => {
  const args = [join(PROGRAMS, 'pymysql_ask.py'), `${gate.port}`, GATE_TOKEN, authority]
  const { code, stdout, stderr } = await execute(withPymysql ?? 'python3', args)
  assert.equal(code, 0, `${stdout}${stderr}`)
  assert.equal(stdout, 'queries\nchanges\nstreaming\nfailing\nplugins\nleaving\n')
})
