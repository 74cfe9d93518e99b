import type { Entry } from '../calls.ts'
import type { CallEntry } from './call.ts'

const STARTED_MS = Date.UTC(2026, 0, 2, 3, 4, 5, 678)
const SESSION = '01JGJVS4G80000000000000001'
const PRINCIPAL = {
  arn: 'arn:aws:sts::111122223333:assumed-role/agent/a',
  roleArn: 'arn:aws:iam::111122223333:role/teams/agent',
  issuer: 'ci',
  subject: 'agent-7',
  sourceIdentity: 'ana',
  actingFor: ['ci/ana'],
} as const

export const BEGAN: Entry = {
  kind: 'session',
  session: {
    type: 'session',
    id: 'began',
    timeMs: STARTED_MS,
    sessionId: SESSION,
    principal: PRINCIPAL,
    by: 'AssumeRoleWithWebIdentity',
    expiresAtMs: STARTED_MS + 3_600_000,
    clientAddress: '192.0.2.7',
    claims: { sub: 'agent-7' },
  },
}

/** Approved, masked, redacted and cut: everything that a call can have. */
export const ALLOWED: CallEntry = {
  kind: 'call',
  decision: {
    type: 'decision',
    id: 'call-1',
    timeMs: STARTED_MS + 1000,
    sessionId: SESSION,
    principal: PRINCIPAL,
    clientAddress: '192.0.2.7',
    userAgent: 'aws-cli/2.30',
    call: {
      service: 'ec2',
      operation: 'TerminateInstances',
      region: 'us-east-1',
      parameters: { InstanceIds: ['i-1'], UserData: '<redacted>' },
      redacted: ['UserData'],
      truncated: true,
      pairs: [
        {
          action: 'ec2:TerminateInstances',
          resource: 'arn:aws:ec2:us-east-1:111122223333:instance/i-1',
          certainty: 'exact',
        },
      ],
    },
    effect: 'allow',
    statements: [{ policy: 'agent.json', statement: 'Ask', effect: 'RequireApproval' }],
    grant: { requestId: 'request-1', by: ['ci/bea'], kind: 'call' },
    masks: [{ policy: 'agent.json', statement: 'Hide', effect: 'Mask' }],
  },
  ending: {
    kind: 'outcome',
    outcome: {
      type: 'outcome',
      id: 'end-1',
      timeMs: STARTED_MS + 1078,
      sessionId: SESSION,
      decisionId: 'call-1',
      status: 200,
      awsRequestId: 'aws-request-1',
      bytesIn: 12,
      bytesOut: 3456,
      durationMs: 78,
      masked: { count: 2, places: ['KeyName'] },
    },
  },
}

export const DENIED: CallEntry = {
  kind: 'call',
  decision: {
    ...ALLOWED.decision,
    id: 'call-2',
    effect: 'deny',
    statements: [{ policy: 'agent.json', statement: 'Keep', effect: 'Deny', reason: 'keep' }],
    denial: { kind: 'explicit', reason: 'keep' },
  },
  ending: { kind: 'denied' },
}

const STATEMENT_CALL = {
  service: 'sql',
  operation: 'SELECT',
  region: 'us-east-1',
  parameters: { $1: '<redacted>' },
  redacted: ['$1'],
  truncated: false,
  pairs: [
    {
      action: 'sql:Select',
      resource: 'arn:sallyport:sql:us-east-1:111122223333:orders/shop/public.customers',
      certainty: 'exact',
    },
  ],
  sql: {
    engine: 'postgres',
    target: 'orders',
    database: 'shop',
    message: 'Execute',
    normalized: 'select email from customers where id = $1 and active = ?',
    fingerprint: 'b0d9f2c1a7e35846',
  },
} as const

