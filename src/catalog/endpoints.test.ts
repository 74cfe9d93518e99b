import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { GateError } from '../core/errors.ts'
import { loadCatalog } from './load.ts'

const catalog = loadCatalog()
const { rows } = JSON.parse(
  readFileSync(join(import.meta.dirname, '..', '..', 'vectors', 'endpoints.json'), 'utf8'),
) as { rows: readonly (readonly [string, string, string, string, string])[] }

/**
 * Where the catalog means to differ from botocore: a service of one region; a service without SigV4, which
 * botocore signs for no region; and S3, which botocore still calls by its old global name in us-east-1.
 */
const DIFFERENT: ReadonlySet<string> = new Set([
  'globalaccelerator eu-central-1',
  'globalaccelerator us-east-1',
  'codecatalyst eu-central-1',
  'codecatalyst us-east-1',
  's3 us-east-1',
])

test('every endpoint is the one that botocore would call and sign for', () => {
  assert.ok(rows.length > 2500)
  const wrong = []
  for (const [service, region, host, signingRegion, signingName] of rows) {
    if (DIFFERENT.has(`${service} ${region}`)) continue
    const { partition, ...found } = catalog.endpoint(service, region)
    assert.match(partition, /^aws/)
    const expected = { host, signingRegion, signingName }
    if (JSON.stringify(found) !== JSON.stringify(expected)) wrong.push({ service, region, found, expected })
  }
  assert.deepEqual(wrong, [])
})

test('every endpoint is read back as its service', () => {
  const wrong = []
  for (const [service, region, host] of rows) {
    const meaning = catalog.hostName(host)
    if (!meaning?.services.includes(service)) wrong.push({ service, region, host, meaning })
    else if (meaning.region !== undefined && !host.includes(meaning.region)) wrong.push({ host, meaning })
  }
  assert.deepEqual(wrong, [])
})

test('a partition gets its own global endpoint', () => {
  const endpoint = (service: string, region: string): string => {
    const { host, signingRegion } = catalog.endpoint(service, region)
    return `${host} ${signingRegion}`
  }
  assert.equal(endpoint('iam', 'eu-west-1'), 'iam.amazonaws.com us-east-1')
  assert.equal(endpoint('iam', 'cn-northwest-1'), 'iam.cn-north-1.amazonaws.com.cn cn-north-1')
  assert.equal(endpoint('iam', 'us-gov-east-1'), 'iam.us-gov.amazonaws.com us-gov-west-1')
  assert.equal(endpoint('route53', 'ap-south-1'), 'route53.amazonaws.com us-east-1')
  assert.equal(endpoint('organizations', 'eu-west-1'), 'organizations.us-east-1.amazonaws.com us-east-1')
  assert.equal(
    endpoint('globalaccelerator', 'eu-west-1'),
    'globalaccelerator.us-west-2.amazonaws.com us-west-2',
  )
  assert.equal(endpoint('sts', 'us-east-1'), 'sts.us-east-1.amazonaws.com us-east-1')
  assert.equal(endpoint('s3', 'us-east-1'), 's3.us-east-1.amazonaws.com us-east-1')
  assert.equal(endpoint('cloudwatch', 'eu-west-1'), 'monitoring.eu-west-1.amazonaws.com eu-west-1')
})

test('a region that is newer than the catalog goes by its form', () => {
  assert.equal(catalog.endpoint('sqs', 'eu-middle-7').host, 'sqs.eu-middle-7.amazonaws.com')
})

test('what is no region and what is no service have errors of their own', () => {
  const codeOf = (call: () => unknown): string => {
    try {
      call()
    } catch (error) {
      return (error as GateError).code
    }
    return 'none'
  }
  for (const region of ['', 'moon-1', 'us-east-1.evil.example', 'us-east-1/', `us-${'a'.repeat(40)}-1`]) {
    assert.equal(
      codeOf(() => catalog.endpoint('s3', region)),
      'catalog-region-unknown',
      region,
    )
  }
  for (const service of ['', 'S3', 'constructor', '__proto__']) {
    assert.equal(
      codeOf(() => catalog.endpoint(service, 'us-east-1')),
      'catalog-service-unknown',
      service,
    )
    assert.equal(
      codeOf(() => catalog.shapes(service)),
      'catalog-service-unknown',
      service,
    )
    assert.equal(
      codeOf(() => catalog.authorization(service, 'GetObject')),
      'catalog-service-unknown',
      service,
    )
  }
})
