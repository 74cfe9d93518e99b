import type { JsonObject } from '../../core/json.ts'
import type { Entry } from '../calls.ts'
import type {
  AccessRequestEvent,
  DecisionEvent,
  OutcomeEvent,
  RecordedCall,
  RecordedPrincipal,
  RevocationEvent,
  SessionEndEvent,
  SessionEvent,
} from '../event.ts'
import { arnParts } from './arn.ts'
import { type CallEntry, errorCodeOf, gateFacts, outcomeOf, present, whoFacts } from './call.ts'
import { type ApiFacts, isReadOnly } from './facts.ts'
import { sqlFacts } from './sql.ts'

/**
 * Records in the form of CloudTrail, for what reads CloudTrail.
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
 *
 * Ids are the journal's, `requestID` is AWS's own where the call got that far; what CloudTrail has no field
 * for (decision, statements, grant, masks, what was redacted or cut) is in `additionalEventData`.
 */
const EVENT_VERSION = '1.11'

/** Stands where a record has no name of an API: an outcome whose call was exported long before. */
const UNKNOWN = 'Unknown'

export function cloudTrailRecord(entry: Entry, facts: ApiFacts): JsonObject {
  switch (entry.kind) {
    case 'session':
      return sessionRecord(entry.session)
    case 'call':
      return callRecord(entry, facts)
    case 'access-request':
      return accessRecord(entry.event)
    case 'end':
      return endRecord(entry.event)
    case 'outcome':
      return outcomeRecord(entry.outcome)
  }
}

function callRecord({ decision, ending }: CallEntry, facts: ApiFacts): JsonObject {
  const { call, principal, target } = decision
  const outcome = outcomeOf(ending)
  return present({
    eventVersion: EVENT_VERSION,
    userIdentity: principal === undefined ? { type: 'Unknown' } : roleIdentity(principal),
    eventTime: eventTime(decision.timeMs),
    eventSource: call === undefined ? UNKNOWN : sourceOf(call, facts),
    eventName: call?.operation ?? target?.method ?? UNKNOWN,
    awsRegion: call?.region ?? '',
    sourceIPAddress: decision.clientAddress,
    userAgent: decision.userAgent ?? '',
    ...errorOf(decision, outcome),
    requestParameters: call === undefined ? null : parametersOf(call, facts),
    responseElements: null,
    additionalEventData: present({
      sessionId: decision.sessionId,
      ...(principal === undefined ? {} : { principal: whoFacts(principal) }),
      ...gateFacts(decision, ending),
      ...sqlFacts(call, outcome),
      ...transferFacts(outcome),
    }),
    requestID: outcome?.awsRequestId,
    eventID: decision.id,
    readOnly: call === undefined ? undefined : isReadOnly(call, facts),
    eventType: 'AwsApiCall',
    recipientAccountId: principal === undefined ? undefined : arnParts(principal.roleArn).account,
  })
}

/** `ec2.amazonaws.com`; statements to databases are none of AWS's. */
function sourceOf({ service, sql }: RecordedCall, facts: ApiFacts): string {
  return sql === undefined ? `${facts.signingName(service) ?? service}.amazonaws.com` : 'sql.sallyport'
}

function parametersOf(call: RecordedCall, facts: ApiFacts): JsonObject {
  const { service, sql } = call
  if (sql !== undefined) {
    const { target, database, text } = sql
    return present({ target, database, statement: text, parameters: call.parameters })
  }
  const parameters = facts.lowerCamel(call)
  // S3 has a word of its own for the bucket, and everybody who reads CloudTrail knows it.
  const { bucket, ...others } = parameters
  return service === 's3' && bucket !== undefined ? { bucketName: bucket, ...others } : parameters
}

function errorOf({ denial }: DecisionEvent, outcome: OutcomeEvent | undefined): JsonObject {
  if (denial !== undefined) {
    return { errorCode: denial.code ?? 'AccessDenied', errorMessage: denial.reason }
  }
  const code = outcome && errorCodeOf(outcome)
  if (code === undefined) return {}
  const status = outcome?.status
  if (outcome?.protocol === 'sql')
    return { errorCode: code, errorMessage: 'an error of the database, or on the way to it' }
  return { errorCode: code, errorMessage: status === undefined ? 'no reply of AWS' : `status ${status}` }
}

function transferFacts(outcome: OutcomeEvent | undefined): JsonObject {
  if (outcome === undefined) return {}
  const { bytesIn, bytesOut, durationMs, status, id } = outcome
  return present({
    outcomeEventId: id,
    status,
    bytesTransferredIn: bytesIn,
    bytesTransferredOut: bytesOut,
    durationMs,
  })
}

function roleIdentity(principal: RecordedPrincipal): JsonObject {
  const { arn, roleArn, sourceIdentity } = principal
  const { account, name } = arnParts(roleArn)
  return {
    type: 'AssumedRole',
    arn,
    accountId: account,
    sessionContext: present({
      sessionIssuer: { type: 'Role', arn: roleArn, accountId: account, userName: name },
      sourceIdentity,
    }),
  }
}

