import type { JsonObject } from '../../../core/json.ts'
import { type Answer, pairContext } from '../answer.ts'
import { askByCatalog } from '../by-catalog.ts'
import { isObject, memberOf, objectsAt, scalarText, textAt, textsAt } from '../values.ts'
import { askAny, askId, askName, askWhatever } from './ec2-resources.ts'
import { forAll, OTHERS, type Rule, type RuleCall, type ServiceRules } from './rule.ts'

const RUN = 'ec2:RunInstances'

/**
 * `RunInstances` asks for everything that an instance is made of (Service Authorization Reference, Amazon
 * EC2). What a launch template adds only AWS knows, so that every part that the request leaves out may be any.
 */
const runInstances: Rule = (call, answer) => {
  const { parameters } = call
  const template = memberOf(parameters, 'LaunchTemplate')
  addInstanceKeys(call, answer, isObject(template))
  askAny(call, answer, RUN, 'instance')
  askId(call, answer, RUN, 'image', textAt(parameters, 'ImageId') ?? '')
  askNetwork(call, answer)
  askVolumes(call, answer)
  const key = textAt(parameters, 'KeyName')
  if (key !== undefined) askName(call, answer, RUN, 'key-pair', key)
  const group = textAt(parameters, 'Placement.GroupName')
  if (group !== undefined && group !== '') askName(call, answer, RUN, 'placement-group', group)
  if (isObject(template)) {
    askId(call, answer, RUN, 'launch-template', textAt(template, 'LaunchTemplateId') ?? '')
  }
  askTagSpecifications(call, answer)
}

function askNetwork(call: RuleCall, answer: Answer): void {
  const { parameters } = call
  const interfaces = objectsAt(parameters, 'NetworkInterfaces[]')
  const subnets = [...textsAt(parameters, 'SubnetId'), ...textsAt(parameters, 'NetworkInterfaces[].SubnetId')]
  const attached = textsAt(parameters, 'NetworkInterfaces[].NetworkInterfaceId')
  const groups = [
    ...textsAt(parameters, 'SecurityGroupIds[]'),
    ...textsAt(parameters, 'NetworkInterfaces[].Groups[]'),
  ]
  const isMade = interfaces.length === 0 || attached.length < interfaces.length
  if (isMade) askAny(call, answer, RUN, 'network-interface')
  for (const id of attached) askId(call, answer, RUN, 'network-interface', id)
  for (const id of subnets) askId(call, answer, RUN, 'subnet', id)
  if (isMade && subnets.length === 0) askAny(call, answer, RUN, 'subnet')
  for (const id of groups) askId(call, answer, RUN, 'security-group', id)
  const named = textsAt(parameters, 'SecurityGroups[]').length > 0
  if (named || (isMade && groups.length === 0)) askAny(call, answer, RUN, 'security-group')
}

/** Each volume with its own properties, so that a condition on one cannot be met by another. */
function askVolumes(call: RuleCall, answer: Answer): void {
  askAny(call, answer, RUN, 'volume')
  for (const mapping of objectsAt(call.parameters, 'BlockDeviceMappings[].Ebs')) {
    askAny(call, answer, RUN, 'volume', { context: volumeKeys(mapping, 'VolumeSize') })
    const snapshot = textAt(mapping, 'SnapshotId')
    if (snapshot !== undefined) askId(call, answer, RUN, 'snapshot', snapshot)
  }
}

function volumeKeys(volume: JsonObject, size: string): ReadonlyMap<string, readonly string[]> {
  return pairContext({
    'ec2:VolumeType': textAt(volume, 'VolumeType'),
    'ec2:VolumeSize': textAt(volume, size),
    'ec2:VolumeIops': textAt(volume, 'Iops'),
    'ec2:VolumeThroughput': textAt(volume, 'Throughput'),
    'ec2:Encrypted': textAt(volume, 'Encrypted'),
  })
}

