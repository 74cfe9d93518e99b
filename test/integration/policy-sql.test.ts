import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import mysql from 'mysql2/promise'
import pg from 'pg'
import { parse } from 'yaml'
import { compileDetectors } from '../../src/mask/detect/set.ts'
import { selfSigned } from '../harness/certificate.ts'
import { type Mariadb, startMariadb } from '../harness/mariadb.ts'
import { GATE_TOKEN, startMysqlGate, type TestMysqlFront } from '../harness/mysql-gate.ts'
import { startPostgres } from '../harness/postgres.ts'
import { startPostgresGate, type TestGate } from '../harness/postgres-gate.ts'
import { ROOT } from '../harness/process.ts'
import { sqlDesk } from '../harness/sql-desk.ts'

/** The policies of docs/policy-sql.md on the statements that stand under them, in front of real servers. */

const PAGE = readFileSync(join(ROOT, 'docs/policy-sql.md'), 'utf8')
const CANARY = 'canary'
const TABLES = `
  drop table if exists customers, orders, hr.salaries, t;
  create table customers (id int primary key, name text, email text, ssn text);
  create table orders (id serial primary key, customer_id int, total int, status text, note text);
  create table hr.salaries (id int, amount int);
  insert into customers values (1, 'Ada', '${CANARY}@example.com', '${CANARY}-1');
  insert into orders (customer_id, total, note) select 1, i, 'ask ${CANARY}@example.com' from generate_series(1, 8) i;
`
const MYSQL = 'mysql.yaml'
const ANSWERS = ['passes', 'is masked', 'is denied', 'waits for people'] as const

interface Case {
  readonly sql: string
  readonly answer: (typeof ANSWERS)[number]
}

const policies = new Map(
  [...PAGE.matchAll(/^```yaml file=(\w+\.yaml)\n([\s\S]*?)^```/gm)].map(([, name = '', text = '']) => {
    // The gate of the test has one target, with another name.
    const here = text.replaceAll('orders/shop', 't/postgres').replaceAll('sql:*:*:orders/', 'sql:*:*:t/')
    return [name, (parse(here) as { Statement: object[] }).Statement]
  }),
)
const examples = [...PAGE.matchAll(/^```sql policy=(\S+)\n([\s\S]*?)^```/gm)].map(
  ([, name = '', text = '']) => ({ name, cases: text.trim().split('\n').map(readCase) }),
)

function readCase(line: string): Case {
  const [sql = '', said = ''] = line.split(' -- ')
  const answer = ANSWERS.find(each => each === said.trim())
  assert.ok(answer !== undefined, `\`${line}\` does not say what becomes of it`)
  return { sql: sql.trim(), answer }
}

it('the page has examples, and a statement for each answer', () => {
  assert.deepEqual([policies.size, examples.length], [6, 5])
  const answers = new Set(examples.flatMap(({ cases }) => cases.map(({ answer }) => answer)))
  assert.deepEqual([...answers].sort(), [...ANSWERS].sort())
})

const started = await startPostgres()
const skip = 'missing' in started ? started.missing : false

