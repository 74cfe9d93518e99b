import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { selfSigned } from '../../../test/harness/certificate.ts'
import { type FakeMysql, type FakeMysqlOptions, startFakeMysql } from '../../../test/harness/fake-mysql.ts'
import { GateError } from '../../core/errors.ts'
import { Redacted } from '../../core/redacted.ts'
import { capabilities } from '../../wire/mysql/capabilities.ts'
import { connectMysql } from './connect.ts'
import type { MysqlConnection } from './port.ts'

const PASSWORD = `a-secret-${'of-the-database'.repeat(100)}`
const tls = await selfSigned()
const servers: FakeMysql[] = []
after(async () => {
  for (const server of servers) await server.stop()
})

async function server(
  options: Omit<FakeMysqlOptions, 'password'> & { readonly password?: string },
): Promise<FakeMysql> {
  const started = await startFakeMysql({ password: PASSWORD, ...options })
  servers.push(started)
  return started
}

async function come({ port }: FakeMysql, secure = true, shape = 0): Promise<MysqlConnection> {
  const place = secure
    ? ({ host: 'localhost', port, tls: { kind: 'verify', ca: tls.certificate } } as const)
    : ({ host: '127.0.0.1', port, tls: { kind: 'none' } } as const)
  const login = { user: 'u', database: 'd', password: async () => new Redacted(PASSWORD), attributes: [] }
  const connection = await connectMysql(
    place,
    { ...login, collation: 45, capabilities: shape },
    { timeoutMs: 60_000 },
  )
  connection.socket.destroy()
  return connection
}

const refused = (words: RegExp) => (error: unknown) => {
  assert.ok(error instanceof GateError, String(error))
  assert.match(error.message, words)
  assert.equal(error.code, 'database-refused', error.message)
  assert.ok(!`${error.message}${error.stack}`.includes(PASSWORD))
  return true
}

describe('a login at MySQL', () => {
  it('proves the password to a server that has it in its cache, with TLS and without', async () => {
    for (const secure of [true, false]) {
      const fake = await server({ plugin: 'caching_sha2_password', knows: true, ...(secure ? { tls } : {}) })
      assert.equal((await come(fake, secure)).connectionId, 99)
      assert.ok(!fake.heard.includes('password in full'))
    }
  })

  it('sends the password in full to a server that does not, over TLS alone', async () => {
    const fake = await server({ plugin: 'caching_sha2_password', tls })
    assert.equal((await come(fake)).product, 'mysql')
    assert.deepEqual(fake.heard.slice(0, 3), ['tls', 'caching_sha2_password', 'password in full'])
    const plain = await server({ plugin: 'caching_sha2_password' })
    await assert.rejects(come(plain, false), refused(/in full, over a connection without TLS/))
    assert.deepEqual(plain.heard, ['caching_sha2_password'])
  })

  it('follows a switch, to a token in the clear over TLS alone', async () => {
    for (const plugin of ['mysql_native_password', 'caching_sha2_password', 'ed25519']) {
      const fake = await server({ plugin, switchTo: 'mysql_clear_password', tls })
      await come(fake)
      assert.ok(fake.heard.includes('switched to mysql_clear_password'))
    }
    const plain = await server({ plugin: 'mysql_native_password', switchTo: 'mysql_clear_password' })
    await assert.rejects(come(plain, false), refused(/in the clear/))
    const native = await server({ plugin: 'caching_sha2_password', switchTo: 'mysql_native_password' })
    await come(native, false)
  })

  it('refuses plugins that it does not speak, and servers that know another password', async () => {
    for (const switchTo of ['sha256_password', 'dialog', 'authentication_webauthn_client', '']) {
      const fake = await server({ plugin: 'mysql_native_password', switchTo, tls })
      await assert.rejects(come(fake), refused(/does not speak/))
    }
    const other = await server({ plugin: 'caching_sha2_password', password: 'another', tls })
    await assert.rejects(come(other), refused(/`1045`: Access denied/))
  })

  it('says nothing of the user to a server that takes no TLS where it must', async () => {
    const fake = await server({ plugin: 'caching_sha2_password' })
    await assert.rejects(come(fake), { code: 'database-tls' })
    assert.deepEqual(fake.heard, [])
  })

  it('refuses a server that cannot what the client was promised', async () => {
    const fake = await server({
      plugin: 'caching_sha2_password',
      knows: true,
      tls,
      without: ['deprecateEof'],
    })
    await assert.rejects(come(fake, true, capabilities('deprecateEof')), refused(/too old/))
    await come(fake, true, capabilities('sessionTrack'))
  })

  it('sets the character set where the server took another, and refuses one that does not take it', async () => {
    const fake = await server({
      ...{ plugin: 'caching_sha2_password', knows: true, tls },
      variables: { character_set_client: 'latin1' },
    })
    await assert.rejects(come(fake), refused(/character set `utf8mb4`/))
    assert.ok(fake.heard.includes('SET NAMES utf8mb4'))
  })

  it('knows MariaDB by its version', async () => {
    const fake = await server({
      ...{ plugin: 'mysql_native_password', tls, version: '5.5.5-10.11.6-MariaDB-log' },
    })
    const { product, version } = await come(fake)
    assert.deepEqual([product, version], ['mariadb', '10.11.6-MariaDB-log'])
  })
})
