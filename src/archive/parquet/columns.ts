import type {
  AccessRequestEvent,
  DecisionEvent,
  OutcomeEvent,
  RecordedPrincipal,
  RecordedSql,
  RevocationEvent,
  SessionEndEvent,
  SessionEvent,
} from '../../record/event.ts'

/** Types of columns: texts, whole numbers, moments in UTC (ms since 1970), yes or no, lists of texts. */
export type ColumnType = 'text' | 'number' | 'moment' | 'flag' | 'texts'

/** The columns of the table, in order. `vectors/athena/table.sql` has the same. */
export const COLUMNS = {
  kind: 'text',
  event_id: 'text',
  time: 'moment',
  lane: 'number',
  segment: 'number',
  event_number: 'number',
  session_id: 'text',
  principal_arn: 'text',
  role_arn: 'text',
  role: 'text',
  issuer: 'text',
  subject: 'text',
  source_identity: 'text',
  acting_for: 'texts',
  source_address: 'text',
  user_agent: 'text',
  service: 'text',
  operation: 'text',
  region: 'text',
  actions: 'texts',
  resources: 'texts',
  decision: 'text',
  denial: 'text',
  reason: 'text',
  statements: 'texts',
  policies: 'texts',
  approval: 'text',
  broke_glass: 'flag',
  ending: 'text',
  decision_id: 'text',
  status: 'number',
  error: 'text',
  aws_request_id: 'text',
  bytes_in: 'number',
  bytes_out: 'number',
  duration_ms: 'number',
  masked_values: 'number',
  masked_places: 'texts',
  path: 'text',
  parameters: 'text',
  redacted: 'texts',
  truncated: 'flag',
  unreadable: 'text',
  sql_engine: 'text',
  sql_target: 'text',
  sql_database: 'text',
  sql_message: 'text',
  sql_text: 'text',
  sql_normalized: 'text',
  sql_fingerprint: 'text',
  row_count: 'number',
} as const

export type ColumnName = keyof typeof COLUMNS
type ValueOf = { text: string; number: number; moment: number; flag: boolean; texts: readonly string[] }
/** What an event says for the columns; the others are empty. */
export type Row = { readonly [name in ColumnName]?: ValueOf[(typeof COLUMNS)[name]] | undefined }

interface Head {
  readonly id: string
  readonly timeMs: number
  readonly sessionId?: string
  readonly shredded?: true
  readonly sealed?: true
}

function headOf(kind: string, event: Head): Row {
  const { id, timeMs, sessionId, shredded, sealed } = event
  return {
    kind,
    event_id: id,
    time: timeMs,
    session_id: sessionId,
    unreadable: shredded ? 'shredded' : sealed ? 'sealed' : undefined,
  }
}

function whoOf(principal: RecordedPrincipal | undefined): Row {
  if (principal === undefined) return {}
  const { arn, roleArn, issuer, subject, sourceIdentity, actingFor } = principal
  return {
    principal_arn: arn,
    role_arn: roleArn,
    role: nameOf(roleArn),
    issuer,
    subject,
    source_identity: sourceIdentity,
    acting_for: actingFor,
  }
}

function nameOf(arn: string): string {
  return arn.slice(arn.lastIndexOf('/') + 1)
}

export function sessionRow(event: SessionEvent): Row {
  return {
    ...headOf('session', event),
    ...whoOf(event.principal),
    source_address: event.clientAddress,
    operation: event.by,
    parameters: JSON.stringify(event.claims),
  }
}

/** `ending` without an outcome: `denied`, `lost`, or `later` where it stands in a later segment, as a row of its own. */
export function callRow(decision: DecisionEvent, ending: 'denied' | 'lost' | 'later' | OutcomeEvent): Row {
  const { call, denial, grant, statements, masks = [], brokeGlass = [], target } = decision
  const deciding = [...statements, ...masks, ...brokeGlass]
  return {
    ...headOf('call', decision),
    ...whoOf(decision.principal),
    source_address: decision.clientAddress,
    user_agent: decision.userAgent,
    service: call?.service,
    operation: call?.operation,
    region: call?.region,
    actions: unique(call?.pairs.map(({ action }) => action)),
    resources: unique(call?.pairs.map(({ resource }) => resource)),
    decision: decision.effect,
    denial: denial?.kind,
    reason: denial?.reason,
    statements: unique(deciding.map(({ statement }) => statement)),
    policies: unique(deciding.map(({ policy }) => policy)),
    approval: grant?.requestId ?? denial?.requestId,
    broke_glass: brokeGlass.length > 0,
    error: denial?.code,
    path: target?.path,
    parameters: call && JSON.stringify(call.parameters),
    redacted: call?.redacted,
    truncated: call?.truncated,
    ...sqlOf(call?.sql),
    ...(typeof ending === 'string' ? { ending } : endedOf(ending)),
  }
}

function sqlOf(sql: RecordedSql | undefined): Row {
  if (sql === undefined) return {}
  return {
    sql_engine: sql.engine,
    sql_target: sql.target,
    sql_database: sql.database,
    sql_message: sql.message,
    sql_text: sql.text,
    sql_normalized: sql.normalized,
    sql_fingerprint: sql.fingerprint,
  }
}

function endedOf(outcome: OutcomeEvent): Row {
  return {
    ending: 'done',
    status: outcome.status,
    error: outcome.error,
    aws_request_id: outcome.awsRequestId,
    bytes_in: outcome.bytesIn,
    bytes_out: outcome.bytesOut,
    duration_ms: outcome.durationMs,
    masked_values: outcome.masked?.count ?? 0,
    masked_places: outcome.masked?.places ?? [],
    row_count: outcome.rows,
  }
}

/** How a call ended that began in an earlier segment. */
export function outcomeRow(event: OutcomeEvent): Row {
  return { ...headOf('outcome', event), decision_id: event.decisionId, ...endedOf(event) }
}

/** A call of an earlier segment whose ending nobody saw. */
export function lostRow(event: Head, decisionId: string): Row {
  return { ...headOf('outcome', event), decision_id: decisionId, ending: 'lost' }
}

export function accessRow(event: AccessRequestEvent): Row {
  return {
    ...headOf('access-request', event),
    operation: event.what,
    approval: event.requestId,
    subject: event.by,
    reason: event.reason,
    ending: event.state,
    decision_id: event.decisionId,
    parameters: event.request && JSON.stringify(event.request),
  }
}

export function endRow(event: SessionEndEvent | RevocationEvent): Row {
  if (event.type === 'session-end') {
    const { why, by, reason, bytesIn, bytesOut } = event
    const said = { operation: why, subject: by, reason, bytes_in: bytesIn, bytes_out: bytesOut }
    return { ...headOf('session-end', event), ...said }
  }
  const whose =
    event.what === 'role' ? { role_arn: event.of, role: nameOf(event.of) } : { source_identity: event.of }
  return {
    ...headOf('revocation', event),
    operation: event.what,
    subject: event.by,
    reason: event.reason,
    ...whose,
  }
}

function unique(values: readonly string[] | undefined): readonly string[] | undefined {
  return values && [...new Set(values)]
}
