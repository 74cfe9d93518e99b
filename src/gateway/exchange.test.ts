import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Decision } from '../core/decision.ts'
import { GateError } from '../core/errors.ts'
import { principalOf } from '../identity/testing.ts'
import { type Asked, type Driver, type ExchangePorts, exchange, type Outcome } from './exchange.ts'

const ALLOW: Decision = { effect: 'allow', statements: [], obligations: [] }
const ASK: Decision = { ...ALLOW, effect: 'ask' }
const REVOKED = new GateError('session-revoked', 'the session was ended')

interface Script {
  readonly decision?: Decision
  /** When the session is ended: during one of the steps, by its name. */
  readonly endedIn?: string
  readonly outcome?: Partial<Outcome>
  /** How the sending fails where the session was ended. */
  readonly forwardThrows?: GateError
}

/** What happened in one exchange, in order. */
async function ran(script: Script): Promise<readonly string[]> {
  const steps: string[] = []
  const ended = new AbortController()
  const step = (name: string): void => {
    steps.push(name)
    if (script.endedIn === name) ended.abort(REVOKED)
  }
  const driver: Driver<Asked> = {
    identify: () => {
      step('identify')
      return principalOf()
    },
    interpret: principal => {
      step('interpret')
      return { request: { principal, pairs: [], context: new Map() } }
    },
    hold: async () => 'held',
    forward: async (_principal, _question, _decision, signal) => {
      step('forward')
      if (signal.aborted && script.forwardThrows) throw script.forwardThrows
      return { bytesIn: 1, bytesOut: 2, status: 200, ...script.outcome }
    },
    refuse: refusal => step('error' in refusal ? `refuse ${refusal.error.code}` : 'refuse'),
  }
  const ports: ExchangePorts<Asked> = {
    admit: () => {
      step('admit')
      if (ended.signal.aborted) throw REVOKED
      return {
        ended: ended.signal,
        check: () => {
          step('check')
          ended.signal.throwIfAborted()
        },
        leave: () => step('leave'),
      }
    },
    decide: () => script.decision ?? ALLOW,
    settle: async () => {
      step('settle')
      return ALLOW
    },
    recordDecision: async () => step('record'),
    recordRefusal: async ({ principal }, { code }) => step(`refused ${code} ${principal?.sessionName}`),
    recordOutcome: async (_progress, { error = 'well', bytesOut }) => step(`ended ${error} ${bytesOut}`),
    trouble: error => step(`trouble ${error.code}`),
  }
  await exchange('E', driver, ports)
  return steps
}

describe('the exchange, and the end of a session', () => {
  it('lets a call in once it is known whose it is, asks again before it counts, and lets go of it last', async () => {
    assert.deepEqual(await ran({ decision: ASK }), [
      'identify',
      'admit',
      'interpret',
      'settle',
      'check',
      'record',
      'forward',
      'ended well 2',
      'leave',
    ])
  })

  it('refuses a session that is over before its message is read, and records whose it was', async () => {
    assert.deepEqual(await ran({ endedIn: 'identify' }), [
      'identify',
      'admit',
      'refused session-revoked run-7',
      'refuse session-revoked',
    ])
  })

  for (const endedIn of ['interpret', 'settle']) {
    it(`decides nothing for one that ends while it is in \`${endedIn}\``, async () => {
      const steps = await ran({ decision: ASK, endedIn })
      assert.ok(!steps.includes('record') && !steps.includes('forward'))
      assert.deepEqual(steps.slice(-3), ['refused session-revoked run-7', 'refuse session-revoked', 'leave'])
    })
  }

  it('sends nothing for one that ends while the decision is written', async () => {
    const steps = await ran({ endedIn: 'record' })
    assert.ok(!steps.includes('forward'))
    assert.deepEqual(steps.slice(-3), ['ended session-revoked 0', 'refuse session-revoked', 'leave'])
  })

  it('says of what was cut off why, and of what went through whole nothing', async () => {
    const cut = await ran({ endedIn: 'forward', outcome: { error: 'client-gone', bytesOut: 77 } })
    assert.deepEqual(cut.slice(-2), ['ended session-revoked 77', 'leave'])
    const whole = await ran({ endedIn: 'forward' })
    assert.deepEqual(whole.slice(-2), ['ended well 2', 'leave'])
    const thrown = await ran({
      endedIn: 'forward',
      forwardThrows: new GateError('client-gone', 'the client has gone'),
    })
    assert.deepEqual(thrown.slice(-3), ['ended session-revoked 0', 'refuse session-revoked', 'leave'])
  })
})
