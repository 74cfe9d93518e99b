import { join } from 'node:path'
import { describeClient } from '../harness/checks.ts'
import { ROOT } from '../harness/process.ts'
import { ALLOW_ALL } from '../harness/world.ts'

const PROGRAM = join(ROOT, 'test/integration/clients/javascript.ts')

const SERVICES = [
  'sts',
  'ec2',
  'iam',
  'dynamodb',
  'sqs',
  'sns',
  'secrets manager',
  'rds',
  'kms',
  'cloudformation',
  'cloudwatch',
  's3 upload of a stream in parts',
]

/** Calls whose signatures moto does not verify right, whoever made them. */
const UNCHECKED = ['lambda', 's3 put, get, list', 's3 presigned']

describeClient({
  title: 'AWS SDK for JavaScript v3 through the gate, each call verified by the stand-in',
  policies: [ALLOW_ALL],
  checks: SERVICES,
  command: async () => [process.execPath, PROGRAM, ...SERVICES],
})

describeClient({
  title: 'AWS SDK for JavaScript v3 through the gate, where the stand-in cannot verify',
  policies: [ALLOW_ALL],
  checks: UNCHECKED,
  unchecked: true,
  command: async () => [process.execPath, PROGRAM, ...UNCHECKED],
})
