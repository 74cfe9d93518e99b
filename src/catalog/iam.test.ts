import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadCatalog } from './load.ts'
import type { DerivedResource, OperationAuthorization } from './model.ts'

const catalog = loadCatalog()

function resourcesOf({ resources }: OperationAuthorization): readonly string[] {
  return resources.map(resourceText)
}

/** `arn…/${Name} <- Name=Member`, or the member that may be the ARN; with `?` before optional ones. */
function resourceText({ arn, from, whole, required }: DerivedResource): string {
  const short = arn.replace('arn:${Partition}:', '').replace('${Region}', '').replace('${Account}', '')
  const paths = [...from].map(([variable, path]) => `${variable}=${path}`).join(',')
  return `${required ? '' : '? '}${short} <- ${whole ?? paths}`
}

test('actions, resource types and condition keys of a prefix', () => {
  const s3 = catalog.iam('s3')
  assert.equal(s3?.actions.get('getobject')?.name, 's3:GetObject')
  assert.equal(s3?.actions.get('GetObject')?.level, 'Read')
  assert.equal(s3?.actions.get('PutBucketPolicy')?.level, 'Permissions management')
  assert.equal(s3?.actions.get('PutObjectTagging')?.level, 'Tagging')
  assert.deepEqual(s3?.resourceTypes.get('object')?.arns, [
    'arn:${Partition}:s3:::${BucketName}/${ObjectName}',
  ])
  assert.equal(s3?.conditionKeys.get('S3:PREFIX'), 'String')
  assert.equal(catalog.iam('S3'), s3)
  assert.ok(catalog.iam('lambda')?.actions.get('CreateFunction')?.dependentActions.includes('iam:PassRole'))
  for (const prefix of ['', 'constructor', '__proto__', 'no-such'])
    assert.equal(catalog.iam(prefix), undefined)
})

test('every action that an operation maps to exists, and its resources too', () => {
  let mapped = 0
  for (const [id, { operations }] of catalog.services) {
    for (const name of operations.keys()) {
      const { action, resources } = catalog.authorization(id, name)
      if (action === undefined) {
        assert.deepEqual(resources, [], `${id} ${name}`)
        continue
      }
      mapped++
      const [prefix = '', bare = ''] = action.split(':')
      const known = catalog.iam(prefix)?.actions.get(bare)
      assert.equal(known?.name, action, `${id} ${name}`)
      // Only an action without resources may be decided on `*` as an exact one.
      assert.equal(resources.length === 0, known?.resourceTypes.length === 0, `${id} ${name}`)
    }
  }
  assert.ok(mapped > 17_900)
})

test('every path of a resource or role is one of the input', () => {
  for (const [id, { operations }] of catalog.services) {
    const shapes = catalog.shapes(id)
    const typeAt = (operation: string, path: string): string | undefined => {
      let name = shapes.operations.get(operation)?.input?.shape
      for (const step of path.split('.')) {
        const member = step.replace(/(\[\])*$/, '')
        name = shapes.shapes.get(name ?? '')?.members?.get(member)?.shape
        for (let lists = (step.length - member.length) / 2; lists > 0; lists--) {
          name = shapes.shapes.get(name ?? '')?.member?.shape
        }
      }
      return shapes.shapes.get(name ?? '')?.type
    }
    for (const operation of operations.keys()) {
      const { resources, passesRole } = catalog.authorization(id, operation)
      const paths = resources.flatMap(({ from, whole }) => [...from.values(), ...(whole ? [whole] : [])])
      for (const path of [...paths, ...passesRole]) {
        assert.equal(typeAt(operation, path), 'string', `${id} ${operation} ${path}`)
      }
    }
  }
})

test('every variable that a resource fills is in its template', () => {
  for (const [id, { operations }] of catalog.services) {
    for (const operation of operations.keys()) {
      for (const { arn, from } of catalog.authorization(id, operation).resources) {
        for (const variable of from.keys()) assert.ok(arn.includes(`\${${variable}}`), `${id} ${operation}`)
      }
    }
  }
})

test('operations map to the action of their name, or of the reference', () => {
  const actionOf = (service: string, operation: string): string | undefined =>
    catalog.authorization(service, operation).action
  assert.equal(actionOf('ec2', 'TerminateInstances'), 'ec2:TerminateInstances')
  assert.equal(actionOf('lambda', 'Invoke'), 'lambda:InvokeFunction')
  assert.equal(actionOf('s3', 'HeadObject'), 's3:GetObject')
  assert.equal(actionOf('s3', 'ListObjectsV2'), 's3:ListBucket')
  assert.equal(actionOf('s3control', 'GetBucketPolicy'), 's3-outposts:GetBucketPolicy')
  assert.equal(actionOf('s3control', 'PutPublicAccessBlock'), 's3:PutAccountPublicAccessBlock')
  assert.equal(actionOf('cloudwatch', 'PutMetricData'), 'cloudwatch:PutMetricData')
  assert.equal(actionOf('elbv2', 'CreateLoadBalancer'), 'elasticloadbalancing:CreateLoadBalancer')
  assert.equal(actionOf('sesv2', 'SendEmail'), 'ses:SendEmail')
  assert.equal(actionOf('bedrock-runtime', 'Converse'), 'bedrock:InvokeModel')
  assert.equal(actionOf('dynamodbstreams', 'GetRecords'), 'dynamodb:GetRecords')
  assert.equal(actionOf('iot-data', 'Publish'), 'iot:Publish')
  assert.equal(actionOf('sqs', 'SendMessageBatch'), 'sqs:SendMessage')
})

