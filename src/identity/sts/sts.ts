/**
 * The gate's STS: proofs of identity become sessions in roles. Handlers without sockets; parameters come
 * parsed, the trust policies are evaluated by a port, the answers are written by `response.ts`.
 * API: https://docs.aws.amazon.com/STS/latest/APIReference/welcome.html
 */

import type { Clock, Random } from '../../core/clock.ts'
import type { Context } from '../../core/decision.ts'
import { GateError } from '../../core/errors.ts'
import { newId } from '../../core/id.ts'
import type { JsonObject } from '../../core/json.ts'
import type { ParentSession, Principal } from '../../core/principal.ts'
import { principalContext, userId } from '../context.ts'
import type { GateCredentials, IssuedCredentials } from '../credentials.ts'
import type { Issuers, VerifiedIdentity } from '../oidc/verify.ts'
import { parseRoleArn, type RoleName, sessionArn } from '../session-claims.ts'
import type { AssumableRole, TrustAction, TrustQuestion, Trusts } from '../trust.ts'
import { checkSourceIdentity, type RoleParameters, readAssumeRole, readWebIdentity } from './parameters.ts'
import { inheritTags, readTagClaims, type SessionTags } from './tags.ts'
import { keptClaims, providerArn, tokenContext } from './token-context.ts'

export interface StsOptions {
  /** The roles of the gate, by ARN. */
  readonly roles: ReadonlyMap<string, AssumableRole>
  readonly issuers: Issuers
  readonly credentials: GateCredentials
  readonly trusts: Trusts
  /** Throws where the text is not a session policy that the gate can evaluate in full. */
  readonly checkPolicy: (text: string) => void
  readonly clock: Clock
  readonly random: Random
}

/** An STS call as read. */
export interface StsCall {
  /** By the member names of the API; not validated yet. */
  readonly parameters: JsonObject
  /** Condition keys of the connection (`aws:SourceIp`, `aws:SecureTransport`, `aws:CurrentTime`). */
  readonly context: Context
}

/** A session has begun. */
export interface AssumedRole {
  readonly operation: 'AssumeRole' | 'AssumeRoleWithWebIdentity'
  readonly principal: Principal
  readonly credentials: IssuedCredentials
  /** How much of the room for tags and policy is used, in percent. */
  readonly packedPolicySize: number
  /** Set for a web identity. */
  readonly web?: { readonly provider: string; readonly audience: string; readonly subject: string }
}

/** Who the gate knows the caller as. */
export interface CallerIdentity {
  readonly operation: 'GetCallerIdentity'
  readonly userId: string
  readonly account: string
  readonly arn: string
}

const HOUR_MS = 3_600_000
/** Most sessions that stand behind one another. */
const MAX_CHAIN = 8
/** What AWS calls 100% of a packed policy. */
const PACKED_CHARS = 4096

/** The name that stands for a session where there is none yet. */
const STANDING = 'standing-access'

/** Who somebody is in a role, whether or not there is a session. */
export type RoleIdentity = SessionFacts & Pick<Principal, 'arn' | 'roleArn' | 'account'>

type SessionFacts = Pick<Principal, 'issuer' | 'subject' | 'claims' | 'actingFor'> &
  Partial<Pick<Principal, 'sourceIdentity' | 'federatedProvider' | 'chainedFrom'>>

export class Sts {
  readonly #options: StsOptions

  constructor(options: StsOptions) {
    this.#options = options
  }

  /** Throws errors of the token (see `Issuers.verify`), `sts-parameter-invalid`, `sts-denied`, `sts-too-large`. */
  async assumeRoleWithWebIdentity(call: StsCall): Promise<AssumedRole> {
    const asked = readWebIdentity(call.parameters)
    const identity = await this.#options.issuers.verify(asked.token)
    const { role, name, tags, facts } = this.#webIdentity(identity, asked, call.context)
    const assumed = this.#begin(role, name, asked, tags, role.maxSessionMs, facts)
    const audience = identity.audiences.find(each => identity.issuer.audiences.includes(each)) ?? ''
    return {
      ...assumed,
      operation: 'AssumeRoleWithWebIdentity',
      web: { provider: facts.federatedProvider ?? '', audience, subject: identity.subject },
    }
  }

