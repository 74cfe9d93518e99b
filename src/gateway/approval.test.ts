import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Decision, Demand } from '../core/decision.ts'
import { GateError } from '../core/errors.ts'
import type { CallQuestion, Desk, Settled } from '../grants/desk.ts'
import type { AccessRequest } from '../grants/model.ts'
import { type ApprovalCase, settleApproval } from './approval.ts'
import type { Held } from './exchange.ts'

const DEMAND: Demand = {
  statement: { policy: 'p.yaml', statement: 'Risky', effect: 'RequireApproval', reason: 'it deletes' },
  from: ['group/on-call'],
  count: 1,
  validForMs: 900_000,
  uses: 1,
  holdMs: 30_000,
}

const ASK: Decision = { effect: 'ask', statements: [DEMAND.statement], obligations: [], demands: [DEMAND] }

const REQUEST = { id: 'R'.repeat(26), state: 'pending' } as AccessRequest
const PENDING: Settled = { state: 'pending', request: REQUEST }
const GRANTED: Settled = {
  state: 'granted',
  request: { ...REQUEST, state: 'spent' },
  grant: { requestId: REQUEST.id, by: ['idp/ann'], kind: 'call' },
}
const DENIED: Settled = {
  state: 'denied',
  request: { ...REQUEST, state: 'denied', ended: { by: 'idp/ann', name: 'Ann', atMs: 1, reason: 'not now' } },
}

/** What happened at the desk, in order, and the decision that came of it. */
async function settled(
  answers: readonly Settled[],
  more: Partial<ApprovalCase> & {
    readonly held?: Held
    readonly decision?: Decision
    readonly storeIsAway?: boolean
  } = {},
): Promise<{ readonly decision: Decision; readonly steps: readonly string[] }> {
  const steps: string[] = []
  const left = [...answers]
  const desk = {
    async settle(): Promise<Settled> {
      steps.push('settle')
      const next = left.shift()
      assert.ok(next, 'the desk was asked once too often')
      return next
    },
    async wait({ id }: AccessRequest, holdMs: number) {
      steps.push(`wait ${id === REQUEST.id} ${holdMs}`)
    },
    async brokeGlass() {
      if (more.storeIsAway === true) throw new GateError('store-unavailable', 'away')
      steps.push('glass')
      return REQUEST
    },
  } as unknown as Desk
  const asked: ApprovalCase = {
    eventId: 'E',
    question: demands => ({ demands }) as unknown as CallQuestion,
    decideAgain: () => ASK,
    checkAlive: () => undefined,
    hold: async wait => {
      const how = more.held ?? 'held'
      if (how === 'held') await wait(new AbortController().signal)
      steps.push(how)
      return how
    },
    ...more,
  }
  const rooms = { desk, requestUrl: (id: string) => `https://gate.example/r/${id}` }
  return { decision: await settleApproval(more.decision ?? ASK, asked, rooms), steps }
}

describe('a call that needs an approval', () => {
  it('passes by a grant, and nobody is waited for', async () => {
    const { decision, steps } = await settled([GRANTED])
    assert.equal(decision.effect, 'allow')
    assert.deepEqual(decision.grant?.by, ['idp/ann'])
    assert.equal(decision.demands, undefined)
    assert.deepEqual(steps, ['settle'])
  })

  it('is held, and passes when it is approved meanwhile', async () => {
    const { decision, steps } = await settled([PENDING, GRANTED])
    assert.equal(decision.effect, 'allow')
    assert.deepEqual(steps, ['settle', 'wait true 30000', 'held', 'settle'])
  })

  it('is denied with the number, the link and what to do when nobody answers', async () => {
    const { decision } = await settled([PENDING, PENDING])
    assert.equal(decision.effect, 'deny')
    assert.equal(decision.denial?.kind, 'approval')
    assert.equal(decision.denial?.requestId, REQUEST.id)
    assert.deepEqual(decision.statements, [DEMAND.statement])
    const reason = decision.denial?.reason ?? ''
    for (const part of ['`Risky`', 'it deletes', REQUEST.id, 'group/on-call', 'send the same call again']) {
      assert.ok(reason.includes(part), part)
    }
    assert.ok(reason.includes(`https://gate.example/r/${REQUEST.id}`))
  })

  it('is denied at once where it cannot be held', async () => {
    const { decision, steps } = await settled([PENDING], { held: 'not-held' })
    assert.equal(decision.denial?.requestId, REQUEST.id)
    assert.deepEqual(steps, ['settle', 'not-held'])
  })

  it('takes no use of a grant for a client that has left', async () => {
    const { decision, steps } = await settled([PENDING], { held: 'left' })
    assert.equal(decision.effect, 'deny')
    assert.deepEqual(steps, ['settle', 'left'])
  })

  it('tells who denied it, and why', async () => {
    const { decision } = await settled([DENIED])
    assert.match(decision.denial?.reason ?? '', /Ann denied it: not now/)
    assert.doesNotMatch(decision.denial?.reason ?? '', /send the same call again/)
  })

  it('is decided again after it was held: what is denied by now takes no use', async () => {
    const denied: Decision = { effect: 'deny', statements: [], obligations: [] }
    const { decision, steps } = await settled([PENDING], { decideAgain: () => denied })
    assert.equal(decision, denied)
    assert.deepEqual(steps.filter(step => step === 'settle').length, 1)
  })

  it('asks for what is demanded after the hold, not for what was before', async () => {
    const other: Demand = { ...DEMAND, from: ['group/security'] }
    const seen: (readonly Demand[])[] = []
    const question = (demands: readonly Demand[]): CallQuestion => {
      seen.push(demands)
      return { demands } as unknown as CallQuestion
    }
    const decideAgain = (): Decision => ({ ...ASK, demands: [other] })
    const { decision } = await settled([PENDING, PENDING], { decideAgain, question })
    assert.deepEqual(seen, [[DEMAND], [other]])
    assert.match(decision.denial?.reason ?? '', /group\/security/)
  })

  it('passes without an approval where none is demanded any more', async () => {
    const allowed: Decision = { effect: 'allow', statements: [], obligations: [] }
    const { decision, steps } = await settled([PENDING], { decideAgain: () => allowed })
    assert.equal(decision, allowed)
    assert.equal(steps.filter(step => step === 'settle').length, 1)
  })

  it('takes no use once its credentials have expired', async () => {
    const checkAlive = (): void => {
      throw new GateError('credentials-expired', 'over')
    }
    await assert.rejects(settled([PENDING, GRANTED], { checkAlive }), { code: 'credentials-expired' })
  })

  it('fails where nobody is named', async () => {
    await assert.rejects(settled([], { decision: { ...ASK, demands: [] } }), { code: 'internal' })
  })
})

it('broken glass is told before the call passes', async () => {
  const decision: Decision = { effect: 'allow', statements: [], obligations: [], brokeGlass: [DEMAND] }
  const passed = await settled([], { decision })
  assert.equal(passed.decision, decision)
  assert.deepEqual(passed.steps, ['glass'])
})

it('no glass is broken where nobody could be told of it', async () => {
  const decision: Decision = { effect: 'allow', statements: [], obligations: [], brokeGlass: [DEMAND] }
  await assert.rejects(settled([], { decision, storeIsAway: true }), { code: 'store-unavailable' })
})
