import assert from 'node:assert/strict'
import { test } from 'node:test'
import { brotliCompressSync, crc32, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { GateError } from '../core/errors.ts'
import { readCbor } from '../wire/cbor/reader.ts'
import { CborEpoch } from '../wire/cbor/value.ts'
import { writeCbor } from '../wire/cbor/writer.ts'
import { call, headerOf, masked, masker, rule } from './masker.fixture.ts'

const by = masker()
const CANARY = 'canary-7c1f-do-not-pass'

const withheld = (error: unknown): boolean => error instanceof GateError && error.code === 'reply-unmaskable'

test('a secret is masked by default, and the reply says what it is', async () => {
  const of = call('secretsmanager', 'GetSecretValue')
  assert.deepEqual(by.builtInFields(of), ['SecretBinary', 'SecretString'])
  const { reply, body } = await masked(by, of, [], {
    headers: [
      ['content-type', 'application/x-amz-json-1.1'],
      ['content-length', '999'],
      ['x-amzn-requestid', '1'],
      ['x-new-header', CANARY],
    ],
    body: JSON.stringify({
      ARN: 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:a',
      CreatedDate: 1.753,
      SecretString: CANARY,
      SecretBinary: Buffer.from(CANARY).toString('base64'),
      VersionStages: ['AWSCURRENT'],
      New: { Text: CANARY, List: [CANARY, 7], Number: 42 },
    }),
  })
  assert.deepEqual(JSON.parse(body.toString()), {
    ARN: 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:a',
    CreatedDate: 1.753,
    SecretString: '~mask~',
    SecretBinary: Buffer.from('~mask~').toString('base64'),
    VersionStages: ['AWSCURRENT'],
    New: { Text: '~mask~', List: ['~mask~'] },
  })
  assert.equal(headerOf(reply, 'content-length'), String(body.length))
  assert.equal(headerOf(reply, 'x-new-header'), undefined)
  const summary = await reply.summary
  assert.deepEqual(summary.fields.slice(1, 3), [
    { name: 'SecretString', count: 1 },
    { name: 'SecretBinary', count: 1 },
  ])
})

test('the built-in set depends on the parameters, and can be turned off', () => {
  assert.deepEqual(by.builtInFields(call('ssm', 'GetParameter')), [])
  assert.deepEqual(by.builtInFields(call('ssm', 'GetParameter', { WithDecryption: true })), [
    'Parameter.Value',
  ])
  assert.deepEqual(masker({ builtIn: false }).builtInFields(call('secretsmanager', 'GetSecretValue')), [])
  assert.equal(by.plan(call('sqs', 'ListQueues'), [rule({ fields: ['SecretString'] })]), undefined)
})

test('the fields of the built-in set are not looked for in their own output at each call: there are thousands', () => {
  const of = call('quicksight', 'DescribeDashboardDefinition')
  const fields = by.builtInFields(of)
  assert.ok(fields.length > 5000)
  assert.equal(by.plan(of, [by.builtInRule(fields)])?.rules[0]?.fields, fields)
})

test('the environment of a function keeps its names; the URL of its code loses its signature', async () => {
  const of = call('lambda', 'GetFunction')
  const signature = 'a1b2'.repeat(16)
  const url = `https://bucket.s3.amazonaws.com/snapshots/x?versionId=1&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20260101%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20260101T000000Z&X-Amz-Expires=600&X-Amz-SignedHeaders=host&X-Amz-Security-Token=${CANARY}&X-Amz-Signature=${signature}`
  const { body } = await masked(by, of, [], {
    body: JSON.stringify({
      Configuration: {
        FunctionName: 'f',
        MemorySize: 128,
        Environment: { Variables: { DB: CANARY, B: '' } },
      },
      Code: { RepositoryType: 'S3', Location: url },
    }),
  })
  const read = JSON.parse(body.toString())
  assert.deepEqual(Object.keys(read.Configuration.Environment.Variables), ['DB', 'B'])
  assert.equal(read.Configuration.Environment.Variables.DB, '~mask~')
  assert.equal(read.Configuration.MemorySize, 128)
  assert.ok(!body.includes(signature))
  assert.ok(read.Code.Location.startsWith('https://bucket.s3.amazonaws.com/'), read.Code.Location)
})

test('query: the result is masked in its wrapper, with the metadata left', async () => {
  const of = call('sts', 'AssumeRole')
  const xml = `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><AssumedRoleUser><Arn>arn:x</Arn></AssumedRoleUser><Credentials><AccessKeyId>ASIAX</AccessKeyId><SecretAccessKey>${CANARY}</SecretAccessKey><SessionToken>${CANARY}</SessionToken><Expiration>2026-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult><ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></AssumeRoleResponse>`
  const { body } = await masked(by, of, [], { headers: [['content-type', 'text/xml']], body: xml })
  const text = body.toString()
  assert.ok(!text.includes(CANARY))
  assert.ok(
    text.includes('<SecretAccessKey>~mask~</SecretAccessKey><SessionToken>~mask~</SessionToken>'),
    text,
  )
  assert.ok(text.includes('<Expiration>2026-01-01T00:00:00Z</Expiration>'))
  assert.ok(text.includes('<ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata>'))
})

test('ec2: lists of lists, by names of the API', async () => {
  const of = call('ec2', 'DescribeInstances')
  const xml = `<?xml version="1.0" encoding="UTF-8"?>
<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
  <requestId>r</requestId>
  <reservationSet><item><instancesSet>
    <item><instanceId>i-1</instanceId><keyName>${CANARY}</keyName><amiLaunchIndex>3</amiLaunchIndex></item>
    <item><instanceId>i-2</instanceId><keyName>${CANARY}</keyName></item>
  </instancesSet></item></reservationSet>
</DescribeInstancesResponse>`
  const fields = ['Reservations[].Instances[].KeyName', 'Reservations.Instances.AmiLaunchIndex']
  const { reply, body } = await masked(by, of, [rule({ fields, as: 'hash' })], { body: xml })
  const text = body.toString()
  assert.ok(!text.includes(CANARY) && !text.includes('amiLaunchIndex'), text)
  const hashes = [...text.matchAll(/<keyName>(~mask~h[a-z2-7]{26})<\/keyName>/g)].map(([, hash]) => hash)
  assert.equal(hashes.length, 2)
  assert.equal(hashes[0], hashes[1])
  assert.deepEqual((await reply.summary).fields, [
    { name: 'Reservations[].Instances[].KeyName', count: 2 },
    { name: 'Reservations[].Instances[].AmiLaunchIndex', count: 1 },
  ])
})

test('rest-xml: attributes, flattened lists, headers with a prefix', async () => {
  const acl = `<AccessControlPolicy xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Owner><DisplayName>${CANARY}</DisplayName><ID>1</ID></Owner><AccessControlList><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><ID>1</ID><EmailAddress>${CANARY}</EmailAddress></Grantee><Permission>READ</Permission></Grant></AccessControlList></AccessControlPolicy>`
  const masks = [rule({ fields: ['Owner.DisplayName', 'Grants[].Grantee.EmailAddress'] })]
  const { body } = await masked(by, call('s3', 'GetBucketAcl'), masks, { body: acl })
  assert.ok(!body.includes(CANARY) && body.includes('xsi:type="CanonicalUser"'), body.toString())

  const list = `<ListBucketResult><Name>b</Name><Contents><Key>${CANARY}</Key><Size>1</Size></Contents><Contents><Key>${CANARY}</Key></Contents></ListBucketResult>`
  const keys = await masked(by, call('s3', 'ListObjectsV2'), [rule({ fields: ['Contents.Key'] })], {
    body: list,
  })
  assert.equal(
    keys.body.toString().replace(/^<\?xml[^>]*>\n/, ''),
    '<ListBucketResult><Name>b</Name><Contents><Key>~mask~</Key><Size>1</Size></Contents><Contents><Key>~mask~</Key></Contents></ListBucketResult>',
  )

  const head = await masked(by, call('s3', 'HeadObject'), [rule({ fields: ['Metadata.*'] })], {
    headers: [
      ['x-amz-meta-owner', CANARY],
      ['content-length', '12'],
      ['etag', '"x"'],
    ],
  })
  assert.equal(headerOf(head.reply, 'x-amz-meta-owner'), '~mask~')
  assert.equal(headerOf(head.reply, 'content-length'), '12')

  const place =
    '<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/">eu-west-1</LocationConstraint>'
  const where = await masked(
    by,
    call('s3', 'GetBucketLocation'),
    [rule({ fields: ['LocationConstraint'] })],
    { body: place },
  )
  assert.ok(where.body.toString().endsWith('>~mask~</LocationConstraint>'), where.body.toString())
})

test('CBOR: texts and times', async () => {
  const of = call('cloudwatch', 'DescribeAlarms', {}, 'smithy-rpc-v2-cbor')
  const before = new Map([
    [
      'MetricAlarms',
      [
        new Map<string, never>([
          ['AlarmName', CANARY as never],
          ['Threshold', 9007199254740993n as never],
          ['StateUpdatedTimestamp', new CborEpoch(17n) as never],
        ]),
      ],
    ],
  ])
  const { body } = await masked(
    by,
    of,
    [rule({ fields: ['MetricAlarms.AlarmName', '**.StateUpdatedTimestamp'] })],
    {
      headers: [['content-type', 'application/cbor']],
      body: writeCbor(before),
    },
  )
  assert.deepEqual(
    readCbor(body),
    new Map([
      [
        'MetricAlarms',
        [
          new Map<string, unknown>([
            ['AlarmName', '~mask~'],
            ['Threshold', 9007199254740993n],
          ]),
        ],
      ],
    ]),
  )
})

test('detectors look through texts, JSON in texts, base64 and error messages', async () => {
  const email = 'alice.canary@example.com'
  const masks = [rule({ detect: ['email-address'], as: 'full' })]
  const items = await masked(by, call('dynamodb', 'GetItem'), masks, {
    headers: [['x-amz-crc32', '1']],
    body: JSON.stringify({
      Item: {
        mail: { S: `write to ${email}` },
        json: { S: JSON.stringify({ a: { mail: email }, n: 1 }) },
        bytes: { B: Buffer.from(`x ${email}`).toString('base64') },
        [email]: { N: '12345678901234567890' },
        new: { Q: email },
      },
    }),
  })
  const text = items.body.toString()
  assert.ok(!text.includes(email))
  assert.ok(!Buffer.from(JSON.parse(text).Item.bytes.B, 'base64').includes(email))
  assert.ok(text.includes('12345678901234567890'))
  assert.equal(headerOf(items.reply, 'x-amz-crc32'), String(crc32(items.body)))
  assert.ok((await items.reply.summary).values >= 4)

  const log = Buffer.from(`START\nmail=${email}\nEND`).toString('base64')
  const invoked = await masked(by, call('lambda', 'Invoke'), masks, {
    headers: [
      ['x-amz-log-result', log],
      ['content-type', 'application/json'],
    ],
    body: JSON.stringify({ mail: email }),
  })
  assert.deepEqual(JSON.parse(invoked.body.toString()), { mail: '~mask~' })
  assert.ok(!Buffer.from(headerOf(invoked.reply, 'x-amz-log-result') ?? '', 'base64').includes(email))

  const failed = await masked(by, call('dynamodb', 'GetItem'), masks, {
    status: 400,
    body: JSON.stringify({ __type: 'com.amazon#ValidationException', message: `no ${email}` }),
  })
  assert.deepEqual(JSON.parse(failed.body.toString()), {
    __type: 'com.amazon#ValidationException',
    message: 'no ~mask~',
  })
  assert.equal(failed.reply.status, 400)
})

test('compressed bodies are opened, and sent plain', async () => {
  const of = call('secretsmanager', 'GetSecretValue')
  const plain = JSON.stringify({ SecretString: CANARY })
  const ways = [
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['zstd', zstdCompressSync],
  ] as const
  for (const [coding, compress] of ways) {
    const { reply, body } = await masked(by, of, [], {
      headers: [['content-encoding', coding]],
      body: compress(Buffer.from(plain)),
    })
    assert.equal(body.toString(), '{"SecretString":"~mask~"}')
    assert.equal(headerOf(reply, 'content-encoding'), undefined)
  }
})

test('what cannot be read in full is withheld', async () => {
  const of = call('secretsmanager', 'GetSecretValue')
  const good = JSON.stringify({ SecretString: CANARY })
  const small = masker({ limits: { bodyBytes: 64 } })
  const cases: [string, Parameters<typeof masked>[3]][] = [
    ['cut', { body: good.slice(0, -1) }],
    ['trailing', { body: `${good}{}` }],
    ['twice', { body: `{"SecretString":"a","SecretString":"${CANARY}"}` }],
    ['not JSON', { body: `<html>${CANARY}</html>` }],
    ['UTF-8', { body: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]) }],
    ['charset', { headers: [['content-type', 'application/json; charset=utf-16']], body: good }],
    ['coding', { headers: [['content-encoding', 'compress']], body: good }],
    ['bomb', { headers: [['content-encoding', 'gzip']], body: gzipSync(Buffer.alloc(100_000)) }],
    ['broken gzip', { headers: [['content-encoding', 'gzip']], body: gzipSync(good).subarray(0, 20) }],
    ['long', { body: `{"SecretString":"${'x'.repeat(100)}"}` }],
    ['announced', { headers: [['content-length', '1000']], body: good }],
  ]
  for (const [name, sent] of cases) {
    await assert.rejects(
      masked(small, of, [], sent),
      (error: unknown) => {
        assert.ok(withheld(error), name)
        // Nor does the error quote the body, or its cause.
        const told = `${(error as Error).message} ${String((error as Error).cause)}`
        assert.ok(!told.includes(CANARY), told)
        return true
      },
      name,
    )
  }
})

