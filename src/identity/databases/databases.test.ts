import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ManualClock } from '../../core/clock.ts'
import type { ErrorCode } from '../../core/codes.ts'
import { GateError } from '../../core/errors.ts'
import { Redacted } from '../../core/redacted.ts'
import { type DatabaseTokenInput, makeDatabaseToken } from '../../wire/sigv4/database-token.ts'
import { SigningKeys } from '../../wire/sigv4/keys.ts'
import { EMPTY_SHA256 } from '../../wire/sigv4/messages.ts'
import { presign } from '../../wire/sigv4/sign.ts'
import { GateCredentials } from '../credentials.ts'
import { issueExpressSession } from '../express.ts'
import { Keyring } from '../keyring.ts'
import { countingRandom, MemoryFiles, principalOf, START_MS } from '../testing.ts'
import { DatabaseIdentities } from './databases.ts'
import type { DatabaseClaim, KnownTarget } from './port.ts'

const HOST = 'orders.abc123.eu-west-1.rds.amazonaws.com'
const SHARED = 'shared.abc123.eu-west-1.rds.amazonaws.com'
const target = (name: string, host: string, change: Partial<KnownTarget> = {}): KnownTarget => ({
  ...{ name, engine: 'postgres', host, port: 5432, database: `${name}_db` },
  ...change,
})
const TARGETS = [
  target('orders', HOST),
  target('billing', SHARED),
  target('people', SHARED),
  target('old', SHARED, { port: 5433 }),
  target('shop', 'shop.example', { engine: 'mysql', port: 3306 }),
]
const LISTEN_PORT = 6432
const PRINCIPAL = principalOf()
const ROLE = 'deploy'

function world() {
  const clock = new ManualClock(START_MS)
  const random = countingRandom(5)
  const files = new MemoryFiles()
  const keyring = new Keyring({ path: '/k/c.json', files, clock, random, maxSessionMs: 43_200_000 })
  const credentials = new GateCredentials({ keyring, clock, random })
  const issued = credentials.issue({ principal: PRINCIPAL })
  const options = { targets: TARGETS, listenPorts: () => [LISTEN_PORT], credentials, clock }
  const identities = new DatabaseIdentities({ ...options, engine: 'postgres' })
  const keys = new SigningKeys()
  const token = (change: Partial<DatabaseTokenInput> = {}): string =>
    makeDatabaseToken(
      {
        ...{
          host: HOST,
          port: 5432,
          user: ROLE,
          region: 'eu-west-1',
          credentials: issued,
          timeMs: clock.now(),
        },
        ...change,
      },
      keys,
    ).reveal()
  const claim = (password: string, change: Partial<DatabaseClaim> = {}): DatabaseClaim => ({
    ...{
      user: ROLE,
      database: 'orders',
      password: new Redacted(password),
      clientAddress: '10.0.0.9',
      secure: true,
    },
    ...change,
  })
  return { clock, credentials, issued, options, identities, token, claim, keys }
}

async function refused(attempt: Promise<unknown>, code: ErrorCode): Promise<GateError> {
  const error = await attempt.then(
    () => assert.fail(`let in, where \`${code}\` was expected`),
    (thrown: unknown) => thrown,
  )
  assert.ok(error instanceof GateError, String(error))
  assert.equal(error.code, code, error.message)
  return error
}

