import assert from 'node:assert/strict'
import test from 'node:test'
import { asked, keyOf, lines } from './asked.fixture.ts'

const iam = (resource: string): string => `arn:aws:iam::111122223333:${resource}`
const own = (service: string, resource: string): string =>
  `arn:aws:${service}:us-east-1:111122223333:${resource}`

test('a role goes by its name, with any path before it for a Deny', () => {
  const [pair] = asked('iam', 'AttachRolePolicy', {
    RoleName: 'deploy',
    PolicyArn: 'arn:aws:iam::aws:policy/AdministratorAccess',
  }).pairs
  assert.deepEqual(pair, {
    action: 'iam:AttachRolePolicy',
    resource: iam('role/deploy'),
    certainty: 'exact',
    orAs: [iam('role/*/deploy')],
  })
  assert.deepEqual(
    keyOf(
      'iam',
      'AttachRolePolicy',
      { RoleName: 'x', PolicyArn: 'arn:aws:iam::aws:policy/A' },
      'iam:PolicyARN',
    ),
    ['arn:aws:iam::aws:policy/A'],
  )
})

test('what is made has its path', () => {
  assert.deepEqual(lines('iam', 'CreateRole', { RoleName: 'deploy', Path: '/ci/' }), [
    `iam:CreateRole ${iam('role/ci/deploy')}`,
  ])
  assert.deepEqual(lines('iam', 'CreatePolicy', { PolicyName: 'p' }), [`iam:CreatePolicy ${iam('policy/p')}`])
  assert.deepEqual(lines('iam', 'CreateRole', { RoleName: 'deploy', Path: '/*/' }), [
    `iam:CreateRole ${iam('role/*')} (any)`,
  ])
  assert.deepEqual(lines('iam', 'CreateUser', { UserName: 'a/b' }), [`iam:CreateUser ${iam('user/*')} (any)`])
})

test('a rename asks for the new name, too', () => {
  assert.deepEqual(lines('iam', 'UpdateUser', { UserName: 'bob', NewUserName: 'eve', NewPath: '/admin/' }), [
    `iam:UpdateUser ${iam('user/bob')}`,
    `iam:UpdateUser ${iam('user/admin/eve')}`,
  ])
})

test('a session asks for its tags and its source identity', () => {
  const RoleArn = iam('role/deploy')
  assert.deepEqual(
    lines('sts', 'AssumeRole', { RoleArn, Tags: [{ Key: 'a', Value: 'b' }], SourceIdentity: 'me' }),
    [`sts:AssumeRole ${RoleArn}`, `sts:TagSession ${RoleArn}`, `sts:SetSourceIdentity ${RoleArn}`],
  )
})

test('a database goes by its name in lower case, however it is written', () => {
  const [pair] = asked('rds', 'DeleteDBInstance', { DBInstanceIdentifier: 'PROD' }).pairs
  assert.equal(pair?.resource, own('rds', 'db:prod'))
  assert.deepEqual(pair?.orAs, [own('rds', 'db:PROD')])
  assert.deepEqual(lines('rds', 'AddTagsToResource', { ResourceName: own('rds', 'db:Prod') }), [
    `rds:AddTagsToResource ${own('rds', 'db:prod')}`,
  ])
})

test('a stack goes by its name with any id, or by its ARN', () => {
  assert.deepEqual(lines('cloudformation', 'DeleteStack', { StackName: 'app' }), [
    `cloudformation:DeleteStack ${own('cloudformation', 'stack/app/*')} (any)`,
  ])
  const StackName = own('cloudformation', 'stack/app/0f1e')
  assert.deepEqual(lines('cloudformation', 'DeleteStack', { StackName }), [
    `cloudformation:DeleteStack ${StackName}`,
  ])
})

