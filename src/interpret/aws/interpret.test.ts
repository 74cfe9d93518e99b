import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadCatalog } from '../../catalog/load.ts'
import type { NameValue } from '../../core/http.ts'
import type { AwsCall } from './call.ts'
import { interpretCall } from './interpret.ts'
import { routeCall } from './route.ts'

const catalog = loadCatalog()
const FORM: NameValue = ['content-type', 'application/x-www-form-urlencoded']

interface Sent {
  readonly sign: string
  readonly method?: string
  readonly target?: string
  readonly headers?: readonly NameValue[]
  readonly signed?: boolean
  readonly host?: string
  readonly body?: string
}

function interpret(sent: Sent): AwsCall {
  const headers = sent.headers ?? []
  const route = routeCall(
    catalog,
    { method: sent.method ?? 'POST', target: sent.target ?? '/', headers },
    {
      signingName: sent.sign,
      region: 'us-east-1',
      signedHeaders: new Set(sent.signed === false ? [] : headers.map(([name]) => name)),
      presigned: false,
      host: sent.host ?? '127.0.0.1',
      wayIn: { kind: 'endpoint', baseDomains: ['aws.gate.example'] },
    },
  )
  const body = Buffer.from(sent.body ?? '')
  const found = route.resolve === undefined ? route : route.resolve(body)
  const whole = found.body === 'whole' && body.length > 0 ? body : undefined
  return interpretCall(catalog, found, whole, { account: '111122223333', partition: 'aws' })
}

test('a call is its parameters, what it asks for, and the form in which it goes on', () => {
  const body = 'Action=TerminateInstances&InstanceId.1=i-0123456789abcdef0&Version=2016-11-15'
  const call = interpret({ sign: 'ec2', headers: [FORM], body })
  assert.deepEqual([call.service, call.operation, call.protocol], ['ec2', 'TerminateInstances', 'ec2'])
  assert.deepEqual(call.parameters, { InstanceIds: ['i-0123456789abcdef0'] })
  assert.deepEqual(call.context.get('request:instanceids[]'), ['i-0123456789abcdef0'])
  assert.equal(call.canonical.method, 'POST')
  assert.match(call.canonical.body?.toString() ?? '', /^Action=TerminateInstances&Version=2016-11-15&/)
})

test('twins are decided for each that the message can be, and go on as the one that was signed for', () => {
  const body = 'Action=DeleteDBInstance&DBInstanceIdentifier=a&Version=2014-10-31'
  const call = interpret({ sign: 'rds', headers: [FORM], body })
  assert.equal(call.service, 'rds')
  assert.deepEqual(call.candidates.map(({ service }) => service).sort(), ['docdb', 'neptune', 'rds'])
  assert.deepEqual(
    call.pairs.map(({ resource }) => resource),
    ['arn:aws:rds:us-east-1:111122223333:db:a'],
  )
})

test('a twin that cannot take the message is no candidate', () => {
  const body =
    'Action=CreateDBInstance&DBInstanceIdentifier=a&DBInstanceClass=c&Engine=e&MultiTenant=true&Version=2014-10-31'
  const call = interpret({ sign: 'rds', headers: [FORM], body })
  assert.deepEqual(call.candidates, [{ service: 'rds', operation: 'CreateDBInstance' }])
})

test('sensitive values are told by their paths', () => {
  const body =
    'Action=CreateDBInstance&DBInstanceIdentifier=a&DBInstanceClass=c&Engine=e&MasterUserPassword=s&Version=2014-10-31'
  const call = interpret({ sign: 'rds', headers: [FORM], body })
  assert.deepEqual(call.sensitive, ['MasterUserPassword'])
})

test('a streamed body is no parameter, and leaves none in the canonical form', () => {
  const call = interpret({
    sign: 's3',
    method: 'PUT',
    target: '/builds/k',
    headers: [['content-type', 'text/x']],
  })
  assert.equal(call.streamsIn, true)
  assert.equal(call.canonical.body, undefined)
  assert.deepEqual(call.parameters, { Bucket: 'builds', Key: 'k', ContentType: 'text/x' })
})

test('an exchange of a token is read without a signature', () => {
  const body =
    'Action=AssumeRoleWithWebIdentity&RoleArn=r&RoleSessionName=s&WebIdentityToken=t&Version=2011-06-15'
  const call = interpret({ sign: 'sts', headers: [FORM], signed: false, body })
  assert.equal(call.operation, 'AssumeRoleWithWebIdentity')
  assert.equal(call.parameters['WebIdentityToken'], 't')
})

test('a request for a form of the reply goes on, and no other header without a parameter does', () => {
  const call = interpret({
    sign: 'sqs',
    headers: [
      ['content-type', 'application/x-amz-json-1.0'],
      ['x-amz-target', 'AmazonSQS.ListQueues'],
      ['x-amzn-query-mode', 'true'],
      ['amz-sdk-invocation-id', 'x'],
      ['user-agent', 'x'],
    ],
    body: '{}',
  })
  assert.deepEqual(
    call.canonical.headers.map(([name]) => name),
    ['content-type', 'x-amz-target', 'x-amzn-query-mode'],
  )
})

test('Glacier is told the version of its API, which its SDKs send in a header', () => {
  const call = interpret({
    sign: 'glacier',
    method: 'GET',
    target: '/-/vaults',
    headers: [['x-amz-glacier-version', '2012-06-01']],
  })
  assert.equal(call.operation, 'ListVaults')
  assert.deepEqual(
    call.canonical.headers.filter(([name]) => name.startsWith('x-amz-')),
    [['x-amz-glacier-version', '2012-06-01']],
  )
})

test('a prefix of the host has to be the one that the call makes', () => {
  const sent = {
    sign: 'states',
    headers: [
      ['content-type', 'application/x-amz-json-1.0'],
      ['x-amz-target', 'AWSStepFunctions.StartSyncExecution'],
    ],
    body: '{"stateMachineArn":"arn:aws:states:us-east-1:111122223333:stateMachine:x"}',
  } satisfies Sent & { headers: [string, string][] }
  assert.equal(interpret(sent).canonical.hostPrefix, 'sync-')
  assert.equal(interpret({ ...sent, host: 'sync-aws.gate.example' }).operation, 'StartSyncExecution')
  assert.throws(() => interpret({ ...sent, host: 'other-aws.gate.example' }), { code: 'host-unclear' })
})

test('an endpoint of DynamoDB by account is that of the caller or of the table', () => {
  const at = (account: string, body: object): string =>
    interpret({
      sign: 'dynamodb',
      headers: [
        ['content-type', 'application/x-amz-json-1.0'],
        ['x-amz-target', 'DynamoDB_20120810.DescribeTable'],
      ],
      body: JSON.stringify(body),
      host: `${account}.aws.gate.example`,
    }).operation
  const theirs = { TableName: 'arn:aws:dynamodb:us-east-1:999999999999:table/t' }
  assert.equal(at('111122223333', { TableName: 't' }), 'DescribeTable')
  assert.equal(at('999999999999', theirs), 'DescribeTable')
  assert.throws(() => at('999999999999', { TableName: 't' }), { code: 'host-unclear' })
  assert.throws(() => at('undefined', { TableName: 't' }), { code: 'host-unclear' })
})

test('where the signature is can be a condition for S3', () => {
  const call = interpret({ sign: 's3', method: 'GET', target: '/builds/k' })
  assert.deepEqual(call.context.get('s3:authtype'), ['REST-HEADER'])
})
