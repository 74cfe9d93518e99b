import type { Entry } from '../calls.ts'
import type {
  AccessRequestEvent,
  DecisionEvent,
  OutcomeEvent,
  RecordedPrincipal,
  RevocationEvent,
  SessionEndEvent,
} from '../event.ts'
import { type CallEntry, endingWord, outcomeOf } from './call.ts'
import { csvLine } from './csv-line.ts'

/** The columns, in order; a table has all of them, whatever its rows fill. */
const COLUMNS = [
  'time',
  'kind',
  'event_id',
  'session_id',
  'principal_arn',
  'role_arn',
  'issuer',
  'subject',
  'acting_for',
  'source_address',
  'user_agent',
  'service',
  'operation',
  'region',
  'actions',
  'resources',
  'decision',
  'ending',
  'reason',
  'statements',
  'approval',
  'approved_by',
  'broke_glass',
  'masks',
  'masked_values',
  'masked_places',
  'status',
  'error',
  'aws_request_id',
  'bytes_in',
  'bytes_out',
  'duration_ms',
  'lease',
  'parameters',
  'redacted',
  'truncated',
  'target',
  'database',
  'statement',
  'fingerprint',
  'rows',
] as const

type Column = (typeof COLUMNS)[number]
type Row = Partial<Record<Column, string | number | undefined>>

/** The first line. */
export const CSV_HEADER: string = csvLine(COLUMNS)

/** One line of the table, as RFC 4180 has it. */
export function csvRow(entry: Entry): string {
  const row = rowOf(entry)
  return csvLine(COLUMNS.map(column => String(row[column] ?? '')))
}

function rowOf(entry: Entry): Row {
  switch (entry.kind) {
    case 'session': {
      const { session } = entry
      return {
        ...headOf('session', session),
        ...whoOf(session.principal),
        source_address: session.clientAddress,
        operation: session.by,
      }
    }
    case 'call':
      return callRow(entry)
    case 'access-request':
      return accessRow(entry.event)
    case 'end':
      return endRow(entry.event)
    case 'outcome':
      return { ...headOf('outcome', entry.outcome), ...outcomeRow(entry.outcome), reason: whichCall(entry) }
  }
}

function headOf(
  kind: string,
  event: { readonly id: string; readonly timeMs: number; readonly sessionId?: string },
): Row {
  return { time: isoTime(event.timeMs), kind, event_id: event.id, session_id: event.sessionId }
}

function whichCall({ outcome }: { readonly outcome: OutcomeEvent }): string {
  return `ends the call ${outcome.decisionId}, which stands before`
}

function callRow({ decision, ending }: CallEntry): Row {
  const { call, denial, target } = decision
  const outcome = outcomeOf(ending)
  return {
    ...headOf('call', decision),
    ...whoOf(decision.principal),
    source_address: decision.clientAddress,
    user_agent: decision.userAgent,
    service: call?.service,
    operation: call?.operation ?? (target && `${target.method} ${target.path}`),
    region: call?.region,
    actions: unique(call?.pairs.map(({ action }) => action)),
    resources: unique(call?.pairs.map(({ resource }) => resource)),
    ending: endingWord(ending),
    reason: denial?.reason,
    ...decidedRow(decision),
    ...(outcome === undefined ? {} : outcomeRow(outcome)),
    parameters: call && JSON.stringify(call.parameters),
    redacted: call && list(call.redacted),
    truncated: call && (call.truncated ? 'yes' : 'no'),
    target: call?.sql?.target,
    database: call?.sql?.database,
    statement: call?.sql?.text ?? call?.sql?.normalized,
    fingerprint: call?.sql?.fingerprint,
  }
}

function decidedRow({ effect, statements, grant, brokeGlass, masks, denial }: DecisionEvent): Row {
  const named = (all: DecisionEvent['statements'] = []): string =>
    list(all.map(({ policy, statement, effect: decided }) => `${decided} ${policy}#${statement}`))
  return {
    decision: effect,
    statements: named(statements),
    approval: grant?.requestId ?? denial?.requestId,
    approved_by: grant && list(grant.by),
    broke_glass: named(brokeGlass),
    masks: named(masks),
  }
}

function outcomeRow(outcome: OutcomeEvent): Row {
  return {
    masked_values: outcome.masked?.count,
    masked_places: outcome.masked && list(outcome.masked.places),
    status: outcome.status,
    error: outcome.error,
    aws_request_id: outcome.awsRequestId,
    bytes_in: outcome.bytesIn,
    bytes_out: outcome.bytesOut,
    duration_ms: outcome.durationMs,
    lease: outcome.lease,
    rows: outcome.rows,
  }
}

function accessRow(event: AccessRequestEvent): Row {
  return {
    ...headOf('access-request', event),
    operation: event.what,
    approval: event.requestId,
    approved_by: event.by,
    reason: event.reason,
    ending: event.state,
    parameters: event.request && JSON.stringify(event.request),
  }
}

/** `operation` is why it ended, and `subject` who ended it. */
function endRow(event: SessionEndEvent | RevocationEvent): Row {
  const common = { subject: event.by, reason: event.reason }
  if (event.type === 'session-end') {
    const { why, calls, denied, bytesIn, bytesOut } = event
    return {
      ...headOf('session-end', event),
      ...common,
      operation: why,
      parameters: JSON.stringify({ calls, denied }),
      bytes_in: bytesIn,
      bytes_out: bytesOut,
    }
  }
  return {
    ...headOf('revocation', event),
    ...common,
    operation: event.what,
    resources: event.of,
    role_arn: event.what === 'role' ? event.of : undefined,
  }
}

function whoOf(principal: RecordedPrincipal | undefined): Row {
  if (principal === undefined) return {}
  const { arn, roleArn, issuer, subject, actingFor } = principal
  return { principal_arn: arn, role_arn: roleArn, issuer, subject, acting_for: list(actingFor) }
}

function unique(values: readonly string[] | undefined): string | undefined {
  return values && list([...new Set(values)])
}

/** Several values in one field. */
function list(values: readonly string[]): string {
  return values.join(' | ')
}

/** ECMA-262, Time Values: a date is at most this far from the epoch. */
const LAST_MS = 8.64e15

function isoTime(timeMs: number): string {
  return new Date(Math.min(Math.max(Number(timeMs) || 0, 0), LAST_MS)).toISOString()
}
