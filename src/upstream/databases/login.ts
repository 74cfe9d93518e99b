import type { Clock } from '../../core/clock.ts'
import { GateError } from '../../core/errors.ts'
import type { Principal } from '../../core/principal.ts'
import type { Redacted } from '../../core/redacted.ts'
import { makeDatabaseToken } from '../../wire/sigv4/database-token.ts'
import type { SigningKeys } from '../../wire/sigv4/keys.ts'
import type { Note } from '../settings.ts'
import type { ConnectLeases } from './connect-leases.ts'
import { KeptSecret } from './kept-secret.ts'
import type { DatabaseLogin, Login, LoginTarget } from './port.ts'
import type { DatabaseSecret, ReadSecret } from './secrets-manager.ts'

export interface DatabaseLoginPorts {
  readonly clock: Clock
  readonly note: Note
  readonly keys: SigningKeys
  readonly leases: Pick<ConnectLeases, 'leaseOf'>
  readonly readSecret: ReadSecret
}

/** How the gate logs in at a target, for each client anew. */
export function databaseLogin(target: LoginTarget, ports: DatabaseLoginPorts): DatabaseLogin {
  const { auth } = target
  switch (auth.kind) {
    case 'iam':
      return simple(principal => {
        const user = userFor(target, principal)
        return { user, password: () => token(target, principal, user, ports) }
      })
    case 'password':
      return simple(principal => ({ user: userFor(target, principal), password: async () => auth.password }))
    case 'secret':
      return bySecret(target, () => ports.readSecret(auth.arn, auth.own), ports)
  }
}

function simple(login: (principal: Principal) => Login): DatabaseLogin {
  return {
    login: async principal => login(principal),
    connect: async (principal, open) => open(login(principal)),
  }
}

/** A token of RDS for the host itself, with the lease of the principal's role. */
async function token(
  { host, port, region, account }: LoginTarget,
  principal: Principal,
  user: string,
  { clock, keys, leases }: DatabaseLoginPorts,
): Promise<Redacted> {
  const credentials = await leases.leaseOf(principal, { user, region, account })
  return makeDatabaseToken({ host, port, user, region, credentials, timeMs: clock.now() }, keys)
}

function bySecret(
  target: LoginTarget,
  read: () => Promise<DatabaseSecret>,
  { clock, note }: DatabaseLoginPorts,
): DatabaseLogin {
  const kept = new KeptSecret({
    clock,
    read,
    readFailed: error =>
      note('the secret of a database could not be read again; the last one is used', {
        target: target.name,
        reason: error instanceof Error ? error.message : 'unknown',
      }),
  })
  const loginOf = ({ user = target.user, password }: DatabaseSecret): Login => {
    if (user !== undefined) return { user, password: async () => password }
    const missing = `the secret of the target \`${target.name}\` has no \`username\`, and the target no \`user\``
    throw new GateError('database-secret-invalid', missing)
  }
  return {
    login: async () => loginOf(await kept.current()),
    async connect(_principal, open) {
      const secret = await kept.current()
      try {
        return await open(loginOf(secret))
      } catch (error) {
        if (!(error instanceof GateError) || error.code !== 'database-refused') throw error
        const newer = await kept.insteadOf(secret)
        if (newer === undefined) throw error
        return open(loginOf(newer))
      }
    },
  }
}

function userFor({ name, user, users }: LoginTarget, { roleArn }: Principal): string {
  const found = users.get(roleArn) ?? user
  if (found !== undefined) return found
  throw new GateError('internal', `the target \`${name}\` does not say whom the gate logs in as`)
}
