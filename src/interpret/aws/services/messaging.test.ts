import assert from 'node:assert/strict'
import test from 'node:test'
import { asked, lines } from './asked.fixture.ts'

const own = (service: string, resource: string): string =>
  `arn:aws:${service}:us-east-1:111122223333:${resource}`

test('a queue goes by the account and name of its URL, in the region of the call', () => {
  for (const QueueUrl of [
    'https://sqs.us-east-1.amazonaws.com/111122223333/jobs',
    'http://127.0.0.1:4566/111122223333/jobs',
    'https://eu-west-1.queue.amazonaws.com/111122223333/jobs',
  ]) {
    assert.deepEqual(lines('sqs', 'SendMessage', { QueueUrl }), [`sqs:SendMessage ${own('sqs', 'jobs')}`])
  }
  const far = 'https://sqs.us-east-1.amazonaws.com/444455556666/jobs.fifo'
  assert.deepEqual(lines('sqs', 'DeleteMessageBatch', { QueueUrl: far }), [
    'sqs:DeleteMessage arn:aws:sqs:us-east-1:444455556666:jobs.fifo',
  ])
})

test('a queue URL with tricks in it names no queue', () => {
  for (const QueueUrl of [
    '',
    'jobs',
    '/111122223333/jobs',
    'https://sqs/111122223333/jobs/',
    'https://sqs/111122223333/jobs?x',
    'https://sqs/111122223333/jobs#/1/a',
    'https://sqs/999988887777/secret/111122223333/jobs',
    'https://user@sqs/111122223333/jobs',
    'https://sqs/111122223333/j%6fbs',
    'https://sqs/111122223333/*',
  ]) {
    assert.deepEqual(lines('sqs', 'SendMessage', { QueueUrl }), ['sqs:SendMessage * (any)'], QueueUrl)
  }
})

test('a queue that is looked up or made goes by its name, with its tags', () => {
  assert.deepEqual(
    lines('sqs', 'GetQueueUrl', { QueueName: 'jobs', QueueOwnerAWSAccountId: '444455556666' }),
    ['sqs:GetQueueUrl arn:aws:sqs:us-east-1:444455556666:jobs'],
  )
  assert.deepEqual(lines('sqs', 'CreateQueue', { QueueName: 'jobs', tags: { team: 'blue' } }), [
    `sqs:CreateQueue ${own('sqs', 'jobs')}`,
    `sqs:TagQueue ${own('sqs', 'jobs')}`,
  ])
})

test('a redrive asks for both queues', () => {
  const parameters = { SourceArn: own('sqs', 'dead'), DestinationArn: own('sqs', 'live') }
  const pairs = lines('sqs', 'StartMessageMoveTask', parameters)
  assert.ok(pairs.includes(`sqs:DeleteMessage ${own('sqs', 'dead')}`))
  assert.ok(pairs.includes(`sqs:SendMessage ${own('sqs', 'live')}`))
})

test('a message goes to a topic, an endpoint or a phone', () => {
  assert.deepEqual(lines('sns', 'Publish', { TopicArn: own('sns', 'news') }), [
    `sns:Publish ${own('sns', 'news')}`,
  ])
  assert.deepEqual(lines('sns', 'Publish', { TargetArn: own('sns', 'endpoint/GCM/a/b') }), [
    `sns:Publish ${own('sns', 'endpoint/GCM/a/b')}`,
  ])
  assert.deepEqual(lines('sns', 'Publish', { PhoneNumber: '+15550100' }), ['sns:Publish *'])
  assert.deepEqual(lines('sns', 'Publish', { TopicArn: 'arn:aws:sns:*' }), ['sns:Publish * (any)'])
})

test('a subscription is its topic', () => {
  const SubscriptionArn = own('sns', 'news:6b0e71bd-7e97-4d97-80ce-4a0994e55286')
  assert.deepEqual(lines('sns', 'Unsubscribe', { SubscriptionArn }), [
    `sns:Unsubscribe ${own('sns', 'news')}`,
  ])
  assert.deepEqual(lines('sns', 'Unsubscribe', { SubscriptionArn: 'x' }), [
    `sns:Unsubscribe ${own('sns', '*')} (any)`,
  ])
})

test('a function goes by any form of its name, its alias by both', () => {
  const arn = own('lambda', 'function:resize')
  for (const FunctionName of ['resize', '111122223333:function:resize', arn]) {
    assert.deepEqual(lines('lambda', 'Invoke', { FunctionName }), [`lambda:InvokeFunction ${arn}`])
  }
  for (const parameters of [
    { FunctionName: 'resize:live' },
    { FunctionName: 'resize', Qualifier: 'live' },
    { FunctionName: `${arn}:live`, Qualifier: 'live' },
  ]) {
    const { pairs } = asked('lambda', 'Invoke', parameters)
    assert.deepEqual(pairs, [
      { action: 'lambda:InvokeFunction', resource: `${arn}:live`, certainty: 'exact', orAs: [arn] },
    ])
  }
})

test('a function with two qualifiers, or none that can be read, may be any', () => {
  for (const parameters of [
    { FunctionName: 'resize:live', Qualifier: 'test' },
    { FunctionName: 'resize:a:b' },
    { FunctionName: 'function:resize' },
    { FunctionName: '111122223333:resize' },
    { FunctionName: 'us-east-1:resize' },
    { FunctionName: 'arn:aws:lambda:us-east-1:111122223333:function:*' },
    { FunctionName: 'arn:aws:s3:::bucket' },
  ]) {
    const [pair] = asked('lambda', 'Invoke', parameters).pairs
    assert.equal(pair?.certainty, 'any')
  }
})

test('a function that is made passes its role to Lambda', () => {
  const Role = 'arn:aws:iam::111122223333:role/service-role/resize'
  const [, role] = asked('lambda', 'CreateFunction', { FunctionName: 'resize', Role }).pairs
  assert.equal(role?.action, 'iam:PassRole')
  assert.equal(role?.resource, Role)
  assert.deepEqual(role?.context?.get('iam:passedtoservice'), ['lambda.amazonaws.com'])
})