test('a payload that is the body: by its name, or looked through if it is text', async () => {
  const of = call('s3', 'GetObject')
  const whole = await masked(by, of, [rule({ fields: ['Body'] })], {
    status: 206,
    headers: [
      ['content-range', 'bytes 0-4/10'],
      ['etag', '"e"'],
      ['x-amz-checksum-crc32', 'AAAAAA=='],
      ['content-encoding', 'gzip'],
    ],
    body: CANARY,
  })
  assert.equal(whole.body.toString(), '~mask~')
  assert.equal(whole.reply.status, 200)
  assert.deepEqual(whole.reply.headers, [['content-length', '6']])

  const metadata = await masked(by, of, [rule({ fields: ['Metadata.*'] })], {
    headers: [
      ['x-amz-meta-a', CANARY],
      ['content-length', '5'],
      ['etag', '"e"'],
    ],
    body: 'bytes',
  })
  assert.equal(metadata.body.toString(), 'bytes')
  assert.equal(headerOf(metadata.reply, 'etag'), '"e"')
  assert.equal(headerOf(metadata.reply, 'x-amz-meta-a'), '~mask~')

  const binary = { body: Buffer.from([0xff, 0xfe, 0x00]) }
  const invoke = call('lambda', 'Invoke')
  await assert.rejects(masked(by, invoke, [rule({ detect: ['jwt'] })], binary), withheld)
  const passed = await masked(by, invoke, [rule({ detect: ['jwt'], otherObjects: 'pass' })], binary)
  assert.deepEqual(passed.body, binary.body)
  await assert.rejects(masked(by, of, [rule({ detect: ['jwt'] })], { body: 'x' }), withheld)
})

