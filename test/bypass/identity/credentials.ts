import type { Principal } from '../../../src/core/principal.ts'
import { GateCredentials } from '../../../src/identity/credentials.ts'
import { issueExpressSession } from '../../../src/identity/express.ts'
import { Keyring } from '../../../src/identity/keyring.ts'
import { countingRandom, MemoryFiles } from '../../../src/identity/testing.ts'
import { type Attack, session, type World } from './world.ts'

const invalid = 'credentials-invalid'
const foreign = 'credentials-not-gate'

/** Opens credentials of a live session after the attack has changed the id or the token. */
function changed(
  name: string,
  code: string,
  change: (id: string, token: string) => readonly [string, string],
): Attack {
  return {
    name,
    code,
    run: async w => {
      const { credentials } = await session(w)
      return w.credentials.open(...change(credentials.accessKeyId, credentials.sessionToken.reveal()))
    },
  }
}

/** The token with one byte of its binary form changed. */
function flip(token: string, at: number): string {
  const bytes = Buffer.from(token, 'base64')
  const index = at < 0 ? bytes.length + at : at
  bytes[index] = (bytes[index] ?? 0) ^ 1
  return bytes.toString('base64')
}

function otherGate(world: World): GateCredentials {
  const random = countingRandom(4711)
  const { clock } = world
  const files = new MemoryFiles()
  const keyring = new Keyring({ path: '/other', files, clock, random, maxSessionMs: 3_600_000 })
  return new GateCredentials({ keyring, clock, random })
}

async function express(world: World, use: 'session' | 's3express', afterMs = 0): Promise<unknown> {
  const { principal } = await session(world)
  const issued = issueExpressSession(world.credentials, world.clock, principal, 'logs--use1-az4--x-s3')
  world.clock.advance(afterMs)
  return world.credentials.open(issued.accessKeyId, issued.sessionToken.reveal(), use)
}

/** Credentials that are not, or no longer, or not for this. */
export const attacks: readonly Attack[] = [
  changed('the mark changed', foreign, (id, token) => [id, flip(token, 0)]),
  changed('the key id changed', invalid, (id, token) => [id, flip(token, 4)]),
  changed('the nonce changed', invalid, (id, token) => [id, flip(token, 8)]),
  changed('the first sealed byte changed', invalid, (id, token) => [id, flip(token, 19)]),
  changed('the tag changed', invalid, (id, token) => [id, flip(token, -1)]),
  changed('the tag cut to 12 bytes', invalid, (id, token) => [
    id,
    Buffer.from(token, 'base64').subarray(0, -4).toString('base64'),
  ]),
  changed('cut to its head', foreign, (id, token) => [id, token.slice(0, 24)]),
  changed('bytes after it', invalid, (id, token) => [
    id,
    Buffer.concat([Buffer.from(token, 'base64'), Buffer.alloc(3)]).toString('base64'),
  ]),
  changed('a space in it', foreign, (id, token) => [id, `${token.slice(0, 9)} ${token.slice(9)}`]),
  changed('a new line after it', foreign, (id, token) => [id, `${token}\n`]),
  changed('in the alphabet of URLs', foreign, (id, token) => [
    id,
    `${Buffer.from(token, 'base64').toString('base64url')}-`,
  ]),
  changed('longer than any token', invalid, (id, token) => [id, token.padEnd(1_000_000, 'A')]),
  changed('another access key id', invalid, (id, token) => [
    id.slice(0, -1) + (id.endsWith('A') ? 'B' : 'A'),
    token,
  ]),
  changed('the access key id in lower case', foreign, (id, token) => [id.toLowerCase(), token]),
  changed('the access key id with a slash', foreign, (id, token) => [`${id}/20261123`, token]),
  changed('a long-term id for the same key', foreign, (id, token) => [id.replace('ASIA', 'AKIA'), token]),
  changed('id and token with the border moved', foreign, (id, token) => [
    id + token.slice(0, 1),
    token.slice(1),
  ]),
  {
    name: 'the token of another session of the same principal',
    code: invalid,
    run: async w => {
      const [one, two] = [await session(w), await session(w)]
      return w.credentials.open(one.credentials.accessKeyId, two.credentials.sessionToken.reveal())
    },
  },
  {
    name: 'credentials of another gate',
    code: invalid,
    run: async w => {
      const { principal } = await session(w)
      const issued = otherGate(w).issue({ principal })
      return w.credentials.open(issued.accessKeyId, issued.sessionToken.reveal())
    },
  },
  {
    name: 'expired',
    code: 'credentials-expired',
    run: async w => {
      const { credentials } = await session(w)
      w.clock.advance(3_600_000)
      return w.credentials.open(credentials.accessKeyId, credentials.sessionToken.reveal())
    },
  },
  {
    name: 'expired, opened shortly before',
    code: 'credentials-expired',
    run: async w => {
      const { credentials } = await session(w)
      w.clock.advance(3_599_999)
      w.credentials.open(credentials.accessKeyId, credentials.sessionToken.reveal())
      w.clock.advance(1)
      return w.credentials.open(credentials.accessKeyId, credentials.sessionToken.reveal())
    },
  },
  { name: 'an S3 Express session used for everything', code: invalid, run: w => express(w, 'session') },
  {
    name: 'an S3 Express session after its end',
    code: 'credentials-expired',
    run: w => express(w, 's3express', 300_000),
  },
  {
    name: 'an S3 Express session longer than its principal',
    code: 'credentials-expired',
    run: async w => {
      const { principal } = await session(w)
      w.clock.advance(3_599_000)
      const issued = issueExpressSession(w.credentials, w.clock, principal, 'logs--use1-az4--x-s3')
      w.clock.advance(1_000)
      return w.credentials.open(issued.accessKeyId, issued.sessionToken.reveal(), 's3express')
    },
  },
  {
    name: 'a read-only S3 Express session that could write',
    code: 'sts-parameter-invalid',
    run: async w => {
      const { principal } = await session(w)
      return issueExpressSession(w.credentials, w.clock, principal, 'logs--use1-az4--x-s3', 'ReadOnly')
    },
  },
  {
    name: 'a role session used as an S3 Express session',
    code: invalid,
    run: async w => {
      const { credentials } = await session(w)
      return w.credentials.open(credentials.accessKeyId, credentials.sessionToken.reveal(), 's3express')
    },
  },
  {
    name: 'a principal made up by the client and sealed by nobody',
    code: invalid,
    run: async w => {
      const forged: Partial<Principal> = { roleArn: 'arn:aws:iam::111122223333:role/admin' }
      const { credentials } = await session(w)
      const head = Buffer.from(credentials.sessionToken.reveal(), 'base64').subarray(0, 19)
      const token = Buffer.concat([head, Buffer.from(JSON.stringify(forged)), Buffer.alloc(16)]).toString(
        'base64',
      )
      return w.credentials.open(credentials.accessKeyId, token)
    },
  },
]
