import { arnParts } from '../export/arn.ts'
import type { TrailIdentity } from './trail-event.ts'

/**
 * The roles that the gate leases. A role's name is one in its account whatever its path, and a session's ARN
 * has no path; so account and name are what is compared.
 */
export class LeasedRoles {
  readonly #arns = new Map<string, string>()

  add(roleArn: string): void {
    const { account, name } = arnParts(roleArn)
    if (account !== '' && name !== '') this.#arns.set(`${account}/${name}`, roleArn)
  }

  get arns(): readonly string[] {
    return [...this.#arns.values()].sort()
  }

  /** The leased role that the caller had; undefined for everybody else. */
  of(identity: TrailIdentity): string | undefined {
    for (const arn of [identity.issuerArn, identity.arn]) {
      if (arn === undefined) continue
      const { account, name } = arnParts(arn)
      const found = this.#arns.get(`${account}/${name}`)
      if (found !== undefined && identity.type === 'AssumedRole') return found
    }
    return undefined
  }
}
