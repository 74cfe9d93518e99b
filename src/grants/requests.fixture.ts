import type { Demand } from '../core/decision.ts'
import type { Question } from './machine.ts'
import type { Person, RequestedCall, Requester } from './model.ts'

/** Values that tests of this room begin with. */

export const ROLE_ARN = 'arn:aws:iam::111122223333:role/deploy'

export const REQUESTER: Requester = {
  arn: 'arn:aws:sts::111122223333:assumed-role/deploy/run-1',
  roleArn: ROLE_ARN,
  account: '111122223333',
  sessionId: '0'.repeat(26),
  issuer: 'github',
  subject: 'repo:acme/shop',
  actingFor: [],
  knownAs: ['repo:acme/shop', 'Kim@Acme.example'],
  principalKey: 'key-of-shop',
}

export const CALL: RequestedCall = {
  service: 'ec2',
  operation: 'TerminateInstances',
  region: 'eu-central-1',
  commandLine: 'aws ec2 terminate-instances --instance-ids i-1',
  parameters: { InstanceIds: ['i-1'] },
  pairs: [
    {
      action: 'ec2:TerminateInstances',
      resource: 'arn:aws:ec2:eu-central-1:111122223333:instance/i-1',
      certainty: 'exact',
    },
  ],
  resources: [],
}

/** A demand that one of `from` approves, for 15 minutes and one use. */
export function demand(from: readonly string[], change: Partial<Demand> = {}): Demand {
  return {
    statement: { policy: 'deploy.yaml', statement: `S${from.join()}`, effect: 'RequireApproval' },
    from,
    count: 1,
    validForMs: 900_000,
    uses: 1,
    holdMs: 30_000,
    ...change,
  }
}

export function question(change: Partial<Question> = {}): Question {
  return {
    id: 'R'.padEnd(26, '0'),
    kind: 'call',
    digest: 'd1',
    requester: REQUESTER,
    call: CALL,
    demands: [demand(['group/on-call'])],
    uses: 3,
    validForMs: 900_000,
    ...change,
  }
}

/** A person of the issuer `okta`, in these groups. */
export function person(
  subject: string,
  groups: readonly string[] = ['on-call'],
  more: Partial<Person> = {},
): Person {
  return {
    id: `okta/${subject}`,
    issuer: 'okta',
    subject,
    name: subject.toUpperCase(),
    groups,
    knownAs: [`${subject}@acme.example`],
    ...more,
  }
}