describe('a token as the password of a client of a database', () => {
  it('tells the principal and the target that it was signed for', async () => {
    const { identities, token, claim } = world()
    const { principal, target } = await identities.identify(claim(token()))
    assert.deepEqual({ ...principal }, PRINCIPAL)
    assert.equal(target, 'orders')
  })

  it('may name the target, and the port where the gate listens', async () => {
    const { identities, token, claim } = world()
    for (const [host, port] of [
      ['orders', 5432],
      ['orders', LISTEN_PORT],
      [HOST, LISTEN_PORT],
      [HOST.toUpperCase(), 5432],
    ] as const) {
      const found = await identities.identify(claim(token({ host, port })))
      assert.equal(found.target, 'orders')
    }
  })

  it('may leave the database to the token, or name it as it is called in the server', async () => {
    const { identities, token, claim } = world()
    for (const database of ['orders', 'ORDERS', HOST, 'orders_db', ROLE, '']) {
      assert.equal((await identities.identify(claim(token(), { database }))).target, 'orders', database)
    }
  })

  it('may be for the ARN of the role', async () => {
    const { identities, token, claim } = world()
    const user = PRINCIPAL.roleArn
    assert.equal((await identities.identify(claim(token({ user }), { user }))).target, 'orders')
  })

  it('is for no other target', async () => {
    const { identities, token, claim } = world()
    for (const database of ['billing', SHARED, 'old', 'ORDERS_DB', 'postgres', 'shop']) {
      await refused(identities.identify(claim(token(), { database })), 'database-token-misdirected')
    }
    const places = [
      [HOST, 5433],
      [HOST, 3306],
      ['nowhere.example', 5432],
      [`x${HOST}`, 5432],
      ['shop', 3306],
      ['shop.example', 3306],
      [`localhost`, LISTEN_PORT],
    ] as const
    for (const [host, port] of places) {
      for (const database of ['orders', '']) {
        await refused(
          identities.identify(claim(token({ host, port }), { database })),
          'database-token-misdirected',
        )
      }
    }
  })

  it('must name its target where the host has several', async () => {
    const { identities, token, claim } = world()
    const ambiguous = token({ host: SHARED })
    for (const database of ['billing', 'people', '']) {
      await refused(identities.identify(claim(ambiguous, { database })), 'database-token-misdirected')
    }
    const named = claim(token({ host: 'people' }), { database: 'people' })
    assert.equal((await identities.identify(named)).target, 'people')
    // The port tells which server it is, where it is not the gate's.
    const old = claim(token({ host: SHARED, port: 5433 }), { database: '' })
    assert.equal((await identities.identify(old)).target, 'old')
    const either = claim(token({ host: SHARED, port: LISTEN_PORT }), { database: 'old' })
    await refused(identities.identify(either), 'database-token-misdirected')
  })

  it('is for no other target that is called as its database in the server, or as the role', async () => {
    const { options, token, claim } = world()
    const targets = [
      target('a', 'a.example', { database: 'b' }),
      target('b', 'b.example'),
      target(ROLE, 'c.example'),
    ]
    const identities = new DatabaseIdentities({ ...options, targets, engine: 'postgres' })
    assert.equal((await identities.identify(claim(token({ host: 'a' }), { database: 'a' }))).target, 'a')
    for (const database of ['b', ROLE]) {
      await refused(
        identities.identify(claim(token({ host: 'a' }), { database })),
        'database-token-misdirected',
      )
    }
  })

  it('is for one engine', async () => {
    const { options, token, claim } = world()
    const mysql = new DatabaseIdentities({ ...options, engine: 'mysql' })
    const shop = token({ host: 'shop', port: 3306 })
    assert.equal((await mysql.identify(claim(shop, { database: 'shop' }))).target, 'shop')
    await refused(mysql.identify(claim(token())), 'database-token-misdirected')
  })

  it('is for the role of its credentials, and the user that it was signed for', async () => {
    const { identities, token, claim } = world()
    const other = 'arn:aws:iam::111122223333:role/deploy'
    for (const user of ['admin', 'DEPLOY', 'ci/deploy', 'role/ci/deploy', PRINCIPAL.arn, other, ` ${ROLE}`]) {
      await refused(identities.identify(claim(token({ user }), { user })), 'database-user-mismatch')
      await refused(identities.identify(claim(token(), { user })), 'database-user-mismatch')
    }
    const user = PRINCIPAL.roleArn
    await refused(identities.identify(claim(token({ user }))), 'database-user-mismatch')
    await refused(identities.identify(claim(token({ user: '' }), { user: '' })), 'database-token-malformed')
  })

  it('holds for a quarter of an hour, and not before its time', async () => {
    const { identities, token, claim, clock } = world()
    const password = token()
    clock.advance(900_000)
    await identities.identify(claim(password))
    clock.advance(1)
    await refused(identities.identify(claim(password)), 'signature-expired')
    const early = token({ timeMs: clock.now() + 301_000 })
    await refused(identities.identify(claim(early)), 'signature-skewed')
  })

  it('ends with its credentials', async () => {
    const { identities, token, claim, clock } = world()
    clock.advance(3_600_000)
    await refused(identities.identify(claim(token())), 'credentials-expired')
  })

  it('is not that of an S3 Express session', async () => {
    const { identities, token, claim, credentials, clock } = world()
    const express = issueExpressSession(credentials, clock, PRINCIPAL, 'logs--use1-az4--x-s3')
    await refused(identities.identify(claim(token({ credentials: express }))), 'credentials-invalid')
  })

  it('is signed with credentials of the gate', async () => {
    const { identities, token, claim, issued } = world()
    const real = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: new Redacted('x') }
    await refused(identities.identify(claim(token({ credentials: real }))), 'credentials-not-gate')
    const guessed = { ...issued, secretAccessKey: new Redacted('a guess') }
    await refused(identities.identify(claim(token({ credentials: guessed }))), 'signature-mismatch')
    const { sessionToken: _, ...bare } = issued
    await refused(identities.identify(claim(token({ credentials: bare }))), 'credentials-not-gate')
  })

  it('says nothing secret of itself in an error', async () => {
    const { identities, token, claim, issued } = world()
    const password = token({ host: 'nowhere' })
    const error = await refused(identities.identify(claim(password)), 'database-token-misdirected')
    for (const secret of [issued.sessionToken.reveal().slice(0, 40), password.slice(-64), 'nowhere']) {
      assert.ok(!`${error.message} ${String(error.cause)}`.includes(secret))
    }
  })
})

