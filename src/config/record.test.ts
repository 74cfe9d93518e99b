import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConfigPorts } from './findings.ts'
import { readConfig } from './load.ts'
import type { RecordConfig } from './model-record.ts'
import { formatProblem } from './problem.ts'

const REST = {
  issuers: [{ name: 'ci', oidc: 'https://idp.example', audience: 'gate' }],
  roles: [
    { arn: 'arn:aws:iam::111122223333:role/deploy', trust: { Statement: [] }, policies: ['policy.yaml'] },
  ],
}
const SECRET = 'whsec_canary'

/** What is read of a `record` section: the configuration, and every problem. */
function read(record: object): {
  readonly record: RecordConfig | undefined
  readonly problems: readonly string[]
} {
  const files: Readonly<Record<string, string>> = {
    '/etc/gate/gate.yaml': JSON.stringify({ ...REST, record }),
    '/etc/gate/policy.yaml': '',
    '/etc/gate/hook.secret': SECRET,
    '/etc/gate/ca.pem': 'PEM',
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
    checkClientAuthorities: () => undefined,
    environment: () => undefined,
  }
  const { config, problems } = readConfig('/etc/gate/gate.yaml', ports)
  return { record: config?.record, problems: problems.map(formatProblem) }
}

const BUCKET = { bucket: 'archive', region: 'eu-west-1' }
const HOOK = { url: 'https://siem.example/in', secrets: ['hook.secret'] }

test('nothing leaves and nothing goes unless the configuration says so', () => {
  const { record, problems } = read({})
  assert.deepEqual(problems, [])
  assert.ok(record !== undefined)
  const { keep, anchors, streams, retention, upload, encryption, checkpoints } = record
  assert.deepEqual([keep, anchors, streams, retention], [[], [], [], {}])
  assert.deepEqual([upload, encryption], [undefined, undefined])
  assert.deepEqual(checkpoints, { everyMs: 60_000, events: 4096 })
  assert.deepEqual([record.segmentAgeMs, record.idleMs], [86_400_000, 1_800_000])
})

test('everything that can be said is read', () => {
  const { record, problems } = read({
    keep: [{ roles: ['deploy'], actions: ['s3:*'], what: 'bodies', replies: '4KiB' }, { what: 'metadata' }],
    checkpoints: { every: '5s', events: 8, kms: { key: 'arn:aws:kms:eu-west-1:111122223333:key/abc' } },
    encryption: { file: 'master.json' },
    s3: { ...BUCKET, prefix: 'gate', retain: '365d', retainMode: 'COMPLIANCE', storageClass: 'STANDARD_IA' },
    anchors: [
      { name: 'disk', file: '/mnt/anchor.jsonl' },
      { name: 'ledger', s3: BUCKET },
      { name: 'notary', webhook: HOOK },
    ],
    streams: [
      { name: 'lake', format: 'jsonl', file: 'stream.jsonl' },
      { name: 'hook', webhook: HOOK },
      { name: 'siem', syslog: { address: 'siem.example:6514', ca: 'ca.pem' } },
    ],
    retention: { age: '90d', size: '50GiB' },
  })
  assert.deepEqual(problems, [])
  assert.ok(record !== undefined)
  assert.deepEqual(record.keep, [
    { roles: ['deploy'], actions: ['s3:*'], level: 'bodies', replyBytes: 4096 },
    { roles: [], actions: [], level: 'metadata', replyBytes: 16_384 },
  ])
  assert.equal(record.checkpoints.kms?.region, 'eu-west-1', 'of the key, where nothing else is said')
  assert.deepEqual(record.encryption, { kind: 'file', path: '/etc/gate/master.json' })
  assert.equal(record.upload?.prefix, 'gate/')
  assert.deepEqual(record.upload?.retain, { mode: 'COMPLIANCE', durationMs: 365 * 86_400_000 })
  assert.deepEqual(
    record.anchors.map(({ kind }) => kind),
    ['file', 's3', 'webhook'],
  )
  const [file, hook, siem] = record.streams
  assert.deepEqual(file, { kind: 'file', name: 'lake', format: 'jsonl', path: '/etc/gate/stream.jsonl' })
  assert.equal(hook?.kind === 'webhook' && hook.secrets[0]?.reveal(), SECRET)
  assert.deepEqual(siem?.kind === 'syslog' && siem.tls, { ca: 'PEM' })
  assert.ok(!JSON.stringify(record).includes(SECRET), 'a secret does not print')
})

