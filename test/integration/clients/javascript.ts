/**
 * Calls AWS through whatever AWS_ENDPOINT_URL says, with the SDK's defaults, and prints a JSON line for
 * each check. Nothing here knows of the gate.
 */
import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import * as cfn from '@aws-sdk/client-cloudformation'
import * as cw from '@aws-sdk/client-cloudwatch'
import * as ddb from '@aws-sdk/client-dynamodb'
import * as ec2 from '@aws-sdk/client-ec2'
import * as iam from '@aws-sdk/client-iam'
import * as kms from '@aws-sdk/client-kms'
import * as lambda from '@aws-sdk/client-lambda'
import * as rds from '@aws-sdk/client-rds'
import * as s3 from '@aws-sdk/client-s3'
import * as sm from '@aws-sdk/client-secrets-manager'
import * as sns from '@aws-sdk/client-sns'
import * as sqs from '@aws-sdk/client-sqs'
import * as sts from '@aws-sdk/client-sts'
import { Upload } from '@aws-sdk/lib-storage'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'

const checks: [string, () => Promise<void>][] = []
const check = (name: string, run: () => Promise<void>): void => void checks.push([name, run])
const expect = (condition: unknown, what: unknown): void => {
  if (!condition) throw new Error(`not so: ${JSON.stringify(what)}`)
}

check('sts', async () => {
  const { Arn } = await new sts.STSClient().send(new sts.GetCallerIdentityCommand())
  expect(Arn?.includes(':assumed-role/'), Arn)
})

check('ec2', async () => {
  const client = new ec2.EC2Client()
  const run = await client.send(
    new ec2.RunInstancesCommand({
      ImageId: 'ami-12c6146b',
      InstanceType: 't3.micro',
      MinCount: 1,
      MaxCount: 1,
    }),
  )
  const InstanceIds = run.Instances?.map(instance => instance.InstanceId ?? '') ?? []
  const found = await client.send(new ec2.DescribeInstancesCommand({ InstanceIds }))
  expect(found.Reservations?.length === 1, found)
})

check('iam', async () => {
  const client = new iam.IAMClient()
  await client.send(new iam.CreateUserCommand({ UserName: 'js', Tags: [{ Key: 'a', Value: 'b & c' }] }))
  const { User } = await client.send(new iam.GetUserCommand({ UserName: 'js' }))
  expect(User?.UserName === 'js', User)
})

check('dynamodb', async () => {
  const client = new ddb.DynamoDBClient()
  await client.send(
    new ddb.CreateTableCommand({
      TableName: 'js',
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [{ AttributeName: 'k', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'k', AttributeType: 'S' }],
    }),
  )
  const Item = { k: { S: '1' }, b: { B: new Uint8Array([0, 255]) }, n: { N: '12345678901234567890' } }
  await client.send(new ddb.PutItemCommand({ TableName: 'js', Item }))
  const got = await client.send(new ddb.GetItemCommand({ TableName: 'js', Key: { k: { S: '1' } } }))
  expect(got.Item?.n?.N === '12345678901234567890', got.Item)
})

check('sqs', async () => {
  const client = new sqs.SQSClient()
  const { QueueUrl } = await client.send(new sqs.CreateQueueCommand({ QueueName: 'js' }))
  await client.send(new sqs.SendMessageCommand({ QueueUrl, MessageBody: 'hello' }))
  const got = await client.send(new sqs.ReceiveMessageCommand({ QueueUrl }))
  expect(got.Messages?.[0]?.Body === 'hello', got)
})

check('sns', async () => {
  const client = new sns.SNSClient()
  const { TopicArn } = await client.send(new sns.CreateTopicCommand({ Name: 'js' }))
  await client.send(new sns.PublishCommand({ TopicArn, Message: 'ünïcode & <more>' }))
})

check('lambda', async () => {
  const { Functions } = await new lambda.LambdaClient().send(new lambda.ListFunctionsCommand())
  expect(Array.isArray(Functions), Functions)
})

check('secrets manager', async () => {
  const client = new sm.SecretsManagerClient()
  await client.send(new sm.CreateSecretCommand({ Name: 'js', SecretString: 'value-of-js' }))
  const got = await client.send(new sm.GetSecretValueCommand({ SecretId: 'js' }))
  expect(got.SecretString === 'value-of-js', got.Name)
})

check('cloudwatch', async () => {
  const client = new cw.CloudWatchClient()
  await client.send(
    new cw.PutMetricDataCommand({
      Namespace: 'js',
      MetricData: [{ MetricName: 'm', Value: 1.5, Timestamp: new Date() }],
    }),
  )
})

check('rds', async () => {
  const { DBInstances } = await new rds.RDSClient().send(new rds.DescribeDBInstancesCommand())
  expect(Array.isArray(DBInstances), DBInstances)
})

check('kms', async () => {
  const client = new kms.KMSClient()
  const { KeyMetadata } = await client.send(new kms.CreateKeyCommand())
  const KeyId = KeyMetadata?.KeyId
  const { CiphertextBlob } = await client.send(
    new kms.EncryptCommand({ KeyId, Plaintext: new Uint8Array([1, 2, 3]) }),
  )
  const { Plaintext } = await client.send(new kms.DecryptCommand({ CiphertextBlob }))
  expect(Plaintext?.length === 3, Plaintext)
})

check('cloudformation', async () => {
  const { Stacks } = await new cfn.CloudFormationClient().send(new cfn.DescribeStacksCommand())
  expect(Array.isArray(Stacks), Stacks)
})

const Bucket = 'js-bucket'

check('s3 put, get, list', async () => {
  const client = new s3.S3Client()
  await client.send(new s3.CreateBucketCommand({ Bucket }))
  await client.send(new s3.PutObjectCommand({ Bucket, Key: 'folder/plain.txt', Body: 'hello' }))
  const got = await client.send(new s3.GetObjectCommand({ Bucket, Key: 'folder/plain.txt' }))
  expect((await got.Body?.transformToString()) === 'hello', 'body')
  const listed = await client.send(new s3.ListObjectsV2Command({ Bucket, Prefix: 'folder/' }))
  expect(listed.KeyCount === 1, listed.KeyCount)
})

check('s3 upload of a stream in parts', async () => {
  const client = new s3.S3Client()
  const Bucket = 'js-upload'
  await client.send(new s3.CreateBucketCommand({ Bucket }))
  const bytes = randomBytes(11 << 20)
  const Body = Readable.from([bytes.subarray(0, 7 << 20), bytes.subarray(7 << 20)])
  await new Upload({ client, params: { Bucket, Key: 'stream.bin', Body } }).done()
  const got = await client.send(
    new s3.GetObjectCommand({ Bucket, Key: 'stream.bin', Range: 'bytes=100-199' }),
  )
  const part = Buffer.from((await got.Body?.transformToByteArray()) ?? [])
  expect(part.equals(bytes.subarray(100, 200)), 'range')
})

check('s3 presigned', async () => {
  const client = new s3.S3Client()
  const url = await getSignedUrl(client, new s3.GetObjectCommand({ Bucket, Key: 'folder/plain.txt' }))
  const reply = await fetch(url)
  expect(reply.status === 200 && (await reply.text()) === 'hello', reply.status)
})

const wanted = new Set(process.argv.slice(2))
for (const [name, run] of checks) {
  if (wanted.size > 0 && !wanted.has(name)) continue
  try {
    await run()
    console.log(JSON.stringify({ name }))
  } catch (error) {
    console.log(JSON.stringify({ name, error: String(error) }))
  }
}
