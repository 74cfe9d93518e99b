import type { Principal } from '../core/principal.ts'

/** A principal for tests of decisions, which do not look at it but through the context. */
export const TEST_PRINCIPAL: Principal = {
  arn: 'arn:aws:sts::123456789012:assumed-role/agent/a',
  roleArn: 'arn:aws:iam::123456789012:role/agent',
  account: '123456789012',
  sessionName: 'a',
  sessionId: 's',
  issuer: 'local',
  subject: 'agent-7',
  claims: {},
  tags: {},
  actingFor: [],
  issuedAtMs: 0,
  expiresAtMs: 1,
}