describe('the policies of docs/policy-sql.md on PostgreSQL', { skip }, () => {
  const desk = sqlDesk(...(policies.get('analyst.yaml') ?? []))
  let gate: TestGate
  let admin: pg.Client

  before(async () => {
    if ('missing' in started) return
    admin = new pg.Client({ connectionString: started.url })
    await admin.connect()
    await admin.query('create schema hr')
    const detector = (names: readonly string[], form: 'full' | 'partial' | 'hash' | 'null') => {
      const set = compileDetectors(names, new Map())
      return { mask: (text: string) => set.maskText(text, { form, hashKey: Buffer.alloc(32, 7) }) }
    }
    gate = await startPostgresGate(started.port, undefined, { rooms: { ...desk.rooms, detector } })
  })
  after(async () => {
    if ('missing' in started) return
    await admin?.end()
    await gate?.stop()
    await started.stop()
  })

  for (const { name, cases } of examples.filter(each => each.name !== MYSQL)) {
    for (const { sql, answer } of cases) {
      it(`${name}: \`${sql}\` ${answer}`, async () => {
        desk.setPolicy(...(policies.get(name) ?? []))
        await admin.query(TABLES)
        const db = new pg.Client({ connectionString: gate.url() })
        db.on('error', () => undefined)
        await db.connect()
        try {
          await holds(db, sql, answer)
        } finally {
          await db.end()
        }
      })
    }
  }

  it('a mask comes back in no parameter either, and does in a question', async () => {
    desk.setPolicy(...(policies.get('support.yaml') ?? []))
    await admin.query(TABLES)
    const db = new pg.Client({ connectionString: gate.url() })
    await db.connect()
    await isDenied(db.query('update customers set email = $1 where id = 1', ['~mask~@example.com']))
    assert.equal((await db.query('select id from customers where email = $1', ['~mask~'])).rowCount, 0)
    await db.end()
    assert.equal((await admin.query('select email from customers')).rows[0]?.email, `${CANARY}@example.com`)
  })

  async function holds(db: pg.Client, sql: string, answer: Case['answer']): Promise<void> {
    if (answer === 'is denied') return isDenied(db.query(sql))
    const said = db.query(sql)
    if (answer === 'waits for people') {
      const denied = isDenied(said)
      await desk.deny(await desk.request())
      return denied
    }
    const results = ([] as pg.QueryResult[]).concat(await said)
    const rows = JSON.stringify(results.map(each => each.rows))
    assert.ok(!rows.includes(CANARY), rows)
    assert.equal(rows.includes('~mask~'), answer === 'is masked', rows)
  }
})

/** By the gate: its errors name the event. */
function isDenied(said: Promise<unknown>): Promise<void> {
  return assert.rejects(said, (error: pg.DatabaseError) => {
    assert.equal(error.code, '42501', String(error))
    assert.match(`${error.hint} ${error.detail}`, /event [0-9A-Z]{26}|access request/, String(error))
    return true
  })
}

const tls = await selfSigned()
const mariadb = await startMariadb(tls)

const MYSQL_TABLES = [
  'drop database if exists shop',
  'create database shop',
  'create table shop.customers (id int primary key, name varchar(40), email varchar(40), ssn varchar(40))',
  'create table shop.orders (id int primary key, status varchar(40))',
  `insert into shop.customers values (1, 'Ada', '${CANARY}@example.com', '${CANARY}-1')`,
  'insert into shop.orders (id) values (1), (2), (3), (4), (5), (6)',
]

describe('the policies of docs/policy-sql.md on MariaDB', {
  skip: 'missing' in mariadb && mariadb.missing,
}, () => {
  const desk = sqlDesk(...(policies.get(MYSQL) ?? []))
  let gate: TestMysqlFront
  let admin: mysql.Connection

  before(async () => {
    const { port } = mariadb as Mariadb
    admin = await mysql.createConnection({
      connectTimeout: 0,
      host: '127.0.0.1',
      port,
      user: 'root',
      password: '',
    })
    await admin.query("create user gate@'%' identified by 'p'")
    await admin.query("grant all on *.* to gate@'%'")
    const place = { host: 'localhost', port, tls: { kind: 'verify', ca: tls.certificate } } as const
    const upstream = { place, user: 'gate', password: 'p', database: 'shop' }
    gate = await startMysqlGate(upstream, tls, { rooms: desk.rooms })
  })
  after(async () => {
    await admin?.end()
    await gate?.stop()
    await (mariadb as Mariadb).stop()
  })

  for (const { sql, answer } of examples.find(({ name }) => name === MYSQL)?.cases ?? []) {
    it(`\`${sql}\` ${answer}`, async () => {
      for (const each of MYSQL_TABLES) await admin.query(each)
      const place = { host: 'localhost', port: gate.port, database: 'shop' }
      const db = await mysql.createConnection({
        connectTimeout: 0,
        ...{ ...place, user: 'agent', password: GATE_TOKEN, ssl: { ca: tls.certificate } },
      })
      try {
        if (answer === 'is denied') {
          await assert.rejects(db.query(sql), {
            errno: 1142,
            sqlState: '42000',
            message: /\(event \w{26}\)$/,
          })
          return
        }
        const rows = JSON.stringify((await db.query(sql))[0])
        assert.ok(!rows.includes(CANARY), rows)
        assert.equal(rows.includes('~mask~'), answer === 'is masked', rows)
      } finally {
        await db.end()
      }
    })
  }
})
