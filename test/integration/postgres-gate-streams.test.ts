import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import pg from 'pg'
import { Redacted } from '../../src/core/redacted.ts'
import { writeStartup } from '../../src/wire/postgres/writer.ts'
import { selfSigned } from '../harness/certificate.ts'
import { startPostgres } from '../harness/postgres.ts'
import { GATE_PASSWORD, startPostgresGate, type TestGate } from '../harness/postgres-gate.ts'
import { without } from '../harness/postgres-programs.ts'
import { bind, execute, kinds, parse, RawPostgres, sqlstates, sync } from '../harness/postgres-raw.ts'

const started = await startPostgres()
const skip = 'missing' in started ? started.missing : false
const skipPsql = skip || without('psql')
const tls = await selfSigned()
setFlagsFromString('--expose_gc')
const collect = runInNewContext('gc') as () => void
let gate: TestGate
let secured: TestGate

before(async () => {
  if ('missing' in started) return
  const admin = new pg.Client({ connectionString: started.url })
  await admin.connect()
  await admin.query(`
    create table people (id int primary key, name text, ssn text);
    insert into people values (1, 'Ada', 'canary-1'), (2, 'Bob', 'canary-2');
    create table secrets (word text);
  `)
  await admin.end()
  gate = await startPostgresGate(started.port)
  secured = await startPostgresGate(started.port, tls)
  for (const each of [gate, secured]) each.policy.deny = [/secrets/]
})
after(async () => {
  if ('missing' in started) return
  await gate.stop()
  await secured.stop()
  await started.stop()
})

test('a batch stops where a denied statement stands, and the next one runs', { skip }, async () => {
  const raw = await RawPostgres.open(gate.port)
  raw.say(parse("insert into people values (10, 'X')"), bind(), execute())
  raw.say(parse('select * from secrets'), bind(), execute())
  raw.say(parse('select 1'), bind(), execute(), sync)
  raw.say(parse('select id from people where id = 10'), bind(), execute(), sync)
  const heard = await raw.until('ready', 2)
  assert.equal(
    kinds(heard),
    'parse-complete bind-complete command-complete error ready parse-complete bind-complete command-complete ready',
  )
  assert.deepEqual(sqlstates(heard), ['42501'])
  // As the server does after an error: what stood before it in its batch is undone, too.
  assert.ok(heard.some(m => m.kind === 'command-complete' && m.tag === 'SELECT 0'))
  raw.socket.destroy()
})

test('portals in parts, flush, close, and names that nobody gave', { skip }, async () => {
  const raw = await RawPostgres.open(gate.port)
  raw.say(parse('select generate_series(1, 5)', 's'), bind('s', 'p'), execute('p', 2), { kind: 'flush' })
  assert.equal(
    kinds(await raw.until('portal-suspended')),
    'parse-complete bind-complete data-row data-row portal-suspended',
  )
  raw.say(
    { kind: 'describe', handle: 'P', name: 'p' },
    execute('p', 0),
    { kind: 'close', handle: 'S', name: 's' },
    sync,
  )
  assert.equal(
    kinds(await raw.until('ready')),
    'row-description data-row data-row data-row command-complete close-complete ready',
  )
  raw.say(bind('s'), execute(), sync)
  assert.deepEqual(sqlstates(await raw.until('ready')), ['26000'])
  raw.say(execute('nobody'), sync)
  assert.deepEqual(sqlstates(await raw.until('ready')), ['34000'])
  raw.say({ kind: 'function-call', oid: 1, formats: [], parameters: [], resultFormat: 0 })
  assert.deepEqual(sqlstates(await raw.until('ready')), ['0A000'])
  raw.socket.destroy()
})

test('a Parse that fails leaves the statement of that name as it was', { skip }, async () => {
  const raw = await RawPostgres.open(gate.port)
  gate.policy.masks = [{ columns: ['people.ssn'], as: 'full' }]
  raw.say(parse('select ssn from people', 's'), sync)
  await raw.until('ready')
  raw.say(parse("select 'harmless'", 's'), bind('s'), execute(), sync)
  assert.deepEqual(sqlstates(await raw.until('ready')), ['42P05'])
  raw.say(bind('s'), execute(), sync)
  const heard = await raw.until('ready')
  gate.policy.masks = []
  const rows = heard.flatMap(m => (m.kind === 'data-row' ? [String(m.values[0])] : []))
  assert.ok(rows.length >= 2 && rows.every(row => row === '~mask~'), String(rows))
  raw.socket.destroy()
})

