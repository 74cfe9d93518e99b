import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ManualClock } from '../../core/clock.ts'
import type { Context, Decision, DecisionRequest } from '../../core/decision.ts'
import { compile } from '../../policy/compile.ts'
import { decide } from '../../policy/decide.ts'
import { parsePolicy } from '../../policy/parse.ts'
import { rowThresholds } from '../../policy/row-thresholds.ts'
import { TEST_PRINCIPAL } from '../../policy/testing.ts'
import { connectionContext, mergeContexts } from '../context.ts'
import { SteadyAnswers } from './steady-answers.ts'
import { TimedContext } from './timed-context.ts'
import { connecting } from './understood.ts'

const PLACE = { region: 'r', account: '1', target: 't', database: 'd' }
const FACTS = { clientAddress: '10.0.0.1', secure: true }
const NOON = Date.UTC(2026, 0, 2, 12)
const HOUR = 3_600_000

interface Told {
  readonly answers: SteadyAnswers
  readonly clock: ManualClock
  /** How often the policies were asked. */
  readonly asked: () => number
}

/** Answers by a policy of these statements, of which the first allows all. */
function told(statements: readonly object[], facts = FACTS): Told {
  const all = [{ Effect: 'Allow', Action: 'sql:*', Resource: '*' }, ...statements]
  const text = JSON.stringify({ Version: '2012-10-17', Statement: all })
  const policies = compile([parsePolicy({ name: 'p', text })])
  const layers = [{ kind: 'role', name: 'the role', policies } as const]
  const clock = new ManualClock(NOON)
  let asked = 0
  const rooms = {
    clock,
    decide(request: DecisionRequest): Decision {
      asked += 1
      return decide(request, layers)
    },
    rowThresholds: (request: DecisionRequest) => rowThresholds(request, layers),
  }
  const answers = new SteadyAnswers({ principal: TEST_PRINCIPAL, facts, engine: 'postgres' }, rooms)
  return { answers, clock, asked: () => asked }
}

const effectOf = ({ answers }: Told, understood = connecting(PLACE)): string =>
  answers.decide(understood).decided.decision.effect

test('what was allowed without a look at the time is not asked again, for the same text alone', () => {
  const it = told([{ Effect: 'Deny', Action: 'sql:Drop', Resource: '*' }])
  const understood = connecting(PLACE)
  const first = it.answers.decide(understood)
  it.clock.advance(HOUR)
  assert.equal(it.answers.decide(understood), first)
  assert.equal(it.asked(), 1)
  // Equal, and another object: of another catalog or search_path, for all that is known.
  assert.notEqual(it.answers.decide(connecting(PLACE)), first)
  assert.equal(it.asked(), 2)
})

test('a condition of the time is looked at each time', () => {
  const Condition = { DateGreaterThan: { 'aws:CurrentTime': '2026-01-02T12:30:00Z' } }
  const it = told([{ Effect: 'Deny', Action: 'sql:*', Resource: '*', Condition }])
  const understood = connecting(PLACE)
  assert.equal(effectOf(it, understood), 'allow')
  it.clock.advance(HOUR)
  assert.equal(effectOf(it, understood), 'deny')
  const byVariable = told([
    { Effect: 'Deny', Action: 'sql:*', Resource: 'arn:sallyport:sql:*:*:*/${aws:EpochTime}*' },
  ])
  effectOf(byVariable, understood)
  effectOf(byVariable, understood)
  assert.equal(byVariable.asked(), 2)
})

test('what is only prepared is decided once a second where the time is asked for', () => {
  const Condition = { DateGreaterThan: { 'aws:CurrentTime': '2026-01-02T12:00:00.500Z' } }
  const it = told([{ Effect: 'Deny', Action: 'sql:*', Resource: '*', Condition }])
  const understood = connecting(PLACE)
  assert.equal(it.answers.ahead(understood).effect, 'allow')
  it.clock.advance(999)
  assert.equal(it.answers.ahead(understood).effect, 'allow')
  assert.equal(effectOf(it, understood), 'deny')
  it.clock.advance(1)
  assert.equal(it.answers.ahead(understood).effect, 'deny')
  it.clock.advance(-1_000)
  assert.equal(it.answers.ahead(understood).effect, 'allow')
})

test('another client address is another session, with answers of its own', () => {
  const Condition = { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } }
  const deny = { Effect: 'Deny', Action: 'sql:*', Resource: '*', Condition }
  const understood = connecting(PLACE)
  assert.equal(effectOf(told([deny]), understood), 'deny')
  assert.equal(effectOf(told([deny], { ...FACTS, clientAddress: '192.0.2.1' }), understood), 'allow')
})

test('what is denied, and what people are asked for, is asked about again', () => {
  const understood = connecting(PLACE)
  for (const statement of [
    { Effect: 'Deny', Action: 'sql:Connect', Resource: '*' },
    {
      Effect: 'RequireApproval',
      Action: 'sql:Connect',
      Resource: '*',
      Approval: { From: 'group/on-call', ValidFor: '1h', Uses: 1 },
    },
  ]) {
    const it = told([statement])
    assert.notEqual(effectOf(it, understood), 'allow')
    effectOf(it, understood)
    assert.equal(it.asked(), 2)
  }
})

test('a context with the time late is the context with the time, whoever looks at it in whichever way', () => {
  const fixed = fc.dictionary(fc.constantFrom('sql:haswhere', 'aws:currenttime', 'aws:sourceip'), fc.string())
  fc.assert(
    fc.property(fixed, fc.integer({ min: 0, max: 4e12 }), (members, nowMs) => {
      const own = new Map(Object.entries(members).map(([key, value]): [string, string[]] => [key, [value]]))
      const clock = new ManualClock(nowMs)
      const whole: Context = mergeContexts(own, connectionContext({ clientAddress: '', secure: true }, clock))
      const late = (): TimedContext =>
        new TimedContext(mergeContexts(own, new Map([...whole].filter(([key]) => !TIME.has(key)))), clock)
      for (const key of [...whole.keys(), 'none', ...TIME]) {
        const context = late()
        assert.deepEqual(context.get(key), whole.get(key))
        assert.equal(context.isTimeAsked, TIME.has(key))
        assert.equal(late().has(key), whole.has(key))
      }
      for (const look of LOOKS) {
        const context = late()
        assert.deepEqual(look(context), look(whole))
        assert.ok(context.isTimeAsked)
      }
    }),
  )
})

const TIME = new Set(['aws:currenttime', 'aws:epochtime'])
const byKey = (entries: Iterable<readonly [string, readonly string[]]>): unknown =>
  [...entries].sort(([a], [b]) => (a < b ? -1 : 1))
const LOOKS: readonly ((context: Context) => unknown)[] = [
  context => byKey(context),
  context => byKey(context.entries()),
  context => [...context.keys()].sort(),
  context => [...context.values()].flat().sort(),
  context => context.size,
  context => {
    const seen: [string, readonly string[]][] = []
    context.forEach((values, key) => void seen.push([key, values]))
    return byKey(seen)
  },
  context => byKey(new Map(context)),
]
