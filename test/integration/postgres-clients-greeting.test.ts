import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { after, before, test } from 'node:test'
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls'
import pg from 'pg'
import { GateError } from '../../src/core/errors.ts'
import { Redacted } from '../../src/core/redacted.ts'
import type { CredentialsClaim } from '../../src/gateway/postgres/ports.ts'
import type { Claimed } from '../../src/gateway/sql/ports.ts'
import { TEST_PRINCIPAL } from '../../src/policy/testing.ts'
import { writePassword, writeSaslInitial } from '../../src/wire/postgres/authentication.ts'
import { endPointBinding } from '../../src/wire/postgres/channel-binding.ts'
import type { Setting, StartupPacket } from '../../src/wire/postgres/messages.ts'
import { ScramClient } from '../../src/wire/postgres/scram-client.ts'
import { writeFrontend, writeStartup } from '../../src/wire/postgres/writer.ts'
import { selfSigned } from '../harness/certificate.ts'
import { startPostgres } from '../harness/postgres.ts'
import { GATE_PASSWORD, startPostgresGate, type TestGate } from '../harness/postgres-gate.ts'
import { kinds, RawPostgres, sqlstates } from '../harness/postgres-raw.ts'

const started = await startPostgres()
const skip = 'missing' in started ? started.missing : false
const tls = await selfSigned()
const person = await selfSigned('person')
const stranger = await selfSigned('stranger')
const principal = { ...TEST_PRINCIPAL, expiresAtMs: Number.MAX_SAFE_INTEGER }
const SECRET = 'the-secret-access-key'
const claims: Claimed[] = []
let gate: TestGate
let plain: TestGate

before(async () => {
  if ('missing' in started) return
  gate = await startPostgresGate(started.port, tls, {
    requestCertificate: true,
    rooms: {
      identify: claimed => {
        claims.push(claimed)
        const isPerson = claimed.certificate?.equals(derOf(person.certificate)) ?? false
        const isKnown = isPerson || claimed.password.reveal() === GATE_PASSWORD
        if (isKnown) return { principal, target: claimed.database }
        throw new GateError('credentials-expired', 'of nobody here')
      },
      offered: ({ accessKeyId, sessionToken, database }: CredentialsClaim) => {
        if (accessKeyId !== 'ASIATEST' || sessionToken !== 'token:=') {
          throw new GateError('credentials-expired', 'of nobody here')
        }
        return { principal, target: database, secretAccessKey: new Redacted(SECRET) }
      },
    },
  })
  plain = await startPostgresGate(started.port)
})
after(async () => {
  if ('missing' in started) return
  await gate.stop()
  await plain.stop()
  await started.stop()
})

function derOf(pem: string): Buffer {
  return Buffer.from(pem.replace(/-----[A-Z ]+-----|\s/g, ''), 'base64')
}

const USER: readonly Setting[] = [
  ['user', 'agent'],
  ['database', 'postgres'],
]
const V30 = { major: 3, minor: 0 }
const V32 = { major: 3, minor: 2 }
const startup = (parameters: readonly Setting[] = [], version = V30): Buffer =>
  writeStartup({ kind: 'startup', version, parameters: [...USER, ...parameters] })
const password = (text = GATE_PASSWORD) =>
  ({ kind: 'authentication', data: writePassword(new Redacted(text)) }) as const

async function tcp(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  return socket
}

async function direct(options: ConnectionOptions = {}, alpn = ['postgresql']): Promise<TLSSocket> {
  const socket = connectTls({
    host: '127.0.0.1',
    port: gate.port,
    ca: tls.certificate,
    servername: 'localhost',
    ALPNProtocols: alpn,
    ...options,
  })
  await once(socket, 'secureConnect')
  return socket
}

async function negotiated(options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = await tcp(gate.port)
  socket.write(writeStartup({ kind: 'ssl-request' }))
  const [answer] = (await once(socket, 'data')) as [Buffer]
  assert.equal(answer.toString(), 'S')
  const secured = connectTls({ socket, ca: tls.certificate, servername: 'localhost', ...options })
  await once(secured, 'secureConnect')
  return secured
}

