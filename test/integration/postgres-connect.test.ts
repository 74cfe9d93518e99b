import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { systemRandom } from '../../src/core/clock.ts'
import { GateError } from '../../src/core/errors.ts'
import { Redacted } from '../../src/core/redacted.ts'
import { cancelPostgres, connectPostgres, leavePostgres } from '../../src/upstream/postgres/connect.ts'
import { Conversation } from '../../src/upstream/postgres/conversation.ts'
import type { PostgresConnection, PostgresPlace } from '../../src/upstream/postgres/port.ts'
import { writeFrontend } from '../../src/wire/postgres/writer.ts'
import { selfSigned } from '../harness/certificate.ts'
import { POSTGRES_PASSWORD, type Postgres, startPostgres } from '../harness/postgres.ts'

const tls = await selfSigned()
const started = await startPostgres({ tls })
const skip = 'missing' in started ? started.missing : false
const options = { timeoutMs: 60_000, random: systemRandom }
let verified: PostgresPlace
let plain: PostgresPlace

before(() => {
  if (skip !== false) return
  const { port } = started as Postgres
  verified = { host: 'localhost', port, tls: { kind: 'verify', ca: tls.certificate } }
  plain = { host: '127.0.0.1', port, tls: { kind: 'none' } }
})
after(async () => {
  if (skip === false) await (started as Postgres).stop()
})

function come(place: PostgresPlace, password = POSTGRES_PASSWORD): Promise<PostgresConnection> {
  const settings = [['application_name', 'sallyport']] as const
  return connectPostgres(
    place,
    { user: 'gate', database: 'postgres', password: async () => new Redacted(password), settings },
    options,
  )
}

/** The rows of a query, as text, or the code of its error. */
async function ask({ socket }: PostgresConnection, sql: string): Promise<readonly string[]> {
  const talk = new Conversation(socket)
  socket.resume()
  socket.write(writeFrontend({ kind: 'query', sql }))
  const found: string[] = []
  for (;;) {
    const message = await talk.message()
    if (message.kind === 'data-row') found.push(message.values.map(String).join('|'))
    if (message.kind === 'error') found.push(message.fields.find(([letter]) => letter === 'C')?.[1] ?? '')
    if (message.kind !== 'ready') continue
    talk.leave()
    return found
  }
}

const code = (expected: string) => (error: unknown) => {
  assert.ok(error instanceof GateError, String(error))
  assert.equal(error.code, expected, error.message)
  assert.ok(!error.message.includes(POSTGRES_PASSWORD))
  return true
}

test('a server is verified, and the gate proves itself bound to that connection', { skip }, async () => {
  const connection = await come(verified)
  assert.equal(connection.state, 'I')
  assert.equal(connection.parameters.get('standard_conforming_strings'), 'on')
  const [ssl] = await ask(connection, 'select version from pg_stat_ssl where pid = pg_backend_pid()')
  assert.equal(ssl, 'TLSv1.3')
  assert.deepEqual(await ask(connection, "select current_setting('application_name')"), ['sallyport'])
  leavePostgres(connection)
})

test('a server on the same machine may be spoken to in the clear', { skip }, async () => {
  const connection = await come(plain)
  assert.deepEqual(await ask(connection, 'select 1'), ['1'])
  leavePostgres(connection)
})

test("an authority that is not the server's, a name that is not in its certificate: nothing is said", {
  skip,
}, async () => {
  const stranger = (await selfSigned()).certificate
  await assert.rejects(come({ ...verified, tls: { kind: 'verify', ca: stranger } }), code('database-tls'))
  await assert.rejects(come({ ...verified, host: '127.0.0.1' }), code('database-tls'))
})

test('a wrong password and a port where nobody is are told apart', { skip }, async () => {
  await assert.rejects(come(verified, 'wrong'), code('database-refused'))
  await assert.rejects(come({ ...plain, port: 1 }), code('database-unreachable'))
})

test('a query is cancelled by the key of its connection', { skip }, async () => {
  const connection = await come(verified)
  const { cancelKey } = connection
  assert.ok(cancelKey !== undefined)
  const slept = ask(connection, 'select pg_sleep(600)')
  // A cancel that comes before the query says nothing of it: it is sent until it was heard.
  let heard = false
  void slept.then(() => {
    heard = true
  })
  while (!heard) await cancelPostgres(verified, cancelKey, options)
  assert.deepEqual(await slept, ['57014'])
  leavePostgres(connection)
})

test('who aborts is not kept waiting', { skip }, async () => {
  const { createServer } = await import('node:net')
  const silent = createServer(() => undefined)
  await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve))
  const { port } = silent.address() as { port: number }
  const abort = new AbortController()
  const coming = connectPostgres(
    { host: '127.0.0.1', port, tls: { kind: 'verify' } },
    { user: 'u', database: 'd', password: async () => new Redacted('p'), settings: [] },
    { ...options, signal: abort.signal },
  )
  abort.abort()
  await assert.rejects(coming, code('database-unreachable'))
  silent.close()
})
