import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { GateError } from '../../src/core/errors.ts'
import { Redacted } from '../../src/core/redacted.ts'
import { TEST_PRINCIPAL } from '../../src/policy/testing.ts'
import { type ClientsWorld, clientsWorld } from '../harness/postgres-clients.ts'
import { GATE_PASSWORD } from '../harness/postgres-gate.ts'
import { execute, pythonWith, ROOT, which } from '../harness/process.ts'

const TOKEN = 'ASIATEST:token'
const SECRET = 'the-secret-access-key'
const started = await clientsWorld({
  rooms: {
    offered: ({ accessKeyId, sessionToken, database }) => {
      if (`${accessKeyId}:${sessionToken}` !== TOKEN) throw new GateError('credentials-expired', 'unknown')
      const principal = { ...TEST_PRINCIPAL, expiresAtMs: Number.MAX_SAFE_INTEGER }
      return { principal, target: database, secretAccessKey: new Redacted(SECRET) }
    },
  },
})
const world = started as ClientsWorld
const skip = 'missing' in started ? started.missing : false
const PROGRAMS = join(ROOT, 'test/integration/clients/postgres')

after(async () => {
  if (!('missing' in started)) await started.stop()
})

/** Debian's libpostgresql-jdbc-java, or what the machine says. */
const DRIVER = process.env['POSTGRESQL_JDBC_JAR'] ?? '/usr/share/java/postgresql.jar'
const noJava =
  which('java') === undefined || !existsSync(DRIVER)
    ? 'no Java with the JDBC driver (Debian: default-jdk-headless, libpostgresql-jdbc-java)'
    : false

test('JDBC: statements that become named, batches, metadata, fetch size, COPY, timeouts', {
  skip: skip || noJava,
}, async () => {
  const url = `jdbc:postgresql://localhost:${world.gate.port}/postgres`
  const program = join(PROGRAMS, 'Jdbc.java')
  const args = ['-cp', DRIVER, program, url, GATE_PASSWORD, world.authority]
  const { code, stdout, stderr } = await execute('java', args)
  assert.equal(code, 0, `${stdout}${stderr}`)
  assert.equal(stdout, 'prepared\nbatches\nmetadata\nfetching\ncopying\nfailing\ncalling\n')
})

const withPsycopg = await pythonWith('psycopg')

test('psycopg: binary, pipelines, COPY, cursors, cancelling, direct TLS, protocol 3.2, channel binding', {
  skip: skip || (withPsycopg === undefined && 'no psycopg for python3 (make clients)'),
}, async () => {
  const env = { ...world.env, PYTHONDONTWRITEBYTECODE: '1' }
  const program = join(PROGRAMS, 'psycopg_ask.py')
  const { code, stdout, stderr } = await execute(withPsycopg ?? 'python3', [program, TOKEN, SECRET], { env })
  assert.equal(code, 0, `${stdout}${stderr}`)
  assert.match(
    stdout,
    /^types\nprepared\npipeline\ncopy\ncursors\ntransactions\ncancelling\nlistening\n(cancelling\n)?greetings\nasynchronous\n$/,
  )
})

const PGX = join(ROOT, '.build/postgres-go-client')

test('pgx: a pool, binary, batches, COPY, transactions, cancelling by context, LISTEN', {
  skip: skip || (which('go') === undefined ? 'no Go toolchain on this machine' : false),
}, async () => {
  const cwd = join(PROGRAMS, 'go')
  const built = await execute('go', ['build', '-o', PGX, '.'], { cwd })
  assert.equal(built.code, 0, built.stderr)
  const { code, stdout, stderr } = await execute(PGX, [], { env: world.env })
  assert.equal(code, 0, `${stdout}${stderr}`)
  assert.equal(stdout, 'prepared\nbatch\ncopying\ntransactions\ncancelling\nlistening\n')
})
