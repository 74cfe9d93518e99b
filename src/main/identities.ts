import type { Config } from '../config/model.ts'
import { systemClock, systemRandom } from '../core/clock.ts'
import { GateCredentials } from '../identity/credentials.ts'
import type { Keyring } from '../identity/keyring.ts'
import { fetchJson } from '../identity/oidc/fetch-json.ts'
import { Issuers } from '../identity/oidc/verify.ts'
import { Sts } from '../identity/sts/sts.ts'
import type { Policies } from './policies.ts'

/** Who vouches for whom, and what they may become. */
export interface Identities {
  readonly issuers: Issuers
  readonly credentials: GateCredentials
  readonly sts: Sts
}

export function openIdentities(config: Config, policies: Policies, keyring: Keyring): Identities {
  const ports = { clock: systemClock, random: systemRandom }
  const credentials = new GateCredentials({ ...ports, keyring })
  const issuers = new Issuers({ issuers: config.issuers, clock: systemClock, fetchJson })
  const roles = new Map(config.roles.map(({ arn, maxSessionMs }) => [arn, { arn, maxSessionMs }]))
  const sts = new Sts({
    ...ports,
    roles,
    issuers,
    credentials,
    trusts: policies.trusts,
    checkPolicy: policies.checkSessionPolicy,
  })
  return { issuers, credentials, sts }
}
