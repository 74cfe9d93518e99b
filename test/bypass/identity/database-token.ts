import { Redacted } from '../../../src/core/redacted.ts'
import { GateCredentials } from '../../../src/identity/credentials.ts'
import { DatabaseIdentities } from '../../../src/identity/databases/databases.ts'
import type { DatabaseClaim, DatabaseIdentity, KnownTarget } from '../../../src/identity/databases/port.ts'
import { issueExpressSession } from '../../../src/identity/express.ts'
import { Keyring } from '../../../src/identity/keyring.ts'
import { countingRandom, MemoryFiles } from '../../../src/identity/testing.ts'
import { makeDatabaseToken } from '../../../src/wire/sigv4/database-token.ts'
import { SigningKeys } from '../../../src/wire/sigv4/keys.ts'
import { EMPTY_SHA256, UNSIGNED_PAYLOAD } from '../../../src/wire/sigv4/messages.ts'
import { type Credentials, presign, type SignInput } from '../../../src/wire/sigv4/sign.ts'
import { type Attack, AUDIT, NO_CONTEXT, session, type World } from './world.ts'

const SHARED = 'db-1.abc.eu-west-1.rds.amazonaws.com'
const at = (name: string, host: string, engine: KnownTarget['engine'] = 'postgres'): KnownTarget => ({
  ...{ name, engine, host, port: engine === 'postgres' ? 5432 : 3306, database: 'app' },
})
const TARGETS = [
  at('orders', 'orders.example'),
  at('salaries', 'salaries.example'),
  at('hr', SHARED),
  at('shop', SHARED),
  at('web', 'orders.example', 'mysql'),
]

/** Somebody with a live session in `deploy` comes to `orders`, with everything right but what the attack changes. */
interface Login {
  readonly claim?: Partial<DatabaseClaim>
  readonly credentials?: Credentials
  readonly sign?: Partial<{ host: string; port: number; user: string; timeMs: number }>
  /** What is done to the token once it is signed. */
  readonly change?: (token: string) => string
  readonly engine?: KnownTarget['engine']
}

export async function login(
  world: World,
  { claim, credentials, sign, change, engine = 'postgres' }: Login,
): Promise<DatabaseIdentity> {
  const own = credentials ?? (await session(world)).credentials
  const parts = {
    host: 'orders',
    port: 5432,
    user: 'deploy',
    region: 'eu-west-1',
    timeMs: world.clock.now(),
    ...sign,
  }
  const token = makeDatabaseToken({ ...parts, credentials: own }, new SigningKeys()).reveal()
  return present(world, change === undefined ? token : change(token), claim, engine)
}

function present(
  world: World,
  password: string,
  claim: Partial<DatabaseClaim> = {},
  engine: KnownTarget['engine'] = 'postgres',
) {
  const { credentials, clock } = world
  const identities = new DatabaseIdentities({
    engine,
    credentials,
    clock,
    targets: TARGETS,
    listenPorts: () => [7000],
  })
  return identities.identify({
    ...{
      user: 'deploy',
      database: 'orders',
      password: new Redacted(password),
      clientAddress: '',
      secure: true,
    },
    ...claim,
  })
}

/** A presigned URL of another sort, given as a password. */
async function presigned(world: World, change: Partial<SignInput>, seconds = 900): Promise<unknown> {
  const { credentials } = await session(world)
  const host = change.host ?? 'orders:5432'
  const query = presign(
    {
      ...{ method: 'GET', path: '/', query: 'Action=connect&DBUser=deploy', host, headers: [] },
      ...{
        region: 'eu-west-1',
        service: 'rds-db',
        credentials,
        timeMs: world.clock.now(),
        payloadHash: EMPTY_SHA256,
      },
      ...change,
    },
    seconds,
    new SigningKeys(),
  )
  return present(world, `orders:5432/?${query}`)
}

