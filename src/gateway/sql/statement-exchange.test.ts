import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../core/clock.ts'
import { GateError } from '../../core/errors.ts'
import { TEST_PRINCIPAL } from '../../policy/testing.ts'
import type { Refusal } from '../exchange.ts'
import type { SqlRooms } from './ports.ts'
import { type Asking, askAbout } from './statement-exchange.ts'
import { SteadyAnswers } from './steady-answers.ts'
import { connecting } from './understood.ts'

const FACTS = { clientAddress: '10.0.0.1', secure: true }
const PLACE = { region: 'r', account: '1', target: 't', database: 'd' }

/** A session that asks about one text again and again, and what became of it each time. */
function session(): {
  readonly said: string[]
  readonly state: { revoked: boolean; readonly left: number }
  readonly clock: ManualClock
  ask(): Promise<void>
} {
  const said: string[] = []
  const clock = new ManualClock(0)
  const ended = new AbortController()
  const state = { revoked: false, left: 0 }
  const admission = {
    ended: ended.signal,
    check() {
      if (state.revoked) throw new GateError('session-revoked', 'a person has ended the session')
    },
    leave() {
      state.left += 1
    },
  }
  const rooms = {
    clock,
    decide: () => ({ effect: 'allow', statements: [], obligations: [] }),
    rowThresholds: () => [],
    masksValues: () => false,
    admit: () => assert.fail('it is let in with its session'),
    recorder: {
      newEventId: () => 'e',
      decision: async () => void said.push('decided'),
      refusal: async (_id: string, _progress: object, _facts: object, { code }: GateError) =>
        void said.push(`refused ${code}`),
      outcome: async () => undefined,
      resultBytes: () => 0,
    },
    trouble: (error: GateError) => assert.fail(error.message),
  } as unknown as SqlRooms
  const principal = { ...TEST_PRINCIPAL, expiresAtMs: 1_000 }
  const understood = connecting(PLACE)
  const asking: Asking = {
    principal,
    facts: FACTS,
    engine: 'postgres',
    place: PLACE,
    text: { message: 'Execute', sql: 'select 1', tags: ['SELECT'], parameters: [] },
    understood,
    broken: undefined,
    answers: new SteadyAnswers({ principal, facts: FACTS, engine: 'postgres' }, rooms),
    admission,
    async send() {
      said.push('sent')
      return { bytesIn: 0, bytesOut: 0 }
    },
    refuse: async (refusal: Refusal) => void said.push('error' in refusal ? 'told' : 'denied'),
  }
  return { said, state, clock, ask: () => askAbout(asking, rooms) }
}

test('a text that was let pass before is sent only once its decision is recorded, each time', async () => {
  const { said, ask } = session()
  await ask()
  await ask()
  assert.deepEqual(said, ['decided', 'sent', 'decided', 'sent'])
})

test('nothing passes once the session was ended, though it was let pass before', async () => {
  const { said, state, ask } = session()
  await ask()
  state.revoked = true
  await ask()
  assert.deepEqual(said, ['decided', 'sent', 'refused session-revoked', 'told'])
  assert.equal(state.left, 0, 'a text has taken its session with it')
})

test('nothing passes once the principal’s time is over, though it was let pass before', async () => {
  const { said, clock, ask } = session()
  await ask()
  clock.advance(1_000)
  await ask()
  assert.deepEqual(said, ['decided', 'sent', 'refused credentials-expired', 'told'])
})
