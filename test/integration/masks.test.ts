import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { CloudWatchClient, ListMetricsCommand, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch'
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb'
import { DescribeInstanceAttributeCommand, EC2Client, RunInstancesCommand } from '@aws-sdk/client-ec2'
import { CreateAccessKeyCommand, CreateUserCommand, IAMClient } from '@aws-sdk/client-iam'
import {
  GetFunctionConfigurationCommand,
  LambdaClient,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda'
import {
  CopyObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import {
  CreateSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager'
import { execute, python } from '../harness/process.ts'
import { assumeRaw } from '../harness/raw-client.ts'
import { ALLOW_ALL, startWorld, type World } from '../harness/world.ts'

const mask = (sid: string, action: string, terms: object): object => ({
  Sid: sid,
  Effect: 'Mask',
  Action: action,
  Resource: '*',
  Mask: terms,
})

const READER = {
  Version: '2012-10-17',
  Statement: [
    { Sid: 'AllButUnmask', Effect: 'Allow', NotAction: 'gate:Unmask', Resource: '*' },
    mask('Items', 'dynamodb:Scan', { Fields: ['Items[].card'], As: 'partial' }),
    mask('Metrics', 'cloudwatch:ListMetrics', { Fields: ['Metrics[].Dimensions[].Value'], As: 'hash' }),
    mask('Objects', 's3:GetObject', { Detect: ['email-address', 'credit-card'], As: 'partial' }),
  ],
}

const MASK = '~mask~'
const CUSTOMERS = [
  'name,mail,card',
  'Eve,evelyn.k@example.com,4111 1111 1111 1111',
  'Bob,bob.the.b@example.org,5500-0000-0000-0004',
  '',
].join('\n')

describe('masks, seen by the real SDKs', () => {
  let world: World
  /** The settings of a client that may see everything, and of one that may not. */
  let owner: Settings
  let reader: Settings

  interface Settings {
    readonly endpoint: string
    readonly region: string
    readonly credentials: { accessKeyId: string; secretAccessKey: string; sessionToken: string }
    readonly maxAttempts: number
    readonly forcePathStyle: boolean
  }

  before(async () => {
    // moto cannot verify all of these calls; what is signed is tested elsewhere.
    world = await startWorld({ owner: [ALLOW_ALL], reader: [READER] }, { unchecked: true })
    owner = await settings('owner')
    reader = await settings('reader')
  })
  after(() => world.stop())

  async function settings(role: string): Promise<Settings> {
    const { gate } = world
    const env = await gate.clientEnv(world.role(role), role)
    const token = readFileSync(env['AWS_WEB_IDENTITY_TOKEN_FILE'] ?? '', 'utf8')
    const credentials = await assumeRaw(gate.endpoint, world.role(role), token)
    return { endpoint: gate.endpoint, region: 'us-east-1', credentials, maxAttempts: 1, forcePathStyle: true }
  }

  it('a secret, in JSON: masked for one who may not unmask, whole for one who may', async () => {
    await new SecretsManagerClient(owner).send(
      new CreateSecretCommand({ Name: 'db', SecretString: 'canary-secret' }),
    )
    const get = new GetSecretValueCommand({ SecretId: 'db' })
    assert.equal((await new SecretsManagerClient(owner).send(get)).SecretString, 'canary-secret')
    const masked = await new SecretsManagerClient(reader).send(get)
    assert.equal(masked.SecretString, MASK)
    assert.equal(masked.Name, 'db')
    assert.ok(masked.CreatedDate instanceof Date)
  })

  it('a mask that comes back is refused, and overwrites nothing', async () => {
    const put = new PutSecretValueCommand({ SecretId: 'db', SecretString: `{"password":"${MASK}"}` })
    await assert.rejects(new SecretsManagerClient(reader).send(put), /`SecretString`/)
    const { SecretString } = await new SecretsManagerClient(owner).send(
      new GetSecretValueCommand({ SecretId: 'db' }),
    )
    assert.equal(SecretString, 'canary-secret')
  })

  it('a new access key, in XML of the query protocol', async () => {
    await new IAMClient(owner).send(new CreateUserCommand({ UserName: 'carol' }))
    const { AccessKey } = await new IAMClient(reader).send(new CreateAccessKeyCommand({ UserName: 'carol' }))
    assert.equal(AccessKey?.SecretAccessKey, MASK)
    assert.equal(AccessKey?.UserName, 'carol')
    assert.match(AccessKey?.AccessKeyId ?? '', /^[A-Z0-9]{16,}$/)
  })

  it('user data, in XML of EC2', async () => {
    const run = await new EC2Client(owner).send(
      new RunInstancesCommand({
        ImageId: 'ami-12c6146b',
        InstanceType: 't3.micro',
        MinCount: 1,
        MaxCount: 1,
        UserData: Buffer.from('#!/bin/sh\nTOKEN=canary').toString('base64'),
      }),
    )
    const ask = new DescribeInstanceAttributeCommand({
      InstanceId: run.Instances?.[0]?.InstanceId ?? '',
      Attribute: 'userData',
    })
    const seen = await new EC2Client(owner).send(ask)
    assert.match(Buffer.from(seen.UserData?.Value ?? '', 'base64').toString(), /canary/)
    const masked = await new EC2Client(reader).send(ask)
    assert.doesNotMatch(JSON.stringify(masked), /canary/)
    const value = masked.UserData?.Value ?? ''
    assert.ok(value.includes(MASK) || Buffer.from(value, 'base64').toString().includes(MASK), value)
  })

  it('the environment of a function, in REST JSON, and its read-modify-write', async () => {
    const made = await execute(python(), ['-c', CREATE_FUNCTION], {
      env: await world.gate.clientEnv(world.role('owner'), 'owner'),
    })
    assert.equal(made.code, 0, made.stderr)
    const name = { FunctionName: 'worker' }
    const read = await new LambdaClient(reader).send(new GetFunctionConfigurationCommand(name))
    assert.deepEqual(read.Environment?.Variables, { PASSWORD: MASK, STAGE: MASK })
    await assert.rejects(
      new LambdaClient(reader).send(
        new UpdateFunctionConfigurationCommand({
          ...name,
          Environment: { Variables: read.Environment?.Variables ?? {} },
        }),
      ),
      /masked/,
    )
    const kept = await new LambdaClient(owner).send(new GetFunctionConfigurationCommand(name))
    assert.deepEqual(kept.Environment?.Variables, { PASSWORD: 'canary-password', STAGE: 'dev' })
  })

  it('fields by a statement, in a reply with a checksum that the SDK verifies', async () => {
    const made = await execute(python(), ['-c', CREATE_TABLE], {
      env: await world.gate.clientEnv(world.role('owner'), 'owner'),
    })
    assert.equal(made.code, 0, made.stderr)
    const { Items } = await new DynamoDBClient(reader).send(new ScanCommand({ TableName: 'people' }))
    assert.deepEqual(Items?.[0]?.['card'], { S: `${MASK}1111` })
    assert.deepEqual(Items?.[0]?.['id'], { S: '1' })
  })

  it('a hash in CBOR: equal values stay equal', async () => {
    const data = (name: string, value: string) => ({
      MetricName: name,
      Value: 1,
      Dimensions: [{ Name: 'Customer', Value: value }],
    })
    await new CloudWatchClient(owner).send(
      new PutMetricDataCommand({
        Namespace: 'shop',
        MetricData: [data('a', 'canary-eve'), data('b', 'canary-eve'), data('c', 'canary-bob')],
      }),
    )
    const { Metrics } = await new CloudWatchClient(reader).send(new ListMetricsCommand({ Namespace: 'shop' }))
    const by = new Map(Metrics?.map(each => [each.MetricName, each.Dimensions?.[0]?.Value ?? '']))
    assert.match(by.get('a') ?? '', /^~mask~h/)
    assert.equal(by.get('a'), by.get('b'))
    assert.notEqual(by.get('a'), by.get('c'))
  })

  it('an object that holds people, with its size, its ranges and no checksum that does not fit', async () => {
    const key = { Bucket: 'customers', Key: 'today.csv' }
    const made = await execute(
      python(),
      ['-c', "import boto3\nboto3.client('s3').create_bucket(Bucket='customers')"],
      { env: await world.gate.clientEnv(world.role('owner'), 'owner') },
    )
    assert.equal(made.code, 0, made.stderr)
    await new S3Client(owner).send(
      new PutObjectCommand({ ...key, Body: CUSTOMERS, ContentType: 'text/csv', ChecksumAlgorithm: 'SHA256' }),
    )
    const s3 = new S3Client(reader)
    const read = await s3.send(new GetObjectCommand({ ...key, ChecksumMode: 'ENABLED' }))
    const text = (await read.Body?.transformToString()) ?? ''
    assert.equal(text.length, CUSTOMERS.length)
    assert.equal((await s3.send(new HeadObjectCommand(key))).ContentLength, text.length)
    assert.doesNotMatch(text, /evelyn|the\.b|4111 1111 1111|5500-0000/)
    assert.match(text, /@example\.com/)
    assert.match(text, /1111\n/)
    for (const [first, last] of [
      [0, 20],
      [16, 40],
      [25, 30],
      [text.length - 5, text.length - 1],
    ] as const) {
      const part = await s3.send(new GetObjectCommand({ ...key, Range: `bytes=${first}-${last}` }))
      assert.equal(await part.Body?.transformToString(), text.slice(first, last + 1))
    }
    await assert.rejects(
      s3.send(new PutObjectCommand({ Bucket: 'customers', Key: 'copy.csv', Body: text })),
      /mask/,
    )
    await assert.rejects(
      s3.send(
        new CopyObjectCommand({ Bucket: 'customers', Key: 'copy.csv', CopySource: 'customers/today.csv' }),
      ),
      /its copy would not be/,
    )
    const whole = await new S3Client(owner).send(new GetObjectCommand(key))
    assert.equal(await whole.Body?.transformToString(), CUSTOMERS)
  })

  it('an object in which nothing can be detected is denied, not passed', async () => {
    const key = { Bucket: 'customers', Key: 'photo.png' }
    const png = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')
    await new S3Client(owner).send(new PutObjectCommand({ ...key, Body: png }))
    await assert.rejects(new S3Client(reader).send(new GetObjectCommand(key)), /PNG|no text/)
  })

  it('the aws command and boto3 read masked objects without an error', async () => {
    const env = await world.gate.clientEnv(world.role('reader'), 'reader')
    const code = `
import boto3
s3 = boto3.client('s3')
print(s3.get_object(Bucket='customers', Key='today.csv')['Body'].read().decode())
import io
file = io.BytesIO()
s3.download_fileobj('customers', 'today.csv', file)
print(file.getvalue().decode())
`
    const { code: ended, stdout, stderr } = await execute(python(), ['-c', code], { env })
    assert.equal(ended, 0, stderr)
    assert.equal(stdout.match(/~mask~/g)?.length, 8)
    assert.doesNotMatch(stdout, /evelyn|the\.b/)
  })

  it('the journal says what was masked, and holds none of it', async () => {
    const { stdout } = await world.gate.sessions('list', '--json')
    const { sessions } = JSON.parse(stdout) as { sessions: { id: string }[] }
    const replays = await Promise.all(sessions.map(({ id }) => world.gate.sessions('show', id)))
    const text = replays.map(replay => replay.stdout).join('\n')
    const found = (text.match(/\d+ values? masked: [^·\n]+/g) ?? []).join('\n')
    assert.match(found, /1 value masked: SecretString/)
    assert.match(found, /2 values masked: Environment\.Variables\.\*/)
    assert.match(found, /values? masked: .*a value like email-address/)
    assert.doesNotMatch(text.replace(/aws cloudwatch put-metric-data.*/g, ''), /canary/)
  })
})

const CREATE_FUNCTION = `
import boto3, io, zipfile
packed = io.BytesIO()
with zipfile.ZipFile(packed, 'w') as z: z.writestr('main.py', 'def main(e, c): pass')
iam = boto3.client('iam')
role = iam.create_role(RoleName='lambda', AssumeRolePolicyDocument='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}')
boto3.client('lambda').create_function(FunctionName='worker', Runtime='python3.12', Handler='main.main',
  Role=role['Role']['Arn'], Code={'ZipFile': packed.getvalue()},
  Environment={'Variables': {'PASSWORD': 'canary-password', 'STAGE': 'dev'}})
`

const CREATE_TABLE = `
import boto3
d = boto3.client('dynamodb')
d.create_table(TableName='people', BillingMode='PAY_PER_REQUEST',
  KeySchema=[{'AttributeName': 'id', 'KeyType': 'HASH'}],
  AttributeDefinitions=[{'AttributeName': 'id', 'AttributeType': 'S'}])
d.put_item(TableName='people', Item={'id': {'S': '1'}, 'card': {'S': '4111111111111111'}})
`
