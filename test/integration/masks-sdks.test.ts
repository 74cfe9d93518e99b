import { join } from 'node:path'
import { type ClientProgram, describeClient } from '../harness/checks.ts'
import { execute, ROOT, which } from '../harness/process.ts'

const CLIENTS = join(ROOT, 'test/integration/clients')
const GO_PROGRAM = join(ROOT, '.build/go-masks')

/** Of a client that writes what it then may not see whole. */
const READER: Pick<ClientProgram, 'policies' | 'checks'> = {
  policies: [
    {
      Version: '2012-10-17',
      Statement: [
        { Sid: 'AllButUnmask', Effect: 'Allow', NotAction: 'gate:Unmask', Resource: '*' },
        {
          Sid: 'Objects',
          Effect: 'Mask',
          Action: 's3:GetObject',
          Resource: '*',
          Mask: { Detect: ['email-address', 'credit-card'], As: 'partial' },
        },
      ],
    },
  ],
  checks: [
    'a masked secret',
    'a masked object, with the default checksum validation',
    'ranges of a masked object are of what is masked',
    "a mask that comes back is the SDK's own error",
  ],
}

describeClient({
  ...READER,
  title: 'masks, seen by the AWS SDK for Go v2',
  skip: which('go') === undefined ? 'no Go toolchain on this machine' : undefined,
  // This SDK makes its STS client before it reads AWS_ENDPOINT_URL; the one for STS it does read in time.
  env: world => ({ AWS_ENDPOINT_URL_STS: world.gate.endpoint }),
  async command() {
    const built = await execute('go', ['build', '-o', GO_PROGRAM, './masks'], { cwd: join(CLIENTS, 'go') })
    if (built.code !== 0) throw new Error(`go build: ${built.stderr}`)
    return [GO_PROGRAM]
  },
})

const noJava = which('java') === undefined || which('mvn') === undefined

describeClient({
  ...READER,
  title: 'masks, seen by the AWS SDK for Java v2',
  skip: noJava ? 'no Java with Maven on this machine' : undefined,
  // Maven keeps its packages in the user's own home.
  env: () => ({ HOME: process.env['HOME'] }),
  command: async () => ['mvn', '-q', '-B', 'compile', 'exec:java', '-Dclient.main=Masks'],
  cwd: join(CLIENTS, 'java'),
})
