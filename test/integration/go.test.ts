import { join } from 'node:path'
import { describeClient } from '../harness/checks.ts'
import { execute, ROOT, which } from '../harness/process.ts'

const FOLDER = join(ROOT, 'test/integration/clients/go')
const PROGRAM = join(ROOT, '.build/go-client')

describeClient({
  title: 'AWS SDK for Go v2 through the gate',
  skip: which('go') === undefined ? 'no Go toolchain on this machine' : undefined,
  policies: [
    {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: ['s3:*', 'dynamodb:*', 'sqs:*', 'sns:*'], Resource: '*' }],
    },
  ],
  checks: [
    'sts caller identity',
    's3 path style, with the default checksum',
    's3 presigned',
    'dynamodb',
    'sqs',
    'sns',
    "a denied call is the SDK's own error",
  ],
  // This SDK makes its STS client before it reads AWS_ENDPOINT_URL; the one for STS it does read in time.
  env: world => ({ AWS_ENDPOINT_URL_STS: world.gate.endpoint }),
  async command() {
    const built = await execute('go', ['build', '-o', PROGRAM, '.'], { cwd: FOLDER })
    if (built.code !== 0) throw new Error(`go build: ${built.stderr}`)
    return [PROGRAM]
  },
})