/** Parameters of an instance and their keys. */
const INSTANCE_KEYS: readonly (readonly [key: string, path: string])[] = [
  ['ec2:InstanceType', 'InstanceType'],
  ['ec2:ImageID', 'ImageId'],
  ['ec2:KeyPairName', 'KeyName'],
  ['ec2:EbsOptimized', 'EbsOptimized'],
  ['ec2:Tenancy', 'Placement.Tenancy'],
  ['ec2:AvailabilityZone', 'Placement.AvailabilityZone'],
  ['ec2:MetadataHttpEndpoint', 'MetadataOptions.HttpEndpoint'],
  ['ec2:MetadataHttpTokens', 'MetadataOptions.HttpTokens'],
  ['ec2:MetadataHttpPutResponseHopLimit', 'MetadataOptions.HttpPutResponseHopLimit'],
  ['ec2:AssociatePublicIpAddress', 'NetworkInterfaces[].AssociatePublicIpAddress'],
]

function addInstanceKeys(call: RuleCall, answer: Answer, templated: boolean): void {
  for (const [key, path] of INSTANCE_KEYS) {
    const values = textsAt(call.parameters, path)
    if (values.length > 0) answer.key(key, ...values)
  }
  // EC2's own defaults, which a Deny may name; with a template the value may be another.
  if (templated) return
  if (textAt(call.parameters, 'InstanceType') === undefined) answer.setKey('ec2:InstanceType', 'm1.small')
  if (textAt(call.parameters, 'Placement.Tenancy') === undefined) answer.setKey('ec2:Tenancy', 'default')
}

/** Tags that are set on what is made need `ec2:CreateTags` on its kind. */
function askTagSpecifications(call: RuleCall, answer: Answer): void {
  const context = pairContext({ 'ec2:CreateAction': call.operation })
  const path = 'TagSpecifications[]'
  for (const specification of objectsAt(call.parameters, path)) {
    if (objectsAt(specification, 'Tags[]').length === 0) continue
    const kind = textAt(specification, 'ResourceType') ?? ''
    if (/^[a-z-]{1,64}$/.test(kind)) askAny(call, answer, 'ec2:CreateTags', kind, { context })
    else answer.pair('ec2:CreateTags', '*', { certainty: 'any', context })
  }
}

const createVolume: Rule = (call, answer) => {
  for (const [key, values] of volumeKeys(call.parameters, 'Size')) answer.key(key, ...values)
  const zone = textAt(call.parameters, 'AvailabilityZone')
  if (zone !== undefined) answer.key('ec2:AvailabilityZone', zone)
  others(call, answer)
}

/** Tags are set on ids of any kind. */
const onTagged: Rule = (call, answer) => {
  for (const id of textsAt(call.parameters, 'Resources[]')) {
    askWhatever(call, answer, `ec2:${call.operation}`, id)
  }
  if (answer.isEmpty) askByCatalog(call, answer)
}

/** Each attribute that is changed, as `ec2:Attribute` and `ec2:Attribute/NAME`. */
const modifyInstance: Rule = (call, answer) => {
  const named = textAt(call.parameters, 'Attribute')
  if (named !== undefined) {
    const name = named.charAt(0).toUpperCase() + named.slice(1)
    answer.key('ec2:Attribute', name)
    const value = textAt(call.parameters, 'Value')
    if (value !== undefined) answer.key(`ec2:Attribute/${name}`, value)
  }
  for (const [name, member] of Object.entries(call.parameters)) {
    if (!isObject(member)) continue
    const value = scalarText(memberOf(member, 'Value'))
    answer.key('ec2:Attribute', name)
    if (value !== undefined) answer.key(`ec2:Attribute/${name}`, value)
  }
  askByCatalog(call, answer)
}

const others: Rule = (call, answer) => {
  askByCatalog(call, answer)
  askTagSpecifications(call, answer)
}

export const EC2_RULES: ServiceRules = {
  ...forAll(['CreateTags', 'DeleteTags'], onTagged),
  CreateVolume: createVolume,
  ModifyInstanceAttribute: modifyInstance,
  RunInstances: runInstances,
  [OTHERS]: others,
}
