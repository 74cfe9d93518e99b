import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import mysql from 'mysql2/promise'
import { selfSigned } from '../harness/certificate.ts'
import { type Mariadb, startMariadb } from '../harness/mariadb.ts'
import { GATE_TOKEN, startMysqlGate, type TestMysqlFront } from '../harness/mysql-gate.ts'
import { execute, which } from '../harness/process.ts'

/** A MySQL session through the gate, on a real server, with a real client. */

const CANARY = '078-05-1120'
const SCHEMA = [
  'create database shop',
  'create database other',
  'use shop',
  'create table users (id int primary key, name varchar(40), ssn varchar(40), born date, doc json)',
  `insert into users values (1, 'ann', '${CANARY}', '1980-01-02', '{"a":"${CANARY}"}'), (2, 'bob', null, null, null)`,
  'create table orders (id int primary key auto_increment, note varchar(40))',
  'create table other.users (id int, ssn varchar(40))',
  'create view people as select id, ssn as secret from users',
  'create procedure tell() begin select ssn from users where id = 1; set @told = (select ssn from users where id = 1); end',
  "create user gate@'%' identified by 'p'",
  "grant all on *.* to gate@'%'",
]

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
  for (const sql of SCHEMA) await straight.query(sql)
  const place = { host: 'localhost', port, tls: { kind: 'verify', ca: tls.certificate } } as const
  gate = await startMysqlGate({ place, user: 'gate', password: 'p', database: 'shop' }, tls)
})
after(async () => {
  if (skip !== false) return
  await straight.end()
  await gate.stop()
  await (started as Mariadb).stop()
})

async function come(options: mysql.ConnectionOptions = {}): Promise<mysql.Connection> {
  gate.policy.deny = []
  gate.policy.masks = []
  const client = await mysql.createConnection({
    connectTimeout: 0,
    ...{ host: 'localhost', port: gate.port, user: 'agent', password: GATE_TOKEN, database: 'shop' },
    ssl: { ca: tls.certificate },
    dateStrings: true,
    ...options,
  })
  gate.noted.length = 0
  return client
}

/** What somebody is told who asks that. */
async function answer(client: mysql.Connection, sql: string): Promise<unknown> {
  const [rows] = await client.query(sql)
  return rows
}

function denied(words: RegExp) {
  return (error: unknown): boolean => {
    const { errno, sqlState, sqlMessage } = error as mysql.QueryError & { sqlMessage?: string }
    assert.deepEqual([errno, sqlState], [1142, '42000'], String(error))
    assert.match(sqlMessage ?? '', words)
    assert.match(sqlMessage ?? '', /\(event \w{26}\)$/)
    return true
  }
}

test('what is allowed passes, in text and prepared, and is recorded before', { skip }, async () => {
  const client = await come()
  assert.deepEqual(await answer(client, 'select id, name from users order by id'), [
    { id: 1, name: 'ann' },
    { id: 2, name: 'bob' },
  ])
  const [prepared] = await client.execute('select name, born from users where id = ?', [1])
  assert.deepEqual(prepared, [{ name: 'ann', born: '1980-01-02' }])
  await client.end()
  assert.deepEqual(gate.decisions(), [
    'allow Query select id, name from users order by id',
    'allow Execute select name, born from users where id = ?',
  ])
  const { question } = gate.noted.find(noted => noted.question?.text.message === 'Execute') ?? {}
  assert.deepEqual(question?.text.parameters, ['1'])
  const outcomes = gate.noted.flatMap(({ outcome }) => (outcome === undefined ? [] : [outcome.rows]))
  assert.deepEqual(outcomes, [2, 1])
  assert.deepEqual(gate.troubles, [])
})

test('a denial is the error of a server, and the session goes on', { skip }, async () => {
  const client = await come()
  gate.policy.deny = [/sql:Delete/, /sql:Select .*other\.users/]
  await assert.rejects(
    client.query('delete from users'),
    denied(/sql:Delete shop\/shop\.users is denied; test\.yaml: NotThat/),
  )
  await assert.rejects(
    client.execute('select * from other.users where id = ?', [1]),
    denied(/other\.users is denied/),
  )
  await client.beginTransaction()
  await client.query("insert into orders (note) values ('x')")
  await assert.rejects(client.query('delete from orders'), denied(/orders is denied/))
  await client.rollback()
  assert.deepEqual(await answer(client, 'select count(*) as n from orders'), [{ n: 0 }])
  await client.end()
  assert.deepEqual(
    gate.decisions().filter(line => line.startsWith('deny')),
    [
      'deny Query delete from users',
      'deny Parse select * from other.users where id = ?',
      'deny Query delete from orders',
    ],
  )
})

