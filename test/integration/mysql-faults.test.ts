import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect as connectTcp, createServer } from 'node:net'
import { after, before, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import mysql from 'mysql2/promise'
import { capabilities } from '../../src/wire/mysql/capabilities.ts'
import { writePacket } from '../../src/wire/mysql/packet.ts'
import { writeHandshakeResponse } from '../../src/wire/mysql/writer.ts'
import { selfSigned } from '../harness/certificate.ts'
import { type Mariadb, startMariadb } from '../harness/mariadb.ts'
import { type Meddler, startMeddler } from '../harness/meddler.ts'
import { GATE_TOKEN, startMysqlGate, type TestMysqlFront } from '../harness/mysql-gate.ts'
import { start, which } from '../harness/process.ts'

/** Servers that break off or lie, and clients that do: nobody waits for ever, and the gate goes on. */

const tls = await selfSigned()
const started = await startMariadb()
const skip = 'missing' in started ? started.missing : false
let meddler: Meddler
let gate: TestMysqlFront

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
  await straight.query('use shop')
  await straight.query('create table wide (id int primary key, words text)')
  await straight.query("insert into wide select seq, repeat('x', 20000) from seq_1_to_500")
  await straight.end()
  meddler = await startMeddler(port)
  gate = await startMysqlGate(leadingTo(meddler.port), tls)
})
after(async () => {
  if (skip !== false) return
  await gate?.stop()
  await meddler?.stop()
  await (started as Mariadb).stop()
})

/** Lies of a server. */
const ROUNDS = Number(process.env['SALLYPORT_FUZZ_ROUNDS'] ?? 60)
const PASS = (chunk: Buffer): Buffer => chunk

function leadingTo(port: number): Parameters<typeof startMysqlGate>[0] {
  const place = { host: '127.0.0.1', port, tls: { kind: 'none' } } as const
  return { place, user: 'root', password: '', database: 'shop' }
}

function come(to: TestMysqlFront = gate): Promise<mysql.Connection> {
  const login = { user: 'agent', password: GATE_TOKEN, database: 'shop' }
  return mysql.createConnection({
    connectTimeout: 0,
    host: 'localhost',
    port: to.port,
    ...login,
    ssl: { ca: tls.certificate },
  })
}

/** What somebody does with a database, up to its end or the first error. */
async function work(): Promise<string> {
  let client: mysql.Connection | undefined
  try {
    client = await come()
    // What breaks a connection is also an event of it.
    client.on('error', () => undefined)
    await client.query('select id, words from wide where id < 3')
    await client.execute('select words from wide where id = ?', [7])
    await client.query('select id from absent')
    return 'no error'
  } catch (error) {
    return String((error as mysql.QueryError).code)
  } finally {
    client?.destroy()
  }
}

async function isAlive(): Promise<void> {
  meddler.meddle = PASS
  const client = await come()
  const [rows] = await client.query({ sql: 'select count(*) from wide', rowsAsArray: true })
  assert.deepEqual(rows, [[500]])
  await client.end()
  assert.deepEqual(gate.troubles.filter(({ code }) => code === 'internal').map(String), [])
}

test('a server that is not there, says nothing, or dies in its handshake', { skip }, async () => {
  const deaf = createServer(() => undefined).listen(0, '127.0.0.1')
  await once(deaf, 'listening')
  const silent = await startMysqlGate(leadingTo((deaf.address() as { port: number }).port), tls, {
    connectMs: 50,
  })
  await assert.rejects(come(silent), { errno: 1429, sqlState: 'HY000' })
  deaf.close()
  await silent.stop()
  const nobody = await startMysqlGate(leadingTo(1), tls)
  await assert.rejects(come(nobody), { errno: 1429, sqlState: 'HY000' })
  await nobody.stop()
  for (const at of [0, 1, 4, 20, 60, 90, 100, 120, 200]) {
    meddler.meddle = (chunk, sent) => (sent + chunk.length < at ? chunk : 'cut')
    await assert.rejects(come(), (error: unknown) => {
      assert.ok([1429, 1105, 1053, undefined].includes((error as mysql.QueryError).errno), String(error))
      return true
    })
  }
  await isAlive()
})

test('a server that dies anywhere: the client hears of it, and so does the journal', { skip }, async () => {
  for (let at = 300; at < 90_000; at = Math.ceil(at * 1.35)) {
    meddler.meddle = (chunk, sent) => {
      if (sent + chunk.length < at) return chunk
      return 'cut'
    }
    assert.notEqual(await work(), 'no error')
  }
  // What was let through has an end in the journal, too.
  const allowed = gate.noted.filter(({ what, effect }) => what === 'decision' && effect === 'allow')
  assert.ok(allowed.some(({ question }) => question?.text.message === 'Query'))
  for (const { eventId } of allowed) {
    await gate.until(noted => noted.what === 'outcome' && noted.eventId === eventId)
  }
  const broken = gate.noted.filter(({ outcome }) => outcome?.error !== undefined)
  assert.ok(broken.length > 0)
  await isAlive()
})

