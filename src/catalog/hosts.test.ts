import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { loadCatalog } from './load.ts'

const catalog = loadCatalog()

/** `services | region | partition | prefix`, or `none`. */
function read(host: string): string {
  const meaning = catalog.hostName(host)
  if (meaning === undefined) return 'none'
  const { services, region = '', partition, prefix = '' } = meaning
  return `${services.join(',')} | ${region} | ${partition} | ${prefix}`
}

const READINGS: Readonly<Record<string, string>> = {
  's3.amazonaws.com': 's3 |  | aws | ',
  'S3.US-EAST-1.AMAZONAWS.COM': 's3 | us-east-1 | aws | ',
  's3.us-east-1.amazonaws.com.': 's3 | us-east-1 | aws | ',
  'bucket.s3.us-east-1.amazonaws.com': 's3 | us-east-1 | aws | bucket',
  'a.bucket.with.dots.s3.eu-west-1.amazonaws.com': 's3 | eu-west-1 | aws | a.bucket.with.dots',
  'bucket.s3.amazonaws.com': 's3 |  | aws | bucket',
  's3-us-west-2.amazonaws.com': 's3 | us-west-2 | aws | ',
  'bucket.s3-us-west-2.amazonaws.com': 's3 | us-west-2 | aws | bucket',
  'bucket.s3.dualstack.us-west-2.amazonaws.com': 's3 | us-west-2 | aws | bucket',
  'bucket.s3-accelerate.amazonaws.com': 's3 |  | aws | bucket',
  'bucket.s3.cn-north-1.amazonaws.com.cn': 's3 | cn-north-1 | aws-cn | bucket',
  'b--usw2-az1--x-s3.s3express-usw2-az1.us-west-2.amazonaws.com': 's3 | us-west-2 | aws | b--usw2-az1--x-s3',
  'ap-111122223333.s3-accesspoint.us-east-1.amazonaws.com': 's3 | us-east-1 | aws | ap-111122223333',
  '111122223333.s3-control.us-east-1.amazonaws.com': 's3control | us-east-1 | aws | 111122223333',
  's3-us-west-2.s3.us-east-1.amazonaws.com': 's3 | us-east-1 | aws | s3-us-west-2',
  'iam.amazonaws.com': 'iam |  | aws | ',
  'sts.amazonaws.com': 'sts |  | aws | ',
  'sts.us-gov-west-1.amazonaws.com': 'sts | us-gov-west-1 | aws-us-gov | ',
  'sts.us-iso-east-1.c2s.ic.gov': 'sts | us-iso-east-1 | aws-iso | ',
  'sts.us-isob-east-1.sc2s.sgov.gov': 'sts | us-isob-east-1 | aws-iso-b | ',
  'sts.eusc-de-east-1.amazonaws.eu': 'sts | eusc-de-east-1 | aws-eusc | ',
  'lambda.us-east-1.api.aws': 'lambda | us-east-1 | aws | ',
  'kms-fips.us-east-1.amazonaws.com': 'kms | us-east-1 | aws | ',
  'sync-states.us-east-1.amazonaws.com': 'stepfunctions | us-east-1 | aws | sync',
  'states.us-east-1.amazonaws.com': 'stepfunctions | us-east-1 | aws | ',
  'monitoring.us-east-1.amazonaws.com': 'cloudwatch | us-east-1 | aws | ',
  'email.us-east-1.amazonaws.com': 'pinpoint-email,ses,sesv2 | us-east-1 | aws | ',
  'rds.us-east-1.amazonaws.com': 'docdb,neptune,rds | us-east-1 | aws | ',
  'abc123.execute-api.eu-west-1.amazonaws.com': 'apigatewaymanagementapi | eu-west-1 | aws | abc123',
  'abc123-ats.iot.us-east-1.amazonaws.com': 'iot-data | us-east-1 | aws | abc123-ats',
  'us-east-1.signin.aws.amazon.com': 'signin | us-east-1 | aws | ',
}

test('host names of AWS are read', () => {
  for (const [host, expected] of Object.entries(READINGS)) assert.equal(read(host), expected, host)
})

test('names that only look like AWS are none', () => {
  const hosts = [
    '',
    '.',
    'amazonaws.com',
    '.amazonaws.com',
    'api.aws',
    'localhost',
    '127.0.0.1',
    'example.com',
    's3.amazonaws.com.evil.example',
    's3.evilamazonaws.com',
    'evil-amazonaws.com',
    's3..amazonaws.com',
    'bucket..s3.amazonaws.com',
    's3.us-east-1.amazonaws.com:443',
    's3.us-east-1.amazonaws.com/',
    'user@s3.amazonaws.com',
    's3.us-east-1.amazonaws.com\u0000.evil.example',
    'evil.monitoring.us-east-1.amazonaws.com',
    'evil.iam.amazonaws.com',
    'a.b.s3-control.us-east-1.amazonaws.com',
    'bucket.s3-website-us-east-1.amazonaws.com',
    'monitoring.moon-1.amazonaws.com',
    'monitoring.cn-north-1.amazonaws.com',
    'monitoring.us-east-1.amazonaws.com.cn',
    'iam.us-gov.amazonaws.com.cn',
    `${'a'.repeat(64)}.s3.amazonaws.com`,
    `${'a.'.repeat(200)}s3.amazonaws.com`,
  ]
  for (const host of hosts) assert.equal(read(host), 'none', host)
})

test('no text breaks the reading, and case and a final dot never matter', () => {
  const label = fc.stringMatching(/^[a-zA-Z0-9.-]{0,20}$/)
  fc.assert(
    fc.property(fc.oneof(fc.string(), label), fc.constantFrom(...Object.keys(READINGS)), (text, host) => {
      const name = `${text}${host}`
      assert.equal(read(name.toUpperCase()), read(name.toLowerCase()))
      const meaning = catalog.hostName(name)
      if (meaning !== undefined) {
        assert.ok(meaning.services.length > 0)
        for (const service of meaning.services) assert.ok(catalog.services.has(service))
      }
    }),
  )
})
