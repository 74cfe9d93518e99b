import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ANY_CHARACTER } from '../../../test/harness/any-character.ts'
import type { Json, JsonObject } from '../../core/json.ts'
import type { Entry } from '../calls.ts'
import type { DecisionEvent, OutcomeEvent, RecordedPrincipal, RecordedSql } from '../event.ts'
import { cloudTrailRecord } from './cloudtrail.ts'
import { CSV_HEADER, csvRow } from './csv.ts'
import { fieldsOf } from './csv-reader.fixture.ts'
import { FACTS } from './facts.fixture.ts'
import { ocsfEvent } from './ocsf.ts'
import { ocsfProblems } from './ocsf-schema.fixture.ts'

const text = fc.oneof(
  fc.string({ unit: ANY_CHARACTER, maxLength: 20 }),
  fc.constantFrom('=1+1', "'", '', 'a,b"c'),
)
const time = fc.integer({ min: 0, max: 4e12 })
const address = fc.oneof(fc.ipV4(), fc.ipV6(), fc.constantFrom('', 'unix', '::ffff:192.0.2.7'))

const principal: fc.Arbitrary<RecordedPrincipal> = fc.record(
  {
    arn: fc.oneof(text, fc.constant('arn:aws:sts::111122223333:assumed-role/agent/a')),
    roleArn: fc.oneof(text, fc.constant('arn:aws:iam::111122223333:role/teams/agent')),
    issuer: text,
    subject: text,
    sourceIdentity: text,
    actingFor: fc.array(text, { maxLength: 2 }),
  },
  { requiredKeys: ['arn', 'roleArn', 'issuer', 'subject', 'actingFor'] },
)

const statement = fc.record(
  {
    policy: text,
    statement: text,
    effect: fc.constantFrom('Allow', 'Deny', 'RequireApproval', 'Mask'),
    reason: text,
  },
  { requiredKeys: ['policy', 'statement', 'effect'] },
)

const sql: fc.Arbitrary<RecordedSql> = fc.record(
  {
    engine: fc.constantFrom('postgres', 'mysql'),
    target: text,
    database: text,
    message: fc.constantFrom('Query', 'Execute', 'Connect'),
    text,
    normalized: text,
    fingerprint: text,
  },
  { requiredKeys: ['engine', 'target', 'database', 'message'] },
)

const call: fc.Arbitrary<NonNullable<DecisionEvent['call']>> = fc.record(
  {
    service: fc.constantFrom('ec2', 's3', 'cloudwatch'),
    operation: fc.constantFrom('TerminateInstances', 'GetObject', 'PutObject', 'CreateUser', 'Frobnicate'),
    region: fc.constantFrom('us-east-1', ''),
    parameters: fc.dictionary(text, fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json>, { maxKeys: 3 }),
    redacted: fc.array(text, { maxLength: 2 }),
    truncated: fc.boolean(),
    pairs: fc.array(
      fc.record({
        action: fc.constantFrom(
          'ec2:TerminateInstances',
          'ec2:DescribeInstances',
          'iam:CreateUser',
          'ec2:Frobnicate',
          'sql:Select',
          'sql:Drop',
          'sql:Call',
        ),
        resource: fc.oneof(text, fc.constant('*')),
        certainty: fc.constantFrom('exact', 'any'),
      }),
      { maxLength: 3 },
    ),
    sql,
  },
  { requiredKeys: ['service', 'operation', 'region', 'parameters', 'redacted', 'truncated', 'pairs'] },
)

const masked = fc.record({ count: fc.nat(), places: fc.array(text, { maxLength: 2 }) })

const outcome: fc.Arbitrary<OutcomeEvent> = fc.record(
  {
    type: fc.constant('outcome'),
    id: text,
    timeMs: time,
    sessionId: text,
    decisionId: text,
    status: fc.integer({ min: 100, max: 599 }),
    awsRequestId: text,
    bytesIn: fc.nat(),
    bytesOut: fc.nat(),
    durationMs: fc.double({ min: 0, max: 1e6, noNaN: true }),
    error: text,
    masked,
    lease: text,
    protocol: fc.constant('sql'),
    rows: fc.nat(),
  },
  { requiredKeys: ['type', 'id', 'timeMs', 'decisionId', 'bytesIn', 'bytesOut', 'durationMs'] },
)

const grant = fc.record({
  requestId: text,
  by: fc.array(text, { maxLength: 2 }),
  kind: fc.constantFrom('call', 'scope'),
})

const decisionParts = {
  type: fc.constant('decision'),
  id: text,
  timeMs: time,
  sessionId: text,
  principal,
  clientAddress: address,
  userAgent: text,
  call,
  target: fc.record({ method: fc.constantFrom('GET', 'PROPFIND'), path: text }),
  statements: fc.array(statement, { maxLength: 2 }),
  brokeGlass: fc.array(statement, { minLength: 1, maxLength: 1 }),
  masks: fc.array(statement, { minLength: 1, maxLength: 1 }),
} as const

