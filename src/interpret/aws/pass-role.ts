import type { Answer } from './answer.ts'
import { pairContext } from './answer.ts'
import { parseArn } from './arn.ts'
import { isUnclear } from './arn-template.ts'
import { globalArn, type RuleCall } from './services/rule.ts'
import { textsAt } from './values.ts'

/** The service that takes a passed role, where it is one and the same for all operations of a service. */
const TAKERS: ReadonlyMap<string, string> = new Map([
  ['autoscaling', 'autoscaling.amazonaws.com'],
  ['batch', 'batch.amazonaws.com'],
  ['cloudformation', 'cloudformation.amazonaws.com'],
  ['codebuild', 'codebuild.amazonaws.com'],
  ['codedeploy', 'codedeploy.amazonaws.com'],
  ['codepipeline', 'codepipeline.amazonaws.com'],
  ['ec2', 'ec2.amazonaws.com'],
  ['ecs', 'ecs-tasks.amazonaws.com'],
  ['eks', 'eks.amazonaws.com'],
  ['emr', 'elasticmapreduce.amazonaws.com'],
  ['events', 'events.amazonaws.com'],
  ['firehose', 'firehose.amazonaws.com'],
  ['glue', 'glue.amazonaws.com'],
  ['lambda', 'lambda.amazonaws.com'],
  ['pipes', 'pipes.amazonaws.com'],
  ['s3', 's3.amazonaws.com'],
  ['sagemaker', 'sagemaker.amazonaws.com'],
  ['scheduler', 'scheduler.amazonaws.com'],
  ['stepfunctions', 'states.amazonaws.com'],
])

/**
 * Asks for `iam:PassRole` on every role that the call hands to a service (IAM User Guide, "Grant a user
 * permissions to pass a role to an AWS service").
 * @throws GateError `too-many-resources`
 */
export function askPassedRoles(call: RuleCall, answer: Answer): void {
  for (const path of call.authorization.passesRole) {
    for (const text of textsAt(call.parameters, path)) askPassRole(call, answer, text, isProfilePath(path))
  }
}

/** An instance profile says nothing of the role in it. */
function isProfilePath(path: string): boolean {
  return path.toLowerCase().includes('instanceprofile')
}

/** One passed role by its ARN or its name; an empty text passes none. */
export function askPassRole(call: RuleCall, answer: Answer, role: string, isProfile = false): void {
  if (role === '') return
  const taker = TAKERS.get(call.service)
  const context = taker === undefined ? undefined : pairContext({ 'iam:PassedToService': taker })
  const details = context === undefined ? {} : { context }
  const arn = parseArn(role)
  if (!isProfile && arn?.service === 'iam' && arn.resource.startsWith('role/') && !/[*?]/.test(role)) {
    answer.pair('iam:PassRole', role, details)
    return
  }
  const name = role.startsWith('/') ? role.slice(1) : role
  if (isProfile || arn !== undefined || isUnclear(name)) {
    answer.pair('iam:PassRole', globalArn(call, 'iam', 'role/*'), { ...details, certainty: 'any' })
    return
  }
  const orAs = name.includes('/') ? {} : { orAs: [globalArn(call, 'iam', `role/*/${name}`)] }
  answer.pair('iam:PassRole', globalArn(call, 'iam', `role/${name}`), { ...details, ...orAs })
}
