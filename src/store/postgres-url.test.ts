import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { ANY_CHARACTER } from '../../test/harness/any-character.ts'
import { GateError } from '../core/errors.ts'
import { Redacted } from '../core/redacted.ts'
import { type PostgresAddress, readPostgresUrl } from './postgres-url.ts'

const read = (url: string): PostgresAddress => readPostgresUrl(new Redacted(url))

test('every part of the URL is read', () => {
  assert.deepEqual(read('postgres://gate:s%40crt%2F%23@db.example.com:6432/grants?sslmode=disable'), {
    host: 'db.example.com',
    port: 6432,
    user: 'gate',
    password: 's@crt/#',
    database: 'grants',
    ssl: false,
  })
  assert.deepEqual(read('postgresql://gate@[::1]/grants'), {
    host: '::1',
    port: 5432,
    user: 'gate',
    database: 'grants',
    ssl: false,
  })
  assert.equal(read('postgres://gate@localhost/grants?host=/run/postgresql').host, '/run/postgresql')
})

test('TLS is verified unless the URL says otherwise; this machine alone may do without', () => {
  const ssl = (rest: string) => read(`postgres://gate@${rest}`).ssl
  assert.deepEqual(ssl('db.example.com/grants'), { rejectUnauthorized: true })
  assert.deepEqual(ssl('db.example.com/grants?sslmode=verify-full'), { rejectUnauthorized: true })
  assert.deepEqual(ssl('db.example.com/grants?sslmode=require'), { rejectUnauthorized: false })
  assert.deepEqual(ssl('127.0.0.1/grants'), false)
  assert.deepEqual(ssl('127.0.0.2/grants'), { rejectUnauthorized: true })
  assert.deepEqual(ssl('localhost/grants?sslmode=verify-full'), { rejectUnauthorized: true })
  assert.deepEqual(ssl('localhost.example.com/grants'), { rejectUnauthorized: true })
  assert.deepEqual(ssl('localhost/grants?host=/run/postgresql'), false)
})

test('an authority of its own is read from a file, and makes `require` verify', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-root-'))
  const file = join(folder, 'root.pem')
  writeFileSync(file, 'PEM')
  const ssl = (mode: string) => read(`postgres://gate@db/grants?sslmode=${mode}&sslrootcert=${file}`).ssl
  assert.deepEqual(ssl('verify-full'), { rejectUnauthorized: true, ca: 'PEM' })
  for (const mode of ['require', 'verify-ca']) {
    const { checkServerIdentity, ...rest } = Object(ssl(mode))
    assert.deepEqual(rest, { rejectUnauthorized: true, ca: 'PEM' })
    assert.equal(checkServerIdentity(), undefined)
  }
  assert.throws(() => ssl('disable'), { code: 'store-url-invalid' })
  rmSync(folder, { recursive: true })
  assert.throws(() => ssl('verify-full'), { code: 'store-url-invalid' })
})

const CANARY = 'canary-0f3a'
const WRONG = [
  `postgres://gate:${CANARY}@localhost/grants?host=db.example.com`,
  `postgres://gate:${CANARY}@db.example.com/grants?host=/run/postgresql`,
  `${CANARY}`,
  `mysql://gate:${CANARY}@db/grants`,
  `postgres://gate:${CANARY}@db`,
  `postgres://gate:${CANARY}@db/`,
  `postgres://gate:${CANARY}@db/grants/more`,
  `postgres://gate:${CANARY}@db:99999/grants`,
  `postgres://:${CANARY}@db/grants`,
  `postgres://db/grants?sslmode=disable`,
  `postgres://gate:${CANARY}@/grants`,
  `postgres://gate:${CANARY}%zz@db/grants`,
  `postgres://gate:${CANARY}@db/grants#${CANARY}`,
  `postgres://gate:${CANARY}@db/grants?sslmode=prefer`,
  `postgres://gate:${CANARY}@db/grants?sslmode=allow`,
  `postgres://gate:${CANARY}@db/grants?sslmode=${CANARY}`,
  `postgres://gate:${CANARY}@db/grants?sslmode=disable&sslmode=verify-full`,
  `postgres://gate:${CANARY}@db/grants?options=${CANARY}`,
]

test('a URL that cannot be used is refused, and never quoted', () => {
  for (const url of WRONG) {
    assert.throws(
      () => read(url),
      (error: unknown) => {
        assert.ok(error instanceof GateError, url)
        assert.equal(error.code, 'store-url-invalid')
        assert.ok(!inspect(error, { depth: 9, showHidden: true }).includes(CANARY), url)
        return true
      },
      url,
    )
  }
})

test('whatever text it is, it is read or refused, and its password comes back as it was written', () => {
  fc.assert(
    fc.property(fc.string({ unit: ANY_CHARACTER }), text => {
      try {
        read(text)
      } catch (error) {
        assert.ok(error instanceof GateError)
      }
    }),
  )
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), (user, password) => {
      const url = `postgres://${encodeURIComponent(user)}:${encodeURIComponent(password)}@db/grants`
      const address = read(url)
      assert.deepEqual([address.user, address.password], [user, password])
    }),
  )
})
