import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cloudTrailRecord } from './cloudtrail.ts'
import { FACTS } from './facts.fixture.ts'
import { ALLOWED, APPROVED, BEGAN, DENIED, LATE, STRANGER } from './samples.fixture.ts'

test('an allowed call', () => {
  assert.deepEqual(cloudTrailRecord(ALLOWED, FACTS), {
    eventVersion: '1.11',
    userIdentity: {
      type: 'AssumedRole',
      arn: 'arn:aws:sts::111122223333:assumed-role/agent/a',
      accountId: '111122223333',
      sessionContext: {
        sessionIssuer: {
          type: 'Role',
          arn: 'arn:aws:iam::111122223333:role/teams/agent',
          accountId: '111122223333',
          userName: 'agent',
        },
        sourceIdentity: 'ana',
      },
    },
    eventTime: '2026-01-02T03:04:06Z',
    eventSource: 'ec2.amazonaws.com',
    eventName: 'TerminateInstances',
    awsRegion: 'us-east-1',
    sourceIPAddress: '192.0.2.7',
    userAgent: 'aws-cli/2.30',
    requestParameters: { instanceIds: ['i-1'], userData: '<redacted>' },
    responseElements: null,
    additionalEventData: {
      sessionId: '01JGJVS4G80000000000000001',
      principal: { issuer: 'ci', subject: 'agent-7', sourceIdentity: 'ana', actingFor: ['ci/ana'] },
      decision: 'allow',
      ending: 'done',
      statements: [{ policy: 'agent.json', statement: 'Ask', effect: 'RequireApproval' }],
      grant: { requestId: 'request-1', by: ['ci/bea'], kind: 'call' },
      masks: [{ policy: 'agent.json', statement: 'Hide', effect: 'Mask' }],
      masked: { count: 2, places: ['KeyName'] },
      pairs: [
        {
          action: 'ec2:TerminateInstances',
          resource: 'arn:aws:ec2:us-east-1:111122223333:instance/i-1',
          certainty: 'exact',
        },
      ],
      redactedParameters: ['UserData'],
      parametersTruncated: true,
      outcomeEventId: 'end-1',
      status: 200,
      bytesTransferredIn: 12,
      bytesTransferredOut: 3456,
      durationMs: 78,
    },
    requestID: 'aws-request-1',
    eventID: 'call-1',
    readOnly: false,
    eventType: 'AwsApiCall',
    recipientAccountId: '111122223333',
  })
})

test('a denial is an error, and has no request id, for AWS never saw it', () => {
  const record = cloudTrailRecord(DENIED, FACTS)
  assert.equal(record['errorCode'], 'AccessDenied')
  assert.equal(record['errorMessage'], 'keep')
  assert.equal(record['requestID'], undefined)
  assert.equal(cloudTrailRecord(STRANGER, FACTS)['errorCode'], 'signature-missing')
})

test('an error of AWS, and none at all', () => {
  const { outcome } = ALLOWED.ending.kind === 'outcome' ? ALLOWED.ending : assert.fail()
  const failed = { ...outcome, status: 403, error: 'UnauthorizedOperation' }
  const record = cloudTrailRecord({ ...ALLOWED, ending: { kind: 'outcome', outcome: failed } }, FACTS)
  assert.deepEqual([record['errorCode'], record['errorMessage']], ['UnauthorizedOperation', 'status 403'])
  assert.equal(cloudTrailRecord(ALLOWED, FACTS)['errorCode'], undefined)
  assert.equal(cloudTrailRecord(LATE, FACTS)['errorCode'], 'upstream-timeout')
})

test('sessions and approvals have names of their own', () => {
  assert.equal(cloudTrailRecord(BEGAN, FACTS)['eventName'], 'AssumeRoleWithWebIdentity')
  assert.equal(cloudTrailRecord(APPROVED, FACTS)['eventName'], 'AccessRequestApproved')
})

test('the bucket of S3 goes by the name that CloudTrail has for it', () => {
  const { call } = ALLOWED.decision
  assert.ok(call)
  const read = { ...call, service: 's3', operation: 'GetObject', parameters: { Bucket: 'b', Key: 'k' } }
  const record = cloudTrailRecord({ ...ALLOWED, decision: { ...ALLOWED.decision, call: read } }, FACTS)
  assert.deepEqual(record['requestParameters'], { bucketName: 'b', key: 'k' })
})
