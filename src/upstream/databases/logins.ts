import { SigningKeys } from '../../wire/sigv4/keys.ts'
import { systemBaseCredentials } from '../base-credentials.ts'
import type { Lease } from '../lease.ts'
import { LeaseCache } from '../lease-cache.ts'
import { type ConnectLeasePorts, ConnectLeases } from './connect-leases.ts'
import { databaseLogin } from './login.ts'
import type { DatabaseLogin, LoginTarget, OwnCredentials } from './port.ts'
import { secretsManager } from './secrets-manager.ts'

/** How one process logs in at all of its targets. */
export interface DatabaseLogins {
  /** One a target: it keeps the target's secret. */
  at(target: LoginTarget): DatabaseLogin
  close(): void
}

/** Logging in with the gate's real credentials: see `databaseLogin`. */
export function openDatabaseLogins(ports: ConnectLeasePorts): DatabaseLogins {
  const { clock, random, note, catalog } = ports
  const keys = new SigningKeys()
  const leases = new ConnectLeases(ports)
  const readSecret = secretsManager({
    clock,
    keys,
    base: ownCredentials(ports),
    host: region => catalog.endpoint('secretsmanager', region).host,
  })
  return {
    at: target => databaseLogin(target, { clock, note, keys, leases, readSecret }),
    close: () => leases.close(),
  }

  function ownCredentials({ baseCredentials }: ConnectLeasePorts): (own: OwnCredentials) => Promise<Lease> {
    const find = baseCredentials ?? systemBaseCredentials(process.env)
    const renewalFailed = (error: unknown): void =>
      note("the gate's own credentials could not be renewed; they are still used until they end", {
        reason: error instanceof Error ? error.message : 'unknown',
      })
    const cache = new LeaseCache({ clock, random, renewalFailed })
    return ({ profile }) =>
      cache.get(profile ?? '', () =>
        find(profile === undefined ? { credentials: 'default' } : { credentials: 'profile', profile }),
      )
  }
}
