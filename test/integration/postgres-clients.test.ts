import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import pg from 'pg'
import postgres from 'postgres'
import { type ClientsWorld, clientsWorld } from '../harness/postgres-clients.ts'
import { GATE_PASSWORD } from '../harness/postgres-gate.ts'
import { without } from '../harness/postgres-programs.ts'
import { execute } from '../harness/process.ts'

const started = await clientsWorld()
const world = started as ClientsWorld
const skip = 'missing' in started ? started.missing : false

after(async () => {
  if (!('missing' in started)) await started.stop()
})

async function psql(input: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await execute('psql', ['-X', '-q', '-A', '-t', ...args], {
    env: world.env,
    input,
  })
  assert.equal(code, 0, stderr)
  assert.equal(stderr, '')
  return stdout
}

test('psql: what it asks of the catalog, \\copy, \\gset, \\gexec, cursors, FETCH_COUNT, LISTEN', {
  skip: skip || without('psql', 'one as new as the server'),
}, async () => {
  const file = join(world.env['HOME'] ?? '', 'rows.csv')
  writeFileSync(file, '1,one\n2,"two, and more"\n')
  assert.equal(
    await psql(
      `create table t (a int primary key, b text);
create view v as select a from t; create function f(int) returns int language sql as 'select $1 + 1';
\\copy t from '${file}' csv
\\copy (select * from t order by a) to stdout csv
select count(*) as n, max(a) as m from t \\gset
\\echo :n :m
select format('select %s', a) from t order by a \\gexec
begin; declare c cursor for select b from t order by a; fetch 1 from c; move 1 in c; fetch 1 from c; commit;
\\set FETCH_COUNT 2
select generate_series(1, 5);
select f(1) \\watch c=1
`.replace('\\watch c=1', '\\g'),
    ),
    '1,one\n2,"two, and more"\n2 2\n1\n2\none\n1\n2\n3\n4\n5\n2\n',
  )
  for (const command of [
    '\\d',
    '\\d+ t',
    '\\dt *.*',
    '\\df f',
    '\\sf f',
    '\\dv',
    '\\l',
    '\\dn',
    '\\du',
    '\\dp',
  ]) {
    assert.notEqual(await psql('', '-c', command), '', command)
  }
  assert.match(
    await psql("listen news;\nnotify news, 'hello';\nselect 1;\n"),
    /Asynchronous notification "news" with payload "hello" received from server process/,
  )
  await psql('drop view v; drop table t; drop function f;')
})

test('psql: a FATAL before TLS, a wrong password, and a statement that fails', {
  skip: skip || without('psql'),
}, async () => {
  const run = (env: NodeJS.ProcessEnv, ...args: string[]) =>
    execute('psql', ['-X', '-c', 'select 1', ...args], { env: { ...world.env, ...env } })
  const plain = await run({ PGSSLMODE: 'disable' })
  assert.match(plain.stderr, /FATAL: {2}the gate takes connections over TLS alone: set sslmode=require/)
  const wrong = await run({ PGPASSWORD: 'wrong' })
  assert.match(wrong.stderr, /FATAL: {2}the gate does not know `agent` by this password\nDETAIL: /)
  const other = await run({ PGOPTIONS: '-c role=postgres' })
  assert.match(other.stderr, /FATAL: {2}the gate does not take `role` when a client connects/)
  const failing = await execute('psql', ['-X', '-c', 'select * frm x'], { env: world.env })
  assert.equal(
    failing.stderr,
    'ERROR:  syntax error at or near "frm"\nLINE 1: select * frm x\n                 ^\n',
  )
})

test('pgbench: simple, extended and prepared; with writes, and with reads alone', {
  skip: skip || without('pgbench'),
}, async () => {
  const run = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await execute('pgbench', args, { env: world.env })
    assert.equal(code, 0, stderr)
    return stdout
  }
  await run('-i', '-s', '1', '-q')
  for (const mode of ['simple', 'extended', 'prepared']) {
    const out = await run('-n', '-M', mode, '-c', '4', '-j', '2', '-t', '25', '-b', 'tpcb-like')
    assert.match(out, /number of transactions actually processed: 100\/100/)
    const reads = await run('-n', '-M', mode, '-c', '4', '-j', '2', '-t', '50', '-S')
    assert.match(reads, /number of transactions actually processed: 200\/200/)
  }
  const pipelined = join(world.env['HOME'] ?? '', 'pipeline.sql')
  writeFileSync(
    pipelined,
    '\\startpipeline\nselect 1;\nselect abalance from pgbench_accounts where aid = 1;\nselect 2;\n\\endpipeline\n',
  )
  assert.match(
    await run('-n', '-M', 'prepared', '-c', '2', '-t', '20', '-f', pipelined),
    /actually processed: 40\/40/,
  )
  const sums =
    'select (select sum(abalance) from pgbench_accounts) = (select sum(delta) from pgbench_history)'
  const db = new pg.Client({ connectionString: world.straight })
  await db.connect()
  assert.deepEqual((await db.query({ text: sums, rowMode: 'array' })).rows, [[true]])
  assert.deepEqual((await db.query('select count(*)::int as n from pgbench_history')).rows, [{ n: 300 }])
  await db.end()
})

