import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { JournalEvent, RecordedPrincipal } from '../event.ts'
import { isWithin } from '../export/span.ts'
import { onDisk } from '../journal.fixture.ts'
import { sqlDecision, sqlOutcome } from '../sql.fixture.ts'
import { Reconciliation } from './reconcile.ts'
import { Recorded } from './recorded.ts'
import { CALL_CLASSES, type ReconcileReport } from './report.ts'
import { LeasedRoles } from './roles.ts'
import type { TrailEvent } from './trail-event.ts'

const STARTED_MS = Date.UTC(2026, 0, 2)
const MINUTE_MS = 60_000
const GRACE_MS = 15 * MINUTE_MS

/** Statements to databases, which no log of AWS's has. */
const STATEMENTS: readonly JournalEvent[] = [
  sqlDecision('statement', STARTED_MS + 60 * MINUTE_MS),
  sqlOutcome('statement', STARTED_MS + 60 * MINUTE_MS),
]

/** A call, and what becomes of it. */
interface Plan {
  readonly afterMs: number
  readonly service: string
  readonly operation: string
  readonly effect: 'allow' | 'deny'
  readonly account: string
  /** `none`: no outcome; `lost`: no request id; else it has one, and some share it. */
  readonly outcome: 'none' | 'lost' | 'own' | 'shared'
  /** How often CloudTrail has it. */
  readonly delivered: number
}

const plan: fc.Arbitrary<Plan> = fc.record({
  afterMs: fc.integer({ min: 0, max: 180 * MINUTE_MS }),
  service: fc.constantFrom('ec2', 's3'),
  operation: fc.constantFrom('GetObject', 'RunInstances'),
  effect: fc.constantFrom('allow', 'allow', 'deny'),
  account: fc.constantFrom('111122223333', '444455556666'),
  outcome: fc.constantFrom('none', 'lost', 'own', 'shared'),
  delivered: fc.constantFrom(0, 1, 2),
})

const span = fc.record(
  {
    sinceMs: fc.integer({ min: 0, max: 90 }).map(minutes => STARTED_MS + minutes * MINUTE_MS),
    untilMs: fc.integer({ min: 90, max: 190 }).map(minutes => STARTED_MS + minutes * MINUTE_MS),
  },
  { requiredKeys: [] },
)

function principalOf(account: string): RecordedPrincipal {
  return {
    arn: `arn:aws:sts::${account}:assumed-role/agent/run`,
    roleArn: `arn:aws:iam::${account}:role/agent`,
    issuer: 'ci',
    subject: 'agent',
    actingFor: [],
  }
}

function eventsOf(plans: readonly Plan[]): JournalEvent[] {
  return plans.flatMap(({ afterMs, service, operation, effect, account, outcome }, i): JournalEvent[] => {
    const timeMs = STARTED_MS + afterMs
    const principal = principalOf(account)
    const call = {
      service,
      operation,
      region: 'us-east-1',
      parameters: {},
      redacted: [],
      truncated: false,
      pairs: [],
    }
    const id = `call-${i}`
    const head = {
      type: 'decision',
      id,
      timeMs,
      clientAddress: '::1',
      statements: [],
      principal,
      call,
    } as const
    if (effect === 'deny') return [{ ...head, effect, denial: { kind: 'explicit', reason: 'no' } }]
    if (outcome === 'none') return [{ ...head, effect }]
    const requestId = requestIdOf(outcome, i)
    const end = { type: 'outcome', id: `${id}-end`, timeMs: timeMs + 5, decisionId: id } as const
    const sizes = { bytesIn: 0, bytesOut: 0, durationMs: 5 }
    return [
      { ...head, effect },
      { ...end, ...sizes, ...(requestId === undefined ? {} : { awsRequestId: requestId }) },
    ]
  })
}

function requestIdOf(outcome: Plan['outcome'], i: number): string | undefined {
  if (outcome === 'shared') return 'shared'
  return outcome === 'own' ? `request-${i}` : undefined
}

let number = 0
function trailEvent(parts: Partial<TrailEvent> & { readonly account: string }): TrailEvent {
  const { arn, roleArn } = principalOf(parts.account)
  return {
    eventId: `event-${number++}`,
    timeMs: STARTED_MS,
    source: 'ec2.amazonaws.com',
    name: 'RunInstances',
    region: 'us-east-1',
    address: '192.0.2.1',
    userAgent: 'x',
    identity: { type: 'AssumedRole', arn, issuerArn: roleArn },
    ...parts,
  }
}

async function run(
  plans: readonly Plan[],
  within: { readonly sinceMs?: number; readonly untilMs?: number },
  strange: readonly TrailEvent[] = [],
): Promise<ReconcileReport> {
  const disk = onDisk()
  const journal = await disk.open()
  await Promise.all([
    ...[...STATEMENTS, ...eventsOf(plans)].map(event => journal.append(event)),
    journal.close(),
  ])
  const roles = new LeasedRoles()
  const recorded = new Recorded(within, roles)
  await recorded.read(disk.source)
  const reconciliation = new Reconciliation(recorded, roles, { span: within, graceMs: GRACE_MS })
  plans.forEach(({ outcome, effect, delivered, account, afterMs }, i) => {
    const requestId = effect === 'allow' ? requestIdOf(outcome, i) : undefined
    if (requestId === undefined) return
    const event = trailEvent({ account, requestId, timeMs: STARTED_MS + afterMs })
    for (let times = 0; times < delivered; times++) reconciliation.add(event)
  })
  for (const event of strange) reconciliation.add(event)
  return reconciliation.report(1, 0)
}

