import assert from 'node:assert/strict'
import { test } from 'node:test'
import { selfSigned } from '../../test/harness/certificate.ts'
import type { ConfigPorts } from './findings.ts'
import { readConfig } from './load.ts'
import type { DatabasesConfig, TargetConfig } from './model-databases.ts'
import { formatProblem } from './problem.ts'

const ROLE = 'arn:aws:iam::111122223333:role/deploy'
const REST = {
  issuers: [{ name: 'ci', oidc: 'https://idp.example', audience: 'gate' }],
  roles: [{ arn: ROLE, trust: { Statement: [] }, policies: ['policy.yaml'] }],
}
const SECRET_ARN = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:orders-AbCdEf'
const PASSWORD = 'canary of a password'
const GATE = await selfSigned('gate.example')
const TLS = { certificate: 'gate.crt', key: 'gate.key' }

interface Reading {
  readonly databases: DatabasesConfig | undefined
  readonly targets: readonly TargetConfig[] | undefined
  readonly problems: readonly string[]
}

/** What is read of a configuration with these keys: the databases, and every problem. */
function read(settings: object): Reading {
  const files: Readonly<Record<string, string>> = {
    '/etc/gate/gate.yaml': JSON.stringify({ ...REST, ...settings }),
    '/etc/gate/policy.yaml': '',
    '/etc/gate/no.pem': 'no certificate',
    '/etc/gate/password': `${PASSWORD}\n`,
    '/etc/gate/gate.crt': GATE.certificate,
    '/etc/gate/two.pem': `${GATE.certificate}\n${GATE.certificate}`,
    '/etc/gate/broken.pem': `${GATE.certificate}\n-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n`,
    '/etc/gate/gate.key': GATE.key,
  }
  const ports: ConfigPorts = {
    files: {
      read(path) {
        const text = files[path]
        if (text === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' })
        return { bytes: Buffer.from(text), mode: 0o600 }
      },
    },
    checkPolicy: () => [],
    checkDetectors: () => undefined,
    checkClientAuthorities: pem => (pem.split('BEGIN').length > 2 ? 'they are no authorities' : undefined),
    environment: name => (name === 'ORDERS_PASSWORD' ? PASSWORD : undefined),
  }
  const { config, problems } = readConfig('/etc/gate/gate.yaml', ports)
  return { databases: config?.databases, targets: config?.targets, problems: problems.map(formatProblem) }
}

const DATABASES = { postgres: '127.0.0.1:6432', mysql: '127.0.0.1:6306' }
const POSTGRES = { postgres: '127.0.0.1:6432' }
const TARGET = {
  ...{ name: 'orders', engine: 'postgres', host: 'orders.abc.eu-west-1.rds.amazonaws.com' },
  ...{ database: 'app', user: 'gate', auth: { environment: 'ORDERS_PASSWORD' } },
}
const withTarget = (target: object, databases: object = POSTGRES): Reading =>
  read({ databases, tls: TLS, targets: [{ ...TARGET, ...target }] })

test('without databases nothing listens for their clients', () => {
  const { databases, targets, problems } = read({})
  assert.deepEqual([problems, targets], [[], []])
  assert.deepEqual(databases, { localInfile: false, greetingMs: 30_000, idleMs: 86_400_000 })
})

test('of an instance of RDS its name tells region, port and authorities', () => {
  const { targets, problems } = withTarget({})
  assert.deepEqual(problems, [])
  const [target] = targets ?? []
  assert.deepEqual([target?.region, target?.port, target?.account], ['eu-west-1', 5432, ''])
  assert.deepEqual(target?.tls, { kind: 'verified', authorities: 'rds' })
  assert.equal(target?.auth.kind === 'password' && target.auth.password.reveal(), PASSWORD)
  assert.ok(!JSON.stringify(targets).includes(PASSWORD))
})

test('MySQL has keys of its own', () => {
  const version = '5.5.5-10.11.6-MariaDB-sallyport'
  const { databases, targets, problems } = withTarget(
    { engine: 'mysql', versionComments: true },
    { mysql: '127.0.0.1:6306', mysqlVersion: version },
  )
  assert.deepEqual(problems, [])
  assert.equal(databases?.mysqlVersion, version)
  assert.deepEqual([targets?.[0]?.readsVersionComments, targets?.[0]?.port], [true, 3306])
  assert.equal(withTarget({}).targets?.[0]?.readsVersionComments, false)
})

test('each way of logging in is read', () => {
  const kindOf = (auth: object): unknown => withTarget({ auth }).targets?.[0]?.auth.kind
  assert.equal(kindOf({ iam: true }), 'iam')
  assert.equal(kindOf({ file: 'password' }), 'password')
  const secret = withTarget({ auth: { secret: { arn: SECRET_ARN } }, user: undefined, host: 'db.internal' })
  assert.deepEqual(secret.problems, [])
  assert.deepEqual(secret.targets?.[0]?.auth, {
    kind: 'secret',
    arn: SECRET_ARN,
    own: { region: 'eu-west-1' },
  })
  assert.equal(secret.targets?.[0]?.account, '111122223333')
})

const WRONG: (readonly [what: string, settings: object, problem: RegExp])[] = [
  ['no address', { targets: [TARGET] }, /databases\.postgres` names no address/],
  ['the clear', { databases: { postgres: '0.0.0.0:5432' } }, /tokens of clients would cross the network/],
  [
    'MySQL in the clear, on loopback, too',
    { databases: { mysql: '127.0.0.1:6306' }, insecure: true },
    /error: clients of MySQL send a token over TLS alone[^\n]*; expected `tls` with a certificate and a key$/m,
  ],
  ['a taken address', { databases: { postgres: '127.0.0.1:4566' } }, /listens on already/],
  ['one for any address', { databases: { postgres: '0.0.0.0:4566' } }, /as `listen`; expected another port/],
  [
    'one for any address of either family',
    { databases: { postgres: '[::]:1', mysql: '127.0.0.1:1' } },
    /`127\.0\.0\.1:1` is an address that the gate listens on already, as `databases\.postgres`/,
  ],
  ['two names of one', { databases: { postgres: 'localhost:4567' } }, /as `admin`/],
  ['files of MySQL alone', { databases: { ...POSTGRES, localInfile: true } }, /is about clients of MySQL/],
  ['a version alone', { databases: { ...POSTGRES, mysqlVersion: '8.0.36' } }, /is about clients of MySQL/],
  [
    'certificates alone',
    { databases: { clientCertificates: { ca: 'gate.crt', issuer: 'x' } }, tls: TLS },
    /nobody can come with a certificate/,
  ],
  [
    'authorities that the gate would not start with',
    { databases: { ...POSTGRES, clientCertificates: { ca: 'two.pem', issuer: 'x' } }, tls: TLS },
    /gate\.yaml:1:\d+: error: `two\.pem`: they are no authorities/,
  ],
  [
    'a second certificate that is broken',
    { databases: { ...POSTGRES, clientCertificates: { ca: 'broken.pem', issuer: 'x' } }, tls: TLS },
    /certificate 2 of `broken\.pem` cannot be read/,
  ],
  [
    'a chain for clients that breaks off',
    { databases: POSTGRES, tls: { ...TLS, certificate: 'broken.pem' } },
    /error: TLS does not take `broken\.pem` with its key/,
  ],
  ['two on one', { databases: { postgres: '127.0.0.1:1', mysql: '127.0.0.1:1' } }, /listens on already/],
  [
    'certificates without TLS',
    { databases: { ...POSTGRES, clientCertificates: { ca: 'no.pem', issuer: 'x' } } },
    /within TLS alone[\s\S]*holds no certificate/,
  ],
]

for (const mysqlVersion of ['', 'MariaDB', '8.0\n36', `8${'0'.repeat(64)}`, '8é', 8]) {
  WRONG.push([
    `${JSON.stringify(mysqlVersion)} as a version`,
    { databases: { ...POSTGRES, mysqlVersion } },
    /a version of MySQL of at most 64 printable characters that begins with a digit/,
  ])
}

for (const [what, settings, problem] of WRONG) {
  test(`refused: ${what}`, () => assert.match(read(settings).problems.join('\n'), problem))
}

const WRONG_TARGETS: readonly (readonly [what: string, target: object, problem: RegExp])[] = [
  ['no way to log in', { auth: {} }, /expected one of `iam: true`/],
  ['two ways to log in', { auth: { iam: true, file: 'password' } }, /expected one of `iam: true`/],
  ['a variable that is not set', { auth: { environment: 'OTHER' } }, /`OTHER` is not set/],
  ['nobody to log in as', { user: undefined }, /expected `user`/],
  ['TLS switched off', { tls: { enabled: false } }, /could be read and changed by others/],
  ['a token without TLS', { tls: { enabled: false }, auth: { iam: true } }, /takes it over TLS alone/],
  ['a token for no region', { host: 'db.internal', auth: { iam: true } }, /expected `region`/],
  [
    'a token for another region',
    { region: 'eu-west-2', auth: { iam: true } },
    /is in `eu-west-1`, and takes tokens/,
  ],
  ['a role that is not there', { users: [{ role: `${ROLE}x`, user: 'u' }] }, /is no role of this gate/],
  [
    'users of a secret',
    { auth: { secret: { arn: SECRET_ARN } }, users: [{ role: ROLE, user: 'u' }] },
    /is one user/,
  ],
  [
    'two users of one role',
    {
      users: [
        { role: ROLE, user: 'u' },
        { role: ROLE, user: 'v' },
      ],
    },
    /`arn:aws:iam::111122223333:role\/deploy` has a user here already/,
  ],
  [
    'TLS that verifies nothing, with a name',
    { tls: { enabled: false, name: 'x' } },
    /neither `ca` nor `name`/,
  ],
  [
    'authorities of RDS for GovCloud',
    { host: 'orders.abc.us-gov-west-1.rds.amazonaws.com' },
    /are not among those that the gate brings; expected `ca`/,
  ],
  ['authorities of RDS for China', { host: 'o.abc.cn-north-1.rds.amazonaws.com.cn' }, /expected `ca`/],
  ['an authority that is none', { tls: { ca: 'no.pem' } }, /holds no certificate/],
  ['comments of MySQL for PostgreSQL', { versionComments: true }, /expected it with `mysql` alone/],
]

for (const [what, target, problem] of WRONG_TARGETS) {
  test(`a target is refused: ${what}`, () => {
    assert.match(withTarget(target).problems.join('\n'), problem)
    assert.equal(withTarget(target).targets, undefined)
  })
}

test('names of targets are compared without case', () => {
  const { problems } = read({ databases: POSTGRES, targets: [TARGET, { ...TARGET, name: 'Orders' }] })
  assert.match(problems.join('\n'), /stands in `targets\[0\]\.name` already/)
})

test('what clients call a database means one target', () => {
  const named = (name: string, host: string, engine = 'postgres'): object => ({
    ...TARGET,
    name,
    host,
    engine,
  })
  const problemsOf = (...targets: object[]): string =>
    read({ databases: DATABASES, tls: TLS, targets }).problems.join('\n')
  const same = problemsOf(named('orders', 'db'), named('DB', 'other'))
  assert.match(
    same,
    /error: `DB` is the host of the target `orders`, too, so that nobody could say which is meant/,
  )
  const quiet = [named('db', 'db'), named('db2', 'elsewhere'), named('elsewhere', 'm', 'mysql')]
  assert.equal(problemsOf(...quiet), '')
  assert.match(
    problemsOf(named('deploy', 'db'), named('m', 'm', 'mysql')),
    /warning: `deploy` is the name of a role/,
  )
})

test('an address that leads to no database is told of', () => {
  const { problems, databases } = read({ databases: POSTGRES })
  assert.match(problems.join('\n'), /warning: no target is of `postgres`: who comes here reaches nothing/)
  assert.ok(databases)
})
