import type { DecisionEvent, OutcomeEvent, RecordedCall, RecordedSql } from './event.ts'

const PRINCIPAL = {
  arn: 'arn:aws:sts::111122223333:assumed-role/agent/a',
  roleArn: 'arn:aws:iam::111122223333:role/agent',
  issuer: 'local',
  subject: 'agent-7',
  actingFor: [],
}
const BASE = 'arn:sallyport:sql:eu-central-1:111122223333:orders/shop'

/** A statement that was recorded, for tests of readers. */
export function sqlCall(parts: Partial<RecordedCall> = {}, sql: Partial<RecordedSql> = {}): RecordedCall {
  return {
    service: 'sql',
    operation: 'SELECT',
    region: 'eu-central-1',
    parameters: {},
    redacted: [],
    truncated: false,
    pairs: [{ action: 'sql:Select', resource: `${BASE}/public.customers`, certainty: 'exact' }],
    ...parts,
    sql: {
      engine: 'postgres',
      target: 'orders',
      database: 'shop',
      message: 'Query',
      text: "select id, name, email\nfrom customers where country = 'CH'",
      normalized: 'select id, name, email from customers where country = ?',
      fingerprint: '5f0c0d9f7c2b1a3e',
      ...sql,
    },
  }
}

export function sqlDecision(
  id: string,
  timeMs: number,
  call: RecordedCall = sqlCall(),
  parts: Partial<DecisionEvent> = {},
): DecisionEvent {
  return {
    type: 'decision',
    id,
    timeMs,
    sessionId: '01JGJVS4G80000000000000001',
    principal: PRINCIPAL,
    clientAddress: '192.0.2.7',
    call,
    effect: 'allow',
    statements: [{ policy: 'agent.json', statement: 'Shop', effect: 'Allow' }],
    ...parts,
  }
}

export function sqlOutcome(
  decisionId: string,
  timeMs: number,
  parts: Partial<OutcomeEvent> = {},
): OutcomeEvent {
  return {
    type: 'outcome',
    id: `${decisionId}-end`,
    timeMs,
    sessionId: '01JGJVS4G80000000000000001',
    decisionId,
    protocol: 'sql',
    bytesIn: 60,
    bytesOut: 120,
    durationMs: 5,
    rows: 2,
    ...parts,
  }
}
