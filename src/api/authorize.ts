/**
 * What the holder of a token may do with an access request, and with sessions. Being allowed `gate:Approve` makes nobody an
 * approver: whom the demand names and four eyes are the desk's to check, always.
 */

import type { GateAction } from '../contract/routes.ts'
import type { Context } from '../core/decision.ts'
import type { Person } from '../core/person.ts'
import type { AccessRequest } from '../grants/model.ts'
import { isNamed } from '../grants/people.ts'
import { claimValues } from '../identity/context.ts'
import type { Bearer } from '../identity/people.ts'

/** The control policies of the configuration: whether they allow it. */
export type Decide = (person: Person, action: GateAction, resource: string, context: Context) => boolean

export interface Question {
  readonly bearer: Bearer
  readonly action: Exclude<GateAction, 'gate:Request' | 'gate:KillSession'>
  readonly request: AccessRequest
  /** Where the call came from, for `aws:SourceIp`. */
  readonly address: string
}

export function requestArn(id: string): string {
  return `arn:sallyport:gate:::request/${id}`
}

/**
 * Without control policies: whom a demand of the request names may read, answer and revoke it. With them,
 * they decide. In both cases whoever asked may read their own and take it back, and the local administrator,
 * who holds the data folder, may do all of it; a workload's token does nothing but that with its own.
 */
export function mayDo({ bearer, action, request, address }: Question, decide: Decide | undefined): boolean {
  if (isOwn(request, bearer) && action !== 'gate:Approve') return true
  if (bearer.kind === 'workload') return false
  if (bearer.kind === 'admin') return true
  if (decide === undefined) {
    return request.demands.some(({ from }) => from.some(name => isNamed(name, bearer.person)))
  }
  const context = contextOf(bearer, request.requester.roleArn, address)
  return decide(bearer.person, action, requestArn(request.id), context)
}

/** Whether the holder may ask for standing access to the role. Without control policies: who may assume it. */
export function mayAsk(
  bearer: Bearer,
  roleArn: string,
  address: string,
  decide: Decide | undefined,
): boolean {
  if (decide === undefined) return true
  return decide(bearer.person, 'gate:Request', requestArn('*'), contextOf(bearer, roleArn, address))
}

export function sessionArn(id: string): string {
  return `arn:sallyport:gate:::session/${id}`
}

/**
 * Whether the holder may end sessions: the local administrator, and people whom the control policies allow it. Without
 * control policies nobody else. `id` is `*` for all of a principal or of a role, which is then `gate:Role`.
 */
export function mayKill(
  bearer: Bearer,
  { id, roleArn }: { readonly id: string; readonly roleArn?: string },
  address: string,
  decide: Decide | undefined,
): boolean {
  if (bearer.kind === 'admin') return true
  if (bearer.kind === 'workload' || decide === undefined) return false
  return decide(bearer.person, 'gate:KillSession', sessionArn(id), contextOf(bearer, roleArn, address))
}

/** Whether it was asked for by this very identity: the same subject, vouched for by the same issuer. */
export function isOwn({ requester }: AccessRequest, { identity }: Bearer): boolean {
  if (identity === undefined) return false
  return requester.issuer === identity.issuer.name && requester.subject === identity.subject
}

/** The condition keys of a call to the control API. */
function contextOf({ person, identity }: Bearer, roleArn: string | undefined, address: string): Context {
  const context = new Map<string, readonly string[]>()
  for (const [name, value] of Object.entries(identity?.claims ?? {})) {
    const values = claimValues(value)
    if (values !== undefined) context.set(`gate:claim/${name.toLowerCase()}`, values)
  }
  context.set('gate:issuer', [person.issuer])
  context.set('gate:subject', [person.subject])
  if (person.groups.length > 0) context.set('gate:group', person.groups)
  if (roleArn !== undefined) context.set('gate:role', [roleArn])
  if (address !== '') context.set('aws:sourceip', [address])
  return context
}
