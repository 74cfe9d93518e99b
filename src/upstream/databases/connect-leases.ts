import { GateError } from '../../core/errors.ts'
import type { Principal } from '../../core/principal.ts'
import type { AddressPorts } from '../address.ts'
import { type CallAssumeRole, RoleAssumer } from '../assume-role.ts'
import { type BaseCredentials, systemBaseCredentials } from '../base-credentials.ts'
import type { Lease } from '../lease.ts'
import { LeaseCache } from '../lease-cache.ts'
import { cachedBase } from '../leases.ts'
import type { RoleSource, Surroundings } from '../settings.ts'
import { sdkAssumeRole } from '../sts-client.ts'
import { stsEndpoint } from '../sts-endpoint.ts'

export interface ConnectLeasePorts extends Surroundings, Pick<AddressPorts, 'catalog' | 'endpoints'> {
  /** How a gate role's real credentials come about; undefined where the gate has no such role. */
  readonly roleSource: (roleArn: string) => RoleSource | undefined
  /** The gate's own credentials; absent: the environment and the SDK's provider chain. */
  readonly baseCredentials?: BaseCredentials
}

/** A user of a database, in the words of IAM. */
export interface DatabaseUser {
  readonly user: string
  readonly region: string
  /** 12 digits; empty: the one of the principal's role. */
  readonly account: string
}

/**
 * Leases that are good for logging in at databases and for nothing else. The session policy of a role's other leases says
 * what it may do at AWS; this one allows `rds-db:connect` as the one user, whatever the role's policies say of AWS: whether
 * the principal may come to the target at all was decided by them as `sql:Connect`.
 */
export class ConnectLeases {
  readonly #ports: ConnectLeasePorts
  readonly #leases: LeaseCache
  readonly #base: (source: RoleSource) => Promise<Lease>
  readonly #assumeRole: CallAssumeRole & { close(): void }
  /** One for each resource, as their session policies differ: as many as there are users of targets. */
  readonly #assumers = new Map<string, RoleAssumer>()

  constructor(ports: ConnectLeasePorts) {
    const { clock, random, note } = ports
    const renewalFailed = (error: unknown): void =>
      note('a lease for databases could not be renewed; it is still used until it ends', {
        reason: error instanceof Error ? error.message : 'unknown',
      })
    this.#ports = ports
    this.#leases = new LeaseCache({ clock, random, renewalFailed })
    this.#base = cachedBase(
      ports.baseCredentials ?? systemBaseCredentials(process.env),
      new LeaseCache({ clock, random, renewalFailed }),
    )
    this.#assumeRole = sdkAssumeRole({ base: this.#base, endpoint: region => stsEndpoint(region, ports) })
  }

  /** The principal's lease for the user, taken or renewed if need be. Rejects with `lease-denied`, `lease-unavailable`. */
  async leaseOf(principal: Principal, user: DatabaseUser): Promise<Lease> {
    const source = this.#ports.roleSource(principal.roleArn)
    if (source === undefined)
      throw new GateError('lease-denied', `the gate has no role \`${principal.roleArn}\` any more`)
    if (!source.assume) return this.#base(source)
    const resource = userArn(principal, user)
    return this.#leases.get(`${principal.sessionId} ${resource}`, () =>
      this.#assumer(resource).assume(principal, source),
    )
  }

  close(): void {
    this.#assumeRole.close()
  }

  #assumer(resource: string): RoleAssumer {
    const found = this.#assumers.get(resource)
    if (found !== undefined) return found
    const policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: 'rds-db:connect', Resource: resource }],
    })
    const assumer = new RoleAssumer({
      ...this.#ports,
      callAssumeRole: this.#assumeRole,
      sessionPolicy: (_principal, generality) => (generality === 0 ? { policy } : undefined),
    })
    this.#assumers.set(resource, assumer)
    return assumer
  }
}

/** IAM's special characters, as its policies write them where they mean themselves. */
const SPECIAL = /[*?$]/g

/**
 * The user as the resource of `rds-db:connect`. IAM names instances by an id that is in no host name, so it is any of the
 * account's in the region; the token itself is for one host.
 * Source: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.IAMPolicy.html
 */
function userArn({ roleArn, account: own }: Principal, { user, region, account }: DatabaseUser): string {
  const partition = roleArn.split(':')[1] ?? 'aws'
  const literal = user.replace(SPECIAL, character => `\${${character}}`)
  return `arn:${partition}:rds-db:${region}:${account === '' ? own : account}:dbuser:*/${literal}`
}
