import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { connect, createServer, type SecureContext, type Server } from 'node:tls'
import { ManualClock, systemRandom } from '../core/clock.ts'
import { GateError } from '../core/errors.ts'
import { type Authority, type AuthorityFiles, openAuthority } from './authority.ts'
import { encodeNameConstraints } from './constraints.ts'

const SUFFIXES = ['amazonaws.com', 'amazonaws.com.cn', 'api.aws']
const HOST = 's3.eu-west-1.amazonaws.com'

class Files implements AuthorityFiles {
  readonly texts = new Map<string, string>()
  mode = 0o600
  facts(path: string): { readonly mode: number; readonly folderMode: number } | undefined {
    return this.texts.has(path) ? { mode: this.mode, folderMode: 0o700 } : undefined
  }
  read(path: string): string {
    return this.texts.get(path) ?? ''
  }
  makeFolder(): void {
    // Folders need no making here.
  }
  create(path: string, text: string): boolean {
    if (this.texts.has(path)) return false
    this.texts.set(path, text)
    return true
  }
  publish(path: string, text: string): void {
    this.texts.set(path, text)
  }
}

function open(
  files: Files = new Files(),
  clock: ManualClock = new ManualClock(Date.now()),
  isAwsHost: (host: string) => boolean = () => true,
  mayMint: () => boolean = () => true,
): Promise<Authority> {
  return openAuthority({
    keyPath: '/data/keys/ca.key',
    certificatePath: '/data/ca.pem',
    files,
    clock,
    random: systemRandom,
    suffixes: SUFFIXES,
    isAwsHost,
    mayMint,
  })
}

let server: Server
let context: SecureContext

before(async () => {
  server = createServer({ SNICallback: (_name, done) => done(null, context) }, socket => socket.end('hello'))
  server.on('tlsClientError', () => undefined)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})

after(() => server.close())

/** A real handshake; resolves with the error of a client that trusts `ca` alone and wants `name`. */
async function handshake(ca: string, name: string, presented: SecureContext): Promise<string | undefined> {
  context = presented
  const { port } = server.address() as AddressInfo
  const socket = connect({ port, host: '127.0.0.1', servername: name, ca })
  try {
    await once(socket, 'secureConnect')
    assert.equal(socket.authorized, true)
    return undefined
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return code === 'UNSPECIFIED' ? message : code
  } finally {
    socket.destroy()
  }
}

test('a client that trusts the authority shakes hands for exactly the host that was minted', async () => {
  const files = new Files()
  const authority = await open(files)
  const minted = await authority.secureContextFor(HOST)
  assert.equal(files.texts.get('/data/ca.pem'), authority.certificate)
  assert.ok(!authority.certificate.includes('PRIVATE'))
  assert.equal(await handshake(authority.certificate, HOST, minted), undefined)
  assert.equal(
    await handshake(authority.certificate, 'sts.amazonaws.com', minted),
    'ERR_TLS_CERT_ALTNAME_INVALID',
  )
  const stranger = await open()
  assert.notEqual(await handshake(stranger.certificate, HOST, minted), undefined)
})

test('a second process reads the same authority', async () => {
  const files = new Files()
  const [one, two] = await Promise.all([open(files), open(files)])
  assert.equal(one.certificate, two.certificate)
  assert.equal(await handshake(one.certificate, HOST, await two.secureContextFor(HOST)), undefined)
})

test('no more certificates are made than may be, and the ones that were made stay good', async () => {
  let left = 1
  const authority = await open(
    new Files(),
    new ManualClock(Date.now()),
    () => true,
    () => left-- > 0,
  )
  const first = await authority.secureContextFor(HOST)
  await assert.rejects(authority.secureContextFor(`other.${HOST}`), { code: 'overloaded' })
  assert.equal(await authority.secureContextFor(HOST), first)
  left = 1
  await authority.secureContextFor(`other.${HOST}`)
})