for (const [why, record, expected] of [
  [
    'two ways to one anchor',
    { anchors: [{ name: 'a', file: 'x', s3: BUCKET }] },
    /more than one of `file`, `s3`, `webhook`/,
  ],
  ['no way to an anchor', { anchors: [{ name: 'a' }] }, /none of `file`, `s3`, `webhook`/],
  ['no way for a stream', { streams: [{ name: 'a' }] }, /none of `file`, `webhook`, `syslog`/],
  [
    'two streams of one name',
    {
      streams: [
        { name: 'a', file: 'x' },
        { name: 'a', file: 'y' },
      ],
    },
    /`a` stands in `record.streams` twice/,
  ],
  [
    'a stream into the journal itself',
    { streams: [{ name: 'a', file: 'data/journal/00/0000000001.seg' }] },
    /`record\.streams\[0\]\.file` lies in the data folder/,
  ],
  [
    'an anchor beside what it vouches for',
    { anchors: [{ name: 'a', file: '/etc/gate/data/../data/anchor.jsonl' }] },
    /`record\.anchors\[0\]\.file` lies in the data folder/,
  ],
  [
    'a stream and an anchor to one file',
    { anchors: [{ name: 'a', file: './x' }], streams: [{ name: 'a', file: 'x' }] },
    /`record\.streams\[0\]\.file` is also the file of another/,
  ],
  [
    'two masters',
    { encryption: { file: 'x', kms: { key: 'arn:aws:kms:eu-west-1:111122223333:key/a' } } },
    /neither or both of `file` and `kms`/,
  ],
  ['no master', { encryption: {} }, /neither or both of `file` and `kms`/],
  ['no ARN of a key', { encryption: { kms: { key: 'alias/mine' } } }, /expected a key's ARN in KMS/],
  [
    'plain HTTP to elsewhere',
    { streams: [{ name: 'a', webhook: { ...HOOK, url: 'http://siem.example/' } }] },
    /is plain HTTP/,
  ],
  [
    'a secret that is not there',
    { streams: [{ name: 'a', webhook: { ...HOOK, secrets: ['nothing'] } }] },
    /cannot read `record\.streams\[0\]\.webhook\.secrets\[0\]`/,
  ],
  [
    'an authority without TLS',
    { streams: [{ name: 'a', syslog: { address: 'a:1', tls: false, ca: 'ca.pem' } }] },
    /`ca` needs `tls: true`/,
  ],
  ['a prefix that leads up', { s3: { ...BUCKET, prefix: '/x' } }, /expected a prefix of letters/],
  ['too short a retention', { retention: { age: '1h' } }, /expected a duration from 1d/],
  [
    'a reply that does not fit into an event',
    { keep: [{ what: 'replies', replies: '1MiB' }] },
    /expected a size from 1KiB to 128KiB/,
  ],
] as const) {
  test(`${why} is an error with its place`, () => {
    const { record: resolved, problems } = read(record)
    assert.equal(resolved, undefined)
    assert.equal(problems.length, 1, problems.join('\n'))
    assert.match(problems[0] ?? '', /^\/etc\/gate\/gate\.yaml:\d+:\d+: error: /)
    assert.match(problems[0] ?? '', expected)
  })
}

test('Parquet beside an encrypted journal is a warning: it is written opened', () => {
  const { record, problems } = read({ encryption: { file: 'm' }, s3: { ...BUCKET, parquet: true } })
  assert.ok(record !== undefined)
  assert.equal(problems.length, 1)
  assert.match(problems[0] ?? '', /warning: Parquet is written opened/)
})
