import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import mysql from 'mysql2/promise'
import { TEST_PRINCIPAL } from '../../src/policy/testing.ts'
import { selfSigned } from '../harness/certificate.ts'
import { type Mariadb, startMariadb } from '../harness/mariadb.ts'
import { GATE_TOKEN, startMysqlGate, type TestMysqlFront } from '../harness/mysql-gate.ts'
import { assertNowhere, type SqlRecording, startSqlRecording } from '../harness/sql-recording.ts'

const tls = await selfSigned()
const started = await startMariadb(tls)
const skip = 'missing' in started ? started.missing : false
let gate: TestMysqlFront
let recording: SqlRecording

const CANARY = /canary-?\d+/i
const HEX = Buffer.from('canary').toString('hex')

before(async () => {
  if (skip !== false) return
  const { port } = started as Mariadb
  const admin = await mysql.createConnection({
    connectTimeout: 0,
    host: '127.0.0.1',
    port,
    user: 'root',
    password: '',
  })
  for (const sql of [
    'create database shop',
    'use shop',
    'create table customers (id int primary key, name varchar(40), ssn varchar(40) unique)',
    "insert into customers values (1, 'Ana', 'canary-1'), (2, 'Bob', 'canary-2')",
    'create table plain (id bigint unsigned, note varchar(40), at datetime)',
    "insert into plain values (1, 'one', '2026-01-02 03:04:05'), (18446744073709551615, null, null)",
    "create user gate@'%' identified by 'p'",
    "grant all on *.* to gate@'%'",
  ]) {
    await admin.query(sql)
  }
  await admin.end()
  recording = await startSqlRecording()
  const place = { host: 'localhost', port, tls: { kind: 'verify', ca: tls.certificate } } as const
  const upstream = { place, user: 'gate', password: 'p', database: 'shop' }
  gate = await startMysqlGate(upstream, tls, { rooms: { recorder: recording.recorder } })
})
after(async () => {
  if (skip !== false) return
  await gate.stop()
  await recording.stop()
  await (started as Mariadb).stop()
})

function client(): Promise<mysql.Connection> {
  return mysql.createConnection({
    connectTimeout: 0,
    ...{ host: 'localhost', port: gate.port, user: 'agent', password: GATE_TOKEN, database: 'shop' },
    ssl: { ca: tls.certificate },
    multipleStatements: true,
  })
}

/** Whatever comes of it: what is recorded is of interest. */
const tried = (work: Promise<unknown>): Promise<unknown> => work.catch(() => undefined)

test('no event holds a masked value, however it was asked for, said or quoted', { skip }, async () => {
  gate.policy.masks = [{ columns: ['customers.ssn'], as: 'full' }]
  gate.policy.deny = [/^sql:Delete/]
  const db = await client()
  for (const sql of [
    'select * from customers order by id',
    'select id, upper(ssn) s, concat(name, ssn) c from customers',
    'select id from customers; select ssn from customers -- canary-90',
    `select 'canary-91', "canary-92", 'can\\ary-93', _utf8mb4'canary-94', 0x63616e6172792d3935`,
    "select * from customers where ssn = 'canary-1'",
    "delete from customers where ssn = 'canary-1'",
    "selec canary from customers where ssn = 'canary-96'",
    "select 'canary-97",
    "select /*! ssn, */ 'canary-98' from customers",
    "insert into customers values (3, 'Cid', 'canary-3')",
    "insert into customers values (4, 'Dan', 'canary-1')",
    "insert into customers values (5, 'Eve', 'canary-5') returning *",
    "update customers set ssn = 'canary-4' where id = 3",
    "prepare p from 'select ssn, ''canary-89'' from customers'",
    'execute p',
    "set @x = 'canary-88'",
    'select @x',
    "create user x identified by 'canary-87'",
    'select cast(ssn as int) from customers',
    'show warnings',
  ]) {
    await tried(db.query(sql))
  }
  await tried(db.execute('select ?, ssn from customers where id = ?', ['canary-86', 1]))
  await tried(db.execute('select ssn from customers where ssn = ?', ['canary-1']))
  await tried(db.execute('insert into customers values (?, ?, ?)', [6, 'Fay', 'canary-6']))
  await db.end()
  const all = await recording.events()
  assertNowhere(all, CANARY, HEX)
  // And yet it is there: what was masked as it was, and what was said without its constants.
  const json = JSON.stringify(all)
  assert.match(json, /"rows":\[\["1","Ana","~mask~"\]/)
  assert.match(json, /"normalized":"delete from customers where ssn = \?"/)
  assert.match(json, /"normalized":"insert into customers values \(\?, \?, \?\)"/)
})

test('a replay shows what the person saw, by text and by prepared statements', { skip }, async () => {
  gate.policy.masks = []
  gate.policy.deny = [/secrets/]
  const db = await client()
  await db.query('select id, note, at from plain order by id')
  await db.execute('select id, note as n from plain where id = ?', [1])
  await db.end()
  await recording.events()
  const text = await recording.shown('replay', TEST_PRINCIPAL.sessionId)
  assert.match(
    text,
    /shop=> select id, note, at from plain order by id;\n[^\n]*\n[^\n]*\n +1 \| one +\| 2026-01-02 03:04:05\n 18446744073709551615 \| NULL \| NULL\n\(2 rows\)\n/,
  )
  assert.match(text, /-- \$1 = '1'\n +id +\| +n *\n-+\+-+\n +1 \| one\n\(1 row\)\n/)
})