const tls = () => ({ ca: readFileSync(world.authority, 'utf8'), servername: 'localhost' })

test('node-postgres: a pool, types, queries in a row, errors, and LISTEN', { skip }, async () => {
  const pool = new pg.Pool({ connectionString: world.gate.url(), ssl: tls(), max: 5 })
  await pool.query('create table items (id serial primary key, body jsonb, at timestamptz, raw bytea)')
  await Promise.all(
    Array.from({ length: 40 }, (_, n) =>
      pool.query('insert into items (body, at, raw) values ($1, $2, $3)', [{ n }, new Date(n), Buffer.of(n)]),
    ),
  )
  const { rows } = await pool.query("select body, at, raw from items order by (body->>'n')::int limit 2")
  assert.deepEqual(rows[1], { body: { n: 1 }, at: new Date(1), raw: Buffer.of(1) })
  const client = await pool.connect()
  const answers = await Promise.all([
    client.query('select 1 as a'),
    client.query({ name: 'two', text: 'select $1::int as a', values: [2] }),
    client.query('select 3 as a'),
  ])
  assert.deepEqual(
    answers.map(({ rows }) => rows[0]?.a),
    [1, 2, 3],
  )
  await assert.rejects(client.query('select * from nothing_here'), { code: '42P01' })
  await assert.rejects(client.query('insert into items (id) values (1), (1)'), { code: '23505' })
  client.release()
  await pool.query('drop table items')
  await pool.end()
})

test('node-postgres: a cursor of its own, by Execute with a number of rows', { skip }, async () => {
  const db = new pg.Client({ connectionString: world.gate.url(), ssl: tls() })
  await db.connect()
  const seen: number[] = []
  // What pg-cursor does: a portal that is read in parts.
  const inParts = { text: 'select i from generate_series(1, 25) i', values: [], rows: 10 }
  const query = new pg.Query<{ i: number }>(inParts)
  const ended = new Promise((resolve, reject) => query.once('end', resolve).once('error', reject))
  query.on('row', (row: { i: number }) => seen.push(row.i))
  db.query(query)
  await ended
  assert.equal(seen.length, 25)
  await db.end()
})

test('postgres.js: pipelining, transactions, cursors, COPY both ways, LISTEN', { skip }, async () => {
  const notices: string[] = []
  const sql = postgres({
    host: 'localhost',
    port: world.gate.port,
    user: 'agent',
    password: GATE_PASSWORD,
    database: 'postgres',
    ssl: tls(),
    max: 3,
    onnotice: ({ message }) => notices.push(message ?? ''),
  })
  await sql`create table if not exists things (id int, name text)`
  await sql`create table if not exists things (id int, name text)`
  assert.match(notices[0] ?? '', /already exists/)
  await sql`insert into things ${sql([
    { id: 1, name: 'a' },
    { id: 2, name: 'b' },
  ])}`
  const many = await Promise.all(Array.from({ length: 50 }, (_, n) => sql`select ${n}::int as n`))
  assert.deepEqual(
    many.map(([row]) => row?.['n']),
    Array.from({ length: 50 }, (_, n) => n),
  )
  await assert.rejects(
    sql.begin(async tx => {
      await tx`insert into things values (3, 'c')`
      await tx`select 1 / 0`
    }),
    { code: '22012' },
  )
  assert.equal((await sql`select * from things`).length, 2)
  const parts: number[] = []
  await sql`select generate_series(1, 10) as i`.cursor(3, rows => void parts.push(rows.length))
  assert.deepEqual(parts, [3, 3, 3, 1])
  const into = await sql`copy things from stdin`.writable()
  await new Promise<void>((resolve, reject) => {
    into.on('error', reject).on('finish', resolve)
    into.end('4\td\n5\te\n')
  })
  let out = ''
  for await (const chunk of await sql`copy (select id from things order by 1) to stdout`.readable())
    out += chunk
  assert.equal(out, '1\n2\n4\n5\n')
  const heard = Promise.withResolvers<string>()
  const { unlisten } = await sql.listen('news', heard.resolve)
  await sql.notify('news', 'hello')
  assert.equal(await heard.promise, 'hello')
  await unlisten()
  await sql`drop table things`
  await sql.end()
})
