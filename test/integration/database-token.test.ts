import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { systemClock, systemRandom } from '../../src/core/clock.ts'
import type { Principal } from '../../src/core/principal.ts'
import { Redacted } from '../../src/core/redacted.ts'
import { GateCredentials } from '../../src/identity/credentials.ts'
import { DatabaseIdentities } from '../../src/identity/databases/databases.ts'
import type { DatabaseIdentity } from '../../src/identity/databases/port.ts'
import { Keyring } from '../../src/identity/keyring.ts'
import { MemoryFiles, principalOf } from '../../src/identity/testing.ts'
import { cleanEnv, execute, python, which } from '../harness/process.ts'

const AWS = which('aws')
const HOST = 'orders.abc123.eu-west-1.rds.amazonaws.com'
const BOTOCORE = `
import botocore.session, sys
client = botocore.session.get_session().create_client('rds', region_name='eu-west-1')
sys.stdout.write(client.generate_db_auth_token(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
`

/** Makes a token with the tool, in an environment that has credentials of the gate. */
type Tool = (env: NodeJS.ProcessEnv, host: string, port: number, user: string) => Promise<string>

const TOOLS: readonly [name: string, tool: Tool | undefined][] = [
  [
    'aws rds generate-db-auth-token',
    AWS === undefined
      ? undefined
      : async (env, host, port, user) => {
          const place = ['--hostname', host, '--port', String(port), '--username', user]
          return printed(
            execute(AWS, ['rds', 'generate-db-auth-token', ...place, '--region', 'eu-west-1'], { env }),
          )
        },
  ],
  [
    'botocore',
    async (env, host, port, user) =>
      printed(execute(python(), ['-c', BOTOCORE, host, String(port), user], { env })),
  ],
]

async function printed(running: ReturnType<typeof execute>): Promise<string> {
  const { code, stdout, stderr } = await running
  assert.equal(code, 0, stderr)
  return stdout.trim()
}

function gate(principal: Principal) {
  const ports = { clock: systemClock, random: systemRandom }
  const keyring = new Keyring({ ...ports, path: '/k', files: new MemoryFiles(), maxSessionMs: 43_200_000 })
  const credentials = new GateCredentials({ ...ports, keyring })
  const issued = credentials.issue({ principal })
  const identities = new DatabaseIdentities({
    ...{ engine: 'postgres', credentials, clock: systemClock, listenPorts: () => [] },
    targets: [
      { name: 'orders', engine: 'postgres', host: HOST, port: 5432, database: 'orders' },
      { name: 'billing', engine: 'postgres', host: 'billing.example', port: 5432, database: 'billing' },
    ],
  })
  return {
    env: cleanEnv({
      AWS_ACCESS_KEY_ID: issued.accessKeyId,
      AWS_SECRET_ACCESS_KEY: issued.secretAccessKey.reveal(),
      AWS_SESSION_TOKEN: issued.sessionToken.reveal(),
    }),
    identify: (user: string, password: string): Promise<DatabaseIdentity> =>
      identities.identify({
        ...{
          user,
          database: user,
          password: new Redacted(password),
          clientAddress: '127.0.0.1',
          secure: true,
        },
      }),
  }
}

for (const [name, tool] of TOOLS) {
  describe(`a token of ${name}`, { skip: tool === undefined && `no ${name} here` }, () => {
    const make: Tool = tool ?? (() => Promise.reject(new Error('there is no such tool')))
    const nowMs = Date.now()
    const principal = principalOf({ issuedAtMs: nowMs, expiresAtMs: nowMs + 3_600_000 })
    const { env, identify } = gate(principal)

    it('identifies, by the host and by the name of a target, by the name and by the ARN of the role', async () => {
      for (const host of [HOST, 'orders']) {
        for (const user of ['deploy', principal.roleArn]) {
          const found = await identify(user, await make(env, host, 5432, user))
          assert.equal(found.target, 'orders')
          assert.equal(found.principal.sessionId, principal.sessionId)
        }
      }
    })

    it('is for one target and one user', async () => {
      const token = await make(env, 'billing.example', 5432, 'deploy')
      assert.equal((await identify('deploy', token)).target, 'billing')
      await assert.rejects(identify('admin', token), { code: 'database-user-mismatch' })
      const elsewhere = await make(env, 'orders.example', 5432, 'deploy')
      await assert.rejects(identify('deploy', elsewhere), { code: 'database-token-misdirected' })
      await assert.rejects(identify('deploy', token.replace('billing.example', HOST)), {
        code: 'signature-mismatch',
      })
    })
  })
}