describe('the form of a token', () => {
  const malformed: readonly [what: string, change: (token: string) => string, code?: ErrorCode][] = [
    ['nothing', () => ''],
    ['a password', () => 'hunter2'],
    ['too much', token => `${token}${'a'.repeat(16_384)}`],
    ['a scheme', token => `https://${token}`],
    ['no port', token => token.replace(':5432', '')],
    ['a port that is none', token => token.replace(':5432', ':65536')],
    ['a port with a zero before it', token => token.replace(':5432', ':05432')],
    ['a path', token => token.replace('/?', '/a?')],
    ['two slashes', token => token.replace('/?', '//?')],
    ['somebody before the host', token => `root@${token}`],
    ['two questions', token => token.replace('/?', '/??')],
    ['a fragment', token => `${token}#`],
    ['a line end', token => `${token}\n`],
    ['a NUL', token => `${token}\0`],
    ['a space', token => ` ${token}`],
    ['a plus', token => token.replace('DBUser=deploy', 'DBUser=+deploy')],
    ['a parameter twice', token => `${token}&DBUser=deploy`],
    ['another action twice', token => token.replace('Action=connect', 'Action=connect&Action=connect')],
    ['a parameter that is not known', token => `${token}&x=1`],
    ['a parameter without a value', token => token.replace('Action=connect', 'Action=connect&flag')],
    ['an empty parameter', token => `${token}&`],
    ['a name in another case', token => token.replace('DBUser', 'dbuser')],
    ['a name with an escape', token => token.replace('DBUser', 'DB%55ser')],
    ['a value with an escape of nothing special', token => token.replace('=connect', '=%63onnect')],
    ['an escape in lower case', token => token.replaceAll('%2F', '%2f')],
    ['an escape that is none', token => token.replace('%2F', '%2G')],
    ['an escape twice', token => token.replace('%2F', '%252F'), 'signature-malformed'],
    ['bytes that are not UTF-8', token => token.replace('DBUser=', 'DBUser=%FF')],
    ['a semicolon', token => token.replace('&DBUser', ';DBUser')],
    ['a hash of a body', token => `${token}&X-Amz-Content-Sha256=UNSIGNED-PAYLOAD`],
    ['an Action of something else', token => token.replace('=connect', '=execute')],
    ['no Action', token => token.replace('Action=connect&', '')],
    ['no DBUser', token => token.replace('DBUser=deploy&', '')],
    ['no signature', token => token.replace(/&X-Amz-Signature=.*/, ''), 'signature-malformed'],
    ['no expiry', token => token.replace('X-Amz-Expires=900&', ''), 'signature-malformed'],
    ['an hour', token => token.replace('Expires=900', 'Expires=3600'), 'signature-malformed'],
    ['a second more', token => token.replace('Expires=900', 'Expires=901'), 'signature-malformed'],
    ['no time at all', token => token.replace('Expires=900', 'Expires=0'), 'signature-malformed'],
    ['version 2', token => token.replace('AWS4-HMAC-SHA256', 'AWS3'), 'signature-malformed'],
    ['the service s3', token => token.replace('rds-db', 's3')],
    ['the service rds', token => token.replace('rds-db', 'rds')],
    [
      'more headers',
      token => token.replace('SignedHeaders=host', 'SignedHeaders=host%3Bx'),
      'signature-malformed',
    ],
    ['another day', token => token.replace('%2F20261123%2F', '%2F20261122%2F'), 'signature-malformed'],
  ]
  for (const [what, change, code = 'database-token-malformed'] of malformed) {
    it(`has not ${what}`, async () => {
      const { identities, token, claim } = world()
      await refused(identities.identify(claim(change(token()))), code)
    })
  }

  it('may have its parameters in any order, and what is reserved in the clear, as SDKs differ in both', async () => {
    const { identities, token, claim } = world()
    const [place, query = ''] = token().split('?')
    const turned = query.split('&').reverse().join('&')
    for (const text of [`${place}?${turned}`, token().replaceAll('%2F', '/'), token().replace('/?', '?')]) {
      await identities.identify(claim(text))
    }
  })

  it('is signed for what it says, each part of it', async () => {
    const { identities, issued, claim, keys } = world()
    const wrongly = (change: object, expires = 900, query = `Action=connect&DBUser=${ROLE}`): string =>
      `${HOST}:5432/?${presign(
        {
          ...{ method: 'GET', path: '/', query, host: `${HOST}:5432`, headers: [], region: 'eu-west-1' },
          ...{
            service: 'rds-db',
            credentials: issued,
            timeMs: START_MS,
            payloadHash: EMPTY_SHA256,
            ...change,
          },
        },
        expires,
        keys,
      )}`
    await identities.identify(claim(wrongly({})))
    for (const [password, code] of [
      [wrongly({ method: 'POST' }), 'signature-mismatch'],
      [wrongly({ path: '/x' }), 'signature-mismatch'],
      [wrongly({ host: 'other:5432' }), 'signature-mismatch'],
      [wrongly({ payloadHash: 'UNSIGNED-PAYLOAD' }), 'signature-mismatch'],
      [wrongly({ service: 's3' }), 'database-token-malformed'],
      [wrongly({ headers: [['x-a', '1']] }), 'signature-malformed'],
      [wrongly({}, 901), 'signature-malformed'],
      [wrongly({}, 900, `Action=connect&DBUser=${ROLE}&Extra=1`), 'database-token-malformed'],
      [wrongly({}, 900, `Action=delete&DBUser=${ROLE}`), 'database-token-malformed'],
    ] as const) {
      await refused(identities.identify(claim(password)), code)
    }
  })

  it('holds against every change of a character, and against what is cut off or added', async () => {
    const { identities, token, claim } = world()
    const good = token()
    const character = fc.integer({ min: 0, max: 0x17f }).map(code => String.fromCharCode(code))
    const changed = fc.oneof(
      fc
        .tuple(fc.nat(good.length - 1), character)
        .map(([at, by]) => good.slice(0, at) + by + good.slice(at + 1)),
      fc.tuple(fc.nat(good.length), character).map(([at, by]) => good.slice(0, at) + by + good.slice(at)),
      fc.nat(good.length - 1).map(at => good.slice(0, at) + good.slice(at + 1)),
      fc.nat(good.length - 1).map(at => good.slice(0, at)),
    )
    await fc.assert(
      fc.asyncProperty(changed, async password => {
        const known = await identities.identify(claim(password, { database: '' })).then(
          () => true,
          (error: unknown) => {
            assert.ok(error instanceof GateError && error.code !== 'internal', String(error))
            return false
          },
        )
        // The host's case and the slash behind the port are no part of what is signed.
        const same = password.replace(':5432?', ':5432/?')
        assert.equal(known, same.slice(0, HOST.length).toLowerCase() + same.slice(HOST.length) === good)
      }),
      { numRuns: 3_000 },
    )
  })
})

describe('credentials that a client offers for SCRAM', () => {
  it('come with the secret to prove, for the role and for a target that is named', () => {
    const { identities, issued } = world()
    const { accessKeyId } = issued
    const offer = (user: string, database: string) =>
      identities.offered({ accessKeyId, sessionToken: issued.sessionToken.reveal(), user, database })
    const { principal, secretAccessKey, target } = offer(ROLE, 'orders')
    assert.equal(principal.sessionId, PRINCIPAL.sessionId)
    assert.equal(secretAccessKey.reveal(), issued.secretAccessKey.reveal())
    assert.equal(target, 'orders')
    const code = (run: () => unknown): string => {
      try {
        run()
        return 'none'
      } catch (error) {
        return error instanceof GateError ? error.code : String(error)
      }
    }
    assert.equal(
      code(() => offer('admin', 'orders')),
      'database-user-mismatch',
    )
    for (const database of ['', ROLE, SHARED, 'shop', 'orders_db']) {
      assert.equal(
        code(() => offer(ROLE, database)),
        'database-target-unknown',
        database,
      )
    }
  })
})