  /**
   * Who a verified identity would be in a role, without a session: for standing access, which is asked for
   * ahead of time. Throws `sts-denied` for a role that does not trust it, and for one that is not there.
   */
  wouldBe(identity: VerifiedIdentity, roleArn: string, context: Context): RoleIdentity {
    const asked = { roleArn, sessionName: STANDING, durationMs: undefined, sessionPolicy: undefined }
    const { role, name, facts } = this.#webIdentity(identity, asked, context)
    return { ...facts, arn: sessionArn(name, STANDING), roleArn: role.arn, account: name.account }
  }

  /** The role as the identity may assume it, and who it is there. */
  #webIdentity(
    identity: VerifiedIdentity,
    asked: RoleParameters,
    context: Context,
  ): { role: AssumableRole; name: RoleName; tags: SessionTags; facts: SessionFacts } {
    const { role, name } = this.#role(asked.roleArn, 'sts:AssumeRoleWithWebIdentity')
    const tags = readTagClaims(identity.claims)
    const sourceIdentity = sourceIdentityClaim(identity.claims)
    const { provider } = identity.issuer
    const federatedProvider = providerArn(name, provider)
    const question = {
      federated: [federatedProvider, identity.issuer.iss, provider, identity.issuer.name],
      context: trustContext([tokenContext(identity), context], asked, tags, sourceIdentity),
    }
    this.#ask('sts:AssumeRoleWithWebIdentity', role, question, tags, sourceIdentity)
    const facts = {
      issuer: identity.issuer.name,
      subject: identity.subject,
      claims: keptClaims(identity),
      actingFor: [],
      federatedProvider,
      ...(sourceIdentity !== undefined && { sourceIdentity }),
    }
    return { role, name, tags, facts }
  }

  /**
   * From one role of the gate to another. The caller's own policies must have allowed `sts:AssumeRole` on
   * the target already; here the target's trust policy decides. The session lasts an hour at most, as any
   * chained session of AWS. Throws `sts-parameter-invalid`, `sts-denied`, `sts-too-large`.
   */
  assumeRole(caller: Principal, call: StsCall): AssumedRole {
    const asked = readAssumeRole(call.parameters)
    const { role, name } = this.#role(asked.roleArn, 'sts:AssumeRole')
    const tags = inheritTags(caller.tags, caller.transitiveTagKeys ?? [], asked.tags)
    const sourceIdentity = keepSourceIdentity(caller, asked.sourceIdentity)
    const question = {
      principalArns: callerArns(caller),
      context: trustContext(
        [principalContext(caller), call.context],
        asked,
        tags,
        sourceIdentity,
        asked.externalId,
      ),
    }
    this.#ask('sts:AssumeRole', role, question, tags, sourceIdentity)
    if (caller.actingFor.length >= MAX_CHAIN) {
      throw new GateError('sts-too-large', `more than ${MAX_CHAIN} sessions stand behind this one`)
    }
    if ((asked.durationMs ?? 0) > HOUR_MS) {
      throw new GateError(
        'sts-parameter-invalid',
        'the requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining',
      )
    }
    return this.#begin(role, name, asked, tags, Math.min(HOUR_MS, role.maxSessionMs), {
      issuer: caller.issuer,
      subject: caller.subject,
      claims: caller.claims,
      actingFor: [caller.arn, ...caller.actingFor],
      chainedFrom: [parentOf(caller), ...(caller.chainedFrom ?? [])],
      ...(sourceIdentity !== undefined && { sourceIdentity }),
    })
  }

  getCallerIdentity(caller: Principal): CallerIdentity {
    return {
      operation: 'GetCallerIdentity',
      userId: userId(caller),
      account: caller.account,
      arn: caller.arn,
    }
  }

  /** An unknown role gets the very answer of one that does not trust the caller: nothing is probed here. */
  #role(arn: string, action: TrustAction): { role: AssumableRole; name: RoleName } {
    const role = this.#options.roles.get(arn)
    const name = parseRoleArn(arn)
    if (role === undefined || name === undefined) throw denied(action, 'the gate has no role of this ARN')
    return { role, name }
  }

  #ask(
    action: TrustAction,
    role: AssumableRole,
    question: Omit<TrustQuestion, 'action'>,
    tags: SessionTags,
    sourceIdentity: string | undefined,
  ): void {
    const actions: TrustAction[] = [action]
    if (tags.values.size > 0) actions.push('sts:TagSession')
    if (sourceIdentity !== undefined) actions.push('sts:SetSourceIdentity')
    for (const each of actions) {
      const answer = this.#options.trusts(role.arn, { ...question, action: each })
      if (!answer.allowed) throw denied(each, answer.reason)
    }
  }

  #begin(
    role: AssumableRole,
    name: RoleName,
    asked: RoleParameters,
    tags: SessionTags,
    longestMs: number,
    facts: SessionFacts,
  ): AssumedRole {
    const { clock, random, credentials } = this.#options
    if ((asked.durationMs ?? 0) > role.maxSessionMs) {
      throw new GateError(
        'sts-parameter-invalid',
        'the requested DurationSeconds exceeds the MaxSessionDuration set for this role',
      )
    }
    const issuedAtMs = clock.now()
    const durationMs = asked.durationMs ?? Math.min(HOUR_MS, longestMs)
    const principal: Principal = {
      ...facts,
      arn: sessionArn(name, asked.sessionName),
      roleArn: role.arn,
      account: name.account,
      sessionName: asked.sessionName,
      sessionId: newId(clock, random),
      tags: Object.fromEntries(tags.values),
      issuedAtMs,
      expiresAtMs: issuedAtMs + durationMs,
      ...(tags.transitive.length > 0 && { transitiveTagKeys: tags.transitive }),
      ...this.#sessionPolicy(asked.sessionPolicy),
    }
    const issued = credentials.issue({ principal })
    const packed = (issued.sessionToken.reveal().length * 100) / PACKED_CHARS
    return { operation: 'AssumeRole', principal, credentials: issued, packedPolicySize: Math.ceil(packed) }
  }

  #sessionPolicy(text: string | undefined): Pick<Principal, 'sessionPolicy'> {
    if (text === undefined) return {}
    try {
      this.#options.checkPolicy(text)
    } catch (cause) {
      const why = cause instanceof GateError ? cause.message : 'it is not a policy document'
      throw new GateError('sts-policy-malformed', `the session policy cannot be used: ${why}`, { cause })
    }
    return { sessionPolicy: text }
  }
}

