import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Decision, Obligation } from '../../core/decision.ts'
import { GateError } from '../../core/errors.ts'
import type { MaskPlan } from '../../mask/port.ts'
import { decideMasked, planMasks } from './masking.ts'
import type { AwsQuestion } from './question.ts'
import type { AwsRooms } from './rooms.ts'

const MASK: Obligation = {
  kind: 'mask',
  fields: ['SecretString'],
  columns: [],
  detect: [],
  as: 'full',
  otherObjects: 'deny',
  from: { policy: 'p.yaml', statement: 'Hides', effect: 'Mask' },
}
const QUESTION = {
  call: { service: 'secretsmanager', operation: 'GetSecretValue', parameters: {}, pairs: [] },
  request: { principal: {}, pairs: [], context: new Map() },
} as unknown as AwsQuestion

const masking = (plan: () => MaskPlan | undefined): AwsRooms['masking'] =>
  ({ builtInFields: () => [], plan }) as unknown as AwsRooms['masking']

const decided = (rooms: AwsRooms['masking'], obligations: readonly Obligation[]): Decision =>
  decideMasked(QUESTION, {
    decide: () => ({ effect: 'allow', statements: [], obligations }),
    masking: rooms,
  })

it('a call whose reply could not be masked is denied before it leaves', () => {
  const decision = decided(
    masking(() => {
      throw new GateError('reply-unmaskable', 'its reply is a stream of events')
    }),
    [MASK],
  )
  assert.equal(decision.effect, 'deny')
  assert.equal(decision.denial?.code, 'reply-unmaskable')
  assert.deepEqual(decision.statements, [MASK.from])
})

it('a mask of columns is none that a reply of AWS could take', () => {
  const columns = { ...MASK, fields: [], columns: ['public.users.email'] }
  assert.match(
    decided(
      masking(() => undefined),
      [columns],
    ).denial?.reason ?? '',
    /masks columns/,
  )
})

it('what has to be done to the reply is worked out once', () => {
  let made = 0
  const rooms = masking(() => {
    made++
    return undefined
  })
  const { obligations } = decided(rooms, [MASK])
  planMasks(QUESTION.call, obligations, rooms)
  assert.equal(made, 1)
})