function sessionRecord(session: SessionEvent): JsonObject {
  const { principal } = session
  const { account, session: sessionName } = arnParts(principal.arn)
  return {
    eventVersion: EVENT_VERSION,
    userIdentity: {
      type: 'WebIdentityUser',
      principalId: `${principal.issuer}:${principal.subject}`,
      userName: principal.subject,
      identityProvider: principal.issuer,
    },
    eventTime: eventTime(session.timeMs),
    eventSource: 'sts.amazonaws.com',
    eventName: session.by,
    awsRegion: '',
    sourceIPAddress: session.clientAddress,
    userAgent: '',
    requestParameters: { roleArn: principal.roleArn, roleSessionName: sessionName },
    responseElements: {
      credentials: { expiration: eventTime(session.expiresAtMs) },
      assumedRoleUser: { arn: principal.arn },
    },
    additionalEventData: present({
      sessionId: session.sessionId,
      principal: whoFacts(principal),
      claims: session.claims,
    }),
    eventID: session.id,
    readOnly: true,
    eventType: 'AwsApiCall',
    recipientAccountId: account,
  }
}

/** `AccessRequestApproved` and so on: not of AWS, in its form. */
function accessRecord(event: AccessRequestEvent): JsonObject {
  const { requestId, what, by, name, reason, state, usesLeft, expiresAtMs, decisionId, request } = event
  return present({
    eventVersion: EVENT_VERSION,
    userIdentity: present({ type: 'Unknown', principalId: by, userName: name }),
    eventTime: eventTime(event.timeMs),
    eventSource: 'approvals.sallyport',
    eventName: `AccessRequest${pascal(what)}`,
    awsRegion: '',
    sourceIPAddress: 'sallyport',
    userAgent: '',
    requestParameters: request ?? null,
    responseElements: null,
    additionalEventData: present({
      sessionId: event.sessionId,
      accessRequestId: requestId,
      reason,
      state,
      usesLeft,
      expiresAt: expiresAtMs === undefined ? undefined : eventTime(expiresAtMs),
      decisionEventId: decisionId,
    }),
    eventID: event.id,
    readOnly: false,
    eventType: 'AwsServiceEvent',
  })
}

/** `SessionEnded` and `SessionsRevoked`: not of AWS, in its form. */
function endRecord(event: SessionEndEvent | RevocationEvent): JsonObject {
  const { id, timeMs, by } = event
  const head = {
    eventVersion: EVENT_VERSION,
    userIdentity: by === undefined ? { type: 'Unknown' } : { type: 'Unknown', principalId: by },
    eventTime: eventTime(timeMs),
    eventSource: 'sessions.sallyport',
    eventName: event.type === 'session-end' ? 'SessionEnded' : 'SessionsRevoked',
    awsRegion: '',
    sourceIPAddress: 'sallyport',
    userAgent: '',
  }
  const rest = { eventID: id, readOnly: false, eventType: 'AwsServiceEvent' }
  if (event.type === 'revocation') {
    const { what, of, issuedUntilMs, reason } = event
    return {
      ...head,
      requestParameters: { [what]: of, issuedUntil: eventTime(issuedUntilMs), reason },
      responseElements: null,
      ...rest,
    }
  }
  const { sessionId, why, reason, calls, denied, bytesIn, bytesOut } = event
  return {
    ...head,
    requestParameters: null,
    responseElements: null,
    additionalEventData: present({
      sessionId,
      why,
      reason,
      calls,
      denied,
      bytesTransferredIn: bytesIn,
      bytesTransferredOut: bytesOut,
    }),
    ...rest,
  }
}

/** `broke-glass` as `BrokeGlass`. */
function pascal(words: string): string {
  return words.replace(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

/** How a call ended that was exported before, without its ending. */
function outcomeRecord(outcome: OutcomeEvent): JsonObject {
  return present({
    eventVersion: EVENT_VERSION,
    userIdentity: { type: 'Unknown' },
    eventTime: eventTime(outcome.timeMs),
    eventSource: UNKNOWN,
    eventName: UNKNOWN,
    awsRegion: '',
    sourceIPAddress: '',
    userAgent: '',
    ...errorOfOutcome(outcome),
    requestParameters: null,
    responseElements: null,
    additionalEventData: present({
      sessionId: outcome.sessionId,
      decisionEventId: outcome.decisionId,
      ...transferFacts(outcome),
      masked: outcome.masked && { ...outcome.masked },
      lease: outcome.lease,
    }),
    requestID: outcome.awsRequestId,
    eventID: outcome.id,
    eventType: 'AwsApiCall',
  })
}

function errorOfOutcome(outcome: OutcomeEvent): JsonObject {
  const code = errorCodeOf(outcome)
  return code === undefined ? {} : { errorCode: code }
}

/** ECMA-262, Time Values: a date is at most this far from the epoch. */
const LAST_MS = 8.64e15

/** `2026-01-02T03:04:05Z`: CloudTrail has no parts of a second. */
export function eventTime(timeMs: number): string {
  const date = new Date(Math.min(Math.max(Number(timeMs) || 0, 0), LAST_MS))
  return `${date.toISOString().slice(0, -5)}Z`
}