test('every call of the span that was let through is in exactly one class; denied ones and others in none', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(plan, { maxLength: 25 }), span, async (plans, within) => {
      const report = await run(plans, within)
      const listed = CALL_CLASSES.flatMap(name => report.calls[name].first.map(({ id }) => id))
      const expected = plans.flatMap(({ effect, afterMs }, i) => {
        return effect === 'allow' && isWithin(within, STARTED_MS + afterMs) ? [`call-${i}`] : []
      })
      assert.deepEqual(listed.toSorted(), expected.toSorted())
      assert.equal(report.journal.allowed, expected.length)
      const counts = CALL_CLASSES.reduce((sum, name) => sum + report.calls[name].count, 0)
      assert.equal(counts, expected.length)
      assert.equal(report.notThroughGate.count, 0)
    }),
    { numRuns: 150 },
  )
})

test('a delivered call is confirmed, one without a request id is unpaired, and nothing else is either', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(plan, { maxLength: 25 }), async plans => {
      const report = await run(plans, {})
      const sharedDelivered = plans.some(
        ({ outcome, effect, delivered }) => outcome === 'shared' && effect === 'allow' && delivered > 0,
      )
      const idsOf = (holds: (one: Plan) => boolean): string[] =>
        plans.flatMap((one, i) => (one.effect === 'allow' && holds(one) ? [`call-${i}`] : [])).toSorted()
      const confirmed = idsOf(({ outcome, delivered }) => {
        return outcome === 'shared' ? sharedDelivered : outcome === 'own' && delivered > 0
      })
      const unpaired = idsOf(({ outcome }) => outcome === 'none' || outcome === 'lost')
      assert.deepEqual(report.calls.confirmed.first.map(({ id }) => id).toSorted(), confirmed)
      assert.deepEqual(report.calls.unpaired.first.map(({ id }) => id).toSorted(), unpaired)
    }),
    { numRuns: 150 },
  )
})

const base: Plan = {
  afterMs: 0,
  service: 'ec2',
  operation: 'RunInstances',
  effect: 'allow',
  account: '111122223333',
  outcome: 'own',
  delivered: 0,
}

test('what did not come through the gate is found whatever else is there, and counted once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(plan, { maxLength: 10 }), fc.nat(9), async (plans, times) => {
      const account = '111122223333'
      const strange = trailEvent({ account, requestId: 'nobody-knows' })
      const repeated = Array.from({ length: times + 1 }, () => strange)
      const report = await run([base, ...plans], {}, [...repeated, trailEvent({ account })])
      assert.deepEqual(
        report.notThroughGate.first.map(({ requestId }) => requestId),
        ['nobody-knows', undefined],
      )
    }),
    { numRuns: 50 },
  )
})

test('whose call it was: by the role in its account, with or without a path; nobody else', async () => {
  const account = '111122223333'
  const identities: readonly (readonly [number, Partial<TrailEvent['identity']>])[] = [
    [1, {}],
    [1, { issuerArn: 'arn:aws:iam::111122223333:role/some/path/agent' }],
    [1, { issuerArn: '' }],
    [0, { issuerArn: '', arn: 'arn:aws:sts::111122223333:assumed-role/agent2/run' }],
    [0, { issuerArn: '', arn: 'arn:aws:sts::999999999999:assumed-role/agent/run' }],
    [0, { type: 'IAMUser', issuerArn: '', arn: 'arn:aws:iam::111122223333:user/agent' }],
  ]
  for (const [found, identity] of identities) {
    const event = trailEvent({ account })
    const strange = { ...event, identity: { ...event.identity, ...identity } }
    const { notThroughGate } = await run([base], {}, [strange])
    assert.equal(notThroughGate.count, found, JSON.stringify(identity))
  }
})

test('what CloudTrail may still deliver, and what the files cannot have', async () => {
  const account = '111122223333'
  const end = trailEvent({
    account,
    timeMs: STARTED_MS + 60 * MINUTE_MS,
    identity: { type: 'Root', arn: '' },
  })
  const begin = { ...end, timeMs: STARTED_MS + 10 * MINUTE_MS }
  const classOf = async (parts: Partial<Plan>): Promise<string | undefined> => {
    const { calls } = await run([{ ...base, ...parts }], {}, [begin, end])
    return CALL_CLASSES.find(name => calls[name].count === 1)
  }
  assert.equal(await classOf({ afterMs: 30 * MINUTE_MS }), 'unseen')
  assert.equal(await classOf({ afterMs: 45 * MINUTE_MS }), 'unseen')
  assert.equal(await classOf({ afterMs: 45 * MINUTE_MS + 1 }), 'awaited')
  assert.equal(await classOf({ afterMs: 100 * MINUTE_MS }), 'awaited')
  assert.equal(await classOf({ afterMs: 5 * MINUTE_MS }), 'uncovered')
  assert.equal(await classOf({ afterMs: 30 * MINUTE_MS, account: '444455556666' }), 'uncovered')
  assert.equal(await classOf({ afterMs: 30 * MINUTE_MS, service: 's3', operation: 'GetObject' }), 'unlogged')
})

test('more calls than fit are refused with advice', async () => {
  const disk = onDisk()
  const journal = await disk.open()
  await Promise.all([...eventsOf([base, base, base]).map(event => journal.append(event)), journal.close()])
  const recorded = new Recorded({}, new LeasedRoles(), 2)
  await assert.rejects(recorded.read(disk.source), {
    code: 'reconcile-too-large',
    message: 'the journal has more than 2 calls in the span',
  })
})
