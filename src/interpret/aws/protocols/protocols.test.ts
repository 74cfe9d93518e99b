import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import test from 'node:test'
import { crc32, gzipSync } from 'node:zlib'
import { loadCatalog } from '../../../catalog/load.ts'
import type { Protocol } from '../../../catalog/model.ts'
import { GateError } from '../../../core/errors.ts'
import type { NameValue } from '../../../core/http.ts'
import { CborFloat, type CborValue } from '../../../wire/cbor/value.ts'
import { writeCbor } from '../../../wire/cbor/writer.ts'
import { type OperationContext, type ReadInput, readInput, writeInput } from './protocol.ts'

const catalog = loadCatalog()

function context(service: string, operation: string, protocol?: Protocol): OperationContext {
  const head = catalog.services.get(service)
  const found = head?.operations.get(operation)
  assert.ok(head && found)
  return {
    service: head,
    operation: found,
    protocol: protocol ?? head.protocols[0]!,
    shapes: catalog.shapes(service),
  }
}

interface Sent {
  readonly method?: string
  readonly headers?: readonly NameValue[]
  readonly labels?: Record<string, string>
  readonly query?: readonly NameValue[]
  readonly body?: string | Buffer
}

function read(op: OperationContext, sent: Sent): ReadInput {
  const type: Record<Protocol, string> = {
    query: 'application/x-www-form-urlencoded; charset=utf-8',
    ec2: 'application/x-www-form-urlencoded',
    json: 'application/x-amz-json-1.0',
    'rest-json': 'application/json',
    'rest-xml': 'application/xml',
    'smithy-rpc-v2-cbor': 'application/cbor',
  }
  const usual: NameValue[] = [['content-type', type[op.protocol]]]
  if (op.protocol === 'smithy-rpc-v2-cbor') usual.push(['smithy-protocol', 'rpc-v2-cbor'])
  const given = new Set((sent.headers ?? []).map(([name]) => name))
  const headers = [...usual.filter(([name]) => !given.has(name)), ...(sent.headers ?? [])]
  return readInput(op, {
    head: { method: sent.method ?? 'POST', target: '/', headers },
    labels: new Map(Object.entries(sent.labels ?? {})),
    query: sent.query ?? [],
    body: sent.body === undefined ? undefined : Buffer.from(sent.body),
  })
}

function refuses(op: OperationContext, sent: Sent, code: string, message?: RegExp): void {
  assert.throws(
    () => read(op, sent),
    (error: unknown) => {
      assert.ok(error instanceof GateError, String(error))
      assert.equal(error.code, code, error.message)
      if (message !== undefined) assert.match(error.message, message)
      return true
    },
    JSON.stringify(sent),
  )
}

const RUN = context('ec2', 'RunInstances')
const form = (rest: string): Sent => ({ body: `Action=RunInstances&Version=2016-11-15&${rest}` })

test('ec2: lists by number, names as the model writes them', () => {
  const { parameters } = read(
    RUN,
    form(
      'InstanceType=t3.micro&MinCount=1&MaxCount=4&SecurityGroupId.1=sg-1&SecurityGroupId.2=sg-2&NetworkInterface.1.DeviceIndex=0',
    ),
  )
  assert.deepEqual(parameters, {
    InstanceType: 't3.micro',
    MinCount: 1,
    MaxCount: 4,
    SecurityGroupIds: ['sg-1', 'sg-2'],
    NetworkInterfaces: [{ DeviceIndex: 0 }],
  })
})

