import assert from 'node:assert/strict'
import { randomBytes, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import test from 'node:test'
import { TLSSocket } from 'node:tls'
import { GateError } from '../../src/core/errors.ts'
import { Redacted } from '../../src/core/redacted.ts'
import { readSaslInitial } from '../../src/wire/postgres/authentication.ts'
import { endPointBinding } from '../../src/wire/postgres/channel-binding.ts'
import type { BackendMessage, FrontendMessage } from '../../src/wire/postgres/messages.ts'
import { FrontendReader } from '../../src/wire/postgres/reader.ts'
import { ScramServer } from '../../src/wire/postgres/scram-server.ts'
import { makeVerifier } from '../../src/wire/postgres/scram-verifier.ts'
import { complaintFields, writeBackend } from '../../src/wire/postgres/writer.ts'
import { selfSigned } from '../harness/certificate.ts'
import { without } from '../harness/postgres-programs.ts'
import { execute } from '../harness/process.ts'

const skip = without('psql')
const { key, certificate } = await selfSigned()
const binding = endPointBinding(new X509Certificate(certificate).raw)
const verifier = await makeVerifier(new Redacted('pencil'), randomBytes(16))

/** Serves one connection with the codecs alone, as a gate would that answers each query with `1`. */
async function serve(raw: Socket): Promise<void> {
  const reader = new FrontendReader()
  let socket = raw
  let wake = (): void => undefined
  const listen = (): void =>
    void socket.on('data', chunk => {
      reader.push(chunk)
      wake()
    })
  listen()
  const pull = async <T>(next: () => T | undefined): Promise<T> => {
    for (let one = next(); ; one = next()) {
      if (one !== undefined) return one
      await new Promise<void>(resolve => {
        wake = resolve
      })
    }
  }
  const say = (...messages: readonly BackendMessage[]): void =>
    void socket.write(Buffer.concat(messages.map(writeBackend)))
  const hear = async (): Promise<FrontendMessage> => reader.read(await pull(() => reader.next()))
  const proof = async (): Promise<Redacted<Buffer>> => {
    const message = await hear()
    assert.equal(message.kind, 'authentication')
    return (message as { data: Redacted<Buffer> }).data
  }
  for (let packet = await pull(() => reader.nextStartup()); packet.kind !== 'startup'; ) {
    if (packet.kind === 'ssl-request') {
      reader.requireNothingBuffered()
      socket.removeAllListeners('data')
      socket.write('S')
      socket = new TLSSocket(raw, { isServer: true, key, cert: certificate })
      socket.on('error', () => undefined)
      listen()
    } else socket.write('N')
    packet = await pull(() => reader.nextStartup())
  }
  const scram = new ScramServer({
    verifier,
    binding: socket === raw ? undefined : binding,
    nonce: randomBytes(18).toString('base64'),
  })
  say({ kind: 'authentication', method: 'sasl', mechanisms: scram.mechanisms })
  const { mechanism, data } = readSaslInitial(await proof())
  say({
    kind: 'authentication',
    method: 'sasl-continue',
    data: scram.first(mechanism, data ?? Buffer.alloc(0)),
  })
  try {
    say({ kind: 'authentication', method: 'sasl-final', data: scram.final((await proof()).reveal()) })
  } catch (error) {
    if (!(error instanceof GateError)) throw error
    const fields = complaintFields({ severity: 'FATAL', sqlstate: '28P01', message: error.code })
    socket.end(writeBackend({ kind: 'error', fields }))
    return
  }
  reader.authenticated()
  const ready = { kind: 'ready', state: 'I' } as const
  say({ kind: 'authentication', method: 'ok' }, ready)
  for (let message = await hear(); message.kind !== 'terminate'; message = await hear()) {
    assert.equal(message.kind, 'query')
    const number = { table: 0, attribute: 0, type: 23, typeSize: 4, typeModifier: -1, format: 0 } as const
    say(
      { kind: 'row-description', columns: [{ name: mechanism, ...number }] },
      { kind: 'data-row', values: [Buffer.from('1')] },
      { kind: 'command-complete', tag: 'SELECT 1' },
      ready,
    )
  }
  socket.end()
}

async function psql(
  options: string,
  password = 'pencil',
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const server = createServer(socket => {
    socket.on('error', () => undefined)
    serve(socket).catch(() => socket.destroy())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  try {
    const connection = `host=127.0.0.1 port=${port} user=alice dbname=orders ${options}`
    return await execute('psql', ['-X', '-A', connection, '-c', 'select 1'], {
      env: { PATH: process.env['PATH'], PGPASSWORD: password, HOME: '/nonexistent' },
    })
  } finally {
    server.close()
  }
}

test('psql proves its password, over TLS with the channel bound', { skip }, async () => {
  const { code, stdout, stderr } = await psql('sslmode=require channel_binding=require')
  assert.equal(code, 0, stderr)
  assert.equal(stdout, 'SCRAM-SHA-256-PLUS\n1\n(1 row)\n')
})

test('psql proves its password, where neither is wanted', { skip }, async () => {
  const { code, stdout, stderr } = await psql('sslmode=disable')
  assert.equal(code, 0, stderr)
  assert.equal(stdout, 'SCRAM-SHA-256\n1\n(1 row)\n')
  const unbound = await psql('sslmode=require channel_binding=disable')
  assert.equal(unbound.stdout, 'SCRAM-SHA-256\n1\n(1 row)\n', unbound.stderr)
})

test('psql with another password is told no', { skip }, async () => {
  const { code, stderr } = await psql('sslmode=require', 'pencils')
  assert.equal(code, 2)
  assert.match(stderr, /scram-proof-mismatch/)
})
