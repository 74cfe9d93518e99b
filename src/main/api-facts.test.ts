import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadCatalog } from '../catalog/load.ts'
import type { JsonObject } from '../core/json.ts'
import { apiFacts } from './api-facts.ts'

const catalog = loadCatalog()
const facts = apiFacts(() => catalog)

function lowered(service: string, operation: string, parameters: JsonObject): JsonObject {
  return facts.lowerCamel({
    service,
    operation,
    parameters,
    region: 'us-east-1',
    redacted: [],
    truncated: false,
    pairs: [],
  })
}

test('members are lowered at every depth, and keys of maps are what they were', () => {
  const parameters = { FunctionName: 'f', Environment: { Variables: { API_KEY: '<redacted>', Path: '/' } } }
  assert.deepEqual(lowered('lambda', 'UpdateFunctionConfiguration', parameters), {
    functionName: 'f',
    environment: { variables: { API_KEY: '<redacted>', Path: '/' } },
  })
  const filters = { Filters: [{ Name: 'tag:Name', Values: ['A'] }] }
  assert.deepEqual(lowered('ec2', 'DescribeInstances', filters), {
    filters: [{ name: 'tag:Name', values: ['A'] }],
  })
})

test('what stands in the place of a structure, and what the catalog does not know, is left as it is', () => {
  assert.deepEqual(lowered('lambda', 'UpdateFunctionConfiguration', { Environment: '<redacted>' }), {
    environment: '<redacted>',
  })
  assert.deepEqual(lowered('nothing', 'Nothing', { Inner: { Name: 1 } }), { inner: { Name: 1 } })
})

test('signing names and access levels', () => {
  assert.equal(facts.signingName('cloudwatch'), 'monitoring')
  assert.equal(facts.signingName('nothing'), undefined)
  assert.equal(facts.accessLevel('s3:GetObject'), 'Read')
  assert.equal(facts.accessLevel('ec2:TerminateInstances'), 'Write')
  assert.equal(facts.accessLevel('nothing:AtAll'), undefined)
})