test('query and ec2: what AWS might read in another way is refused', () => {
  for (const [rest, code] of [
    ['MaxCount=1&MaxCount=2', 'parameter-duplicate'],
    ['SecurityGroupId.1=a&SecurityGroupId.1=b', 'parameter-duplicate'],
    ['SecurityGroupId.1=a&SecurityGroupId.3=b', 'parameter-malformed'],
    ['SecurityGroupId.0=a', 'parameter-malformed'],
    ['SecurityGroupId.01=a', 'parameter-malformed'],
    ['SecurityGroupId.2=a', 'parameter-malformed'],
    ['SecurityGroupId=a', 'parameter-malformed'],
    ['SecurityGroupId.member.1=a', 'parameter-malformed'],
    ['SecurityGroupId.1=a&SecurityGroupId.member.1=b', 'parameter-malformed'],
    ['maxCount=1', 'parameter-unknown'],
    ['MAXCOUNT=1', 'parameter-unknown'],
    ['Nonsense=1', 'parameter-unknown'],
    ['MaxCount.1=1', 'parameter-malformed'],
    ['MaxCount=+1', 'parameter-malformed'],
    ['MaxCount=01', 'parameter-malformed'],
    ['MaxCount=1e1', 'parameter-malformed'],
    ['MaxCount=%201', 'parameter-malformed'],
    ['MaxCount=', 'parameter-malformed'],
    ['EbsOptimized=True', 'parameter-malformed'],
    ['EbsOptimized=1', 'parameter-malformed'],
    ['Action=TerminateInstances', 'parameter-malformed'],
    ['Action=RunInstances', 'parameter-duplicate'],
    ['Version=2016-11-15', 'parameter-duplicate'],
    ['action=TerminateInstances', 'parameter-unknown'],
    ['ImageId=%ff', 'parameter-malformed'],
    ['ImageId=%zz', 'parameter-malformed'],
    ['ImageId=\u00fc', 'parameter-malformed'],
    ['=x', 'parameter-malformed'],
  ] as const) {
    refuses(RUN, form(rest), code)
  }
})

test('query: the body or the query string, never both, and GET has no body', () => {
  const op = context('sts', 'GetCallerIdentity')
  const route: NameValue[] = [
    ['Action', 'GetCallerIdentity'],
    ['Version', '2011-06-15'],
  ]
  assert.deepEqual(read(op, { method: 'GET', query: route }).parameters, {})
  const body = 'Action=GetCallerIdentity&Version=2011-06-15'
  refuses(op, { query: route, body }, 'parameter-duplicate')
  refuses(op, { method: 'GET', body }, 'body-unexpected')
  refuses(op, { body, headers: [['content-type', 'application/json']] }, 'content-type-mismatch')
  refuses(
    op,
    { body, headers: [['content-type', 'application/x-www-form-urlencoded; charset=utf-7']] },
    'content-type-mismatch',
  )
})

test('json: what is not in the shapes is refused by its path', () => {
  const op = context('dynamodb', 'PutItem')
  const put = (rest: string): Sent => ({ body: `{"TableName":"t",${rest}}` })
  assert.deepEqual(
    read(op, put('"Item":{"a.b":{"N":"1"},"__proto__":{"B":"AA=="}},"ReturnValues":null')).parameters,
    JSON.parse('{"TableName":"t","Item":{"a.b":{"N":"1"},"__proto__":{"B":"AA=="}}}'),
  )
  refuses(op, put('"tableName":"u"'), 'parameter-unknown', /`tableName`/)
  refuses(op, put('"TableName":"u"'), 'json-duplicate')
  refuses(op, put('"Item":{"a":{"X":"1"}}'), 'parameter-unknown', /`Item\["a"\]\.X`/)
  refuses(op, put('"Item":{"a":{"S":1}}'), 'parameter-malformed', /`Item\["a"\]\.S`/)
  refuses(op, put('"Item":{"a":{"L":[null]}}'), 'parameter-malformed', /L\[0\]/)
  refuses(op, put('"Item":{"a":{"BOOL":"true"}}'), 'parameter-malformed')
  refuses(op, put('"Item":{"a":{"B":"AB=="}}'), 'parameter-malformed', /base64/)
  refuses(op, put('"Item":[]'), 'parameter-malformed')
  refuses(op, { body: '[]' }, 'parameter-malformed')
  refuses(op, { body: '{}', query: [['TableName', 'u']] }, 'parameter-unknown')
  refuses(op, { body: '{}', headers: [['content-type', 'text/plain']] }, 'content-type-mismatch')
})

