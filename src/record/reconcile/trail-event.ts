import { unreadable } from './split.ts'

/** What reconciling needs of an event of CloudTrail; as AWS delivered it, not verified by a digest. */
export interface TrailEvent {
  readonly eventId: string
  /** When AWS had done it, to the second. */
  readonly timeMs: number
  /** `ec2.amazonaws.com` */
  readonly source: string
  readonly name: string
  readonly region: string
  readonly account: string
  /** Absent for what is no call of an API. */
  readonly requestId?: string
  /** Where it came from: an address, or the name of a service of AWS. */
  readonly address: string
  readonly userAgent: string
  readonly errorCode?: string
  readonly identity: TrailIdentity
}

export interface TrailIdentity {
  /** `AssumedRole`, `IAMUser` … */
  readonly type: string
  /** Of an assumed role: the session's. */
  readonly arn: string
  /** Of an assumed role: the role's, with its path. */
  readonly issuerArn?: string
  readonly accessKeyId?: string
  readonly sourceIdentity?: string
  /** The service of AWS that made the call in the role's name. */
  readonly invokedBy?: string
}

/** No text of an event is longer in a report. */
const MAX_TEXT = 512

type Members = Readonly<Record<string, unknown>>

/**
 * Reads one event: a record of CloudTrail, or one of `lookup-events`, which holds the record as a string.
 * `file` and `number` are for the message. @throws GateError `events-unreadable`
 */
export function readTrailEvent(text: string, file: string, number: number): TrailEvent {
  const outer = parsed(text, file, number)
  const inner = outer['CloudTrailEvent']
  const event = typeof inner === 'string' ? parsed(inner, file, number) : outer
  const eventId = textOf(event['eventID'])
  const timeMs = Date.parse(textOf(event['eventTime']))
  const identity = membersOf(event['userIdentity'])
  if (eventId === '' || Number.isNaN(timeMs)) {
    throw unreadable(file, number, 'it has no `eventID` and `eventTime`, as every event of CloudTrail has')
  }
  return {
    eventId,
    timeMs,
    source: textOf(event['eventSource']),
    name: textOf(event['eventName']),
    region: textOf(event['awsRegion']),
    account: textOf(event['recipientAccountId']) || textOf(identity['accountId']),
    address: textOf(event['sourceIPAddress']),
    userAgent: textOf(event['userAgent']),
    identity: identityOf(identity),
    ...optional('requestId', event['requestID']),
    ...optional('errorCode', event['errorCode']),
  }
}

function identityOf(identity: Members): TrailIdentity {
  const context = membersOf(identity['sessionContext'])
  const issuer = membersOf(context['sessionIssuer'])
  return {
    type: textOf(identity['type']),
    arn: textOf(identity['arn']),
    ...(issuer['type'] === 'Role' ? optional('issuerArn', issuer['arn']) : {}),
    ...optional('accessKeyId', identity['accessKeyId']),
    ...optional('sourceIdentity', context['sourceIdentity']),
    ...optional('invokedBy', identity['invokedBy']),
  }
}

function parsed(text: string, file: string, number: number): Members {
  try {
    return membersOf(JSON.parse(text))
  } catch (cause) {
    throw unreadable(file, number, 'it is no JSON', cause)
  }
}

function membersOf(value: unknown): Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : {}
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, MAX_TEXT) : ''
}

function optional<Name extends string>(name: Name, value: unknown): { readonly [name in Name]?: string } {
  const text = textOf(value)
  return text === '' ? {} : ({ [name]: text } as { readonly [name in Name]: string })
}
