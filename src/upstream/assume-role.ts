import { GateError } from '../core/errors.ts'
import type { Principal } from '../core/principal.ts'
import { asLease, type SdkCredentials } from './base-credentials.ts'
import type { Lease } from './lease.ts'
import { asSessionName, sessionTags, sourceIdentityOf } from './names.ts'
import type { RoleSource, SessionPolicySource, Surroundings } from './settings.ts'

/** The parameters of AssumeRole that the gate uses, by the names of the STS API. */
export interface AssumeRoleInput {
  readonly RoleArn: string
  readonly RoleSessionName: string
  readonly DurationSeconds: number
  readonly ExternalId?: string
  readonly SourceIdentity?: string
  readonly Tags?: { Key: string; Value: string }[]
  readonly Policy?: string
}

/** Calls AssumeRole in the source's region; throws the SDK's errors as they are. */
export type CallAssumeRole = (source: RoleSource, input: AssumeRoleInput) => Promise<SdkCredentials>

/** STS takes session policies up to this many characters. */
const MAX_POLICY_CHARACTERS = 2048
const MAX_GENERALITY = 8
const MIN_SECONDS = 900
/**
 * A lease lasts an hour at most: the most that AWS gives where the gate's own credentials are a role's
 * (chaining), and what every role allows. It is renewed, so nobody notices.
 */
const MAX_SECONDS = 3600

/** After this time AWS is asked for everything again. */
const FORGET_MS = 60 * 60_000

/** What AWS has refused for a role, so that it is not asked for again at every lease. */
type Withheld = 'sessionTags' | 'sourceIdentity'

/** What AWS's refusal names, in the order in which it is looked for, and what is then left out. */
const WITHHELD_BY_ACTION: readonly [action: string, part: Withheld][] = [
  ['sts:TagSession', 'sessionTags'],
  ['sts:SetSourceIdentity', 'sourceIdentity'],
]

export interface AssumePorts extends Surroundings {
  readonly callAssumeRole: CallAssumeRole
  readonly sessionPolicy: SessionPolicySource
}

/**
 * Takes leases by AssumeRole. It begins with everything (session policy, source identity, tags) and
 * leaves out only what AWS refuses by name: tags when `sts:TagSession` is not allowed, the source
 * identity when `sts:SetSourceIdentity` is not; a policy that is too large becomes a more general one, and
 * none when even the most general is too large. A refusal of `sts:AssumeRole` itself is `lease-denied`.
 */
export class RoleAssumer {
  readonly #ports: AssumePorts
  readonly #withheld = new Map<string, { readonly parts: Set<Withheld>; readonly untilMs: number }>()

  /** Roles whose leases go out without a session policy, so that each is told of once. */
  readonly #unnarrowed = new Set<string>()

  constructor(ports: AssumePorts) {
    this.#ports = ports
  }

  /** A new lease. Throws `lease-denied` or `lease-unavailable`. */
  async assume(principal: Principal, source: RoleSource): Promise<Lease> {
    // A copy: what another session's attempt finds out meanwhile says nothing of what this one asked.
    const withheld = new Set(this.#known(source.role))
    let generality = 0
    // Each turn gives up one thing that it cannot give up again, so that it ends.
    for (;;) {
      const policy = this.#policy(principal, source, generality)
      try {
        const credentials = await this.#ports.callAssumeRole(
          source,
          this.#input(principal, source, withheld, policy.policy),
        )
        const note = describe(withheld, policy.note)
        return { ...asLease(credentials), ...(note === '' ? {} : { note }) }
      } catch (error) {
        if (isTooLarge(error) && policy.policy !== undefined) {
          generality = policy.generality + 1
          continue
        }
        const part = isTooLarge(error) ? unlessGone('sessionTags', withheld) : refusedPart(error, withheld)
        if (part === undefined) throw asLeaseError(error, source.role)
        withheld.add(part)
        if (!isTooLarge(error)) this.#learn(source.role, part)
      }
    }
  }