test('a union has one member', () => {
  const op = context('accessanalyzer', 'CreateAccessPreview')
  const preview = (configuration: string): Sent => ({
    method: 'PUT',
    body: `{"analyzerArn":"a","configurations":{"k":${configuration}}}`,
  })
  assert.deepEqual(read(op, preview('{"iamRole":{},"kmsKey":null}')).parameters['configurations'], {
    k: { iamRole: {} },
  })
  refuses(op, preview('{"iamRole":{},"kmsKey":{}}'), 'parameter-malformed', /union `configurations\["k"\]`/)
})

test('json: integers beyond 2^53 and moments keep what they were', () => {
  const op = context('logs', 'GetLogEvents')
  const { parameters } = read(op, {
    body: '{"startTime":9007199254740993,"endTime":5,"logStreamName":"s"}',
    headers: [['content-type', 'application/x-amz-json-1.1']],
  })
  assert.deepEqual(parameters, { startTime: '9007199254740993', endTime: 5, logStreamName: 's' })
  assert.match(String(writeInput(op, parameters).body), /"startTime":9007199254740993,/)
  refuses(op, { body: '{"endTime":1.5}' }, 'parameter-malformed')
  refuses(op, { body: '{"endTime":"5"}' }, 'parameter-malformed')
})

test('cbor: by shape, and nothing else', () => {
  const op = context('cloudwatch', 'PutMetricData', 'smithy-rpc-v2-cbor')
  const body = (entries: [string, CborValue][]): Sent => ({ body: writeCbor(new Map(entries)) })
  const datum = new Map<string, CborValue>([
    ['MetricName', 'm'],
    ['Value', new CborFloat(Number.NaN)],
  ])
  assert.deepEqual(
    read(
      op,
      body([
        ['Namespace', 'n'],
        ['MetricData', [datum]],
      ]),
    ).parameters,
    {
      Namespace: 'n',
      MetricData: [{ MetricName: 'm', Value: 'NaN' }],
    },
  )
  refuses(op, body([['namespace', 'n']]), 'parameter-unknown')
  refuses(op, body([['Namespace', 1n]]), 'parameter-malformed')
  refuses(
    op,
    { body: writeCbor(new Map()), headers: [['smithy-protocol', 'rpc-v2-json']] },
    'content-type-mismatch',
  )
  refuses(
    op,
    { body: writeCbor(new Map()), headers: [['content-type', 'application/json']] },
    'content-type-mismatch',
  )
})

test('a compressed body is unpacked, up to a limit, and goes on plain', () => {
  const op = context('cloudwatch', 'PutMetricData', 'query')
  const gzip: NameValue[] = [['content-encoding', 'gzip']]
  const plain = 'Action=PutMetricData&Version=2010-08-01&Namespace=n'
  const { parameters, usedHeaders } = read(op, { body: gzipSync(plain), headers: gzip })
  assert.deepEqual(parameters, { Namespace: 'n' })
  assert.ok(usedHeaders.has('content-encoding'))
  const written = writeInput(op, parameters)
  assert.ok(!written.headers.some(([name]) => name === 'content-encoding'))
  assert.equal(String(written.body), plain)
  refuses(op, { body: gzipSync(Buffer.alloc(64 * 1024 * 1024)), headers: gzip }, 'body-inflated-limit')
  refuses(op, { body: gzipSync(plain).subarray(0, 20), headers: gzip }, 'body-encoding')
  refuses(op, { body: plain, headers: gzip }, 'body-encoding')
  refuses(op, { body: gzipSync(plain), headers: [['content-encoding', 'br']] }, 'body-encoding')
  refuses(op, { body: gzipSync(plain), headers: [['content-encoding', 'gzip, gzip']] }, 'body-encoding')
})

const DELETE = context('s3', 'DeleteObjects')
const BODY = '<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Object><Key>a</Key></Object></Delete>'
const toBucket = (body: string, headers: readonly NameValue[] = []): Sent => ({
  labels: { Bucket: 'b' },
  body,
  headers,
})

