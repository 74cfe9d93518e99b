import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import mysql from 'mysql2/promise'
import { selfSigned } from '../harness/certificate.ts'
import { type Mariadb, startMariadb } from '../harness/mariadb.ts'
import { GATE_TOKEN, startMysqlGate, type TestMysqlFront } from '../harness/mysql-gate.ts'

/** A thousand clients that do nothing, and two hundred that do, at once. */

const IDLE = 1_000
const BUSY = 200
const QUERIES = 20
const AT_ONCE = 50
const tls = await selfSigned()
const started = await startMariadb()
const skip = 'missing' in started ? started.missing : false
let gate: TestMysqlFront
const clients: mysql.Connection[] = []

before(async () => {
  if (skip !== false) return
  const { port } = started as Mariadb
  const straight = await mysql.createConnection({
    connectTimeout: 0,
    host: '127.0.0.1',
    port,
    user: 'root',
    password: '',
  })
  await straight.query('create database shop')
  await straight.query('create table shop.numbers (id int primary key, word varchar(40))')
  await straight.query("insert into shop.numbers values (1, 'one'), (2, 'two'), (3, 'three')")
  await straight.end()
  const place = { host: '127.0.0.1', port, tls: { kind: 'none' } } as const
  gate = await startMysqlGate({ place, user: 'root', password: '', database: 'shop' }, tls)
})
after(async () => {
  if (skip !== false) return
  for (const client of clients) client.destroy()
  await gate.stop()
  await (started as Mariadb).stop()
})

function come(): Promise<mysql.Connection> {
  const login = { user: 'agent', password: GATE_TOKEN, database: 'shop' }
  return mysql.createConnection({
    connectTimeout: 0,
    host: 'localhost',
    port: gate.port,
    ...login,
    ssl: { ca: tls.certificate },
  })
}

test(`${IDLE} that are idle and ${BUSY} that are busy`, { skip }, async t => {
  for (let i = 0; i < IDLE + BUSY; i += AT_ONCE) {
    clients.push(...(await Promise.all(Array.from({ length: AT_ONCE }, come))))
  }
  const busy = clients.slice(IDLE)
  const work = async (client: mysql.Connection): Promise<void> => {
    for (let i = 0; i < QUERIES; i++) {
      const [rows] = await client.execute({
        sql: 'select word from numbers where id = ?',
        values: [(i % 3) + 1],
        rowsAsArray: true,
      })
      assert.deepEqual(rows, [[['one', 'two', 'three'][i % 3]]])
    }
  }
  await Promise.all(busy.map(work))
  t.diagnostic(`${Math.round(process.memoryUsage.rss() / 1024 / 1024)} MiB, of clients and gate together`)
  // Who did nothing is there all the same.
  const [first, last] = [clients[0], clients[IDLE - 1]]
  for (const idle of [first, last]) {
    const [rows] = (await idle?.query({ sql: 'select 1', rowsAsArray: true })) ?? []
    assert.deepEqual(rows, [[1]])
  }
  const answered = gate.noted.filter(
    ({ what, question }) => what === 'decision' && question?.text.message === 'Execute',
  )
  assert.equal(answered.length, BUSY * QUERIES)
  assert.deepEqual(gate.troubles.map(String), [])
})