const attack = (name: string, code: string, change: Login): Attack => ({
  name,
  code,
  run: world => login(world, change),
})
const misdirected = 'database-token-misdirected'
const mismatch = 'database-user-mismatch'
const malformed = 'database-token-malformed'

/** Tokens for databases that are not for this one, or for nobody. */
export const attacks: readonly Attack[] = [
  attack('for one target, at another', misdirected, { claim: { database: 'salaries' } }),
  attack("for one target, at another by its host's name", misdirected, {
    claim: { database: 'salaries.example' },
  }),
  attack('for one target, at another in capitals', misdirected, { claim: { database: 'SALARIES' } }),
  attack('for the host of two, and the client says which', misdirected, {
    sign: { host: SHARED },
    claim: { database: 'hr' },
  }),
  attack('for the host of two, and the client does not say which', misdirected, {
    sign: { host: SHARED },
    claim: { database: 'deploy' },
  }),
  attack('for a host below that of a target', misdirected, { sign: { host: 'x.orders.example' } }),
  attack("for a host that ends as a target's", misdirected, { sign: { host: 'evilorders.example' } }),
  attack("for a target's host on another port", misdirected, { sign: { host: 'orders.example', port: 22 } }),
  attack('for a PostgreSQL server, at the MySQL one of its host', misdirected, {
    ...{ sign: { host: 'orders.example' }, claim: { database: 'web' }, engine: 'mysql' },
  }),
  attack('the host changed after it was signed', 'signature-mismatch', {
    ...{ change: token => token.replace(/^orders/, 'salaries'), claim: { database: 'salaries' } },
  }),
  attack('the port changed after it was signed', 'signature-mismatch', {
    change: token => token.replace(':5432', ':7000'),
  }),
  attack('another user than it was signed for', mismatch, { claim: { user: 'audit' } }),
  attack('another role, signed for', mismatch, { sign: { user: 'audit' }, claim: { user: 'audit' } }),
  attack("another role's ARN, signed for", mismatch, { sign: { user: AUDIT }, claim: { user: AUDIT } }),
  attack('a role by the end of its path', mismatch, {
    sign: { user: 'ci/deploy' },
    claim: { user: 'ci/deploy' },
  }),
  attack('a role in another case', mismatch, { sign: { user: 'Deploy' }, claim: { user: 'Deploy' } }),
  attack('the user changed after it was signed', 'signature-mismatch', {
    ...{ change: token => token.replace('DBUser=deploy', 'DBUser=audit'), claim: { user: 'audit' } },
  }),
  attack('a second user behind the first', malformed, { change: token => `${token}&DBUser=audit` }),
  attack('a second user in another case', malformed, { change: token => `${token}&dbuser=audit` }),
  attack('a second user by an escaped name', malformed, { change: token => `${token}&%44BUser=audit` }),
  attack('one more parameter', malformed, { change: token => `${token}&role=admin` }),
  attack('a letter of the user escaped', malformed, {
    change: token => token.replace('=deploy', '=%64eploy'),
  }),
  attack('a plus for a space', malformed, { change: token => token.replace('=deploy', '=deploy+') }),
  attack('a fragment behind it', malformed, { change: token => `${token}#` }),
  attack('a scheme before it', malformed, { change: token => `https://${token}` }),
  attack('a user before the host', malformed, { change: token => `orders:5432@${token}` }),
  attack('a path before the query', malformed, { change: token => token.replace('/?', '/salaries?') }),
  attack('a day later', 'signature-expired', { sign: { timeMs: Date.UTC(2026, 10, 22, 10) } }),
  attack('in an hour', 'signature-skewed', { sign: { timeMs: Date.UTC(2026, 10, 23, 11) } }),
  attack('its life made longer', 'signature-malformed', {
    change: token => token.replace('Expires=900', 'Expires=604800'),
  }),
  attack('the algorithm changed', 'signature-malformed', {
    change: token => token.replace('AWS4-HMAC-SHA256', 'none'),
  }),
  attack('without its signature', 'signature-malformed', {
    change: token => token.replace(/&X-Amz-Signature=\w+/, ''),
  }),
  attack('its signature in capitals', 'signature-malformed', {
    change: token => token.replace(/Signature=(\w+)/, (_, hex: string) => `Signature=${hex.toUpperCase()}`),
  }),
  attack('its session token left out', 'credentials-not-gate', {
    change: token => token.replace(/&X-Amz-Security-Token=[^&]+/, ''),
  }),
  {
    name: 'signed with what AWS issued',
    code: 'credentials-not-gate',
    run: world => {
      const secretAccessKey = new Redacted('wJalrXUtnFEMI')
      return login(world, { credentials: { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey } })
    },
  },
  {
    name: 'signed with what another gate issued',
    code: 'credentials-invalid',
    run: async world => {
      const { principal } = await session(world)
      const [clock, random, files] = [world.clock, countingRandom(99), new MemoryFiles()]
      const keyring = new Keyring({ path: '/o', files, clock, random, maxSessionMs: 3_600_000 })
      return login(world, {
        credentials: new GateCredentials({ keyring, clock, random }).issue({ principal }),
      })
    },
  },
  {
    name: 'signed by somebody who has seen the session token and not the secret',
    code: 'signature-mismatch',
    run: async world => {
      const { credentials } = await session(world)
      return login(world, { credentials: { ...credentials, secretAccessKey: new Redacted('a guess') } })
    },
  },
  {
    name: 'signed with the secret of one session and the token of another',
    code: 'credentials-invalid',
    run: async world => {
      const [one, two] = [(await session(world)).credentials, (await session(world)).credentials]
      return login(world, { credentials: { ...one, sessionToken: two.sessionToken } })
    },
  },
  {
    name: 'signed with credentials of S3 Express',
    code: 'credentials-invalid',
    run: async world => {
      const { principal } = await session(world)
      const credentials = issueExpressSession(
        world.credentials,
        world.clock,
        principal,
        'logs--use1-az4--x-s3',
      )
      return login(world, { credentials })
    },
  },
  {
    name: 'signed a moment before its credentials ended',
    code: 'credentials-expired',
    run: async world => {
      const { credentials } = await session(world)
      world.clock.advance(3_600_000)
      return login(world, { credentials, sign: { timeMs: world.clock.now() - 1_000 } })
    },
  },
  {
    name: 'of a chained session, as the role behind it',
    code: mismatch,
    run: async world => {
      const { principal } = await session(world)
      const parameters = { RoleArn: AUDIT, RoleSessionName: 'chained' }
      const { credentials } = world.sts.assumeRole(principal, { parameters, context: NO_CONTEXT })
      return login(world, { credentials })
    },
  },
  {
    name: 'a presigned URL of S3',
    code: malformed,
    run: world => presigned(world, { service: 's3', query: '', payloadHash: UNSIGNED_PAYLOAD }),
  },
  { name: 'a presigned call of RDS', code: malformed, run: world => presigned(world, { service: 'rds' }) },
  {
    name: 'a presigned GetCallerIdentity, as EKS takes one',
    code: malformed,
    run: world => presigned(world, { service: 'sts', query: 'Action=GetCallerIdentity&Version=2011-06-15' }),
  },
  {
    name: 'signed for another method',
    code: 'signature-mismatch',
    run: world => presigned(world, { method: 'POST' }),
  },
  { name: 'signed for a path', code: 'signature-mismatch', run: world => presigned(world, { path: '/hr' }) },
  { name: 'signed for a day', code: 'signature-malformed', run: world => presigned(world, {}, 86_400) },
  {
    name: 'with another header signed',
    code: 'signature-malformed',
    run: world => presigned(world, { headers: [['x-k8s-aws-id', 'cluster']] }),
  },
]