/** Later sources win, and what the gate knows itself comes last: no claim can take the place of another key. */
function trustContext(
  sources: readonly Context[],
  asked: RoleParameters,
  tags: SessionTags,
  sourceIdentity: string | undefined,
  externalId?: string,
): Context {
  const context = new Map<string, readonly string[]>()
  for (const source of sources) for (const [key, values] of source) context.set(key, values)
  for (const [key, value] of tags.values) context.set(`aws:requesttag/${key.toLowerCase()}`, [value])
  if (tags.values.size > 0) context.set('aws:tagkeys', [...tags.values.keys()])
  if (tags.transitive.length > 0) context.set('sts:transitivetagkeys', tags.transitive)
  context.set('sts:rolesessionname', [asked.sessionName])
  if (asked.durationMs !== undefined) context.set('sts:durationseconds', [String(asked.durationMs / 1000)])
  if (sourceIdentity !== undefined) context.set('sts:sourceidentity', [sourceIdentity])
  if (externalId !== undefined) context.set('sts:externalid', [externalId])
  return context
}

function parentOf({ sessionId, roleArn, issuedAtMs }: Principal): ParentSession {
  return { sessionId, roleArn, issuedAtMs }
}

/** Every value of `Principal.AWS` that means this caller. */
function callerArns(caller: Principal): readonly string[] {
  const partition = caller.roleArn.split(':')[1] ?? 'aws'
  return [caller.arn, caller.roleArn, `arn:${partition}:iam::${caller.account}:root`, caller.account]
}

/** Once set, it stays through every chained session and cannot be changed. */
function keepSourceIdentity(caller: Principal, asked: string | undefined): string | undefined {
  if (caller.sourceIdentity === undefined) return asked
  if (asked !== undefined && asked !== caller.sourceIdentity) {
    throw denied('sts:SetSourceIdentity', 'the source identity of the calling session cannot be changed')
  }
  return caller.sourceIdentity
}

function sourceIdentityClaim(claims: JsonObject): string | undefined {
  const claim = claims['https://aws.amazon.com/source_identity']
  if (claim === undefined) return undefined
  if (typeof claim !== 'string') {
    throw new GateError(
      'identity-token-rejected',
      'the source identity in the web identity token is not a string',
    )
  }
  return checkSourceIdentity(claim)
}

/** The client hears what AWS would say; the reason is for the operator. */
function denied(action: TrustAction, reason: string): GateError {
  return new GateError('sts-denied', `not authorized to perform ${action}`, { cause: new Error(reason) })
}
