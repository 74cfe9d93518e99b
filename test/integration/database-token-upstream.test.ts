import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { loadCatalog } from '../../src/catalog/load.ts'
import { systemClock, systemRandom } from '../../src/core/clock.ts'
import { GateError } from '../../src/core/errors.ts'
import { Redacted } from '../../src/core/redacted.ts'
import { principalOf } from '../../src/identity/testing.ts'
import { type DatabaseLogins, openDatabaseLogins } from '../../src/upstream/databases/logins.ts'
import type { DatabaseAuth, LoginTarget } from '../../src/upstream/databases/port.ts'
import { SigningKeys } from '../../src/wire/sigv4/keys.ts'
import { sign } from '../../src/wire/sigv4/sign.ts'
import { type Moto, startMoto } from '../harness/moto.ts'

const REGION = 'us-east-1'

/** moto in AWS's place: it checks every signature. */
describe('logging in at a database with what AWS gives', () => {
  let moto: Moto
  let logins: DatabaseLogins
  let base: { accessKeyId: string; secretAccessKey: Redacted }
  const nowMs = Date.now()
  const principal = () =>
    principalOf({
      roleArn: `arn:aws:iam::${moto.account}:role/orders`,
      account: moto.account,
      issuedAtMs: nowMs,
      expiresAtMs: nowMs + 3_600_000,
    })
  const target = (auth: DatabaseAuth): LoginTarget => ({
    ...{ name: 'orders', engine: 'mysql', host: 'orders.abc.us-east-1.rds.amazonaws.com', port: 3306, auth },
    ...{ region: REGION, account: '', users: new Map(), ...(auth.kind === 'iam' ? { user: 'gate' } : {}) },
  })
  const call = async (operation: string, parameters: object): Promise<Record<string, string>> => {
    const url = new URL(moto.endpoint)
    const body = JSON.stringify(parameters)
    const headers = [
      ['content-type', 'application/x-amz-json-1.1'],
      ['x-amz-target', `secretsmanager.${operation}`],
    ] as const
    const { headers: added } = sign(
      {
        ...{ method: 'POST', path: '/', query: '', host: url.host, headers, region: REGION },
        ...{
          service: 'secretsmanager',
          credentials: base,
          timeMs: Date.now(),
          payloadHash: hash('sha256', body),
        },
      },
      new SigningKeys(),
    )
    const reply = await fetch(url, {
      method: 'POST',
      headers: Object.fromEntries([...headers, ...added]),
      body,
    })
    const text = await reply.text()
    assert.ok(reply.ok, text)
    return JSON.parse(text)
  }

  before(async () => {
    moto = await startMoto(['orders'])
    const { AWS_ACCESS_KEY_ID: accessKeyId = '', AWS_SECRET_ACCESS_KEY: secret = '' } = moto.gateEnv
    base = { accessKeyId, secretAccessKey: new Redacted(secret) }
    logins = openDatabaseLogins({
      ...{ clock: systemClock, random: systemRandom, note: () => undefined, catalog: loadCatalog() },
      endpoints: { default: moto.endpoint, byService: new Map() },
      baseCredentials: async () => base,
      roleSource: arn =>
        arn.endsWith(':role/orders')
          ? {
              ...{ credentials: 'environment', assume: true, role: arn, region: REGION },
              ...{ sourceIdentity: true, sessionTags: true, sessionPolicy: true },
            }
          : undefined,
    })
  })
  after(async () => {
    logins?.close()
    await moto?.stop()
  })

  it('takes a lease of the role for a token', async () => {
    const { user, password } = await logins.at(target({ kind: 'iam' })).login(principal())
    assert.equal(user, 'gate')
    const [first, second] = [(await password()).reveal(), (await password()).reveal()]
    assert.match(first, /^orders\.abc\.us-east-1\.rds\.amazonaws\.com:3306\/\?Action=connect&DBUser=gate&/)
    const keyIn = (token: string): string => /X-Amz-Credential=(\w+)%2F/.exec(token)?.[1] ?? ''
    assert.notEqual(keyIn(first), base.accessKeyId, 'it is not the credentials of the gate itself')
    assert.equal(keyIn(first), keyIn(second), 'one lease for both')
    const nobody = { ...principal(), roleArn: `arn:aws:iam::${moto.account}:role/none` }
    await assert.rejects(
      logins.at(target({ kind: 'iam' })).connect(nobody, login => login.password()),
      { code: 'lease-denied' },
    )
  })

  it('reads a secret, and reads it again when it was rotated', async t => {
    const SecretString = JSON.stringify({ username: 'app', password: 'first' })
    const { ARN: arn = '' } = await call('CreateSecret', { Name: 'orders', SecretString })
    const secret = { kind: 'secret', arn, own: { region: REGION, endpoint: moto.endpoint } } as const
    const orders = logins.at(target(secret))
    const open = async (right: string): Promise<string> =>
      orders.connect(principal(), async login => {
        const password = (await login.password()).reveal()
        if (password !== right) throw new GateError('database-refused', `wrong: ${password}`)
        return `${login.user}:${password}`
      })
    assert.equal(await open('first'), 'app:first')
    await call('PutSecretValue', {
      SecretId: arn,
      SecretString: JSON.stringify({ username: 'app', password: 'second' }),
    })
    assert.equal(await open('first'), 'app:first', 'it is kept')
    // A refusal makes it look again, though not within ten seconds of the last time.
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 11_000 })
    assert.equal(await open('second'), 'app:second')
  })

  it('says what AWS says of a secret that is not there', async () => {
    const arn = `arn:aws:secretsmanager:${REGION}:${moto.account}:secret:none`
    const secret = { kind: 'secret', arn, own: { region: REGION, endpoint: moto.endpoint } } as const
    await assert.rejects(logins.at(target(secret)).login(principal()), {
      code: 'database-secret-unavailable',
      message: /ResourceNotFoundException/,
    })
  })
})
