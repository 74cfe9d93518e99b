import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Answer, MAX_CONTEXT_VALUES } from './answer.ts'
import type { Parameters } from './call.ts'
import { addParameterKeys, canKnow } from './context.ts'
import { asked, keyOf } from './services/asked.fixture.ts'

function keysOf(parameters: Parameters): Record<string, readonly string[]> {
  const answer = new Answer()
  addParameterKeys(parameters, answer)
  return Object.fromEntries(answer.context)
}

test('every scalar is a key by its path, lists and maps included', () => {
  assert.deepEqual(
    keysOf({ MaxCount: 4, DryRun: false, Filters: [{ Values: ['a', 'b'] }], Env: { Vars: { S: 'x' } } }),
    {
      'request:maxcount': ['4'],
      'request:dryrun': ['false'],
      'request:filters[].values[]': ['a', 'b'],
      'request:env.vars.s': ['x'],
    },
  )
  assert.deepEqual(keysOf({ A: null, B: [], C: {} }), {})
})

test('no value is lost, whatever the parameters are', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), parameters => {
      const scalars = JSON.stringify(parameters, (_, value) => (value === null ? undefined : value))
      const expected: string[] = []
      JSON.parse(scalars, (_, value: unknown) => {
        if (typeof value !== 'object') expected.push(String(value))
        return value
      })
      const answer = new Answer()
      addParameterKeys(parameters as Parameters, answer)
      const request = [...answer.context].filter(([key]) => key.startsWith('request:'))
      assert.deepEqual(request.flatMap(([, values]) => values).sort(), expected.sort())
    }),
  )
})

test('tags are told by key and value, in every spelling of AWS', () => {
  for (const parameters of [
    { Tags: [{ Key: 'Team', Value: 'blue' }] },
    { tags: { Team: 'blue' } },
    { Tags: [{ TagKey: 'Team', TagValue: 'blue' }] },
    { tags: [{ key: 'Team', value: 'blue' }] },
    { TagSpecifications: [{ ResourceType: 'volume', Tags: [{ Key: 'Team', Value: 'blue' }] }] },
  ]) {
    const keys = keysOf(parameters)
    assert.deepEqual(keys['aws:requesttag/team'], ['blue'])
    assert.deepEqual(keys['aws:tagkeys'], ['Team'])
  }
  assert.deepEqual(keysOf({ TagKeys: ['a', 'b'] })['aws:tagkeys'], ['a', 'b'])
})

test('more values than conditions may look at are refused', () => {
  const Values = Array.from({ length: MAX_CONTEXT_VALUES + 1 }, () => 'x')
  assert.throws(() => keysOf({ Values }), { code: 'too-many-values' })
})

test('keys of services stand in the parameters', () => {
  assert.deepEqual(keyOf('sns', 'Subscribe', { Protocol: 'http', Endpoint: 'http://x' }, 'sns:Protocol'), [
    'http',
  ])
  assert.deepEqual(
    keyOf('rds', 'CreateDBInstance', { Engine: 'mysql', Tags: [{ Key: 'a', Value: 'b' }] }, 'rds:req-tag/a'),
    ['b'],
  )
  assert.equal(asked('sns', 'ListTopics', {}).context.has('sns:protocol'), false)
})

test('a policy may use the keys that requests tell, and no others', () => {
  for (const key of [
    'request:MaxCount',
    'aws:RequestTag/team',
    'AWS:TAGKEYS',
    's3:prefix',
    'ec2:InstanceType',
    'ec2:Attribute/InstanceType',
    'kms:EncryptionContext:tenant',
    'iam:PassedToService',
    'kms:ViaService',
  ]) {
    assert.equal(canKnow(key), true, key)
  }
  for (const key of [
    'aws:ResourceTag/team',
    'aws:RequestTag/',
    'dynamodb:LeadingKeys',
    'ec2:ResourceTag/x',
    's3:ExistingObjectTag/x',
    'kms:EncryptionContext:',
    'constructor',
    '',
  ]) {
    assert.equal(canKnow(key), false, key)
  }
})
