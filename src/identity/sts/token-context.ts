import type { Context } from '../../core/decision.ts'
import type { Json, JsonObject } from '../../core/json.ts'
import { claimValues } from '../context.ts'
import type { VerifiedIdentity } from '../oidc/verify.ts'
import type { RoleName } from '../session-claims.ts'

/**
 * The condition keys that a verified token gives to a trust policy, in lower case. `PROVIDER:NAME` for
 * each claim, as IAM writes `token.actions.githubusercontent.com:sub`; where the token has an `azp`, IAM's
 * `PROVIDER:aud` is that, and `PROVIDER:oaud` is the audience. And the gate's own names for the same.
 * Source: IAM User Guide, "Available keys for AWS OIDC federation".
 */
export function tokenContext(identity: VerifiedIdentity): Context {
  const context = new Map<string, readonly string[]>()
  const { issuer, claims } = identity
  const prefix = issuer.provider.toLowerCase()
  for (const [name, value] of Object.entries(claims)) {
    const values = claimValues(value)
    if (values === undefined) continue
    context.set(`${prefix}:${name.toLowerCase()}`, values)
    context.set(`gate:claim/${name.toLowerCase()}`, values)
  }
  const azp = claims['azp']
  context.set(`${prefix}:sub`, [identity.subject])
  context.set(`${prefix}:aud`, typeof azp === 'string' ? [azp] : identity.audiences)
  context.set(`${prefix}:oaud`, identity.audiences)
  context.set('gate:issuer', [issuer.name])
  context.set('gate:subject', [identity.subject])
  return context
}

/**
 * The claims that a session keeps, for `gate:Claim/NAME`: scalars and lists of them, or of these the ones
 * that the issuer's configuration names. None is shortened: a condition must see the value or no session.
 */
export function keptClaims(identity: VerifiedIdentity): JsonObject {
  const kept: [string, Json][] = []
  for (const [name, value] of Object.entries(identity.claims)) {
    if (identity.issuer.claims?.has(name) === false || name.startsWith('https://aws.amazon.com/')) continue
    const values = claimValues(value)
    if (values !== undefined) kept.push([name, Array.isArray(value) ? values : value])
  }
  return Object.fromEntries(kept)
}

/** The ARN of the issuer as an OIDC provider of the role's account. */
export function providerArn(role: RoleName, provider: string): string {
  return `arn:${role.partition}:iam::${role.account}:oidc-provider/${provider}`
}
