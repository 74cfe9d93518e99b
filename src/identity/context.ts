import { hash } from 'node:crypto'
import type { Context } from '../core/decision.ts'
import type { Json } from '../core/json.ts'
import type { Principal } from '../core/principal.ts'

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/**
 * The condition keys of a principal, names in lower case. For a role session `aws:PrincipalArn` is the
 * role's ARN, not the session's. Keys that do not apply to role sessions (`aws:username`,
 * `aws:MultiFactorAuthPresent`) are absent, as in IAM.
 * Source: IAM User Guide, "AWS global condition context keys".
 */
export function principalContext(principal: Principal): Context {
  const known = contexts.get(principal)
  if (known !== undefined) return known
  const context = makeContext(principal)
  contexts.set(principal, context)
  return context
}

/** A principal makes many calls, and never changes: its keys are made once. */
const contexts = new WeakMap<Principal, Context>()

function makeContext(principal: Principal): Context {
  const context = new Map<string, readonly string[]>()
  // Names that the issuer chose come first, so that none of them can take the place of a key below.
  for (const [name, value] of Object.entries(principal.claims)) {
    const values = claimValues(value)
    if (values !== undefined) context.set(`gate:claim/${name.toLowerCase()}`, values)
  }
  for (const [key, value] of Object.entries(principal.tags)) {
    context.set(`aws:principaltag/${key.toLowerCase()}`, [value])
  }
  const federatedBy = principal.federatedProvider?.split(':oidc-provider/')[1]
  if (federatedBy !== undefined) context.set(`${federatedBy.toLowerCase()}:sub`, [principal.subject])
  context.set('aws:principalarn', [principal.roleArn])
  context.set('aws:principalaccount', [principal.account])
  context.set('aws:principaltype', ['AssumedRole'])
  context.set('aws:userid', [userId(principal)])
  context.set('aws:tokenissuetime', [isoSeconds(principal.issuedAtMs)])
  context.set('gate:issuer', [principal.issuer])
  context.set('gate:subject', [principal.subject])
  if (principal.actingFor.length > 0) context.set('gate:actingfor', principal.actingFor)
  if (principal.sourceIdentity !== undefined) context.set('aws:sourceidentity', [principal.sourceIdentity])
  if (principal.federatedProvider !== undefined) {
    context.set('aws:federatedprovider', [principal.federatedProvider])
  }
  return context
}

/**
 * The values of a claim as a condition sees them; undefined for claims that are no scalar and no list
 * of scalars.
 */
export function claimValues(value: Json | undefined): readonly string[] | undefined {
  if (typeof value === 'string') return [value]
  if (typeof value === 'number' || typeof value === 'boolean') return [String(value)]
  if (!Array.isArray(value)) return undefined
  const values: string[] = []
  for (const each of value) {
    if (typeof each !== 'string' && typeof each !== 'number' && typeof each !== 'boolean') return undefined
    values.push(String(each))
  }
  return values
}

/** `AROA…:SESSION`, as `aws:userid` and `GetCallerIdentity` tell it. */
export function userId(principal: Principal): string {
  return `${roleId(principal.roleArn)}:${principal.sessionName}`
}

/**
 * The unique id of a role, `AROA` and 17 characters. AWS makes it up; the gate derives it from the ARN, so
 * that every replica tells the same one.
 */
export function roleId(roleArn: string): string {
  const digest = hash('sha256', `sallyport role ${roleArn}`, 'buffer')
  let id = 'AROA'
  for (const byte of digest.subarray(0, 17)) id += BASE32.charAt(byte & 31)
  return id
}

/** ISO 8601 without fractions of a second, as STS writes times. */
export function isoSeconds(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19)}Z`
}