test('a model goes by its id, a profile with the model behind it', () => {
  assert.deepEqual(lines('bedrock-runtime', 'InvokeModel', { modelId: 'anthropic.claude-v2:1' }), [
    'bedrock:InvokeModel arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-v2:1',
  ])
  assert.deepEqual(lines('bedrock-runtime', 'ConverseStream', { modelId: 'us.anthropic.claude-v2' }), [
    `bedrock:InvokeModelWithResponseStream ${own('bedrock', 'inference-profile/us.anthropic.claude-v2')}`,
    'bedrock:InvokeModelWithResponseStream arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-v2',
  ])
  assert.deepEqual(lines('bedrock-runtime', 'InvokeModel', { modelId: '*' }), ['bedrock:InvokeModel * (any)'])
  const guarded = { modelId: 'a.b', guardrailIdentifier: 'gr1', guardrailVersion: '2' }
  assert.ok(
    lines('bedrock-runtime', 'InvokeModel', guarded).includes(
      `bedrock:ApplyGuardrail ${own('bedrock', 'guardrail/gr1')}`,
    ),
  )
})

test('API Gateway goes by verb and path, in both versions', () => {
  const at = 'arn:aws:apigateway:us-east-1::'
  assert.deepEqual(lines('apigateway', 'GetRestApi', { restApiId: 'a1' }), [
    `apigateway:GET ${at}/restapis/a1`,
  ])
  assert.deepEqual(lines('apigateway', 'CreateRestApi', { name: 'x' }), [`apigateway:POST ${at}/restapis`])
  assert.deepEqual(lines('apigatewayv2', 'DeleteApi', { ApiId: 'a1' }), [`apigateway:DELETE ${at}/apis/a1`])
  assert.deepEqual(lines('apigateway', 'DeleteRestApi', { restApiId: 'a/b' }), [
    `apigateway:DELETE ${at}/restapis/* (any)`,
  ])
  const patch = { restApiId: 'a1', patchOperations: [{ op: 'replace', path: '/policy', value: '{}' }] }
  assert.deepEqual(lines('apigateway', 'UpdateRestApi', patch), [
    `apigateway:PATCH ${at}/restapis/a1`,
    `apigateway:UpdateRestApiPolicy ${at}/restapis/a1`,
  ])
})

test('a task definition goes by its family and revision, or by any revision', () => {
  const task = (resource: string): string => `ecs:RunTask ${own('ecs', `task-definition/${resource}`)}`
  assert.deepEqual(lines('ecs', 'RunTask', { taskDefinition: 'app:7' }), [task('app:7')])
  assert.deepEqual(lines('ecs', 'RunTask', { taskDefinition: 'app' }), [task('app:* (any)')])
  assert.deepEqual(lines('ecs', 'RunTask', { taskDefinition: 'app:*' }), [task('* (any)')])
})

test('every bus of a batch of events is asked for', () => {
  assert.deepEqual(
    lines('events', 'PutEvents', { Entries: [{}, { EventBusName: 'orders' }, { EventBusName: '*' }] }),
    [
      `events:PutEvents ${own('events', 'event-bus/default')}`,
      `events:PutEvents ${own('events', 'event-bus/orders')}`,
      'events:PutEvents * (any)',
    ],
  )
  assert.deepEqual(lines('events', 'PutRule', { Name: 'r' }), [`events:PutRule ${own('events', 'rule/r')}`])
  assert.deepEqual(lines('events', 'PutRule', { Name: 'r', EventBusName: own('events', 'event-bus/b') }), [
    `events:PutRule ${own('events', 'rule/b/r')}`,
  ])
})

test('a hosted zone is the same with its kind before its id', () => {
  for (const HostedZoneId of ['Z1', '/hostedzone/Z1', 'hostedzone/Z1']) {
    assert.deepEqual(lines('route53', 'ChangeResourceRecordSets', { HostedZoneId }), [
      'route53:ChangeResourceRecordSets arn:aws:route53:::hostedzone/Z1',
    ])
  }
  assert.deepEqual(lines('route53', 'ChangeResourceRecordSets', { HostedZoneId: 'x/Z1' }), [
    'route53:ChangeResourceRecordSets arn:aws:route53:::hostedzone/* (any)',
  ])
})