test('a request that carries a mask back is found', () => {
  const find = (parameters: Parameters<typeof call>[2]): string | undefined =>
    by.findMask(call('lambda', 'UpdateFunctionConfiguration', parameters))
  assert.equal(find({ Environment: { Variables: { A: 'a', DB: '~mask~4242' } } }), 'Environment.Variables.DB')
  assert.equal(find({ Tags: [{ Key: 'a' }, { Key: 'x ~mask~' }] }), 'Tags[1].Key')
  assert.equal(find({ Data: Buffer.from('..~mask~').toString('base64') }), 'Data')
  assert.equal(find({ Doc: '{"a":["\\u007emask~"]}' }), 'Doc')
  assert.equal(find({ M: { 'a b ~mask~': 1 } }), 'M["a b ~mask~"]')
  assert.equal(find({ A: 'mask', B: '~', C: ['~mas', 'k~'], D: null, E: 7 }), undefined)
})

test('the form null leaves members out; what holds it stays', async () => {
  const { body } = await masked(
    by,
    call('dynamodb', 'GetItem'),
    [rule({ fields: ['Item.a', 'Item.b.L'], as: 'null' })],
    {
      body: '{"Item":{"a":{"S":"x"},"b":{"L":[{"S":"y"},{"N":"1"}]},"c":{"S":"z"}}}',
    },
  )
  const read = JSON.parse(body.toString())
  assert.deepEqual(read.Item.c, { S: 'z' })
  assert.deepEqual(read.Item.a, {})
  assert.deepEqual(read.Item.b, { L: [{}, {}] })
})

