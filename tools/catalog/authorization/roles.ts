import type { AccessLevel } from '../../../src/catalog/model.ts'
import { type Member, plain } from './members.ts'

/** What the search for passed roles may know. */
export interface RoleSearch {
  readonly service: string
  readonly operation: string
  readonly level: AccessLevel | undefined
  readonly dependentActions: readonly string[]
  readonly members: readonly Member[]
}

/** Services whose role members name who acts or who is trusted; nothing is passed. */
const NOT_PASSING_SERVICES: ReadonlySet<string> = new Set(['sts', 'iam', 'sso', 'sso-admin', 'kms'])

/** Operations whose role members name a role that is looked at or let in, not passed. */
const NOT_PASSING: ReadonlySet<string> = new Set([
  'accessanalyzer GetGeneratedPolicy',
  'ecs ListTaskDefinitions',
  'eks DescribePodIdentityAssociation',
  'ram CreateResourceShare',
])

/** Paths that the names do not give away, or of services that are left out above. */
const BY_HAND: ReadonlyMap<string, readonly string[]> = new Map([
  ['iam AddRoleToInstanceProfile', ['RoleName']],
])

/**
 * Where an operation's input names roles that AWS will act in: IAM wants `iam:PassRole` for each. One
 * path too many asks for a permission too many; one too few would let a role be passed unseen.
 */
export function derivePassedRoles(search: RoleSearch): readonly string[] {
  const key = `${search.service} ${search.operation}`
  const byHand = BY_HAND.get(key)
  if (byHand !== undefined) return byHand
  if (NOT_PASSING_SERVICES.has(search.service) || NOT_PASSING.has(key)) return []
  const passes = search.dependentActions.some(action => action.toLowerCase() === 'iam:passrole')
  const reads = search.level === 'List' || search.level === 'Read'
  if (reads && !passes) return []
  return search.members.filter(member => !member.fixed && isRole(member, passes)).map(member => member.path)
}

function isRole(member: Member, passes: boolean): boolean {
  const name = plain(member.name)
  if (/roles?arns?$/.test(name) || /instanceprofile(arn|name)?$/.test(name)) return true
  if (/iaminstanceprofile\.(arn|name)$/i.test(member.path)) return true
  if (/(execution|service|task|job|instance)role(name)?$/.test(name)) return true
  if (!/(role|rolename|roleid)s?$/.test(name)) return false
  return passes || /\bIAM\b|\bARN\b|Amazon Resource Name/.test(member.documentation)
}