test('what names mean is in doubt until a Sync', { skip }, async () => {
  const raw = await RawPostgres.open(gate.port)
  raw.say(
    parse('set search_path to public'),
    bind(),
    execute(),
    parse('select * from people'),
    bind(),
    execute(),
    sync,
  )
  assert.deepEqual(sqlstates(await raw.until('ready')), ['42501'])
  raw.say(parse('select * from people'), bind(), execute(), sync)
  assert.deepEqual(sqlstates(await raw.until('ready')), [])
  raw.socket.destroy()
})

test('COPY by the extended protocol, with the Sync that libpq sends ahead', { skip }, async () => {
  const raw = await RawPostgres.open(gate.port)
  raw.say(parse('copy people from stdin'), bind(), execute(), sync)
  await raw.until('copy-in-response')
  raw.say({ kind: 'copy-data', data: Buffer.from('20\tTwenty\tx\n') }, { kind: 'copy-done' }, sync)
  assert.equal(kinds(await raw.until('ready')), 'command-complete ready')
  raw.say(parse('copy people from stdin'), bind(), execute(), sync)
  await raw.until('copy-in-response')
  raw.say({ kind: 'copy-data', data: Buffer.from('no number\tx\ty\n') }, { kind: 'copy-done' }, sync)
  assert.deepEqual(sqlstates(await raw.until('ready')), ['22P02'])
  raw.socket.destroy()
})

/** Bytes of buffers that are in use, and not what nobody has collected yet. */
function buffersInUse(): number {
  collect()
  return process.memoryUsage().arrayBuffers
}

test('a million rows pass in constant memory, also to who reads them slowly', { skip }, async () => {
  const raw = await RawPostgres.open(gate.port)
  let bytes = 0
  let most = 0
  let chunks = 0
  raw.socket.removeAllListeners('data')
  const before = buffersInUse()
  let end = ''
  const done = new Promise<void>(resolve => {
    raw.socket.on('data', chunk => {
      bytes += chunk.length
      end = (end + chunk.subarray(-20).toString('latin1')).slice(-20)
      if (++chunks % 100 === 0) most = Math.max(most, buffersInUse() - before)
      raw.socket.pause()
      setImmediate(() => raw.socket.resume())
      if (end.endsWith('Z\0\0\0\u0005I')) resolve()
    })
  })
  raw.say({ kind: 'query', sql: "select i, repeat('x', 50) from generate_series(1, 1000000) i" })
  await done
  assert.ok(bytes > 60_000_000)
  assert.ok(most < 48 * 1024 * 1024, `${most} bytes`)
  raw.socket.destroy()
})

test('a client that does not read holds the server still', { skip }, async () => {
  const raw = await RawPostgres.open(gate.port)
  const before = buffersInUse()
  raw.socket.pause()
  raw.say({ kind: 'query', sql: "select repeat('y', 1000) from generate_series(1, 10000000)" })
  const db = new pg.Client({ connectionString: (started as { url: string }).url })
  await db.connect()
  for (let still = 0; still < 20; ) {
    const { rows } = await db.query(
      "select wait_event from pg_stat_activity where query like '%repeat(''y''%' and pid <> pg_backend_pid()",
    )
    still = rows[0]?.wait_event === 'ClientWrite' ? still + 1 : 0
  }
  const used = buffersInUse() - before
  assert.ok(used < 16 * 1024 * 1024, `${used} bytes`)
  raw.socket.destroy()
  await db.end()
})