test('the marker is never wider than its rule: a weak form gives way to a stricter detector', async () => {
  const of = call('ssm', 'DescribeInstanceInformation')
  const { body } = await masked(
    by,
    of,
    [
      rule({ fields: ['InstanceInformationList.Name'], as: 'partial' }),
      rule({ detect: ['email-address'], as: 'full' }),
    ],
    { body: '{"InstanceInformationList":[{"Name":"alice@example.com"},{"Name":"long-enough-name"}]}' },
  )
  assert.equal(body.toString(), '{"InstanceInformationList":[{"Name":"~mask~"},{"Name":"~mask~name"}]}')
})

test('two members that are called the same on the wire: a rule of either counts', async () => {
  const of = call('s3', 'GetBucketNotification')
  for (const field of ['TopicConfiguration.Event', 'TopicConfiguration.Events']) {
    const { body } = await masked(by, of, [rule({ fields: [field] })], {
      body: `<NotificationConfiguration><TopicConfiguration><Event>${CANARY}</Event></TopicConfiguration></NotificationConfiguration>`,
    })
    assert.ok(!body.includes(CANARY), field)
  }
})

test('numbers keep their digits, and names of the prototype are names', async () => {
  for (const number of ['9007199254740993', '0.12345678901234567890', '7']) {
    const sent = `{"Count":${number},"Items":[{"__proto__":{"S":"a"},"toJSON":{"S":"b"},"mail":{"S":"x"}}]}`
    const { body } = await masked(by, call('dynamodb', 'Scan'), [rule({ fields: ['Items.mail.S'] })], {
      body: sent,
    })
    assert.equal(body.toString(), sent.replace('"x"', '"~mask~"'))
  }
})
