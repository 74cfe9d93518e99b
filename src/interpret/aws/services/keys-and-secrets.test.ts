import assert from 'node:assert/strict'
import test from 'node:test'
import { asked, keyOf, lines } from './asked.fixture.ts'

const own = (service: string, resource: string): string =>
  `arn:aws:${service}:us-east-1:111122223333:${resource}`
const id = '1234abcd-12ab-34cd-56ef-1234567890ab'
const other = '99999999-12ab-34cd-56ef-1234567890ab'

test('a key goes by its id or ARN; behind an alias may be any key of the account', () => {
  assert.deepEqual(lines('kms', 'Encrypt', { KeyId: id }), [`kms:Encrypt ${own('kms', `key/${id}`)}`])
  assert.deepEqual(lines('kms', 'Encrypt', { KeyId: own('kms', `key/${id}`) }), [
    `kms:Encrypt ${own('kms', `key/${id}`)}`,
  ])
  const alias = { KeyId: 'alias/prod' }
  assert.deepEqual(lines('kms', 'Encrypt', alias), [`kms:Encrypt ${own('kms', 'key/*')} (any)`])
  assert.deepEqual(keyOf('kms', 'Encrypt', alias, 'kms:RequestAlias'), ['alias/prod'])
  const far = { KeyId: 'arn:aws:kms:eu-west-1:444455556666:alias/prod' }
  assert.deepEqual(lines('kms', 'Encrypt', far), [
    'kms:Encrypt arn:aws:kms:eu-west-1:444455556666:key/* (any)',
  ])
})

test('a decryption that names no key may be with any', () => {
  assert.deepEqual(lines('kms', 'Decrypt', { CiphertextBlob: 'AA==' }), ['kms:Decrypt * (any)'])
  assert.deepEqual(lines('kms', 'Decrypt', { KeyId: 'key/*' }), ['kms:Decrypt * (any)'])
})

test('re-encryption asks for both keys, each with its own encryption context', () => {
  const parameters = {
    SourceKeyId: id,
    DestinationKeyId: other,
    SourceEncryptionContext: { Tenant: 'a' },
    DestinationEncryptionContext: { Tenant: 'b' },
  }
  const { pairs } = asked('kms', 'ReEncrypt', parameters)
  assert.deepEqual(
    pairs.map(({ action, resource, context }) => [
      action,
      resource,
      context?.get('kms:encryptioncontext:tenant'),
    ]),
    [
      ['kms:ReEncryptFrom', own('kms', `key/${id}`), ['a']],
      ['kms:ReEncryptTo', own('kms', `key/${other}`), ['b']],
    ],
  )
})

test('an alias is asked for beside its keys', () => {
  assert.deepEqual(lines('kms', 'UpdateAlias', { AliasName: 'alias/prod', TargetKeyId: id }), [
    `kms:UpdateAlias ${own('kms', 'alias/prod')}`,
    `kms:UpdateAlias ${own('kms', `key/${id}`)}`,
    `kms:UpdateAlias ${own('kms', 'key/*')} (any)`,
  ])
})

test('what a new key is by default can be denied', () => {
  assert.deepEqual(keyOf('kms', 'CreateKey', {}, 'kms:KeySpec'), ['SYMMETRIC_DEFAULT'])
  assert.deepEqual(keyOf('kms', 'CreateKey', { Origin: 'EXTERNAL' }, 'kms:KeyOrigin'), ['EXTERNAL'])
})

test('a secret goes by its name with any suffix, or by its ARN with or without one', () => {
  const action = 'secretsmanager:GetSecretValue'
  const secret = (name: string): string => own('secretsmanager', `secret:${name}`)
  assert.deepEqual(lines('secretsmanager', 'GetSecretValue', { SecretId: 'prod/db' }), [
    `${action} ${secret('prod/db-??????')} (any)`,
  ])
  assert.deepEqual(lines('secretsmanager', 'GetSecretValue', { SecretId: secret('prod/db') }), [
    `${action} ${secret('prod/db-??????')} (any)`,
  ])
  const [pair] = asked('secretsmanager', 'GetSecretValue', { SecretId: secret('prod/db-aB3dE6') }).pairs
  assert.deepEqual(pair, {
    action,
    resource: secret('prod/db-aB3dE6'),
    certainty: 'exact',
    orAs: [secret('prod/db-aB3dE6-??????')],
  })
  assert.deepEqual(lines('secretsmanager', 'GetSecretValue', { SecretId: 'arn:aws:secretsmanager:*' }), [
    `${action} * (any)`,
  ])
})

test('a batch of secrets is a read of each', () => {
  assert.deepEqual(lines('secretsmanager', 'BatchGetSecretValue', { SecretIdList: ['a'] }), [
    'secretsmanager:BatchGetSecretValue *',
    `secretsmanager:GetSecretValue ${own('secretsmanager', 'secret:a-??????')} (any)`,
  ])
  const all = lines('secretsmanager', 'BatchGetSecretValue', { Filters: [{ Key: 'name', Values: ['x'] }] })
  assert.ok(all.includes(`secretsmanager:GetSecretValue ${own('secretsmanager', 'secret:*')} (any)`))
})

test('a parameter goes by its name without slash and selector', () => {
  for (const Name of [
    '/app/db',
    'app/db',
    '/app/db:3',
    own('ssm', 'parameter/app/db'),
    own('ssm', 'parameter/app/db:live'),
  ]) {
    assert.deepEqual(
      lines('ssm', 'GetParameter', { Name }),
      [`ssm:GetParameter ${own('ssm', 'parameter/app/db')}`],
      Name,
    )
  }
  assert.deepEqual(lines('ssm', 'GetParameter', { Name: '/app/*' }), ['ssm:GetParameter * (any)'])
  assert.deepEqual(lines('ssm', 'DeleteParameters', { Names: ['a', 'b'] }).length, 2)
  const [path] = asked('ssm', 'GetParametersByPath', { Path: '/app/' }).pairs
  assert.deepEqual(path?.orAs, [own('ssm', 'parameter/app/*')])
})

test('a command is asked for on its document and on every node', () => {
  const node = 'i-0123456789abcdef0'
  assert.deepEqual(lines('ssm', 'SendCommand', { DocumentName: 'AWS-RunShellScript', InstanceIds: [node] }), [
    'ssm:SendCommand arn:aws:ssm:us-east-1::document/AWS-RunShellScript',
    `ssm:SendCommand ${own('ec2', `instance/${node}`)}`,
  ])
  const tagged = lines('ssm', 'SendCommand', {
    DocumentName: 'mine',
    Targets: [{ Key: 'tag:env', Values: ['x'] }],
  })
  assert.ok(tagged.includes(`ssm:SendCommand ${own('ec2', 'instance/*')} (any)`))
})

test('a log group goes by its name or ARN, a stream by both names', () => {
  const group = own('logs', 'log-group:/aws/lambda/x')
  for (const name of ['/aws/lambda/x', group, `${group}:*`]) {
    const [pair] = asked('logs', 'FilterLogEvents', { logGroupIdentifier: name }).pairs
    assert.deepEqual([pair?.resource, pair?.orAs], [`${group}:*`, [group]])
  }
  assert.deepEqual(lines('logs', 'PutLogEvents', { logGroupName: '/aws/lambda/x', logStreamName: 's' }), [
    `logs:PutLogEvents ${group}:log-stream:s`,
  ])
})