const requiredKeys = ['type', 'id', 'timeMs', 'clientAddress', 'statements'] as const

const allowed: fc.Arbitrary<Entry> = fc.record({
  kind: fc.constant('call'),
  decision: fc.record(
    { ...decisionParts, effect: fc.constant('allow'), grant },
    { requiredKeys: [...requiredKeys, 'effect'] },
  ),
  ending: fc.oneof(
    fc.record({ kind: fc.constant('outcome'), outcome }),
    fc.record({ kind: fc.constantFrom('open', 'later') }),
    fc.constant({
      kind: 'lost',
      recovery: { type: 'recovery', id: 'r', timeMs: 1, inFlight: [], tornBytes: 0 },
    } as const),
  ),
})

const denied: fc.Arbitrary<Entry> = fc.record({
  kind: fc.constant('call'),
  decision: fc.record(
    {
      ...decisionParts,
      effect: fc.constant('deny'),
      denial: fc.record(
        {
          kind: fc.constantFrom('explicit', 'refused', 'approval'),
          code: text,
          reason: text,
          requestId: text,
        },
        { requiredKeys: ['kind', 'reason'] },
      ),
    },
    { requiredKeys: [...requiredKeys, 'effect', 'denial'] },
  ),
  ending: fc.constant({ kind: 'denied' }),
})

const session: fc.Arbitrary<Entry> = fc.record({
  kind: fc.constant('session'),
  session: fc.record({
    type: fc.constant('session'),
    id: text,
    timeMs: time,
    sessionId: text,
    principal,
    by: fc.constantFrom('AssumeRole', 'AssumeRoleWithWebIdentity'),
    expiresAtMs: time,
    clientAddress: address,
    claims: fc.dictionary(text, text, { maxKeys: 2 }) as fc.Arbitrary<JsonObject>,
  }),
})

const accessRequest: fc.Arbitrary<Entry> = fc.record({
  kind: fc.constant('access-request'),
  event: fc.record(
    {
      type: fc.constant('access-request'),
      id: text,
      timeMs: time,
      sessionId: text,
      requestId: text,
      what: fc.constantFrom(
        'asked',
        'shown',
        'approved',
        'denied',
        'spent',
        'expired',
        'revoked',
        'broke-glass',
      ),
      by: text,
      name: text,
      reason: text,
      state: text,
      usesLeft: fc.nat(),
      expiresAtMs: time,
      decisionId: text,
      request: fc.dictionary(text, text, { maxKeys: 2 }) as fc.Arbitrary<JsonObject>,
    },
    { requiredKeys: ['type', 'id', 'timeMs', 'requestId', 'what', 'state'] },
  ),
})

/** Any entry that a recording can have, with hostile texts in it. */
const anyEntry: fc.Arbitrary<Entry> = fc.oneof(
  allowed,
  denied,
  session,
  accessRequest,
  fc.record({ kind: fc.constant('outcome'), outcome }),
)

test('every event is valid by the published schema, whatever the entry', () => {
  fc.assert(
    fc.property(anyEntry, entry => {
      assert.deepEqual(ocsfProblems(JSON.parse(JSON.stringify(ocsfEvent(entry, FACTS)))), [])
    }),
    { numRuns: 2000 },
  )
})

/** The fields that are never optional, but for those that only calls of AWS have. */
const ALWAYS = [
  'eventVersion',
  'userIdentity',
  'eventTime',
  'eventSource',
  'eventName',
  'awsRegion',
  'sourceIPAddress',
  'userAgent',
  'requestParameters',
  'responseElements',
  'eventID',
  'eventType',
]

test('a record has all that CloudTrail records always have, whatever the entry', () => {
  fc.assert(
    fc.property(anyEntry, entry => {
      const record = JSON.parse(JSON.stringify(cloudTrailRecord(entry, FACTS)))
      for (const name of ALWAYS) assert.ok(Object.hasOwn(record, name), name)
      assert.match(record.eventTime, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
    }),
    { numRuns: 1000 },
  )
})

test('every entry is one line with a field for every column, and nothing that a terminal acts upon', () => {
  const columns = fieldsOf(CSV_HEADER).length
  fc.assert(
    fc.property(anyEntry, entry => {
      const line = csvRow(entry)
      assert.equal(fieldsOf(line).length, columns)
      assert.doesNotMatch(line.slice(0, -2), /[\u0000-\u001f\u007f-\u009f\u2028-\u202e]/)
    }),
    { numRuns: 1000 },
  )
})
