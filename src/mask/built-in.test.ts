import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BuiltIn } from './built-in.ts'
import { fieldsOfNothing } from './check-fields.ts'
import { call, catalog } from './masker.fixture.ts'

const builtIn = new BuiltIn(catalog)
const fields = (service: string, operation: string): readonly string[] =>
  builtIn.fields(call(service, operation))

test('what the documentation promises is masked', () => {
  const promised: [string, string, string][] = [
    ['secretsmanager', 'GetSecretValue', 'SecretString'],
    ['secretsmanager', 'BatchGetSecretValue', 'SecretValues[].SecretBinary'],
    ['ec2', 'GetPasswordData', 'PasswordData'],
    ['ec2', 'CreateKeyPair', 'KeyMaterial'],
    ['ec2', 'DescribeInstanceAttribute', 'UserData.Value'],
    ['ec2', 'DescribeLaunchTemplateVersions', 'LaunchTemplateVersions[].LaunchTemplateData.UserData'],
    ['ec2', 'DescribeSpotInstanceRequests', 'SpotInstanceRequests[].LaunchSpecification.UserData'],
    ['ecs', 'DescribeTaskDefinition', 'taskDefinition.containerDefinitions[].environment'],
    ['iam', 'CreateAccessKey', 'AccessKey.SecretAccessKey'],
    ['iam', 'CreateServiceSpecificCredential', 'ServiceSpecificCredential.ServicePassword'],
    ['lambda', 'GetFunctionConfiguration', 'Environment.Variables'],
    ['lambda', 'ListFunctions', 'Functions[].Environment.Variables'],
    ['lambda', 'GetFunction', 'Code.Location'],
    ['ecr', 'GetAuthorizationToken', 'authorizationData[].authorizationToken'],
    ['ecr', 'GetDownloadUrlForLayer', 'downloadUrl'],
    // AWS marks the whole output.
    ['codeartifact', 'GetAuthorizationToken', '*'],
    ['redshift', 'GetClusterCredentials', 'DbPassword'],
    ['cognito-idp', 'InitiateAuth', 'AuthenticationResult.AccessToken'],
    ['sso', 'GetRoleCredentials', 'roleCredentials.sessionToken'],
    ['kms', 'Decrypt', 'Plaintext'],
    ['batch', 'DescribeJobs', 'jobs[].container.environment[].value'],
    ['codebuild', 'BatchGetProjects', 'projects[].environment.environmentVariables[].value'],
    ['apigateway', 'GetApiKeys', 'items[].value'],
  ]
  for (const [service, operation, field] of promised) {
    assert.ok(
      fields(service, operation).includes(field),
      `${service} ${operation}: ${fields(service, operation)}`,
    )
  }
})

test('credentials of any service are found by their names', () => {
  for (const { id } of catalog.services.values()) {
    for (const operation of catalog.shapes(id).operations.keys()) {
      const found = builtIn.of(id, operation).all
      if (found.some(path => /(?:^|\.)secretaccesskey$/i.test(path))) {
        const rest = found.filter(path => /sessiontoken$/i.test(path))
        const isTemporary = /^(?:sts|cognito-identity|lakeformation|sso)$/.test(id)
        if (isTemporary) assert.ok(rest.length > 0, `${id} ${operation}`)
      }
    }
  }
  assert.ok(fields('sts', 'AssumeRole').includes('Credentials.SessionToken'))
})

test('what only sounds like a secret is not masked', () => {
  assert.deepEqual(fields('sqs', 'ListQueues'), [])
  assert.deepEqual(
    fields('ec2', 'DescribeInstances').filter(path => /token/i.test(path)),
    [],
  )
  assert.ok(!fields('appmesh', 'DescribeVirtualNode').some(path => path.endsWith('.privateKey')))
  assert.ok(
    !fields('cognito-idp', 'DescribeUserPoolClient').some(path => path.includes('TokenValidityUnits')),
  )
})

test('a signature is masked only where the URL itself is no secret', () => {
  assert.deepEqual([...builtIn.presigned(call('ecr', 'GetDownloadUrlForLayer'))], ['downloadUrl'])
  const emr = call('emr', 'GetPersistentAppUIPresignedURL')
  assert.deepEqual(builtIn.fields(emr), ['PresignedURL'])
  assert.deepEqual([...builtIn.presigned(emr)], [])
})

test('a field that no reply has is told apart from one that some have', () => {
  const operations = [
    { service: 'lambda', operation: 'GetFunction' },
    { service: 'lambda', operation: 'GetFunctionConfiguration' },
    { service: 'dynamodb', operation: 'GetItem' },
  ]
  const unknown = fieldsOfNothing(catalog, operations, [
    'Environment.Variables.*',
    'Environment.Variables.DB_*',
    'Environment.Varaibles.*',
    'environment.Variables',
    'Configuration.Layers[].Arn',
    'Item.name.S',
    'Item.name.L.M.deep.S',
    '**.FunctionName',
    // It may be a key of the item of `GetItem`.
    '**.Nothing',
    'Code.Location.More',
  ])
  assert.deepEqual(unknown, ['Environment.Varaibles.*', 'environment.Variables', 'Code.Location.More'])
})