test('a certificate is kept, shared by those who ask at once, and renewed before it ends', async () => {
  const clock = new ManualClock(Date.now())
  const authority = await open(new Files(), clock)
  const [first, other] = await Promise.all([
    authority.secureContextFor(HOST),
    authority.secureContextFor(HOST),
  ])
  assert.equal(first, other)
  clock.advance(5 * 86_400_000)
  assert.equal(await authority.secureContextFor(HOST), first)
  clock.advance(86_400_000)
  const [renewed, again] = await Promise.all([
    authority.secureContextFor(HOST),
    authority.secureContextFor(HOST),
  ])
  assert.notEqual(renewed, first)
  assert.equal(renewed, again)
})

test('nothing but host names of AWS is vouched for', async () => {
  const authority = await open(new Files(), undefined, host => host !== 'console.amazonaws.com')
  const hosts = [
    'example.com',
    'amazonaws.com.evil.example',
    'notamazonaws.com',
    'console.amazonaws.com',
    '*.amazonaws.com',
    '.amazonaws.com',
    's3..amazonaws.com',
    's3.amazonaws.com.',
    'S3.amazonaws.com',
    's3.amazonaws.com\0.evil.example',
    's3.amazonaws.com, DNS:evil.example',
    '127.0.0.1',
    `${'a'.repeat(64)}.amazonaws.com`,
    `${'a.'.repeat(130)}amazonaws.com`,
    '',
  ]
  for (const host of hosts) {
    await assert.rejects(authority.secureContextFor(host), { code: 'proxy-host-refused' }, host)
  }
})

test('a stolen key vouches for no name outside of AWS', async () => {
  const files = new Files()
  const thief = await openAuthority({
    keyPath: '/data/keys/ca.key',
    certificatePath: '/data/ca.pem',
    files: Object.assign(files, { texts: (await openedFiles()).texts }),
    clock: new ManualClock(Date.now()),
    random: systemRandom,
    // The thief's own code asks no predicate and knows no suffix; the certificate still says them.
    suffixes: ['example.com'],
    isAwsHost: () => true,
  })
  const forged = await thief.secureContextFor('bank.example.com')
  assert.equal(await handshake(thief.certificate, 'bank.example.com', forged), 'permitted subtree violation')
})

async function openedFiles(): Promise<Files> {
  const files = new Files()
  await open(files)
  return files
}

test('a shared, damaged or expired key file is refused, and never quoted', async () => {
  const files = await openedFiles()
  files.mode = 0o644
  await assert.rejects(open(files), { code: 'keyring-unsafe' })
  files.mode = 0o600
  await assert.rejects(open(files, new ManualClock(Date.now() + 3651 * 86_400_000)), {
    code: 'keyring-unreadable',
  })
  const good = files.read('/data/keys/ca.key')
  const other = (await openedFiles()).read('/data/keys/ca.key')
  const certificateOf = (text: string) => text.slice(text.indexOf('-----BEGIN CERTIFICATE'))
  const keyOf = (text: string) => text.slice(0, text.indexOf('-----BEGIN CERTIFICATE'))
  for (const text of [
    '',
    'x',
    keyOf(good),
    certificateOf(good),
    good.slice(0, 200),
    keyOf(good) + certificateOf(other),
  ]) {
    files.texts.set('/data/keys/ca.key', text)
    await assert.rejects(open(files), (error: unknown) => {
      assert.ok(error instanceof GateError && error.code === 'keyring-unreadable')
      assert.equal(error.cause, undefined)
      return true
    })
  }
})

test('trouble of the file system is told by the name of the key file', async () => {
  const files = new Files()
  files.create = () => {
    throw Object.assign(new Error('read-only'), { code: 'EROFS' })
  }
  await assert.rejects(open(files), {
    code: 'keyring-unreadable',
    message: /`\/data\/keys\/ca.key`.*`EROFS`/,
  })
})

test('name constraints are in DER as RFC 5280 says', () => {
  const permitted = ['a007', '3005', '8203', '612e62'].join('')
  const excluded = ['a130', '300a', '8708', '00'.repeat(8), '3022', '8720', '00'.repeat(32)].join('')
  assert.equal(encodeNameConstraints(['a.b']).toString('hex'), `303b${permitted}${excluded}`)
  const long = encodeNameConstraints(Array.from({ length: 20 }, (_, i) => `suffix-${i}.example`))
  assert.equal(long.readUInt16BE(2), long.length - 4)
})
