import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import mysql from 'mysql2/promise'
import { type Mariadb, startMariadb } from '../harness/mariadb.ts'
import { startMysqlSessions, type TestMysqlGate } from '../harness/mysql-sessions.ts'

/** A MySQL session through the gate, on a real server, with a real client. */

const CANARY = '078-05-1120'
const SCHEMA = [
  'create database shop',
  'use shop',
  'create table users (id int primary key, name varchar(40), ssn varchar(40), born date, doc json)',
  `insert into users values (1, 'ann', '${CANARY}', '1980-01-02', '{"a":"${CANARY}"}'), (2, 'bob', null, null, null)`,
  'create table orders (id int primary key auto_increment, note varchar(40))',
  'create view people as select id, ssn as secret from users',
]

const started = await startMariadb()
const skip = 'missing' in started ? started.missing : false
let gate: TestMysqlGate
let straight: mysql.Connection

before(async () => {
  if (skip !== false) return
  const { port, user } = started as Mariadb
  straight = await mysql.createConnection({ host: '127.0.0.1', port, user, password: '' })
  for (const sql of SCHEMA) await straight.query(sql)
  gate = await startMysqlSessions(started as Mariadb, 'shop')
})
after(async () => {
  if (skip !== false) return
  await straight.end()
  await gate.stop()
  await (started as Mariadb).stop()
})

async function connect(options: mysql.ConnectionOptions = {}): Promise<mysql.Connection> {
  gate.policy.deny = []
  gate.policy.masks = []
  gate.noted.length = 0
  return mysql.createConnection({
    host: '127.0.0.1',
    port: gate.port,
    user: 'agent',
    password: 'x',
    ...options,
  })
}

test('what is allowed passes, in text and prepared, and is recorded before', { skip }, async () => {
  const client = await connect()
  const [rows] = await client.query('select id, name from users order by id')
  assert.deepEqual(rows, [
    { id: 1, name: 'ann' },
    { id: 2, name: 'bob' },
  ])
  const [prepared] = await client.execute('select name, born from users where id = ?', [1])
  assert.deepEqual(prepared, [{ name: 'ann', born: new Date('1980-01-02T00:00:00') }])
  await client.end()
  assert.deepEqual(gate.decisions(), [
    'allow Query select id, name from users order by id',
    'allow Execute select name, born from users where id = ?',
  ])
  assert.deepEqual(gate.troubles, [])
})
