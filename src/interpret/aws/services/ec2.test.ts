import assert from 'node:assert/strict'
import test from 'node:test'
import { asked, keyOf, lines } from './asked.fixture.ts'

const own = (resource: string): string => `arn:aws:ec2:us-east-1:111122223333:${resource}`

test('an instance is asked for with everything that it is made of', () => {
  const parameters = {
    ImageId: 'ami-0123456789abcdef0',
    InstanceType: 't3.micro',
    SubnetId: 'subnet-0123456789abcdef0',
    SecurityGroupIds: ['sg-0123456789abcdef0'],
    KeyName: 'ops',
    TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'team', Value: 'blue' }] }],
  }
  assert.deepEqual(lines('ec2', 'RunInstances', parameters), [
    `ec2:RunInstances ${own('instance/*')} (any)`,
    'ec2:RunInstances arn:aws:ec2:us-east-1::image/ami-0123456789abcdef0',
    `ec2:RunInstances ${own('network-interface/*')} (any)`,
    `ec2:RunInstances ${own('subnet/subnet-0123456789abcdef0')}`,
    `ec2:RunInstances ${own('security-group/sg-0123456789abcdef0')}`,
    `ec2:RunInstances ${own('volume/*')} (any)`,
    `ec2:RunInstances ${own('key-pair/ops')}`,
    `ec2:CreateTags ${own('instance/*')} (any)`,
  ])
  assert.deepEqual(keyOf('ec2', 'RunInstances', parameters, 'ec2:InstanceType'), ['t3.micro'])
  assert.deepEqual(keyOf('ec2', 'RunInstances', parameters, 'aws:RequestTag/team'), ['blue'])
})

test('what a request leaves out may be any, and what EC2 takes by default can be denied', () => {
  const pairs = lines('ec2', 'RunInstances', { ImageId: 'resolve:ssm:/golden' })
  assert.ok(pairs.includes('ec2:RunInstances arn:aws:ec2:us-east-1::image/* (any)'))
  assert.ok(pairs.includes(`ec2:RunInstances ${own('subnet/*')} (any)`))
  assert.ok(pairs.includes(`ec2:RunInstances ${own('security-group/*')} (any)`))
  assert.deepEqual(keyOf('ec2', 'RunInstances', {}, 'ec2:InstanceType'), ['m1.small'])
  const template = { LaunchTemplate: { LaunchTemplateName: 'x' } }
  assert.equal(keyOf('ec2', 'RunInstances', template, 'ec2:InstanceType'), undefined)
  assert.ok(
    lines('ec2', 'RunInstances', template).includes(`ec2:RunInstances ${own('launch-template/*')} (any)`),
  )
})

test('every volume is asked for with its own properties', () => {
  const volume = (VolumeType: string): { Ebs: { VolumeType: string } } => ({ Ebs: { VolumeType } })
  const parameters = { BlockDeviceMappings: [volume('gp3'), volume('io2')] }
  const types = asked('ec2', 'RunInstances', parameters)
    .pairs.filter(({ resource }) => resource === own('volume/*'))
    .map(({ context }) => context?.get('ec2:volumetype'))
  assert.deepEqual(types, [undefined, ['gp3'], ['io2']])
})

test('a profile passes a role that only AWS knows', () => {
  const pairs = lines('ec2', 'RunInstances', { IamInstanceProfile: { Name: 'web' } })
  assert.ok(pairs.includes('iam:PassRole arn:aws:iam::111122223333:role/* (any)'))
})

test('tags go on ids of any kind, in any case', () => {
  const Resources = ['i-0123456789ABCDEF0', 'vol-0123456789abcdef0', 'ami-0123456789abcdef0', 'strange']
  assert.deepEqual(lines('ec2', 'CreateTags', { Resources, Tags: [{ Key: 'a', Value: 'b' }] }), [
    `ec2:CreateTags ${own('instance/i-0123456789abcdef0')}`,
    `ec2:CreateTags ${own('volume/vol-0123456789abcdef0')}`,
    'ec2:CreateTags arn:aws:ec2:us-east-1::image/ami-0123456789abcdef0',
    'ec2:CreateTags * (any)',
  ])
})

test('an instance goes by its id in lower case', () => {
  assert.deepEqual(lines('ec2', 'TerminateInstances', { InstanceIds: ['i-0123456789ABCDEF0'] }), [
    `ec2:TerminateInstances ${own('instance/i-0123456789abcdef0')}`,
  ])
})

test('a changed attribute is told by name and value', () => {
  const parameters = { InstanceId: 'i-0123456789abcdef0', InstanceType: { Value: 'p5.48xlarge' } }
  assert.deepEqual(keyOf('ec2', 'ModifyInstanceAttribute', parameters, 'ec2:Attribute'), ['InstanceType'])
  assert.deepEqual(keyOf('ec2', 'ModifyInstanceAttribute', parameters, 'ec2:Attribute/InstanceType'), [
    'p5.48xlarge',
  ])
})
