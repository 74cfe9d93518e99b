import fc from 'fast-check'
import type {
  AccessRequest,
  Grant,
  Person,
  RequestEvent,
  RequestEventKind,
} from '../../../src/grants/model.ts'
import type { Change, Delivery } from '../../../src/grants/port.ts'
import { ANY_CHARACTER } from '../any-character.ts'

/** The time of the tests, ms. */
export const NOW = 1_800_000_000_000
export const MINUTE = 60_000

/** An id of 26 characters; a higher number is a later one. */
export function idOf(prefix: string, number: number): string {
  return prefix.padEnd(4, 'X') + String(number).padStart(22, '0')
}

export const ROLE = 'arn:aws:iam::111122223333:role/agent'
export const PRINCIPAL_KEY: string = 'ab'.repeat(32)

/** A pending request for a call, as the desk makes them. */
export function aRequest(number: number, changes: Partial<AccessRequest> = {}): AccessRequest {
  return {
    id: idOf('R', number),
    kind: 'call',
    digest: `${number}`.padStart(64, '0'),
    requester: {
      arn: 'arn:aws:sts::111122223333:assumed-role/agent/run-17',
      roleArn: ROLE,
      account: '111122223333',
      sessionId: idOf('S', 1),
      issuer: 'github',
      subject: 'repo:example/app',
      actingFor: ['okta/alice'],
      knownAs: ['okta/alice', 'alice@example.com'],
      principalKey: PRINCIPAL_KEY,
    },
    call: {
      service: 'ec2',
      operation: 'TerminateInstances',
      region: 'eu-central-1',
      commandLine: 'aws ec2 terminate-instances --instance-ids i-0123456789abcdef0',
      parameters: { InstanceIds: ['i-0123456789abcdef0'] },
      pairs: [
        {
          action: 'ec2:TerminateInstances',
          resource: 'arn:aws:ec2:eu-central-1:111122223333:instance/i-0123456789abcdef0',
          certainty: 'exact',
        },
      ],
      resources: [],
    },
    demands: [
      {
        statement: { policy: 'agent.yaml', statement: 'NeedsAHuman', effect: 'RequireApproval' },
        from: ['group/on-call'],
        count: 1,
        validForMs: 15 * MINUTE,
        uses: 3,
        holdMs: 30_000,
      },
    ],
    uses: 3,
    validForMs: 15 * MINUTE,
    askedAtMs: NOW + number,
    openUntilMs: NOW + 60 * MINUTE,
    state: 'pending',
    standsUntilMs: NOW + 60 * MINUTE,
    approvals: [],
    version: 1,
    ...changes,
  }
}

/** Standing access that is asked for. */
export function aScope(number: number, changes: Partial<AccessRequest> = {}): AccessRequest {
  const { call: _, ...rest } = aRequest(number)
  return { ...rest, kind: 'scope', scope: { actions: ['ec2:*'], resources: ['*'] }, ...changes }
}

export function aGrant(usesLeft = 3): Grant {
  return { uses: 3, usesLeft, fromMs: NOW, expiresAtMs: NOW + 15 * MINUTE }
}

/** The request after it was approved. */
export function approved(request: AccessRequest, grant: Grant = aGrant()): AccessRequest {
  return {
    ...request,
    state: 'approved',
    grant,
    standsUntilMs: grant.expiresAtMs,
    approvals: [{ by: 'okta/bob', name: 'Bob', atMs: NOW, demands: [0] }],
    version: request.version + 1,
  }
}

/** The request after one more of its uses was taken. */
export function spent(request: AccessRequest): AccessRequest {
  const { grant } = request
  if (grant === undefined) throw new Error('nothing was granted')
  const usesLeft = grant.usesLeft - 1
  return {
    ...request,
    ...(usesLeft === 0 ? { state: 'spent', standsUntilMs: 0 } : {}),
    grant: { ...grant, usesLeft },
    version: request.version + 1,
  }
}

export function anEvent(
  request: AccessRequest,
  id: string,
  what: RequestEventKind = 'asked',
  changes: Partial<RequestEvent> = {},
): RequestEvent {
  const { sessionId } = request.requester
  return { id, timeMs: NOW, requestId: request.id, sessionId, what, state: request.state, ...changes }
}

export function aDelivery(event: RequestEvent, id: string, changes: Partial<Delivery> = {}): Delivery {
  return { id, channel: 'slack', event, attempts: 0, dueMs: event.timeMs, ...changes }
}

/** The request alone, with nothing that is told of it. */
export function only(request: AccessRequest): Change {
  return { request, events: [], deliveries: [] }
}

export function aPerson(id: string, changes: Partial<Person> = {}): Person {
  return { id, issuer: 'okta', subject: id, name: 'Bob', groups: ['on-call'], knownAs: [id], ...changes }
}

/** Any text, U+0000, quotes, halves of surrogate pairs and all. */
export const anyText: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      fc.string({ unit: ANY_CHARACTER }),
      fc.constantFrom('\0', '\ud800', '\udfff', "'", '"', '\\', '💥'),
    ),
  )
  .map(parts => parts.join(''))

/** Requests whose free texts are anything; `number` makes ids of their own. */
export function anyRequest(number: number): fc.Arbitrary<AccessRequest> {
  return fc
    .record({
      reason: fc.option(anyText, { nil: undefined }),
      subject: anyText,
      parameters: fc.dictionary(anyText, fc.oneof(anyText, fc.boolean(), fc.integer(), fc.constant(null)), {
        noNullPrototype: true,
      }),
      knownAs: fc.array(anyText),
      uses: fc.integer({ min: 0, max: 1_000_000 }),
      grant: fc.boolean(),
    })
    .map(({ reason, subject, parameters, knownAs, uses, grant }) => {
      const plain = aRequest(number)
      const request: AccessRequest = {
        ...plain,
        ...(reason === undefined ? {} : { reason }),
        requester: { ...plain.requester, subject, knownAs },
        ...(plain.call && { call: { ...plain.call, parameters, commandLine: subject } }),
        uses,
      }
      return grant ? { ...approved(request), version: 1 } : request
    })
}
