import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { systemClock, systemRandom } from '../../src/core/clock.ts'
import { Redacted } from '../../src/core/redacted.ts'
import { GateCredentials } from '../../src/identity/credentials.ts'
import { DatabaseIdentities } from '../../src/identity/databases/databases.ts'
import { Keyring } from '../../src/identity/keyring.ts'
import { secretFiles } from '../../src/identity/secret-files.ts'
import { ISSUER_URL, type RunningGate, startGate } from '../harness/gate.ts'
import { createIssuer } from '../harness/issuer.ts'
import { cleanEnv, execute, type Finished, ROOT } from '../harness/process.ts'
import { ALLOW_ALL } from '../harness/world.ts'

const ROLE = 'arn:aws:iam::123456789012:role/team/orders'

describe('sallyport token, with an identity token alone', () => {
  let gate: RunningGate
  let env: NodeJS.ProcessEnv
  before(async () => {
    gate = await startGate({
      issuer: await createIssuer(ISSUER_URL),
      roles: [{ arn: ROLE, policies: [ALLOW_ALL] }],
      upstream: 'http://127.0.0.1:1',
      env: { AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'x' },
    })
    env = await gate.clientEnv(ROLE, 'agent-7')
  })
  after(() => gate?.stop())

  const token = (more: NodeJS.ProcessEnv, ...args: string[]): Promise<Finished> =>
    execute(join(ROOT, 'bin/sallyport'), ['token', '--target', 'orders', '--port', '5432', ...args], {
      env: cleanEnv({ ...env, ...more }),
      cwd: gate.folder,
    })

  /** As another process of the gate would: with the keys in its data folder. */
  const identify = async (user: string, password: string) => {
    const ports = { clock: systemClock, random: systemRandom }
    const path = join(gate.folder, 'data/keys/credentials.json')
    const keyring = new Keyring({ ...ports, path, files: secretFiles, maxSessionMs: 43_200_000 })
    const identities = new DatabaseIdentities({
      ...{ engine: 'postgres', clock: systemClock, listenPorts: () => [] },
      credentials: new GateCredentials({ ...ports, keyring }),
      targets: [{ name: 'orders', engine: 'postgres', host: 'h.example', port: 5432, database: 'o' }],
    })
    const claim = { user, database: 'orders', password: new Redacted(password) }
    return identities.identify({ ...claim, clientAddress: '127.0.0.1', secure: true })
  }

  it("exchanges it at the gate's STS, and is for the role that it got", async () => {
    const made = await token({})
    assert.equal(made.code, 0, made.stderr)
    assert.match(made.stdout, /^orders:5432\/\?Action=connect&DBUser=orders&/)
    const { principal, target } = await identify('orders', made.stdout.trim())
    assert.equal(target, 'orders')
    assert.equal(principal.roleArn, ROLE)
    assert.equal(principal.subject, 'agent-7')
  })

  it('asks who somebody is whose credentials come from the environment', async () => {
    const { stdout: assumed } = await execute('sh', ['-c', 'cat "$AWS_WEB_IDENTITY_TOKEN_FILE"'], { env })
    const form = new URLSearchParams({
      ...{ Action: 'AssumeRoleWithWebIdentity', Version: '2011-06-15', RoleArn: ROLE, RoleSessionName: 'me' },
      WebIdentityToken: assumed.trim(),
    })
    const xml = await (await fetch(gate.endpoint, { method: 'POST', body: form })).text()
    const of = (name: string): string => new RegExp(`<${name}>([^<]+)`).exec(xml)?.[1] ?? ''
    const keys = {
      AWS_ACCESS_KEY_ID: of('AccessKeyId'),
      AWS_SECRET_ACCESS_KEY: of('SecretAccessKey'),
      AWS_SESSION_TOKEN: of('SessionToken'),
    }
    const made = await token(keys)
    assert.equal(made.code, 0, made.stderr)
    const { principal } = await identify('orders', made.stdout.trim())
    assert.equal(principal.sessionName, 'me')
    const wrong = await token({ ...keys, AWS_SECRET_ACCESS_KEY: 'x'.repeat(40) })
    assert.equal(wrong.code, 1)
    assert.match(wrong.stderr, /sts-denied: the gate gives no credentials: `SignatureDoesNotMatch/)
  })

  it('refuses credentials of AWS, which would make a token that opens the database itself', async () => {
    const keys = { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI' }
    const made = await token(keys, '--user', 'orders')
    assert.equal(made.code, 1)
    assert.equal(made.stdout, '')
    assert.match(made.stderr, /^sallyport: credentials-not-gate: .* of AWS itself/)
    assert.ok(!made.stderr.includes('wJalr'))
  })

  it('is good for nothing at the AWS side of the gate', async () => {
    const { stdout } = await token({})
    const [host = '', target = ''] = stdout.trim().split(/(?=\/\?)/)
    for (const method of ['GET', 'POST']) {
      for (const at of [host, new URL(gate.endpoint).host]) {
        const call = request(gate.endpoint, { method, path: target, headers: { host: at } })
        call.end()
        const [reply] = (await once(call, 'response')) as [IncomingMessage]
        assert.ok((reply.statusCode ?? 0) >= 400 && (reply.statusCode ?? 0) < 500, `${reply.statusCode}`)
        reply.resume()
      }
    }
  })

  it('says what is not right', async () => {
    for (const [more, args, what] of [
      [{ AWS_WEB_IDENTITY_TOKEN_FILE: '/none' }, [], /credentials-not-gate: .*cannot be read/],
      [{ AWS_ROLE_ARN: '' }, [], /credentials-not-gate: .*no credentials in the environment/],
      [{ AWS_ENDPOINT_URL: '' }, [], /gate-unreachable: nothing says where the gate is/],
      [{}, ['--endpoint', 'http://192.0.2.1'], /gate-unreachable: .*in the clear/],
      [{}, ['--endpoint', 'ftp://x'], /gate-unreachable: `ftp:\/\/x` is no address/],
      [{}, ['--endpoint', 'http://127.0.0.1:1'], /gate-unreachable: .*did not answer/],
      [{ AWS_ROLE_ARN: `${ROLE}x` }, [], /sts-denied: .*AccessDenied/],
    ] as const) {
      const made = await token(more, ...args)
      assert.equal(made.code, 1, JSON.stringify(more))
      assert.match(made.stderr, what)
      assert.equal(made.stdout, '')
    }
  })
})
