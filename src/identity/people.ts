/**
 * Who shows a bearer token to the gate's own control API: a person, a workload that may only ask, or the
 * local administrator.
 */

import { GateError } from '../core/errors.ts'
import type { Json, JsonObject } from '../core/json.ts'
import { NAMING_CLAIMS, type Person } from '../core/person.ts'
import { ADMIN_TOKEN_PREFIX } from './admin-token.ts'
import type { VerifiedIdentity } from './oidc/verify.ts'

/** How an issuer vouches for people. */
export interface PeopleIssuer {
  /** The claim that lists a person's groups: a string, or a list of strings. */
  readonly groupsClaim: string
  /** Of the issuer's audiences, those whose tokens are made for the control API; all where absent. */
  readonly audience?: readonly string[]
  /** The claim that a person is called by, for other people to read. */
  readonly nameClaim?: string
}

/** Who showed a token. Everything in it has been verified. */
export interface Bearer {
  /**
   * `workload`: its issuer does not vouch for people. Nobody knows which person is behind it, if any, so it
   * may ask for access and take back what it asked for, and answers for nobody.
   */
  readonly kind: 'person' | 'workload' | 'admin'
  /** For a workload: its names, without groups. */
  readonly person: Person
  /** Absent for the local administrator. */
  readonly identity?: VerifiedIdentity
}

export interface PeopleOptions {
  readonly issuers: { verify(token: string): Promise<VerifiedIdentity> }
  /** By the name of the issuer. Issuers that are not here vouch for workloads alone. */
  readonly people: ReadonlyMap<string, PeopleIssuer>
  /** Absent: there is no local administrator. */
  readonly adminToken?: { matches(token: string): boolean }
}

/** The issuer of the local administrator: the gate itself. No configured issuer may be called so. */
export const LOCAL_ISSUER = 'sallyport'

export const LOCAL_ADMIN: Person = {
  id: `${LOCAL_ISSUER}/admin`,
  issuer: LOCAL_ISSUER,
  subject: 'admin',
  name: 'local administrator',
  groups: [],
  knownAs: ['admin'],
}

const MAX_GROUPS = 1_000
const MAX_GROUP_CHARS = 256
const MAX_NAME_CHARS = 128
/** Control and format characters would let a name forge what is around it: new lines, right-to-left marks. */
const UNPRINTABLE = /\p{Cc}|\p{Cf}|\p{Cs}|\p{Zl}|\p{Zp}/u
const DEFAULT_NAME_CLAIMS = ['name', 'preferred_username', 'email']

export class People {
  readonly #options: PeopleOptions

  /** Throws `issuer-misconfigured`. */
  constructor(options: PeopleOptions) {
    for (const name of options.people.keys()) refuseLocal(name)
    this.#options = options
  }

  /**
   * Throws what `Issuers.verify` does, and `api-token-rejected`, `identity-token-rejected` (a claim that is
   * needed cannot be used), and for the administrator's token what `AdminToken.matches` does.
   */
  async identify(token: string): Promise<Bearer> {
    if (token.startsWith(ADMIN_TOKEN_PREFIX)) return this.#identifyAdmin(token)
    const identity = await this.#options.issuers.verify(token)
    const { name } = identity.issuer
    refuseLocal(name)
    const rules = this.#options.people.get(name)
    if (rules === undefined) return { kind: 'workload', person: personOf(identity, [], []), identity }
    refuseOtherAudience(identity, rules)
    const groups = readGroups(identity, rules.groupsClaim)
    const nameClaims = rules.nameClaim === undefined ? DEFAULT_NAME_CLAIMS : [rules.nameClaim]
    return { kind: 'person', person: personOf(identity, groups, nameClaims), identity }
  }

  #identifyAdmin(token: string): Bearer {
    if (this.#options.adminToken?.matches(token) !== true) {
      throw new GateError('api-token-rejected', "the token is not the local administrator's")
    }
    return { kind: 'admin', person: LOCAL_ADMIN }
  }
}

/** Votes are counted by `ISSUER/SUBJECT`: nobody else may come to be called `sallyport/admin`. */
function refuseLocal(name: string): void {
  if (name.toLowerCase() !== LOCAL_ISSUER) return
  throw new GateError('issuer-misconfigured', `an issuer called \`${LOCAL_ISSUER}\` cannot vouch for people`)
}

/** A token that was made for something else, the exchange at the STS say, is not taken here. */
function refuseOtherAudience({ issuer, audiences }: VerifiedIdentity, { audience }: PeopleIssuer): void {
  if (audience === undefined || audiences.some(each => audience.includes(each))) return
  throw new GateError(
    'identity-token-rejected',
    `the \`aud\` of the token is not one by which people of \`${issuer.name}\` are known to the control API`,
  )
}

function personOf(
  { issuer, subject, claims }: VerifiedIdentity,
  groups: readonly string[],
  nameClaims: readonly string[],
): Person {
  const names = nameClaims.map(claim => printable(claims[claim], MAX_NAME_CHARS))
  return {
    id: `${issuer.name}/${subject}`,
    issuer: issuer.name,
    subject,
    name: names.find(name => name !== undefined) ?? subject,
    groups,
    knownAs: knownAs(subject, claims),
  }
}

/**
 * Every name that the token has for its subject. An address that nobody verified counts, too: names only take
 * away here, and whoever shares one with the requester asks somebody else to approve.
 */
function knownAs(subject: string, claims: JsonObject): readonly string[] {
  const names = NAMING_CLAIMS.map(claim => claims[claim]).filter(value => typeof value === 'string')
  return [...new Set([subject, ...names.map(seen)])].filter(name => name !== '')
}

/** Groups decide who may approve: a list that cannot be read in full is no list of groups. */
function readGroups({ issuer, claims }: VerifiedIdentity, claim: string): readonly string[] {
  const value = Object.hasOwn(claims, claim) ? claims[claim] : undefined
  if (value === undefined) return []
  const groups = typeof value === 'string' ? [value] : value
  if (!Array.isArray(groups) || groups.length > MAX_GROUPS) throw unreadable(issuer.name, claim)
  return groups.map(group => {
    const text = printable(group, MAX_GROUP_CHARS)
    if (text === undefined) throw unreadable(issuer.name, claim)
    return text
  })
}

function unreadable(issuer: string, claim: string): GateError {
  return new GateError(
    'identity-token-rejected',
    `the claim \`${claim}\` of a token of \`${issuer}\` is no list of at most ${MAX_GROUPS} names of groups`,
  )
}

/** Without the characters that nobody sees. */
function seen(name: string): string {
  return name.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu, '')
}

function printable(value: Json | undefined, maxChars: number): string | undefined {
  if (typeof value !== 'string' || value === '' || value.length > maxChars) return undefined
  return UNPRINTABLE.test(value) ? undefined : value
}
