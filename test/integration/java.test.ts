import { join } from 'node:path'
import { describeClient } from '../harness/checks.ts'
import { ROOT, which } from '../harness/process.ts'

const missing = which('java') === undefined || which('mvn') === undefined

describeClient({
  title: 'AWS SDK for Java v2 through the gate',
  skip: missing ? 'no Java with Maven on this machine' : undefined,
  policies: [
    {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: ['s3:*', 'dynamodb:*', 'sqs:*'], Resource: '*' }],
    },
  ],
  checks: [
    'sts caller identity',
    's3 path style, with the default checksum',
    'dynamodb',
    'sqs',
    "a denied call is the SDK's own error",
  ],
  // Maven keeps its packages in the user's own home.
  env: () => ({ HOME: process.env.HOME }),
  command: async () => ['mvn', '-q', '-B', 'compile', 'exec:java'],
  cwd: join(ROOT, 'test/integration/clients/java'),
})
