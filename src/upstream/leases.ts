import type { Principal } from '../core/principal.ts'
import { type AssumePorts, RoleAssumer } from './assume-role.ts'
import type { BaseCredentials } from './base-credentials.ts'
import type { Lease } from './lease.ts'
import type { LeaseCache } from './lease-cache.ts'
import type { RoleSource } from './settings.ts'

export interface LeasePorts extends AssumePorts {
  /** How the role's real credentials come about; undefined for a role that the gate does not have. */
  readonly roleSource: (roleArn: string) => RoleSource
  readonly leases: LeaseCache
}

/** Gives each session its lease of real credentials. */
export class LeaseManager {
  readonly #ports: LeasePorts
  readonly #assumer: RoleAssumer
  readonly #base: (source: RoleSource) => Promise<Lease>

  constructor(ports: LeasePorts, base: (source: RoleSource) => Promise<Lease>) {
    this.#ports = ports
    this.#assumer = new RoleAssumer(ports)
    this.#base = base
  }

  /** The principal's lease, taken or renewed if need be. Throws `lease-denied` or `lease-unavailable`. */
  async leaseOf(principal: Principal): Promise<Lease> {
    const source = this.#ports.roleSource(principal.roleArn)
    if (!source.assume) return this.#base(source)
    return this.#ports.leases.get(principal.sessionId, () => this.#assumer.assume(principal, source))
  }
}

/** The gate's own credentials, cached by where they come from. */
export function cachedBase(
  find: BaseCredentials,
  leases: LeaseCache,
): (source: RoleSource) => Promise<Lease> {
  return source => leases.get(`${source.credentials} ${source.profile ?? ''}`, () => find(source))
}
