import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import pg from 'pg'
import { GateError } from '../../src/core/errors.ts'
import { Redacted } from '../../src/core/redacted.ts'
import { TEST_PRINCIPAL } from '../../src/policy/testing.ts'
import { writePassword } from '../../src/wire/postgres/authentication.ts'
import { writeFrontend, writeStartup } from '../../src/wire/postgres/writer.ts'
import { selfSigned } from '../harness/certificate.ts'
import { startPostgres } from '../harness/postgres.ts'
import { GATE_PASSWORD, type Noted, startPostgresGate, type TestGate } from '../harness/postgres-gate.ts'
import { bind, execute, parse, RawPostgres, sqlstates, sync } from '../harness/postgres-raw.ts'

const started = await startPostgres()
const skip = 'missing' in started ? started.missing : false
const tls = await selfSigned()
setFlagsFromString('--expose_gc')
const collect = runInNewContext('gc') as () => void
let gate: TestGate
let secured: TestGate
let revocable: TestGate
let admin: pg.Client
let revoked = new AbortController()
let expiresAtMs = Number.MAX_SAFE_INTEGER

before(async () => {
  if ('missing' in started) return
  admin = new pg.Client({ connectionString: started.url })
  await admin.connect()
  await admin.query('create table lines (n int, word text)')
  gate = await startPostgresGate(started.port)
  secured = await startPostgresGate(started.port, tls)
  revocable = await startPostgresGate(started.port, undefined, {
    rooms: {
      identify: ({ database }) => ({ principal: { ...TEST_PRINCIPAL, expiresAtMs }, target: database }),
      admit: () => ({
        ended: revoked.signal,
        check: () => revoked.signal.throwIfAborted(),
        leave: () => undefined,
      }),
    },
  })
})
after(async () => {
  if ('missing' in started) return
  await admin.end()
  for (const each of [gate, secured, revocable]) await each.stop()
  await started.stop()
})

const ofText = (what: Noted['what'], sql: string) => (noted: Noted) =>
  noted.what === what && noted.question?.text.sql === sql

/** Resolves when no session of the server is at such a statement. */
async function over(like: string): Promise<void> {
  for (;;) {
    const { rows } = await admin.query(
      "select 1 from pg_stat_activity where query like $1 and state <> 'idle' and pid <> pg_backend_pid()",
      [like],
    )
    if (rows.length === 0) return
  }
}

async function lines(): Promise<number> {
  return (await admin.query('select count(*)::int as n from lines')).rows[0]?.n
}

test('a client that dies in the middle of a COPY has copied nothing', { skip }, async () => {
  for (const isExtended of [false, true]) {
    const sql = `copy lines from stdin /* ${isExtended} */`
    const raw = await RawPostgres.open(gate.port)
    if (isExtended) raw.say(parse(sql), bind(), execute(), sync)
    else raw.say({ kind: 'query', sql })
    await raw.until('copy-in-response')
    raw.say({ kind: 'copy-data', data: Buffer.from('1\tone\n2\ttwo\n') })
    // And in the middle of a message.
    raw.socket.write(writeFrontend({ kind: 'copy-data', data: Buffer.alloc(5_000, 'x') }).subarray(0, 77))
    await once(raw.socket.end(), 'close')
    await over('copy lines from stdin%')
    const { outcome } = await gate.until(ofText('outcome', sql))
    assert.equal(outcome?.error, 'client-gone')
    assert.equal(await lines(), 0)
  }
})

test('a client that dies in the middle of a Parse, a Bind or a password has asked for nothing', {
  skip,
}, async () => {
  const sql = 'insert into lines values (1)'
  for (const message of [writeFrontend(parse(sql)), writeFrontend({ kind: 'query', sql })]) {
    for (const at of [1, 4, 6, message.length - 1]) {
      const raw = await RawPostgres.open(gate.port)
      raw.socket.write(message.subarray(0, at))
      await once(raw.socket.end(), 'close')
    }
  }
  const bound = await RawPostgres.open(gate.port)
  const batch = [
    parse('insert into lines values ($1)'),
    { ...bind(), parameters: [Buffer.from('1')] },
    execute(),
  ] as const
  bound.socket.write(Buffer.concat(batch.map(writeFrontend)).subarray(0, -3))
  await once(bound.socket.end(), 'close')
  assert.equal(await lines(), 0)
  assert.equal(gate.noted.filter(ofText('decision', sql)).length, 0)
})

/** Bytes of buffers that are in use, and not what nobody has collected yet. */
function buffersInUse(): number {
  collect()
  return process.memoryUsage().arrayBuffers
}

