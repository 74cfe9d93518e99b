import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { Redacted } from '../core/redacted.ts'
import type { ConfigPorts } from './findings.ts'
import { loadConfig, readConfig } from './load.ts'
import { formatProblem } from './problem.ts'

interface Fake {
  readonly [path: string]: string | { readonly text: string; readonly mode: number }
}

const KEY = '{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AA"}]}'

function ports(files: Fake, checked: string[] = []): ConfigPorts {
  return {
    files: {
      read: path => {
        const found = files[path.replace('/etc/gate/', '')]
        if (found === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' })
        const { text, mode } = typeof found === 'string' ? { text: found, mode: 0o600 } : found
        return { bytes: Buffer.from(text), mode }
      },
    },
    checkPolicy: (document, kind) => {
      checked.push(`${kind} ${document.name}`)
      const at = document.text.indexOf('Nonsense')
      if (at < 0) return []
      const before = document.text.slice(0, at).split('\n')
      const column = (before[before.length - 1]?.length ?? 0) + 1
      return [
        { severity: 'error', file: document.file, line: before.length, column, message: 'unknown action' },
      ]
    },
    checkDetectors: () => undefined,
    checkClientAuthorities: () => undefined,
    environment: () => undefined,
    services: new Map([
      ['s3', 1],
      ['dynamodb', 1],
    ]),
  }
}

const GOOD = `issuers:
  - name: ci
    jwks: jwks.json
    audience: gate
roles:
  - arn: arn:aws:iam::111122223333:role/deploy
    trust: trust.yaml
    policies: [policy.yaml]
`
const FILES: Fake = { 'jwks.json': KEY, 'trust.yaml': 'Statement: []', 'policy.yaml': 'Statement: []' }

/** The problems of a configuration, as lines without the file. */
function problemsOf(text: string, files: Fake = {}): string[] {
  const { problems } = readConfig('/etc/gate/gate.yaml', ports({ ...FILES, ...files, 'gate.yaml': text }))
  return problems.map(problem => formatProblem(problem).replace('/etc/gate/gate.yaml:', ''))
}

test('a small configuration gets its defaults and is frozen', () => {
  const checked: string[] = []
  const config = loadConfig('/etc/gate/gate.yaml', ports({ ...FILES, 'gate.yaml': GOOD }, checked))
  assert.deepEqual(config.listen, { host: '127.0.0.1', port: 4566 })
  assert.equal(config.data, '/etc/gate/data')
  assert.equal(config.roles[0]?.maxSessionMs, 3_600_000)
  assert.equal(config.roles[0]?.upstream.role, 'arn:aws:iam::111122223333:role/deploy')
  assert.equal(config.limits.bodyBytes, 70 * 2 ** 20)
  assert.equal(config.record.durability, 'fsync')
  assert.equal(config.workers, 1)
  assert.deepEqual(config.issuers[0]?.audience, ['gate'])
  assert.deepEqual(checked, ['trust trust.yaml', 'policy policy.yaml'])
  assert.throws(() => Object.assign(config.limits, { bodyBytes: 1 }), TypeError)
  assert.throws(() => Object.assign(config.roles[0] ?? {}, { arn: '' }), TypeError)
})

test('JSON is read as well', () => {
  const json = JSON.stringify({
    issuers: [{ name: 'ci', oidc: 'https://idp.example', audience: ['a', 'b'] }],
    roles: [{ arn: 'arn:aws:iam::111122223333:role/x', trust: { Statement: [] }, policies: ['policy.yaml'] }],
  })
  assert.deepEqual(problemsOf(json), [])
})

/** Each wrong configuration, and the start of the only problem that it has. */
const WRONG: readonly [text: string, expected: string][] = [
  [
    `${GOOD}lissten: 127.0.0.1:1\n`,
    '9:1: error: unknown key `lissten`; did you mean `listen`? accepted here: `listen`',
  ],
  [`${GOOD}xyzzy: 1\n`, '9:1: error: unknown key `xyzzy`; accepted here: `listen`, `tls`'],
  [
    GOOD.replace('audience', 'audiance'),
    '2:5: error: `issuers[0].audience` is missing; expected one audience',
  ],
  [`${GOOD}listen: 8080\n`, '9:9: error: `listen` is `8080`; expected host:port, such as `127.0.0.1:4566`'],
  [`${GOOD}listen: 127.0.0.1:99999\n`, '9:9: error: `listen` is `127.0.0.1:99999`'],
  [`${GOOD}listen: 0.0.0.0:4566\n`, '9:9: error: `listen` is `0.0.0.0`, where plain HTTP could be read'],
  [`${GOOD}admin: "[::]:4567"\n`, '9:8: error: `admin` is `::`, where plain HTTP'],
  [`${GOOD}admin: 127.0.0.1:4566\n`, '9:8: error: `admin` is the same address as `listen`'],
  [`${GOOD}insecure: yes\n`, '9:11: error: `insecure` is `yes`; expected `true` or `false`'],
  [`${GOOD}workers: 0\n`, '9:10: error: `workers` is `0`; expected a whole number from 1 to 128'],
  [`${GOOD}workers: 1.5\n`, '9:10: error: `workers` is `1.5`; expected a whole number'],
  [`${GOOD}domains: [gate]\n`, '9:11: error: `domains[0]` is `gate`; expected a DNS name'],
  [
    `${GOOD}record: {durability: disk}\n`,
    '9:22: error: `record.durability` is `disk`; expected one of `fsync`, `os`',
  ],
  [
    `${GOOD}record: {segment: 64MB}\n`,
    '9:19: error: `record.segment` is `64MB`; expected a size from 1MiB to 4GiB',
  ],
  [`${GOOD}record: 5\n`, '9:9: error: `record` is `5`; expected a map'],
  [`${GOOD}log:\n`, '9:5: error: `log` is empty; expected a map'],
  [`${GOOD}proxy: {otherHosts: pass}\n`, '9:21: error: `proxy.otherHosts` is `pass`; expected one of'],
  [`${GOOD}limits: {body: 1GiB}\n`, '9:9: error: `limits.buffered` is less than `limits.body`'],
  [
    `${GOOD}limits: {keepAlive: 5}\n`,
    '9:21: error: `limits.keepAlive` is `5`; expected a duration from 1s to 1h',
  ],
  [`${GOOD}aws: {endpoint: "ftp://x"}\n`, '9:17: error: `aws.endpoint` is `ftp://x`; expected a URL'],
  [`${GOOD}aws: {endpoint: {s3: 1}}\n`, '9:22: error: the endpoint of `s3` is no URL'],
  [
    `${GOOD}aws: {endpoint: {dynamo: "http://x"}}\n`,
    '9:26: error: unknown service `dynamo`; did you mean `dynamodb`?',
  ],
  [
    `${GOOD}aws: {regions: [Ireland]}\n`,
    "9:17: error: `aws.regions[0]` is `Ireland`; expected a region's name",
  ],
  [
    `${GOOD}aws: {partition: aws-cn}\n`,
    '6:10: error: `arn:aws:iam::111122223333:role/deploy` is of partition `aws`',
  ],
  [GOOD.replace('name: ci', 'name: c i'), '2:11: error: `issuers[0].name` is `c i`; expected a name'],
  [
    GOOD.replace('jwks: jwks.json', 'oidc: http://idp.example'),
    '3:11: error: `http://idp.example` is plain HTTP',
  ],
  [
    GOOD.replace('    jwks: jwks.json\n', ''),
    '2:5: error: issuer `ci` has neither `oidc` nor `jwks`; expected one of them, or both',
  ],
  [
    GOOD.replace('jwks.json', 'none.json'),
    '3:11: error: cannot read `issuers[0].jwks`, the file `none.json`: it does not exist',
  ],
  [GOOD.replace('jwks.json', 'trust.yaml'), '3:11: error: `trust.yaml` is no JWK set'],
  [GOOD.replace('jwks.json', 'secret.json'), '3:11: error: `secret.json` holds a private or a symmetric key'],
  [
    GOOD.replace('[policy.yaml]', '[]'),
    '8:15: error: `roles[0].policies` is an empty list; expected a list with at least 1 entry',
  ],
  [
    GOOD.replace('[policy.yaml]', 'policy.yaml'),
    '8:15: error: `roles[0].policies` is `policy.yaml`; expected a list',
  ],
  [
    GOOD.replace('role/deploy', 'user/x'),
    "6:10: error: `roles[0].arn` is `arn:aws:iam::111122223333:user/x`; expected a role's ARN",
  ],
  [
    `${GOOD}    maxSession: 13h\n`,
    '9:17: error: `roles[0].maxSession` is `13h`; expected a duration from 15m to 12h',
  ],
  [`${GOOD}    boundary: none.yaml\n`, '9:15: error: cannot read `roles[0].boundary`'],
  [
    `${GOOD}    upstream: {credentials: profile}\n`,
    '9:15: error: `profile` and `credentials: profile` need each other',
  ],
  [`${GOOD}    upstream: {assume: false, externalId: x}\n`, '9:15: error: `assume: false` takes no role'],
  [
    `${GOOD}    upstream: {rôle: x}\n`,
    '9:16: error: unknown key `roles[0].upstream.rôle`; did you mean `role`?',
  ],
  [`${GOOD}issuers: []\n`, '9:1: error: not well-formed YAML: map keys must be unique'],
  [`${GOOD}a: &a 1\nb: *a\n`, '10:4: error: aliases (`*name`) are not accepted here'],
  [`${GOOD}tls: {certificate: c.pem, key: k.pem}\n`, '9:20: error: cannot read `tls.certificate`'],
]

for (const [text, expected] of WRONG) {
  test(`refuses with its place: ${expected.slice(0, 90)}`, () => {
    const found = problemsOf(text, { 'secret.json': '{"keys":[{"kty":"oct","k":"AA"}]}' })
    assert.ok(
      found.some(line => line.startsWith(expected)),
      found.join('\n'),
    )
  })
}

test('an empty file and a list are refused as a whole', () => {
  assert.match(problemsOf('')[0] ?? '', /^1:1: error: the configuration is empty; expected a map/)
  assert.match(problemsOf('[1]')[0] ?? '', /^1:1: error: the configuration is a list; expected a map/)
})

test('a configuration that is not there says so', () => {
  const { problems } = readConfig('/etc/gate/gone.yaml', ports({}))
  assert.equal(problems[0]?.message, 'cannot read the configuration: it does not exist')
})

test('all problems come at once, in the order of the file', () => {
  const text = `lisen: 1\n${GOOD.replace('jwks.json', 'none.json')}admin: 0.0.0.0:1\n`
  assert.deepEqual(
    problemsOf(text).map(line => line.split(' ')[0]),
    ['1:1:', '4:11:', '10:8:'],
  )
  assert.equal(problemsOf('workers: 0\nlisten: 1\nxyzzy: 1\n').length, 5)
})

test('problems of policies keep their own file, line and column; one file is checked once', () => {
  const checked: string[] = []
  const text = `${GOOD}  - arn: arn:aws:iam::111122223333:role/other
    trust:
      Statement:
        - Action: Nonsense
    policies: [policy.yaml]
`
  const files = { ...FILES, 'gate.yaml': text, 'policy.yaml': 'Statement:\n- Action: Nonsense\n' }
  const { problems } = readConfig('/etc/gate/gate.yaml', ports(files, checked))
  assert.deepEqual(problems.map(formatProblem), [
    '/etc/gate/gate.yaml:12:19: error: unknown action',
    '/etc/gate/policy.yaml:2:11: error: unknown action',
  ])
  assert.deepEqual(checked, ['trust trust.yaml', 'policy policy.yaml', 'trust roles[1].trust'])
})

test('roles and issuers of the same name are refused', () => {
  const again = GOOD.slice(GOOD.indexOf('  - arn'))
  assert.deepEqual(problemsOf(GOOD + again), [
    '9:10: error: `arn:aws:iam::111122223333:role/deploy` stands in `roles[0].arn` already',
  ])
})

test('a key that others may read, or that is no key, is refused', () => {
  const { privateKey } = generateKeyPairSync('ed25519')
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  const text = `${GOOD}tls:\n  certificate: c.pem\n  key: k.pem\n`
  const found = problemsOf(text, { 'c.pem': 'no', 'k.pem': { text: pem, mode: 0o644 } })
  assert.match(found[0] ?? '', /^10:16: error: `c.pem` is no certificate/)
  assert.match(found[1] ?? '', /^11:8: error: the key file `k.pem` has mode `0644`/)
  assert.match(problemsOf(text, { 'c.pem': 'no', 'k.pem': 'no' })[1] ?? '', /`k.pem` is no private key/)
  assert.ok(!found.join().includes('PRIVATE'))
})

test('loadConfig throws every problem under a stable code', () => {
  assert.throws(
    () => loadConfig('/etc/gate/gate.yaml', ports({ 'gate.yaml': 'workers: 0\n' })),
    (error: { code?: string; message?: string }) =>
      error.code === 'config-invalid' && (error.message?.split('\n').length ?? 0) === 4,
  )
  assert.equal(String(new Redacted('x')), '<redacted>')
})
