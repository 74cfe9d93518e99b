import type { Clock, Random } from '../core/clock.ts'
import type { Principal } from '../core/principal.ts'

/** How real credentials for a role come about; `config/` reads it, and describes each member. */
export interface RoleSource {
  readonly credentials: 'default' | 'environment' | 'profile'
  readonly profile?: string
  readonly assume: boolean
  readonly role: string
  readonly externalId?: string
  readonly region: string
  readonly sourceIdentity: boolean
  readonly sessionTags: boolean
  readonly sessionPolicy: boolean
}

/** Overrides of endpoints, by the catalog's service id. */
export interface EndpointOverrides {
  readonly default?: string
  readonly byService: ReadonlyMap<string, string>
}

/** A session policy for a lease. */
export interface SessionPolicy {
  /** The document as JSON; it allows at least all that the gate allows the principal. */
  readonly policy: string
  /** What is worth recording of it: that it was generalised, and how far. */
  readonly note?: string
}

/**
 * The session policy of a principal. `generality` counts from 0, the narrowest, upwards; undefined when
 * there is no more general one.
 */
export type SessionPolicySource = (principal: Principal, generality: number) => SessionPolicy | undefined

/** Tells the operator's log; never given a secret. */
export type Note = (message: string, details: Readonly<Record<string, string | number>>) => void

/** What every part of this folder takes from outside. */
export interface Surroundings {
  readonly clock: Clock
  readonly random: Random
  readonly note: Note
}