test('a client that does not read a million rows over TLS holds the server still; memory stays flat', {
  skip,
}, async () => {
  const socket = connectTls({
    ...{ host: '127.0.0.1', port: secured.port, ca: tls.certificate, servername: 'localhost' },
    ALPNProtocols: ['postgresql'],
  })
  await once(socket, 'secureConnect')
  const raw = new RawPostgres(socket)
  const parameters = [
    ['user', 'agent'],
    ['database', 'postgres'],
  ] as const
  socket.write(writeStartup({ kind: 'startup', version: { major: 3, minor: 2 }, parameters }))
  raw.say({ kind: 'authentication', data: writePassword(new Redacted(GATE_PASSWORD)) })
  await raw.until('ready')
  const before = buffersInUse()
  socket.removeAllListeners('data')
  socket.pause()
  raw.say({ kind: 'query', sql: "select i, repeat('z', 100) from generate_series(1, 1000000) i" })
  for (let still = 0; still < 20; ) {
    const { rows } = await admin.query(
      "select wait_event from pg_stat_activity where query like '%repeat(''z''%' and pid <> pg_backend_pid()",
    )
    still = rows[0]?.wait_event === 'ClientWrite' ? still + 1 : 0
  }
  const used = buffersInUse() - before
  assert.ok(used < 16 * 1024 * 1024, `${used} bytes`)
  // Then it reads all of them after all.
  let bytes = 0
  let tail = ''
  const done = new Promise<void>(resolve => {
    socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      tail = (tail + chunk.toString('latin1')).slice(-20)
      if (tail.endsWith('Z\0\0\0\u0005I')) resolve()
    })
  })
  socket.resume()
  await done
  assert.ok(bytes > 110_000_000)
  socket.destroy()
})

test('a client that sends without end what nobody takes is held still, too', { skip }, async () => {
  await admin.query('begin; lock table lines in access exclusive mode')
  const raw = await RawPostgres.open(gate.port)
  const before = buffersInUse()
  raw.say({ kind: 'query', sql: 'copy lines from stdin' })
  // The server does not answer: what the client sends ahead waits in its own socket.
  const chunk = Buffer.concat(
    [{ kind: 'copy-data', data: Buffer.alloc(60_000, '1\n') } as const].map(writeFrontend),
  )
  for (let i = 0; i < 1_000; i++) raw.socket.write(chunk)
  for (let [still, left] = [0, -1]; still < 20; left = raw.socket.writableLength) {
    await admin.query('select 1')
    still = raw.socket.writableLength === left ? still + 1 : 0
  }
  assert.ok(raw.socket.writableLength > 20_000_000, `${raw.socket.writableLength} bytes wait`)
  collect()
  // All that waits is one chunk of the client, many times.
  const used = buffersInUse() - before
  assert.ok(used < 16 * 1024 * 1024, `${used} bytes`)
  await admin.query('rollback')
  raw.socket.destroy()
  await over('copy lines from stdin%')
})

test('a session that is revoked ends in the middle of its query, and so do those that only listen', {
  skip,
}, async () => {
  const [busy, idle] = [await RawPostgres.open(revocable.port), await RawPostgres.open(revocable.port)]
  const sql = 'select pg_sleep(611)'
  busy.say({ kind: 'query', sql })
  await revocable.until(ofText('decision', sql))
  revoked.abort(new GateError('session-revoked', 'the session was ended'))
  for (const raw of [busy, idle]) assert.deepEqual(sqlstates(await raw.until('close')), ['28000'])
  const { outcome } = await revocable.until(ofText('outcome', sql))
  assert.equal(outcome?.error, 'session-revoked')
  await over('%pg_sleep(611)%')
  revoked = new AbortController()
})

test('a session that expires ends in the middle of its query', { skip }, async () => {
  expiresAtMs = Date.now() + 1_500
  const raw = await RawPostgres.open(revocable.port)
  const sql = 'select pg_sleep(612)'
  raw.say({ kind: 'query', sql })
  assert.deepEqual(sqlstates(await raw.until('close')), ['28000'])
  const { outcome } = await revocable.until(ofText('outcome', sql))
  assert.equal(outcome?.error, 'credentials-expired')
  await over('%pg_sleep(612)%')
})

test('a client that babbles is told so, and no other hears of it', { skip }, async () => {
  const neighbour = await RawPostgres.open(gate.port)
  for (const bytes of [
    Buffer.from('Q\xff\xff\xff\xffselect 1\0', 'latin1'),
    Buffer.from('Q\0\0\0\x03', 'latin1'),
    Buffer.from('Q\x7f\xff\xff\xffx', 'latin1'),
    Buffer.from('?\0\0\0\x04', 'latin1'),
    Buffer.from('Q\0\0\0\x0dselect 1x', 'latin1'),
    Buffer.from('Q\0\0\0\x08\xff\xfe\xfd\0', 'latin1'),
    Buffer.from('P\0\0\0\x0a\0x\0\xff\xff\0', 'latin1'),
    Buffer.from('p\0\0\0\x06x\0', 'latin1'),
  ]) {
    const raw = await RawPostgres.open(gate.port)
    raw.socket.write(bytes)
    assert.deepEqual(sqlstates(await raw.until('close')), ['08P01'], bytes.toString('latin1'))
  }
  neighbour.say({ kind: 'query', sql: 'select 1' })
  await neighbour.until('ready')
  neighbour.socket.destroy()
})