test('TLS at once, with the name of the protocol, and without', { skip }, async () => {
  const socket = await direct()
  assert.equal(socket.alpnProtocol, 'postgresql')
  const raw = new RawPostgres(socket)
  socket.write(startup())
  assert.equal(kinds(await raw.until('authentication')), 'authentication')
  raw.say(password())
  await raw.until('ready')
  raw.say({ kind: 'query', sql: 'select 1' })
  assert.equal(kinds(await raw.until('ready')), 'row-description data-row command-complete ready')
  socket.destroy()

  const nameless = await direct({}, [])
  const silent = new RawPostgres(nameless)
  nameless.write(startup())
  assert.deepEqual(sqlstates(await silent.until('close')), ['08P01'])

  await assert.rejects(direct({}, ['http/1.1']), { code: 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL' })
  await assert.rejects(direct({ maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'ALL:@SECLEVEL=0' }))
})

test('TLS by the byte, and its first bytes by themselves', { skip }, async () => {
  const inner = await tcp(gate.port)
  const socket = connectTls({
    socket: inner,
    ca: tls.certificate,
    servername: 'localhost',
    ALPNProtocols: ['postgresql'],
  })
  await once(socket, 'secureConnect')
  const raw = new RawPostgres(socket)
  for (const byte of startup()) socket.write(Buffer.of(byte))
  await raw.until('authentication')
  raw.say(password())
  await raw.until('ready')
  socket.destroy()
})

test('bytes behind a request for TLS are no part of what is said within', { skip }, async () => {
  const socket = await tcp(gate.port)
  const raw = new RawPostgres(socket)
  socket.write(Buffer.concat([writeStartup({ kind: 'ssl-request' }), startup()]))
  const heard = await raw.until('close')
  assert.deepEqual(sqlstates(heard), ['08P01'])
})

test('protocol 3.2 with its longer keys, 3.0 with the short ones; cancelling by both, over TLS', {
  skip,
}, async () => {
  for (const version of [V30, V32, { major: 3, minor: 1 }, { major: 3, minor: 9_999 }]) {
    const socket = await negotiated()
    const raw = new RawPostgres(socket)
    const isNew = version.minor >= 2
    const isExact = version === V30 || version === V32
    socket.write(startup(isExact ? [] : [['_pq_.test_protocol_negotiation', '']], version))
    raw.say(password())
    const heard = await raw.until('ready')
    const [said] = heard.filter(({ kind }) => kind === 'negotiate-version')
    assert.deepEqual(
      said,
      isExact
        ? undefined
        : {
            kind: 'negotiate-version',
            version: isNew ? V32 : V30,
            unknown: ['_pq_.test_protocol_negotiation'],
          },
    )
    const [key] = heard.flatMap(each => (each.kind === 'backend-key' ? [each.key] : []))
    assert.ok(key)
    assert.equal(key.secret.reveal().length, isNew ? 32 : 4)

    const sql = `select pg_sleep(${700 + version.minor})`
    raw.say({ kind: 'query', sql })
    await gate.until(({ what, question }) => what === 'decision' && question?.text.sql === sql)
    const answered = raw.until('ready')
    let over = false
    void answered.then(() => {
      over = true
    })
    const cancel = async (secret: Buffer): Promise<void> => {
      const other = await negotiated()
      const packet: StartupPacket = { kind: 'cancel', key: { ...key, secret: new Redacted(secret) } }
      other.end(writeStartup(packet))
      other.resume()
      await once(other, 'close')
    }
    await cancel(Buffer.concat([key.secret.reveal(), Buffer.of(0)]))
    await cancel(randomBytes(key.secret.reveal().length))
    while (!over) await cancel(key.secret.reveal())
    assert.deepEqual(sqlstates(await answered), ['57014'])
    socket.destroy()
  }
})

test('a client with a certificate is asked for no password; one that is of nobody here may have one', {
  skip,
}, async () => {
  const known = await negotiated({ key: person.key, cert: person.certificate })
  const raw = new RawPostgres(known)
  claims.length = 0
  known.write(startup())
  const heard = await raw.until('ready')
  assert.ok(heard.every(each => each.kind !== 'authentication' || each.method === 'ok'))
  assert.equal(claims[0]?.password.reveal(), '')
  known.destroy()

  const other = await direct({ key: stranger.key, cert: stranger.certificate })
  const asked = new RawPostgres(other)
  claims.length = 0
  other.write(startup())
  await asked.until('authentication')
  asked.say(password())
  await asked.until('ready')
  assert.deepEqual(
    claims.map(({ certificate, password }) => [certificate !== undefined, password.reveal()]),
    [
      [true, ''],
      [false, GATE_PASSWORD],
    ],
  )
  other.destroy()
})

interface Proof {
  readonly password?: string
  readonly token?: string
  readonly binding?: () => Buffer | undefined
  readonly mechanisms?: readonly string[]
}

async function proven(proof: Proof): Promise<string[]> {
  const socket = await direct()
  const own = endPointBinding(socket.getPeerCertificate().raw)
  const raw = new RawPostgres(socket)
  const token = proof.token ?? 'ASIATEST:token:='
  socket.write(startup([['options', `-c sallyport.token=${token}`]]))
  const asked = await raw.untilOrClosed('authentication')
  const [offer] = asked
  if (offer?.kind !== 'authentication' || offer.method !== 'sasl') return sqlstates(asked)
  assert.deepEqual(offer.mechanisms, ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256'])
  const client = new ScramClient({
    password: new Redacted(proof.password ?? SECRET),
    mechanisms: proof.mechanisms ?? offer.mechanisms,
    binding: proof.binding === undefined ? own : proof.binding(),
    nonce: randomBytes(24).toString('base64'),
  })
  const initial = writeSaslInitial({ mechanism: client.mechanism, data: client.first() })
  raw.say({ kind: 'authentication', data: initial })
  const answer = await raw.untilOrClosed('authentication')
  const [next] = answer
  if (next?.kind !== 'authentication' || next.method !== 'sasl-continue') return sqlstates(answer)
  raw.say({ kind: 'authentication', data: new Redacted(await client.final(next.data)) })
  const ended: string[] = []
  const heard = await raw.untilOrClosed('ready')
  const last = heard.find(each => each.kind === 'authentication')
  if (last?.kind === 'authentication' && last.method === 'sasl-final') {
    client.verify(last.data)
    ended.push(`proven ${client.mechanism}`)
  }
  socket.destroy()
  return [...ended, ...sqlstates(heard)]
}

test('SCRAM by credentials of the gate, bound to the TLS connection', { skip }, async () => {
  assert.deepEqual(await proven({}), ['proven SCRAM-SHA-256-PLUS'])
  assert.deepEqual(await proven({ binding: () => undefined }), ['proven SCRAM-SHA-256'])
  assert.deepEqual(await proven({ password: 'another' }), ['28P01'])
  assert.deepEqual(await proven({ token: 'ASIATEST:other' }), ['28P01'])
  assert.deepEqual(await proven({ token: 'no-form' }), ['28P01'])
  // Somebody between has another certificate; or has taken the offer away.
  assert.deepEqual(await proven({ binding: () => randomBytes(32) }), ['28P01'])
  assert.deepEqual(await proven({ mechanisms: ['SCRAM-SHA-256'] }), ['28P01'])
  const { code } = await gate.until(({ what }) => what === 'refusal')
  assert.ok(code)
})

test('what is not carried is refused clearly: replication, GSS, other settings, old protocols', {
  skip,
}, async () => {
  const refused = async (bytes: Buffer): Promise<string[]> => {
    const raw = new RawPostgres(await tcp(plain.port))
    raw.socket.write(bytes)
    return sqlstates(await raw.until('close'))
  }
  assert.deepEqual(await refused(startup([['replication', 'database']])), ['0A000'])
  assert.deepEqual(await refused(startup([['replication', 'true']])), ['0A000'])
  assert.deepEqual(await refused(startup([['options', '-c role=postgres']])), ['0A000'])
  assert.deepEqual(await refused(startup([], { major: 2, minor: 0 })), ['08P01'])
  assert.deepEqual(await refused(Buffer.from('GET / HTTP/1.1\r\nhost: gate\r\n\r\n')), ['08P01'])

  const socket = await tcp(gate.port)
  for (const kind of ['gss-request', 'ssl-request'] as const) {
    socket.write(writeStartup({ kind }))
    const [answer] = (await once(socket, 'data')) as [Buffer]
    assert.equal(answer.toString(), kind === 'gss-request' ? 'N' : 'S')
  }
  socket.destroy()
  const again = new RawPostgres(await direct())
  again.socket.write(writeStartup({ kind: 'ssl-request' }))
  assert.deepEqual(sqlstates(await again.until('close')), ['08P01'])
  const gss = await tcp(plain.port)
  const chunks: Buffer[] = []
  gss.on('data', chunk => chunks.push(chunk))
  gss.write(Buffer.concat([writeStartup({ kind: 'gss-request' }), writeStartup({ kind: 'gss-request' })]))
  await once(gss, 'close')
  assert.match(Buffer.concat(chunks).toString('latin1'), /^NE/)
})

test('settings in the startup message are what SET would be', { skip }, async () => {
  const url = `${plain.url()}?options=${encodeURIComponent('-c search_path=pg_catalog -c statement_timeout=7s')}`
  const db = new pg.Client({ connectionString: url })
  await db.connect()
  assert.equal((await db.query('show search_path')).rows[0]?.search_path, 'pg_catalog')
  assert.equal((await db.query('show statement_timeout')).rows[0]?.statement_timeout, '7s')
  await db.end()
  plain.policy.deny = [/sql:Set .*setting:search_path/]
  const denied = new pg.Client({ connectionString: url })
  await assert.rejects(denied.connect(), { code: '42501', message: /setting:search_path is denied/ })
  plain.policy.deny = []
})

test('there are places for so many strangers, and for so many clients of a target', { skip }, async () => {
  if ('missing' in started) return
  const small = await startPostgresGate(started.port, undefined, {
    connections: 2,
    options: { door: { strangers: 3, strangersPerAddress: 2 } },
  })
  const strangers = [await tcp(small.port), await tcp(small.port)]
  const third = new RawPostgres(await tcp(small.port))
  assert.deepEqual(sqlstates(await third.until('close')), ['53300'])
  for (const socket of strangers) {
    socket.end()
    socket.resume()
    await once(socket, 'close')
  }
  const clients = [await RawPostgres.open(small.port), await RawPostgres.open(small.port)]
  await assert.rejects(new pg.Client({ connectionString: small.url() }).connect(), { code: '53300' })
  for (const { socket } of clients) {
    socket.destroy()
    await once(socket, 'close')
  }
  for (;;) {
    const next = new pg.Client({ connectionString: small.url() })
    const isIn = await next.connect().then(
      () => true,
      (error: pg.DatabaseError) => assert.equal(error.code, '53300'),
    )
    if (isIn !== true) continue
    await next.end()
    break
  }
  await small.stop()
})

test('a stranger that says nothing, and a client that says nothing more', { skip }, async () => {
  if ('missing' in started) return
  const short = await startPostgresGate(started.port, undefined, { options: { greetingMs: 50 } })
  const mute = await tcp(short.port)
  mute.resume()
  await once(mute, 'close')
  await short.stop()
  const idle = await startPostgresGate(started.port, undefined, { options: { idleMs: 1_000 } })
  const raw = await RawPostgres.open(idle.port)
  raw.say({ kind: 'query', sql: 'select pg_sleep(2.5)' })
  const heard = await raw.until('close')
  assert.equal(kinds(heard), 'row-description data-row command-complete ready error')
  assert.deepEqual(sqlstates(heard), ['57P05'])
  await idle.stop()
})

test('a client that is gone before it is answered is no trouble', { skip }, async () => {
  for (let i = 0; i < 20; i++) {
    const socket = await (i % 2 === 0 ? direct() : negotiated())
    socket.write(startup())
    socket.on('error', () => undefined)
    if (i % 4 < 2) socket.destroy()
    else socket.end().resume()
    await once(socket, 'close')
  }
  const raw = new RawPostgres(await direct())
  raw.socket.write(startup())
  raw.say(password())
  await raw.until('ready')
  raw.socket.destroy()
  assert.deepEqual(gate.troubles, [])
})

test('however often a client cancels, the server hears of it by one connection at a time', {
  skip,
}, async () => {
  if ('missing' in started) return
  let open = 0
  let most = 0
  const counted = createServer(client => {
    open++
    most = Math.max(most, open)
    const upstream = connect(started.port, '127.0.0.1')
    client.pipe(upstream).pipe(client)
    for (const socket of [client, upstream]) socket.on('error', () => socket.destroy())
    client.on('close', () => open--)
  }).listen(0, '127.0.0.1')
  await once(counted, 'listening')
  const own = await startPostgresGate((counted.address() as AddressInfo).port)
  const raw = await RawPostgres.open(own.port)
  const [key] = raw.greeted.flatMap(each => (each.kind === 'backend-key' ? [each.key] : []))
  assert.ok(key)
  const before = open
  most = 0
  const sql = 'select pg_sleep(600)'
  raw.say({ kind: 'query', sql })
  await own.until(({ what, question }) => what === 'decision' && question?.text.sql === sql)
  const answered = raw.until('ready')
  let over = false
  void answered.then(() => {
    over = true
  })
  while (!over) {
    const all = await Promise.all(Array.from({ length: 20 }, () => tcp(own.port)))
    for (const socket of all) socket.end(writeStartup({ kind: 'cancel', key })).resume()
    await Promise.all(all.map(socket => once(socket, 'close')))
  }
  assert.deepEqual(sqlstates(await answered), ['57014'])
  assert.ok(most <= before + 1, `${most} at once, of ${before}`)
  raw.socket.destroy()
  await own.stop()
  counted.close()
})

test('whatever a stranger says, it is turned away, and others are let in', { skip }, async () => {
  const uncaught: unknown[] = []
  const onUncaught = (reason: unknown): void => void uncaught.push(reason)
  process.on('unhandledRejection', onUncaught)
  let state = 20261126
  const next = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
  const key = { processId: 7, secret: new Redacted(Buffer.alloc(32)) }
  const starts = [
    startup(),
    startup([['options', '-c search_path=a -c sallyport.token=ASIATEST:token:=']], V32),
    Buffer.concat([startup(), writeFrontend(password())]),
    writeStartup({ kind: 'ssl-request' }),
    writeStartup({ kind: 'gss-request' }),
    writeStartup({ kind: 'cancel', key }),
    Buffer.from('16030100050100000100', 'hex'),
  ]
  for (let i = 0; i < 300; i++) {
    const bytes = Buffer.from(starts[next(starts.length)] as Buffer)
    for (let flips = next(4); flips >= 0; flips--) bytes[next(bytes.length)] = next(256)
    const socket = i % 3 === 0 ? await direct() : await tcp(i % 3 === 1 ? gate.port : plain.port)
    socket.on('error', () => undefined)
    socket.end(bytes.subarray(0, i % 2 === 0 ? bytes.length : next(bytes.length))).resume()
    if (!socket.destroyed) await once(socket, 'close')
  }
  process.off('unhandledRejection', onUncaught)
  assert.deepEqual([uncaught, gate.troubles, plain.troubles], [[], [], []])
  const db = new pg.Client({ connectionString: plain.url() })
  await db.connect()
  await db.end()
})