test('of several statements in one text the strictest answer holds for all', { skip }, async () => {
  const client = await come({ multipleStatements: true })
  gate.policy.deny = [/sql:Delete/]
  const [results] = await client.query("select 1 as a; insert into orders (note) values ('y'); select 2 as b")
  assert.deepEqual((results as unknown[])[2], [{ b: 2 }])
  await assert.rejects(
    client.query("insert into orders (note) values ('z'); delete from orders"),
    denied(/sql:Delete/),
  )
  assert.deepEqual(await answer(client, "select note from orders where note in ('y', 'z')"), [{ note: 'y' }])
  for (const first of [
    'use other',
    "set sql_mode = 'ANSI_QUOTES'",
    'set names latin1',
    'create table t9 (a int)',
  ]) {
    await assert.rejects(
      client.query(`${first}; select ssn from users`),
      denied(/send the statements one by one/),
    )
  }
  await client.query('delete from orders where 1 = 0').catch(() => undefined)
  await client.end()
})

test('names are looked for where the session stands, and texts are cut as its server does', {
  skip,
}, async () => {
  const client = await come()
  gate.policy.deny = [/sql:Select .*other\.users/]
  await client.query('use other')
  await assert.rejects(client.query('select * from users'), denied(/other\.users is denied/))
  await client.changeUser({ database: 'shop' }).catch(() => undefined)
  const again = await come()
  gate.policy.deny = [/sql:Select .*other\.users/, /sql:Delete/]
  await again.query("set sql_mode = 'ANSI_QUOTES'")
  assert.deepEqual(await answer(again, 'select "name" from users where id = 1'), [{ name: 'ann' }])
  await again.query("set sql_mode = concat(@@sql_mode, ',NO_BACKSLASH_ESCAPES')")
  assert.deepEqual(await answer(again, "select '\\' as a, 'b' as b"), [{ a: '\\', b: 'b' }])
  for (const sql of [
    'set names gbk',
    'set names sjis',
    'set character_set_client = big5',
    "set sql_mode = 'ORACLE'",
  ]) {
    await assert.rejects(again.query(sql), denied(/does not read texts/))
  }
  await again.query('set names latin1')
  assert.deepEqual(await answer(again, "select 'a' as a"), [{ a: 'a' }])
  await again.end()
  client.destroy()
})

test('a charset that an expression sets is seen, and nothing more is read', { skip }, async () => {
  const client = await come()
  await client.query("set @c = 'gbk'")
  await client.query('set character_set_client = @c')
  await assert.rejects(client.query('select 1'), denied(/character set `gbk`/))
  await assert.rejects(client.query('set names utf8mb4'), denied(/character set `gbk`/))
  const other = await come()
  await other.query("set @c = 'utf16'")
  await other.query('set character_set_results = @c')
  for (let i = 0; i < 3; i++) await assert.rejects(other.query('select ssn from users'))
  other.destroy()
  client.destroy()
})

