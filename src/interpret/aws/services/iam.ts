import type { Answer } from '../answer.ts'
import { askArn } from '../ask-arn.ts'
import { askByCatalog } from '../by-catalog.ts'
import { textAt } from '../values.ts'
import { globalArn, OTHERS, type Rule, type RuleCall, type ServiceRules } from './rule.ts'

/** Which parameter names a resource of a type. Where the API takes an ARN, the catalog knows it. */
const MEMBERS: ReadonlyMap<string, string> = new Map([
  ['group', 'GroupName'],
  ['instance-profile', 'InstanceProfileName'],
  ['policy', 'PolicyName'],
  ['role', 'RoleName'],
  ['server-certificate', 'ServerCertificateName'],
  ['user', 'UserName'],
])

/** Members that hold a whole ARN of these types. */
const ARN_MEMBERS: ReadonlyMap<string, string> = new Map([
  ['mfa', 'SerialNumber'],
  ['oidc-provider', 'OpenIDConnectProviderArn'],
  ['policy', 'PolicyArn'],
  ['saml-provider', 'SAMLProviderArn'],
])

/** IAM API Reference: names, and paths between slashes. */
const NAME = /^[A-Za-z0-9_+=,.@-]{1,128}$/
const PATH = /^\/(?:[\x21-\x29\x2b-\x2e\x30-\x39\x3b-\x3e\x40-\x7e]{1,128}\/){0,64}$/

/**
 * Asks for an action on a principal or policy by its name. Its path is in the request only when it is made;
 * later the name alone is asked for, and a Deny on any path before it holds.
 */
function askNamed(
  call: RuleCall,
  answer: Answer,
  action: string,
  type: string,
  name: string | undefined,
): void {
  if (name === undefined || !NAME.test(name)) {
    answer.pair(action, globalArn(call, 'iam', `${type}/*`), { certainty: 'any' })
    return
  }
  if (!isMade(call.operation)) {
    answer.pair(action, globalArn(call, 'iam', `${type}/${name}`), {
      orAs: [globalArn(call, 'iam', `${type}/*/${name}`)],
    })
    return
  }
  const path = textAt(call.parameters, 'Path') ?? '/'
  if (PATH.test(path)) answer.pair(action, globalArn(call, 'iam', `${type}${path}${name}`))
  else answer.pair(action, globalArn(call, 'iam', `${type}/*`), { certainty: 'any' })
}

const MAKERS: ReadonlySet<string> = new Set([
  'CreateGroup',
  'CreateInstanceProfile',
  'CreatePolicy',
  'CreateRole',
  'CreateUser',
  'UploadServerCertificate',
])

function isMade(operation: string): boolean {
  return MAKERS.has(operation)
}

const byType: Rule = (call, answer) => {
  const { action, resources } = call.authorization
  if (action === undefined) return
  for (const { resourceType } of resources) {
    const member = MEMBERS.get(resourceType)
    const arnMember = ARN_MEMBERS.get(resourceType)
    const arn = arnMember === undefined ? undefined : textAt(call.parameters, arnMember)
    if (arn?.startsWith('arn:') === true) askArn(answer, action, arn)
    else if (member !== undefined) {
      askNamed(call, answer, action, resourceType, textAt(call.parameters, member))
    } else askByCatalog(call, answer)
  }
  if (resources.length === 0) askByCatalog(call, answer)
  askRenamed(call, answer, action)
}

/** A rename needs the permission on the new name and path, too (IAM API Reference, "UpdateUser"). */
function askRenamed(call: RuleCall, answer: Answer, action: string): void {
  for (const [type, old] of MEMBERS) {
    const name = textAt(call.parameters, `New${old}`)
    const path = textAt(call.parameters, 'NewPath')
    const from = textAt(call.parameters, old)
    if (!RENAMERS.has(call.operation) || from === undefined || (name ?? path) === undefined) continue
    const target = name ?? from
    const clear = NAME.test(target) && (path === undefined || PATH.test(path))
    const resource = globalArn(call, 'iam', clear ? `${type}${path ?? '/'}${target}` : `${type}/*`)
    const details = path === undefined ? { orAs: [globalArn(call, 'iam', `${type}/*/${target}`)] } : {}
    answer.pair(action, resource, clear ? details : { certainty: 'any' })
  }
}

const RENAMERS: ReadonlySet<string> = new Set(['UpdateGroup', 'UpdateServerCertificate', 'UpdateUser'])

const SERVICE = /^[a-z0-9.-]{1,128}$/

/** The role that an AWS service makes for itself: its path is known, its name only the service knows. */
const createLinkedRole: Rule = (call, answer) => {
  const service = textAt(call.parameters, 'AWSServiceName') ?? ''
  const path = SERVICE.test(service) ? `aws-service-role/${service}/*` : '*'
  answer.pair('iam:CreateServiceLinkedRole', globalArn(call, 'iam', `role/${path}`), { certainty: 'any' })
}

export const IAM_RULES: ServiceRules = {
  CreateServiceLinkedRole: createLinkedRole,
  [OTHERS]: byType,
}
