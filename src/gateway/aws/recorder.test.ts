import assert from 'node:assert/strict'
import { it } from 'node:test'
import { ManualClock } from '../../core/clock.ts'
import { GateError } from '../../core/errors.ts'
import type { Principal } from '../../core/principal.ts'
import type { JournalEvent } from '../../record/event.ts'
import { compileKeeping } from '../../record/keep/keep.ts'
import type { Progress } from '../exchange.ts'
import type { AwsQuestion } from './question.ts'
import { Recorder } from './recorder.ts'
import { TokenBucket } from './token-bucket.ts'

const principal = {
  roleArn: 'arn:aws:iam::111122223333:role/agent',
  sessionId: 'S',
  actingFor: [],
} as unknown as Principal
const FACTS = { clientAddress: '192.0.2.1', secure: true }
const PAIR = {
  action: 'dynamodb:GetItem',
  resource: 'arn:aws:dynamodb:*:*:table/t',
  certainty: 'exact',
} as const
const question = {
  call: {
    service: 'dynamodb',
    operation: 'GetItem',
    region: 'us-east-1',
    parameters: { Key: { id: { S: 'confidential' } } },
    sensitive: [],
    pairs: [PAIR],
  },
} as unknown as AwsQuestion

function recorder(what: 'metadata' | 'parameters'): { recorder: Recorder; events: JournalEvent[] } {
  const events: JournalEvent[] = []
  const clock = new ManualClock(1_000)
  return {
    events,
    recorder: new Recorder({
      journal: {
        append: async event => void events.push(event),
        trouble: undefined,
        close: async () => undefined,
      },
      clock,
      random: { bytes: length => Buffer.alloc(length) },
      parametersBytes: 1_000,
      keeping: compileKeeping([{ roles: [], actions: ['dynamodb:*'], level: what, replyBytes: 1_024 }]),
      began: () => undefined,
      strangers: new TokenBucket(clock, 1, 1),
    }),
  }
}

it('where metadata alone is kept, parameters are in no event of the call, and each says so', async () => {
  const { recorder: one, events } = recorder('metadata')
  const progress: Progress<AwsQuestion> = { principal, question }
  await one.decision(
    'E',
    { ...progress, decision: { effect: 'allow', statements: [], obligations: [] } },
    FACTS,
  )
  await one.refusal('E', progress, FACTS, new GateError('overloaded', 'too much'), {
    method: 'POST',
    path: '/',
  })
  const { call } = question
  await one.ownCall(
    principal,
    { policy: 'p', statement: 's', effect: 'Allow' },
    {
      service: call.service,
      operation: call.operation,
      region: call.region,
      parameters: call.parameters,
      redacted: [],
      truncated: false,
      pairs: call.pairs,
    },
  )
  assert.equal(events.length, 3)
  for (const event of events) {
    assert.ok(event.type === 'decision')
    assert.equal(event.call?.leftOut, 'parameters')
    assert.deepEqual(event.call?.parameters, {})
    assert.deepEqual(event.call?.pairs, [PAIR])
  }
  assert.ok(!JSON.stringify(events).includes('confidential'))
})

it('where parameters are kept, nothing says that they were left out; an outcome tells of the bodies', async () => {
  const { recorder: one, events } = recorder('parameters')
  await one.decision(
    'E',
    { principal, question, decision: { effect: 'allow', statements: [], obligations: [] } },
    FACTS,
  )
  const requestBody = { bytes: 1, sha256: 'a', text: 'x' }
  const replyBody = { bytes: 2, cut: 'it is left out: it is secret' }
  await one.outcome('E', { principal }, { bytesIn: 1, bytesOut: 2, requestBody, replyBody }, 0)
  const [decision, outcome] = events
  assert.ok(decision?.type === 'decision' && outcome?.type === 'outcome')
  assert.equal(decision.call?.leftOut, undefined)
  assert.deepEqual(decision.call?.parameters, question.call.parameters)
  assert.deepEqual(outcome.requestBody, requestBody)
  assert.deepEqual(outcome.replyBody, replyBody)
})