test('a server that lies: no crash, nobody waits, and the gate goes on', { skip }, async t => {
  const seed = randomBytes(4).readUInt32LE()
  t.diagnostic(`seed ${seed}`)
  const next = random(seed)
  for (let i = 0; i < ROUNDS; i++) {
    const at = Math.floor(next() ** 3 * 60_000)
    const flip = 1 + Math.floor(next() * 255)
    meddler.meddle = (chunk, sent) => {
      if (at < sent || at >= sent + chunk.length) return at < sent ? 'cut' : chunk
      if (i % 4 === 0) return Buffer.concat([chunk.subarray(0, at - sent), noise(next)])
      const changed = Buffer.from(chunk)
      changed[at - sent] = (changed[at - sent] ?? 0) ^ flip
      return changed
    }
    const ended = work()
    // A length that is a lie has everybody wait for more: the server ends then.
    const timer = setInterval(() => meddler.cutAll(), 200)
    await ended
    clearInterval(timer)
  }
  await isAlive()
})

function noise(next: () => number): Buffer {
  return Buffer.from(Array.from({ length: 1 + Math.floor(next() * 2_000) }, () => Math.floor(next() * 256)))
}

/** Numbers from 0 to 1, the same for the same seed. */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

const program = which('mysql') ?? which('mariadb')

test('a client that stops reading holds the server up, and leaves it when it goes', {
  skip: skip || (program === undefined ? 'no mysql (Debian: mariadb-client)' : false),
}, async () => {
  let passed = 0
  meddler.meddle = chunk => {
    passed += chunk.length
    return chunk
  }
  const running = start(program ?? 'mysql', [
    ...[
      '--no-defaults',
      '--host=localhost',
      '--protocol=tcp',
      `--port=${gate.port}`,
      '--user=agent',
      '--ssl',
    ],
    ...[`--password=${GATE_TOKEN}`, '--quick', '--batch', 'shop', '-e'],
    // 4 GB.
    'select a.words from wide a, wide b where b.id < 400',
  ])
  await running.printed(/x{100}/)
  running.child.kill('SIGSTOP')
  let before = -1
  while (passed !== before) {
    before = passed
    await new Promise(resolve => setTimeout(resolve, 1_000))
  }
  // What the kernels keep for four sockets, and the gate for its two.
  const kept = passed
  assert.ok(kept < 1024 * 1024 * 1024, `${kept} bytes have passed`)
  const rss = process.memoryUsage.rss()
  assert.ok(rss < 1024 * 1024 * 1024, `${rss} bytes of memory`)
  await running.stop('SIGKILL')
  while (meddler.open > 1) await new Promise(resolve => setTimeout(resolve, 20))
  await isAlive()
})

test('clients that talk nonsense are told off or cut off', { skip }, async () => {
  const answer = writeHandshakeResponse({
    kind: 'tls-request',
    capabilities: capabilities('protocol41', 'secureConnection', 'pluginAuth', 'tls'),
    mostPacketBytes: 1,
    collation: 45,
  })
  const nonsense: readonly Buffer[] = [
    randomBytes(100),
    Buffer.concat([Buffer.from([0xff, 0xff, 0xff, 1]), randomBytes(100_000)]),
    writePacket(randomBytes(60), 1),
    writePacket(answer, 2),
    writePacket(answer.subarray(0, 31), 1),
    Buffer.concat([writePacket(answer, 1), randomBytes(300)]),
    writePacket(Buffer.alloc(0), 1),
  ]
  for (const bytes of nonsense) {
    const socket = connectTcp(gate.port, '127.0.0.1')
    socket.on('error', () => undefined)
    await once(socket, 'data')
    socket.resume().end(bytes)
    await once(socket, 'close')
  }
  for (let i = 0; i < 20; i++) {
    const socket = connectTcp(gate.port, '127.0.0.1')
    await once(socket, 'data')
    socket.write(writePacket(answer, 1))
    const secured = connectTls({ socket, ca: tls.certificate, servername: 'localhost' })
    secured.on('error', () => undefined)
    await once(secured, 'secureConnect')
    secured.resume().end(writePacket(randomBytes(i * 20), 2))
    await once(secured, 'close')
  }
  await isAlive()
})