test('rest-xml: by shape, and nothing else', () => {
  assert.deepEqual(read(DELETE, toBucket(BODY)).parameters, {
    Bucket: 'b',
    Delete: { Objects: [{ Key: 'a' }] },
  })
  for (const [body, code] of [
    ['<Delete><Object><Key>a</Key><Key>b</Key></Object></Delete>', 'parameter-duplicate'],
    ['<Delete><Quiet>true</Quiet><Quiet>false</Quiet></Delete>', 'parameter-duplicate'],
    ['<Delete><object/></Delete>', 'parameter-unknown'],
    ['<Delete><Object><Key x="1">a</Key></Object></Delete>', 'parameter-unknown'],
    ['<Delete Quiet="true"/>', 'parameter-unknown'],
    ['<Delete xmlns="http://example.com/"/>', 'parameter-unknown'],
    ['<Delete xmlns:s="http://s3.amazonaws.com/doc/2006-03-01/"><s:Object/></Delete>', 'parameter-unknown'],
    ['<Delete>text</Delete>', 'parameter-malformed'],
    ['<Delete><Quiet>yes</Quiet></Delete>', 'parameter-malformed'],
    ['<Delete><Object><Key><b/></Key></Object></Delete>', 'parameter-malformed'],
  ] as const) {
    refuses(DELETE, toBucket(body), code)
  }
})

test('checksums of the client are checked, and made anew over what is sent', () => {
  const md5 = createHash('md5').update(BODY).digest('base64')
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc32(BODY))
  const crc: NameValue[] = [
    ['x-amz-sdk-checksum-algorithm', 'CRC32'],
    ['x-amz-checksum-crc32', sum.toString('base64')],
  ]
  const { parameters, usedHeaders } = read(DELETE, toBucket(BODY, [...crc, ['content-md5', md5]]))
  for (const name of ['content-md5', 'x-amz-checksum-crc32', 'x-amz-sdk-checksum-algorithm'])
    assert.ok(usedHeaders.has(name))
  // The client's spaces are gone, and with them its checksum.
  const loose = BODY.replaceAll('><', '>\n<')
  refuses(DELETE, toBucket(loose, crc), 'checksum-mismatch')
  refuses(DELETE, toBucket(loose, [['content-md5', md5]]), 'checksum-mismatch')
  refuses(DELETE, toBucket(BODY, [['x-amz-checksum-xxhash64', 'AAAAAAAAAAA=']]), 'checksum-unsupported')
  const written = writeInput(DELETE, parameters)
  const expected = Buffer.alloc(4)
  expected.writeUInt32BE(crc32(written.body!))
  assert.equal(new Map(written.headers).get('x-amz-checksum-crc32'), expected.toString('base64'))
  assert.equal(new Map(written.headers).get('content-md5'), undefined)
  // An operation that demands a checksum gets one where the client sent none.
  const bare = writeInput(DELETE, read(DELETE, toBucket(BODY)).parameters)
  assert.equal(
    new Map(bare.headers).get('content-md5'),
    createHash('md5').update(bare.body!).digest('base64'),
  )
})