/** Its constants may hold what is masked; what came of it was. */
export const STATEMENT: CallEntry = {
  kind: 'call',
  decision: {
    type: 'decision',
    id: 'call-4',
    timeMs: STARTED_MS + 5000,
    sessionId: SESSION,
    principal: PRINCIPAL,
    clientAddress: '192.0.2.7',
    effect: 'allow',
    call: STATEMENT_CALL,
    statements: [{ policy: 'agent.json', statement: 'Shop', effect: 'Allow' }],
    masks: [{ policy: 'agent.json', statement: 'Emails', effect: 'Mask' }],
  },
  ending: {
    kind: 'outcome',
    outcome: {
      type: 'outcome',
      id: 'end-4',
      timeMs: STARTED_MS + 5012,
      sessionId: SESSION,
      protocol: 'sql',
      decisionId: 'call-4',
      bytesIn: 71,
      bytesOut: 230,
      durationMs: 12,
      rows: 1,
      masked: { count: 1, places: [] },
      result: { tables: [{ columns: ['email'], rows: [['****']] }] },
    },
  },
}

export const DENIED_STATEMENT: CallEntry = {
  kind: 'call',
  decision: {
    ...DENIED.decision,
    id: 'call-5',
    timeMs: STARTED_MS + 6000,
    call: {
      ...STATEMENT_CALL,
      operation: 'DELETE',
      parameters: {},
      redacted: [],
      pairs: STATEMENT_CALL.pairs.map(pair => ({ ...pair, action: 'sql:Delete' })),
      sql: {
        ...STATEMENT_CALL.sql,
        message: 'Query',
        text: '=delete from customers -- \u001b[2J',
        normalized: 'delete from customers',
      },
    },
  },
  ending: { kind: 'denied' },
}

/** Nobody that the gate knows, with a hostile agent. */
export const STRANGER: CallEntry = {
  kind: 'call',
  decision: {
    type: 'decision',
    id: 'call-3',
    timeMs: STARTED_MS + 3000,
    clientAddress: '203.0.113.9',
    userAgent: '=HYPERLINK("https://evil.example","\u001b]0;click")',
    target: { method: 'GET', path: '/.git/config' },
    effect: 'deny',
    statements: [],
    denial: { kind: 'refused', code: 'signature-missing', reason: 'the request is not signed' },
  },
  ending: { kind: 'denied' },
}

export const APPROVED: Entry = {
  kind: 'access-request',
  event: {
    type: 'access-request',
    id: 'approval-1',
    timeMs: STARTED_MS + 900,
    sessionId: SESSION,
    requestId: 'request-1',
    what: 'approved',
    by: 'ci/bea',
    name: 'Bea',
    reason: 'ticket 7',
    state: 'approved',
    usesLeft: 1,
  },
}

/** The outcome of a call that was exported long before. */
export const LATE: Entry = {
  kind: 'outcome',
  outcome: {
    type: 'outcome',
    id: 'end-0',
    timeMs: STARTED_MS + 4000,
    sessionId: SESSION,
    decisionId: 'call-0',
    bytesIn: 1,
    bytesOut: 0,
    durationMs: 60_000,
    error: 'upstream-timeout',
  },
}

export const IDLE: Entry = {
  kind: 'end',
  event: {
    type: 'session-end',
    id: 'end-of-1',
    timeMs: STARTED_MS + 70_000,
    sessionId: SESSION,
    why: 'idle',
    calls: 2,
    denied: 1,
    bytesIn: 12,
    bytesOut: 3456,
  },
}

export const KILLED: Entry = {
  kind: 'end',
  event: {
    type: 'session-end',
    id: 'end-of-2',
    timeMs: STARTED_MS + 80_000,
    sessionId: SESSION,
    why: 'revoked',
    by: 'okta/ann',
    reason: '=it ran, wild',
    calls: 0,
    denied: 0,
    bytesIn: 0,
    bytesOut: 0,
  },
}

export const ROLE_REVOKED: Entry = {
  kind: 'end',
  event: {
    type: 'revocation',
    id: 'revocation-1',
    timeMs: STARTED_MS + 90_000,
    what: 'role',
    of: 'arn:aws:iam::123456789012:role/agent',
    issuedUntilMs: STARTED_MS + 92_000,
    by: 'sallyport/admin',
    reason: 'incident 7',
  },
}

export const SAMPLES: readonly Entry[] = [
  BEGAN,
  APPROVED,
  ALLOWED,
  DENIED,
  STRANGER,
  LATE,
  IDLE,
  KILLED,
  ROLE_REVOKED,
  STATEMENT,
  DENIED_STATEMENT,
]