test('what one action does not describe is unmapped, and denied without a rule', () => {
  for (const [service, operation] of [
    ['apigateway', 'CreateRestApi'],
    ['dynamodb', 'ExecuteStatement'],
    ['dynamodb', 'TransactWriteItems'],
    ['kms', 'ReEncrypt'],
    ['s3', 'CopyObject'],
    ['s3', 'DeleteObjects'],
    ['s3', 'NoSuchOperation'],
    ['s3', 'constructor'],
  ] as const) {
    assert.equal(catalog.authorization(service, operation).action, undefined, `${service} ${operation}`)
  }
})

test('resources come from the members that name them', () => {
  const of = (service: string, operation: string): readonly string[] =>
    resourcesOf(catalog.authorization(service, operation))
  assert.deepEqual(of('ec2', 'TerminateInstances'), [
    'ec2:::instance/${InstanceId} <- InstanceId=InstanceIds[]',
  ])
  assert.deepEqual(of('ec2', 'DescribeInstances'), [])
  assert.deepEqual(of('sns', 'Publish').slice(0, 1), ['sns:::${TopicName} <- TopicArn'])
  assert.deepEqual(of('eks', 'DescribeCluster'), ['eks:::cluster/${ClusterName} <- ClusterName=name'])
  assert.deepEqual(of('dynamodb', 'PutItem'), ['dynamodb:::table/${TableName} <- TableName'])
  assert.ok(
    of('s3', 'GetObject').includes('? s3:::${BucketName}/${ObjectName} <- BucketName=Bucket,ObjectName=Key'),
  )
})

test('what a request does not say for sure stays unknown', () => {
  const of = (service: string, operation: string): readonly string[] =>
    resourcesOf(catalog.authorization(service, operation))
  // An alias may stand for any key.
  assert.deepEqual(of('kms', 'Decrypt'), ['kms:::key/${KeyId} <- '])
  // Ids that AWS makes up only in its answer.
  assert.deepEqual(
    of('ec2', 'CreateVpc').filter(text => text.includes('vpc/')),
    ['ec2:::vpc/${VpcId} <- '],
  )
  // A name without the path that belongs to the ARN.
  assert.deepEqual(of('iam', 'DeleteRole'), ['iam:::role/${RoleNameWithPath} <- '])
  assert.deepEqual(of('secretsmanager', 'GetSecretValue'), [
    'secretsmanager:::secret:${SecretId}-?????? <- SecretId',
  ])
  // The bucket may be an access point, which has an ARN of its own.
  assert.ok(
    of('s3', 'GetObject').includes(
      's3:::accesspoint/${AccessPointName}/object/${ObjectName} <- ObjectName=Key',
    ),
  )
  // The kind of load balancer and its id.
  assert.deepEqual(of('elbv2', 'CreateLoadBalancer'), [
    'elasticloadbalancing:::loadbalancer/*/${LoadBalancerName}/* <- LoadBalancerName=Name',
  ])
  // The copy's source is asked for too.
  assert.ok(
    of('rds', 'CreateDBInstanceReadReplica').includes(
      '? rds:::db:${DbInstanceName} <- DbInstanceName=SourceDBInstanceIdentifier',
    ),
  )
})

test('passed roles are found wherever they hide', () => {
  const rolesOf = (service: string, operation: string): readonly string[] =>
    catalog.authorization(service, operation).passesRole
  assert.deepEqual(rolesOf('lambda', 'CreateFunction').slice(0, 1), ['Role'])
  assert.deepEqual(rolesOf('ecs', 'RegisterTaskDefinition').slice(0, 2), ['taskRoleArn', 'executionRoleArn'])
  assert.deepEqual(
    rolesOf('ecs', 'RunTask').slice(0, 2),
    ['overrides.executionRoleArn', 'overrides.taskRoleArn'].sort(),
  )
  assert.ok(rolesOf('ec2', 'RunInstances').includes('IamInstanceProfile.Arn'))
  assert.ok(rolesOf('ec2', 'RunInstances').includes('IamInstanceProfile.Name'))
  assert.deepEqual(rolesOf('iam', 'AddRoleToInstanceProfile'), ['RoleName'])
  assert.ok(rolesOf('events', 'PutTargets').includes('Targets[].RoleArn'))
  assert.deepEqual(rolesOf('s3', 'PutBucketReplication'), ['ReplicationConfiguration.Role'])
  assert.deepEqual(rolesOf('sts', 'AssumeRole'), [])
  assert.deepEqual(rolesOf('iam', 'GetRole'), [])
  assert.deepEqual(rolesOf('lambda', 'Invoke'), [])
})