test('rest: query, headers and labels by shape', () => {
  const list = context('s3', 'ListObjectsV2')
  const labels = { Bucket: 'b' }
  assert.deepEqual(
    read(list, {
      method: 'GET',
      labels,
      query: [
        ['prefix', 'p/'],
        ['max-keys', '5'],
      ],
    }).parameters,
    {
      Bucket: 'b',
      Prefix: 'p/',
      MaxKeys: 5,
    },
  )
  refuses(
    list,
    {
      method: 'GET',
      labels,
      query: [
        ['prefix', 'a'],
        ['prefix', 'b'],
      ],
    },
    'parameter-duplicate',
  )
  refuses(list, { method: 'GET', labels, query: [['Prefix', 'a']] }, 'parameter-unknown')
  refuses(list, { method: 'GET', labels, query: [['max-keys', '05']] }, 'parameter-malformed')
  refuses(list, { method: 'GET', labels: {} }, 'parameter-malformed')
  const owner: NameValue[] = [
    ['x-amz-expected-bucket-owner', '1'],
    ['x-amz-expected-bucket-owner', '2'],
  ]
  refuses(list, { method: 'GET', labels, headers: owner }, 'header-duplicate')
  const untag = context('lambda', 'UntagResource')
  const keys: NameValue[] = [
    ['tagKeys', 'b'],
    ['tagKeys', 'a'],
  ]
  const { parameters } = read(untag, { method: 'DELETE', labels: { Resource: 'arn' }, query: keys })
  assert.deepEqual(parameters, { Resource: 'arn', TagKeys: ['b', 'a'] })
  assert.equal(writeInput(untag, parameters).query, 'tagKeys=b&tagKeys=a')
})

test('rest: metadata, content encodings and JSON in headers', () => {
  const put = context('s3', 'PutObject')
  const labels = { Bucket: 'b', Key: 'k/ü +%2F' }
  const { parameters, usedHeaders } = read(put, {
    method: 'PUT',
    labels,
    headers: [
      ['content-encoding', 'aws-chunked,gzip'],
      ['x-amz-meta-__proto__', '1'],
      ['x-amz-meta-a', '2'],
    ],
  })
  assert.deepEqual(Object.entries(parameters['Metadata']!), [
    ['__proto__', '1'],
    ['a', '2'],
  ])
  assert.equal(parameters['ContentEncoding'], 'gzip')
  assert.ok(usedHeaders.has('x-amz-meta-a'))
  assert.equal(writeInput(put, parameters).path, '/b/k/%C3%BC%20%2B%252F')
  const publish = context('iot-data', 'Publish')
  const json = Buffer.from('[{"b":1,"a":2}]').toString('base64')
  const published = read(publish, {
    labels: { topic: 't' },
    headers: [['x-amz-mqtt5-user-properties', json]],
  })
  assert.deepEqual(published.parameters['userProperties'], [{ b: 1, a: 2 }])
  const again = new Map(writeInput(publish, published.parameters).headers).get('x-amz-mqtt5-user-properties')
  assert.equal(Buffer.from(again!, 'base64').toString(), '[{"a":2,"b":1}]')
  refuses(
    publish,
    {
      labels: { topic: 't' },
      headers: [['x-amz-mqtt5-user-properties', Buffer.from('{"a":1,"a":2}').toString('base64')]],
    },
    'json-duplicate',
  )
})

test('what a header cannot carry is refused by the writer', () => {
  const put = context('s3', 'PutObject')
  for (const parameters of [
    { Bucket: 'b', Key: 'k', ContentType: 'a\r\nx-amz-acl: public-read' },
    { Bucket: 'b', Key: 'k', Metadata: { 'a\r\nb': 'c' } },
    { Bucket: 'b', Key: 'k', Metadata: { 'a: b': 'c' } },
    { Bucket: 'b', Key: 'k', Nonsense: 'c' },
    { Bucket: 'b' },
  ]) {
    assert.throws(() => writeInput(put, parameters), GateError)
  }
})

test('sensitive values are named by their paths', () => {
  const secret = context('secretsmanager', 'CreateSecret')
  const sent: Sent = {
    body: '{"Name":"n","SecretString":"s"}',
    headers: [['content-type', 'application/x-amz-json-1.1']],
  }
  assert.deepEqual(read(secret, sent).sensitive, ['SecretString'])
  const fn = context('lambda', 'CreateFunction')
  const { sensitive } = read(fn, {
    body: '{"Environment":{"Variables":{"A":"1"}},"Code":{"ZipFile":"AA=="}}',
  })
  assert.ok(
    sensitive.some(path => path.startsWith('Environment')),
    sensitive.join(),
  )
  assert.ok(sensitive.includes('Code.ZipFile'))
})
