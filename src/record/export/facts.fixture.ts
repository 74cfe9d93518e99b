import type { AccessLevel, ApiFacts } from './facts.ts'

/** A catalog of the few things that the tests call. */
export const FACTS: ApiFacts = {
  signingName: service => (service === 'cloudwatch' ? 'monitoring' : service),
  accessLevel: action => LEVELS.get(action),
  lowerCamel: ({ parameters }) =>
    Object.fromEntries(
      Object.entries(parameters).map(([name, value]) => [
        name.charAt(0).toLowerCase() + name.slice(1),
        value,
      ]),
    ),
}

const LEVELS: ReadonlyMap<string, AccessLevel> = new Map<string, AccessLevel>([
  ['ec2:TerminateInstances', 'Write'],
  ['ec2:DescribeInstances', 'List'],
  ['secretsmanager:GetSecretValue', 'Read'],
  ['iam:CreateUser', 'Write'],
])