test('masks hold in text and in binary, by the type of the column', { skip }, async () => {
  const client = await come()
  gate.policy.masks = [{ columns: ['users.ssn', 'users.born', 'users.doc'], as: 'full' }]
  const masked = [{ id: 1, name: 'ann', ssn: '~mask~', born: null, doc: '~mask~' }]
  assert.deepEqual(await answer(client, 'select * from users where id = 1'), masked)
  assert.deepEqual((await client.execute('select * from users where id = ?', [1]))[0], masked)
  assert.deepEqual(await answer(client, 'select secret from people order by id'), [
    { secret: '~mask~' },
    { secret: null },
  ])
  const none = [{ id: 2, name: 'bob', ssn: null, born: null, doc: null }]
  assert.deepEqual((await client.execute('select * from users where id = ?', [2]))[0], none)
  gate.policy.masks = [{ columns: ['users.ssn'], as: 'hash' }]
  const [[hashed]] = (await client.execute('select ssn from users where id = 1')) as unknown as [
    [{ ssn: string }],
  ]
  assert.match(hashed.ssn, /^~mask~h[a-z2-7]{26}$/)
  await assert.rejects(
    client.query("select id from users where ssn like '078%'"),
    denied(/users\.ssn` is masked/),
  )
  await assert.rejects(client.query('insert into orders (note) select ssn from users'), denied(/is masked/))
  await assert.rejects(client.query('select ssn into @a from users where id = 1'), denied(/is masked/))
  await client.end()
})

test('what a procedure leaves in variables may be anything', { skip }, async () => {
  const client = await come()
  await client.query('call tell()')
  gate.policy.masks = [{ columns: ['users.ssn'], as: 'full' }]
  await assert.rejects(client.query('select @told as told'), denied(/is masked/))
  await assert.rejects(client.query('insert into orders (note) values (@told)'), denied(/is masked/))
  await assert.rejects(client.query('call tell()'), denied(/is masked/))
  await client.end()
})

test('prepared texts are what they prepare, in the database in which they were', { skip }, async () => {
  const client = await come()
  gate.policy.deny = [/sql:Select .*other\.users/, /sql:Delete/]
  await client.query("prepare s from 'select name from users where id = ?'")
  await client.query('set @id = 1')
  assert.deepEqual(await answer(client, 'execute s using @id'), [{ name: 'ann' }])
  gate.policy.masks = [{ columns: ['users.name'], as: 'full' }]
  await client.query('use other')
  assert.deepEqual(await answer(client, 'execute s using @id'), [{ name: '~mask~' }])
  await assert.rejects(client.query("prepare s from 'select ssn from users'"), denied(/other\.users/))
  await assert.rejects(client.query("prepare d from 'delete from shop.orders'"), denied(/sql:Delete/))
  await assert.rejects(client.query('execute d'), denied(/does not know what `d` stands for/))
  await client.query('deallocate prepare s')
  await assert.rejects(client.query('execute s using @id'), denied(/does not know what `s` stands for/))
  await client.end()
})

test('what a text prepared before it failed is not taken for what stood there', { skip }, async () => {
  const client = await come({ multipleStatements: true })
  gate.policy.masks = [{ columns: ['users.ssn'], as: 'full' }]
  await client.query('replace into orders (id, note) values (77, 1)')
  await client.query("prepare s from 'select name from users where id = 1'")
  await assert.rejects(
    client.query("prepare s from 'select ssn from users where id = 1'; insert into orders (id) values (77)"),
    { errno: 1062 },
  )
  await assert.rejects(client.query('execute s'), denied(/does not know what `s` stands for/))
  await client.query("prepare s from 'select ssn from users where id = 1'")
  await assert.rejects(client.query('deallocate prepare s; insert into orders (id) values (77)'), {
    errno: 1062,
  })
  await assert.rejects(client.query('execute s'), denied(/does not know what `s` stands for/))
  await client.query('delete from orders where id = 77')
  await client.end()
})

test('a temporary table hides the table of its name, until it is dropped', { skip }, async () => {
  const client = await come()
  gate.policy.masks = [{ columns: ['users.ssn'], as: 'full' }]
  await client.query('create temporary table users (id int, mine varchar(9))')
  await client.query("insert into users values (5, 'x')")
  assert.deepEqual(await answer(client, 'select * from users'), [{ id: 5, mine: 'x' }])
  await assert.rejects(client.query('select ssn from users'), denied(/`ssn` is not known/))
  await client.query('drop temporary table users')
  assert.deepEqual(await answer(client, 'select ssn from users where id = 1'), [{ ssn: '~mask~' }])
  await assert.rejects(client.query('create temporary table mine select ssn from users'), denied(/is masked/))
  await client.end()
})

test('a temporary table that a function has dropped hides nothing any more', { skip }, async () => {
  await straight.query(
    'create or replace function gone() returns int begin drop temporary table users; return 1; end',
  )
  const client = await come()
  gate.policy.masks = [{ columns: ['users.ssn'], as: 'full' }]
  await client.query('create temporary table users (a int, b int, c int, d int, e int)')
  assert.deepEqual(await answer(client, 'select * from users'), [])
  await client.query('select gone()')
  const [row] = (await answer(client, 'select * from users where id = 1')) as { ssn: string }[]
  assert.equal(row?.ssn, '~mask~')
  await client.end()
})

/** What is decided while another changes what its names mean is not run: the client is told to send it again. */
function changedMeanwhile(error: Error): [] {
  assert.match(error.message, /^what names mean has changed since it was decided: send it again$/)
  return []
}

test('changes of others are seen a moment later, and those of the session at once', { skip }, async () => {
  const client = await come()
  gate.policy.masks = [{ columns: ['users.ssn'], as: 'full' }]
  await client.query('create view fresh as select ssn as a from users')
  assert.deepEqual(await answer(client, 'select a from fresh limit 1'), [{ a: '~mask~' }])
  await client.query('drop view fresh')
  await straight.query('create view later as select 1 as a')
  for (;;)
    if (
      await client.query('select a from later').then(
        () => true,
        () => false,
      )
    )
      break
  await straight.query('create or replace view later as select ssn as a from users where id = 1')
  for (;;) {
    const [row] = (await answer(client, 'select a from later').catch(changedMeanwhile)) as { a: string }[]
    if (row?.a === '~mask~') break
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  await client.end()
})

test('commands that no policy can be asked about are refused, and the session goes on', {
  skip,
}, async () => {
  const client = await come()
  const core = (client as unknown as { connection: { addCommand(command: unknown): void } }).connection
  assert.ok(core)
  await client.ping()
  await assert.rejects(client.query('handler users open'), denied(/handler/i))
  await assert.rejects(
    client.query("load data local infile '/etc/hostname' into table orders"),
    denied(/localInfile/),
  )
  assert.deepEqual(await answer(client, 'select 1 as a'), [{ a: 1 }])
  await client.end()
})

test('a result of many rows passes whole, masked and unmasked', { skip }, async () => {
  const client = await come()
  const sql =
    'with recursive n(i) as (select 1 union all select i + 1 from n where i < 200000) ' +
    "select i, repeat('x', 100) as wide, (select ssn from users where id = 1) as ssn from n"
  await straight.query('set global max_recursive_iterations = 1000000')
  for (const columns of [[], ['users.ssn']]) {
    const fresh = await come()
    gate.policy.masks = columns.length === 0 ? [] : [{ columns, as: 'full' }]
    const rows = (await answer(fresh, sql)) as { i: number; ssn: string }[]
    assert.equal(rows.length, 200_000)
    assert.equal(rows[199_999]?.ssn, columns.length === 0 ? CANARY : '~mask~')
    await fresh.end()
  }
  await client.end()
})

test('a client that leaves in the middle leaves nothing running', { skip }, async () => {
  const client = await come()
  client.query('select sleep(600) as marked').catch(() => undefined)
  await gate.until(({ what }) => what === 'decision')
  client.destroy()
  for (;;) {
    const [list] = await straight.query('show processlist')
    if (!JSON.stringify(list).includes('as marked')) break
    await new Promise(resolve => setTimeout(resolve, 20))
  }
})

test('a change stays when its rows are counted, and only if so many may be changed', { skip }, async () => {
  const at = { host: 'localhost', port: (started as Mariadb).port } as const
  const place = { ...at, tls: { kind: 'verify', ca: tls.certificate } } as const
  const most = 2
  const counting = await startMysqlGate({ place, user: 'gate', password: 'p', database: 'shop' }, tls, {
    rooms: {
      rowThresholds: () => [most],
      decide: ({ context }) => {
        const rows = Number(context.get('sql:rowsaffected')?.[0] ?? 0)
        if (rows <= most) return { effect: 'allow', statements: [], obligations: [] }
        return {
          effect: 'deny',
          statements: [],
          obligations: [],
          denial: { kind: 'explicit', reason: `${rows} rows` },
        }
      },
    },
  })
  await straight.query('create or replace table counted (id int primary key, n int) engine=innodb')
  await straight.query('create or replace table loose (id int primary key) engine=aria')
  await straight.query('insert into loose values (1)')
  await straight.query('insert into counted values (1, 0), (2, 0), (3, 0)')
  const client = await come({ port: counting.port })
  const left = async (): Promise<unknown> => (await straight.query('select sum(n) as n from counted'))[0]
  const [two] = await client.query('update counted set n = 1 where id < 3')
  assert.equal((two as mysql.ResultSetHeader).affectedRows, 2)
  assert.deepEqual(await left(), [{ n: '2' }])
  await assert.rejects(client.query('update counted set n = 9'), denied(/3 rows/))
  await assert.rejects(client.execute('update counted set n = ?', [9]), denied(/3 rows/))
  assert.deepEqual(await left(), [{ n: '2' }])
  await client.beginTransaction()
  await client.query('update counted set n = 5 where id = 3')
  await assert.rejects(client.query('delete from counted'), denied(/3 rows/))
  await assert.rejects(client.query('insert into counted values (1, 1)'), { errno: 1062 })
  await client.commit()
  assert.deepEqual(await left(), [{ n: '7' }])
  await assert.rejects(client.query('delete from loose'), /engine that undoes nothing/)
  await assert.rejects(
    client.query('delete from counted where id = 1 returning id'),
    /before they are counted/,
  )
  await assert.rejects(client.query('truncate counted'), denied(/does not tell how many/))
  assert.deepEqual(await left(), [{ n: '7' }])
  await client.end()
  await counting.stop()
})

test('what a detector finds is masked wherever it stands, in rows and in errors', { skip }, async () => {
  const { port } = started as Mariadb
  const place = { host: 'localhost', port, tls: { kind: 'verify', ca: tls.certificate } } as const
  const from = { policy: 'test.yaml', statement: 'Ssn', effect: 'Mask' } as const
  const obligation = {
    kind: 'mask',
    fields: [],
    columns: [],
    detect: ['ssn'],
    as: 'full',
    otherObjects: 'deny',
    from,
  } as const
  const detecting = await startMysqlGate({ place, user: 'gate', password: 'p', database: 'shop' }, tls, {
    rooms: {
      decide: () => ({ effect: 'allow', statements: [], obligations: [obligation] }),
      detector: () => ({
        mask: text => ({ text: text.replaceAll(CANARY, '~mask~'), count: text.split(CANARY).length - 1 }),
      }),
    },
  })
  const client = await come({ port: detecting.port })
  const rows = [{ id: 1, ssn: '~mask~', note: 'it is ~mask~', doc: '{"a":"~mask~"}' }]
  const sql = "select id, ssn, concat('it is ', ssn) as note, doc from users where id = 1"
  assert.deepEqual(await answer(client, sql), rows)
  assert.deepEqual((await client.execute(sql))[0], rows)
  await assert.rejects(client.query(`insert into orders (id) values ('x ${CANARY}')`), (error: Error) => {
    return error.message.includes('~mask~') && !error.message.includes(CANARY)
  })
  await client.end()
  await detecting.stop()
})

test('what is kept of results is what the client saw, in text and prepared', { skip }, async () => {
  const { port } = started as Mariadb
  const place = { host: 'localhost', port, tls: { kind: 'verify', ca: tls.certificate } } as const
  const results: unknown[] = []
  const keeping = await startMysqlGate({ place, user: 'gate', password: 'p', database: 'shop' }, tls, {
    rooms: {
      recorder: {
        newEventId: () => '01M84XYZ0000000000000000AB',
        decision: async () => undefined,
        refusal: async () => undefined,
        outcome: async (_id, { question }, { result }) => {
          if (question?.text.message !== 'Connect') results.push(result?.tables)
        },
        resultBytes: () => 10_000,
      },
    },
  })
  const client = await come({ port: keeping.port })
  keeping.policy.masks = [{ columns: ['users.ssn'], as: 'full' }]
  await client.query('select id, ssn, born from users order by id')
  await client.execute('select id, ssn, born from users order by id')
  await client.query('set autocommit = 1')
  const seen = [
    {
      columns: ['id', 'ssn', 'born'],
      rows: [
        ['1', '~mask~', '1980-01-02'],
        ['2', null, null],
      ],
    },
  ]
  assert.deepEqual(results, [seen, seen, undefined])
  await client.end()
  await keeping.stop()
})

const dump = which('mariadb-dump') ?? which('mysqldump')

test('a dump passes where comments that servers execute are read', {
  skip: skip || (dump === undefined ? 'no mariadb-dump' : false),
}, async () => {
  const { port } = started as Mariadb
  const place = { host: 'localhost', port, tls: { kind: 'verify', ca: tls.certificate } } as const
  const reading = await startMysqlGate({ place, user: 'gate', password: 'p', database: 'shop' }, tls, {
    readsVersionComments: true,
  })
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-dump-'))
  const authority = join(folder, 'authority.pem')
  writeFileSync(authority, tls.certificate)
  const of = (gatePort: number) =>
    execute(dump ?? '', [
      ...['--no-defaults', '--host=localhost', '--protocol=tcp', `--port=${gatePort}`, '--user=agent'],
      ...[`--password=${GATE_TOKEN}`, `--ssl-ca=${authority}`, '--single-transaction', 'shop', 'users'],
    ])
  try {
    const read = await of(reading.port)
    assert.match(
      read.stdout,
      /INSERT INTO `users` VALUES/,
      read.stderr +
        reading
          .decisions()
          .filter(line => line.startsWith('deny'))
          .join(),
    )
    assert.match(read.stdout, new RegExp(CANARY))
    const refused = await of(gate.port)
    assert.match(refused.stderr, /1142|denied/)
    reading.policy.masks = [{ columns: ['users.ssn', 'users.doc'], as: 'full' }]
    const masked = await of(reading.port)
    assert.match(masked.stdout, /~mask~/, masked.stderr)
    assert.ok(!masked.stdout.includes(CANARY))
  } finally {
    rmSync(folder, { recursive: true, force: true })
    await reading.stop()
  }
})