  /** What AWS has refused for the role lately; forgotten now and then, as trust policies get better. */
  #known(role: string): Set<Withheld> {
    const now = this.#ports.clock.now()
    const found = this.#withheld.get(role)
    if (found !== undefined && now < found.untilMs) return found.parts
    const fresh = { parts: new Set<Withheld>(), untilMs: now + FORGET_MS }
    this.#withheld.set(role, fresh)
    return fresh.parts
  }

  #learn(role: string, part: Withheld): void {
    const known = this.#known(role)
    if (known.has(part)) return
    known.add(part)
    this.#ports.note(
      `leases of this role are taken without ${PROSE[part]}: its trust policy does not allow it`,
      { role },
    )
  }

  /** The first policy from `generality` on that is short enough; none where there is no such. */
  #policy(
    principal: Principal,
    source: RoleSource,
    generality: number,
  ): { policy?: string; note?: string; generality: number } {
    if (!source.sessionPolicy) return { generality, note: 'no session policy: the configuration says so' }
    for (let i = generality; i < MAX_GENERALITY; i++) {
      const found = this.#ports.sessionPolicy(principal, i)
      if (found === undefined) break
      if (found.policy.length <= MAX_POLICY_CHARACTERS) return { ...found, generality: i }
    }
    const note = "no session policy: the role may do everything, or too much for AWS's limit"
    if (!this.#unnarrowed.has(source.role)) this.#ports.note(note, { role: source.role })
    this.#unnarrowed.add(source.role)
    return { generality: MAX_GENERALITY, note }
  }

  #input(
    principal: Principal,
    source: RoleSource,
    withheld: ReadonlySet<Withheld>,
    policy: string | undefined,
  ): AssumeRoleInput {
    const leftSeconds = Math.floor((principal.expiresAtMs - this.#ports.clock.now()) / 1000)
    const { tags } = sessionTags(principal)
    const withTags = source.sessionTags && !withheld.has('sessionTags') && tags.length > 0
    return {
      RoleArn: source.role,
      RoleSessionName: asSessionName(principal.sessionName),
      DurationSeconds: Math.max(MIN_SECONDS, Math.min(MAX_SECONDS, leftSeconds)),
      ...(source.externalId === undefined ? {} : { ExternalId: source.externalId }),
      ...(source.sourceIdentity && !withheld.has('sourceIdentity')
        ? { SourceIdentity: sourceIdentityOf(principal) }
        : {}),
      ...(withTags ? { Tags: tags } : {}),
      ...(policy === undefined ? {} : { Policy: policy }),
    }
  }
}

const PROSE: Readonly<Record<Withheld, string>> = {
  sessionTags: 'session tags',
  sourceIdentity: 'a source identity',
}

function describe(withheld: ReadonlySet<Withheld>, policyNote: string | undefined): string {
  const notes = [...withheld].map(part => `without ${PROSE[part]}`)
  if (policyNote !== undefined) notes.push(policyNote)
  return notes.join('; ')
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : '')

function isTooLarge(error: unknown): boolean {
  return nameOf(error).startsWith('PackedPolicyTooLarge')
}

function unlessGone(part: Withheld, withheld: ReadonlySet<Withheld>): Withheld | undefined {
  return withheld.has(part) ? undefined : part
}

/** What the refusal is about, if it is something that a lease can do without and was asked for. */
function refusedPart(error: unknown, withheld: ReadonlySet<Withheld>): Withheld | undefined {
  if (!(error instanceof Error) || !error.name.startsWith('AccessDenied')) return undefined
  const found = WITHHELD_BY_ACTION.find(
    ([action, part]) => error.message.includes(action) && !withheld.has(part),
  )
  return found?.[1]
}

function asLeaseError(error: unknown, role: string): GateError {
  if (error instanceof GateError) return error
  const name = nameOf(error)
  if (name.startsWith('AccessDenied') || name === 'ValidationError' || name === 'MalformedPolicyDocument') {
    return new GateError(
      'lease-denied',
      `AWS did not let the gate assume the role \`${role}\` (\`${name}\`)`,
      {
        cause: error,
      },
    )
  }
  return new GateError('lease-unavailable', `the gate could not assume the role \`${role}\` at STS`, {
    cause: error,
  })
}