test('a client cancels its own query by the key of the gate, and nobody another', { skip }, async () => {
  const db = new pg.Client({ connectionString: gate.url() })
  await db.connect()
  const { processID, secretKey } = db as unknown as { processID: number; secretKey: number }
  const cancel = async (secret: number): Promise<void> => {
    const socket = connect(gate.port, '127.0.0.1')
    const key = Buffer.alloc(4)
    key.writeInt32BE(secret)
    socket.end(writeStartup({ kind: 'cancel', key: { processId: processID, secret: new Redacted(key) } }))
    socket.resume()
    await once(socket, 'close')
  }
  const slept = assert.rejects(db.query('select pg_sleep(600)'), { code: '57014' })
  await gate.until(
    ({ what, question }) => what === 'decision' && question?.text.sql === 'select pg_sleep(600)',
  )
  await cancel(secretKey ^ 1)
  let over = false
  void slept.then(() => {
    over = true
  })
  while (!over) await cancel(secretKey)
  await slept
  assert.equal((await db.query('select 1 as one')).rows[0]?.one, 1)
  await db.end()
})

test('a client that is gone takes its query with it', { skip }, async () => {
  const raw = await RawPostgres.open(gate.port)
  raw.say({ kind: 'query', sql: 'select pg_sleep(601)' })
  await gate.until(
    ({ what, question }) => what === 'decision' && question?.text.sql === 'select pg_sleep(601)',
  )
  raw.socket.destroy()
  const { outcome } = await gate.until(
    ({ what, question }) => what === 'outcome' && question?.text.sql === 'select pg_sleep(601)',
  )
  assert.equal(outcome?.error, 'client-gone')
  const db = new pg.Client({ connectionString: (started as { url: string }).url })
  await db.connect()
  for (;;) {
    const { rows } = await db.query(
      "select 1 from pg_stat_activity where query like '%pg_sleep(601)' and state = 'active'",
    )
    if (rows.length === 0) break
  }
  await db.end()
})

function psql(
  args: string[],
  input = '',
  env: Record<string, string> = {},
): Promise<{ out: string; err: string; code: number | null }> {
  const child = spawn('psql', ['-X', '-q', '-A', '-t', ...args], {
    env: { PATH: process.env['PATH'], PGPASSWORD: GATE_PASSWORD, ...env },
  })
  let out = ''
  let err = ''
  child.stdout.on('data', chunk => (out += chunk))
  child.stderr.on('data', chunk => (err += chunk))
  child.stdin.end(input)
  return once(child, 'close').then(([code]) => ({ out, err, code }))
}

test('psql over TLS: statements, COPY both ways, \\d', { skip: skipPsql }, async () => {
  const url = `postgres://agent@localhost:${secured.port}/postgres?sslmode=require`
  const input = `create temp table t (a int, b text);
copy t from stdin;
1	one
2	two
\\.
copy t to stdout;
select * from secrets;
\\echo :SQLSTATE
begin; declare c cursor for select a from t; fetch 1 from c; commit;
select count(*) from t; select 7;
`
  const { out, err } = await psql([url], input)
  assert.equal(out, '1\tone\n2\ttwo\n42501\n1\n2\n7\n', err)
  assert.match(err, /ERROR: {2}sql:Select postgres\/public\.secrets is denied/)
  const described = await psql([url, '-c', '\\d people'])
  assert.equal(described.code, 0, described.err)
  assert.match(described.out, /ssn/)
  const plain = await psql([`${url.replace('require', 'disable')}`, '-c', 'select 1'])
  assert.match(plain.err, /over TLS alone/)
})

// The last: it ends the server.
test('a server that dies in the middle of a result is told of', { skip }, async () => {
  const raw = await RawPostgres.open(gate.port)
  raw.socket.removeAllListeners('data')
  let tail = ''
  const gone = new Promise<void>(resolve => raw.socket.once('close', () => resolve()))
  raw.socket.on('data', chunk => {
    tail = (tail + chunk.toString('latin1')).slice(-400)
  })
  const sql = 'select i from generate_series(1, 100000000) i'
  raw.say({ kind: 'query', sql })
  await once(raw.socket, 'data')
  await (started as { halt(): Promise<void> }).halt()
  await gone
  assert.match(tail, /C(08006|57P0[12])/)
  const { outcome } = await gate.until(
    ({ what, question }) => what === 'outcome' && question?.text.sql === sql,
  )
  assert.match(outcome?.error ?? '', /^(database-unreachable|57P0[12])$/)
})
