import type { Answer, PairDetails } from '../answer.ts'
import { ownArn, type RuleCall } from './rule.ts'

/** Kinds of resources by the beginning of their ids (EC2 User Guide, "Resource IDs"). */
const KINDS: ReadonlyMap<string, string> = new Map([
  ['acl', 'network-acl'],
  ['ami', 'image'],
  ['cgw', 'customer-gateway'],
  ['dopt', 'dhcp-options'],
  ['eigw', 'egress-only-internet-gateway'],
  ['eipalloc', 'elastic-ip'],
  ['eni', 'network-interface'],
  ['fleet', 'fleet'],
  ['fl', 'vpc-flow-log'],
  ['h', 'dedicated-host'],
  ['i', 'instance'],
  ['igw', 'internet-gateway'],
  ['key', 'key-pair'],
  ['lt', 'launch-template'],
  ['nat', 'natgateway'],
  ['pg', 'placement-group'],
  ['pl', 'prefix-list'],
  ['rtb', 'route-table'],
  ['sfr', 'spot-fleet-request'],
  ['sg', 'security-group'],
  ['sgr', 'security-group-rule'],
  ['sir', 'spot-instances-request'],
  ['snap', 'snapshot'],
  ['subnet', 'subnet'],
  ['tgw', 'transit-gateway'],
  ['tgw-attach', 'transit-gateway-attachment'],
  ['tgw-rtb', 'transit-gateway-route-table'],
  ['vgw', 'vpn-gateway'],
  ['vol', 'volume'],
  ['vpc', 'vpc'],
  ['vpce', 'vpc-endpoint'],
  ['vpn', 'vpn-connection'],
])

/** Their ARNs have no account, for they may be another's. */
const WITHOUT_ACCOUNT: ReadonlySet<string> = new Set(['image', 'snapshot'])

const ID = /^([a-z]{1,10}(?:-[a-z]{1,10})?)-[0-9a-f]{8,17}$/

function arnOf(call: RuleCall, kind: string, name: string): string {
  if (!WITHOUT_ACCOUNT.has(kind)) return ownArn(call, 'ec2', `${kind}/${name}`)
  return `arn:${call.caller.partition}:ec2:${call.region}::${kind}/${name}`
}

/** Any resource of a kind: one that is made, or that only AWS knows. */
export function askAny(
  call: RuleCall,
  answer: Answer,
  action: string,
  kind: string,
  details: PairDetails = {},
): void {
  answer.pair(action, arnOf(call, kind, '*'), { ...details, certainty: 'any' })
}

/** A resource of a kind by its id; any of the kind where the id is not one of it. */
export function askId(call: RuleCall, answer: Answer, action: string, kind: string, id: string): void {
  const lower = id.toLowerCase()
  const prefix = ID.exec(lower)?.[1]
  if (prefix !== undefined && KINDS.get(prefix) === kind) answer.pair(action, arnOf(call, kind, lower))
  else askAny(call, answer, action, kind)
}

/** A resource by its id alone, which says the kind. */
export function askWhatever(call: RuleCall, answer: Answer, action: string, id: string): void {
  const prefix = ID.exec(id.toLowerCase())?.[1]
  const kind = prefix === undefined ? undefined : KINDS.get(prefix)
  if (kind === undefined) answer.pair(action, '*', { certainty: 'any' })
  else askId(call, answer, action, kind, id)
}

/** A resource of a kind by the name that its owner gave it. */
export function askName(call: RuleCall, answer: Answer, action: string, kind: string, name: string): void {
  if (/^[A-Za-z0-9 ._@+=-]{1,255}$/.test(name)) answer.pair(action, arnOf(call, kind, name))
  else askAny(call, answer, action, kind)
}
