import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ManualClock } from '../../core/clock.ts'
import type { Context, Decision, DecisionRequest, Demand } from '../../core/decision.ts'
import { connectionContext } from '../context.ts'
import { approvalCase } from './approval.ts'
import { decideMasked } from './masking.ts'
import type { AwsQuestion } from './question.ts'
import type { AwsRooms } from './rooms.ts'

const ALLOW: Decision = { effect: 'allow', statements: [], obligations: [] }
const GLASS: Demand = {
  statement: { policy: 'p.yaml', statement: 'Glass', effect: 'RequireApproval' },
  from: ['group/on-call'],
  count: 1,
  validForMs: 1,
  uses: 1,
  holdMs: 1,
}

function questionAt(context: Context): AwsQuestion {
  const call = { service: 'secretsmanager', operation: 'GetSecretValue', parameters: {}, pairs: [] }
  const pairs = [{ action: 'secretsmanager:GetSecretValue', resource: '*', certainty: 'exact' }]
  return { call, request: { principal: { expiresAtMs: 1e15 }, pairs, context } } as unknown as AwsQuestion
}

describe('a call that was held', () => {
  it('is decided at the time when it goes on, not at that when it came', () => {
    const clock = new ManualClock(1_700_000_000_000)
    const seen: Context[] = []
    const decide = ({ context }: DecisionRequest): Decision => {
      seen.push(context)
      return ALLOW
    }
    const rooms = { clock, decide, masking: { builtInFields: () => [] } } as unknown as AwsRooms
    const question = questionAt(connectionContext({ clientAddress: '192.0.2.1', secure: true }, clock))
    const asked = approvalCase('E', question, rooms, {
      hold: async () => 'held',
      checkSession: () => undefined,
    })
    clock.advance(90_000)
    asked.decideAgain()
    assert.deepEqual(seen[0]?.get('aws:currenttime'), ['2023-11-14T22:14:50.000Z'])
    assert.deepEqual(seen[0]?.get('aws:epochtime'), ['1700000090'])
    assert.deepEqual(seen[0]?.get('aws:sourceip'), ['192.0.2.1'])
  })
})

describe('broken glass', () => {
  const masking = {
    builtInFields: () => ['SecretString'],
    builtInRule: () => ({ fields: [], as: 'full', detect: [], otherObjects: 'deny' }),
    plan: () => undefined,
  } as unknown as AwsRooms['masking']
  const fieldsMasked = (call: Decision, unmask: Decision): number => {
    const decide = ({ pairs }: DecisionRequest): Decision =>
      pairs[0]?.action === 'gate:Unmask' ? unmask : call
    return decideMasked(questionAt(new Map()), { decide, masking }).obligations.length
  }
  const broken: Decision = { ...ALLOW, brokeGlass: [GLASS] }

  it('shows no masked field of a call that nobody is told of', () => {
    assert.equal(fieldsMasked(ALLOW, broken), 1)
    assert.equal(fieldsMasked(broken, broken), 0)
    assert.equal(fieldsMasked(broken, ALLOW), 0)
  })
})
