import assert from 'node:assert/strict'
import { it } from 'node:test'
import { ManualClock } from '../../core/clock.ts'
import { GateError } from '../../core/errors.ts'
import { TEST_PRINCIPAL } from '../../policy/testing.ts'
import type { DecisionEvent, JournalEvent } from '../../record/event.ts'
import { compileKeeping, type KeepLevel } from '../../record/keep/keep.ts'
import type { Progress } from '../exchange.ts'
import type { SqlQuestion, SqlText } from './ports.ts'
import { recordedValue, SqlJournalRecorder } from './recorder.ts'

const FACTS = { clientAddress: '192.0.2.1', secure: true }
const PAIR = {
  action: 'sql:Select',
  resource: 'arn:sallyport:sql:r:1:orders/shop/public.orders',
  certainty: 'exact',
} as const
const ALLOW = { effect: 'allow', statements: [], obligations: [] } as const

const asked = (text: Partial<SqlText> = {}, isSecret = false): SqlQuestion => ({
  request: { principal: TEST_PRINCIPAL, pairs: [PAIR], context: new Map() },
  engine: 'postgres',
  place: { region: 'r', account: '1', target: 'orders', database: 'shop' },
  text: {
    message: 'Execute',
    sql: "SELECT 'canary', $1, $2, $3",
    tags: ['SELECT'],
    normalized: { text: 'select ?, $1, $2, $3', fingerprint: '0123456789abcdef' },
    parameters: ['canary', null, Buffer.from('canary')],
    ...text,
  },
  isSecret,
})

function recorder(level: KeepLevel, parametersBytes = 1_000, replyBytes = 64) {
  const events: JournalEvent[] = []
  const clock = new ManualClock(1_000)
  let strangers = 1
  return {
    events,
    clock,
    one: new SqlJournalRecorder({
      journal: {
        append: async event => void events.push(event),
        trouble: undefined,
        close: async () => undefined,
      },
      clock,
      random: { bytes: length => Buffer.alloc(length) },
      parametersBytes,
      keeping: compileKeeping([{ roles: [], actions: ['sql:*'], level, replyBytes }]),
      strangers: { take: () => strangers-- > 0 },
    }),
  }
}

async function decided(
  question: SqlQuestion,
  level: KeepLevel,
  parametersBytes?: number,
): Promise<DecisionEvent> {
  const { one, events } = recorder(level, parametersBytes)
  await one.decision('E', { principal: TEST_PRINCIPAL, question, decision: ALLOW }, FACTS)
  const [event] = events
  assert.ok(event?.type === 'decision')
  return event
}

it('a statement is recorded as a call that every reader of calls understands', async () => {
  const { call, sessionId } = await decided(asked(), 'parameters')
  assert.equal(sessionId, TEST_PRINCIPAL.sessionId)
  assert.deepEqual(call, {
    service: 'sql',
    operation: 'SELECT',
    region: 'r',
    parameters: { $1: 'canary', $2: null, $3: `base64:${Buffer.from('canary').toString('base64')}` },
    redacted: [],
    truncated: false,
    pairs: [PAIR],
    sql: {
      engine: 'postgres',
      target: 'orders',
      database: 'shop',
      message: 'Execute',
      text: "SELECT 'canary', $1, $2, $3",
      normalized: 'select ?, $1, $2, $3',
      fingerprint: '0123456789abcdef',
    },
  })
})

it('where metadata alone is kept, the normalised form is, and neither text nor parameters', async () => {
  const event = await decided(asked(), 'metadata')
  assert.equal(event.call?.leftOut, 'parameters')
  assert.equal(event.call?.sql?.fingerprint, '0123456789abcdef')
  assert.ok(!JSON.stringify(event).includes('canary'))
})

it('what may hold what is masked is recorded without its constants and parameters', async () => {
  for (const level of ['parameters', 'replies', 'bodies'] as const) {
    const event = await decided(asked({}, true), level)
    assert.equal(event.call?.sql?.normalized, 'select ?, $1, $2, $3')
    assert.deepEqual(event.call?.parameters, {
      $1: '<redacted>',
      $2: '<redacted>',
      $3: '<redacted>',
    })
    assert.deepEqual(event.call?.redacted, ['$1', '$2', '$3'])
    const json = JSON.stringify(event)
    assert.ok(!json.includes('canary') && !json.includes(Buffer.from('canary').toString('base64')))
  }
})

it('of what nobody could parse, and is not kept, the words of SQL are: a value may stand there without its quotes', async () => {
  const text = {
    sql: 'alter user ann password hunter2 "hunter3" `hunter4`',
    tags: ['UNKNOWN'],
    normalized: { text: 'alter user ann password hunter2 "hunter3" `hunter4` ?', fingerprint: 'ffff' },
    parameters: [],
  }
  for (const event of [
    await decided(asked(text, true), 'parameters'),
    await decided(asked(text), 'metadata'),
  ]) {
    assert.equal(event.call?.sql?.normalized, 'alter user _ password _ _ _ ?')
    assert.match(event.call?.sql?.fingerprint ?? '', /^[0-9a-f]{16}$/)
    assert.ok(!JSON.stringify(event).includes('hunter'))
  }
  const kept = await decided(asked(text), 'parameters')
  assert.equal(kept.call?.sql?.normalized, text.normalized.text)
})

it('an error code of any length is cut', async () => {
  const { one, events } = recorder('parameters')
  const progress: Progress<SqlQuestion> = { principal: TEST_PRINCIPAL, question: asked() }
  await one.outcome('E', progress, { bytesIn: 1, bytesOut: 2, error: 'x'.repeat(1_000_000) }, 0)
  assert.ok(JSON.stringify(events).length < 1_000)
})

it('a long text and long parameters are cut, and it is said so', async () => {
  const long = await decided(asked({ sql: `select '${'x'.repeat(5_000)}'`, parameters: [] }), 'parameters')
  assert.ok(long.call?.truncated)
  assert.match(long.call?.sql?.text ?? '', /^select 'x+<4009 characters left out>$/)
  const many = await decided(asked({ parameters: Array.from({ length: 60_000 }, () => 'y') }), 'parameters')
  assert.ok(many.call?.truncated)
  assert.ok(JSON.stringify(many).length < 5_000)
})

it('of many statements in one text the first are named', async () => {
  const { call } = await decided(asked({ tags: Array.from({ length: 1_000 }, () => 'SELECT') }), 'parameters')
  assert.match(call?.operation ?? '', /^(SELECT; ){16}984 more$/)
})

it('results are kept where the configuration keeps replies, and nowhere else', async () => {
  const result = { tables: [{ columns: ['a'], rows: [['1'], [null]] }] }
  for (const [level, isKept] of [
    ['metadata', false],
    ['parameters', false],
    ['replies', true],
    ['bodies', true],
  ] as const) {
    const { one, events, clock } = recorder(level)
    clock.advance(5)
    assert.equal(one.resultBytes(asked()), isKept ? 64 : 0)
    const progress: Progress<SqlQuestion> = { principal: TEST_PRINCIPAL, question: asked() }
    await one.outcome('E', progress, { bytesIn: 1, bytesOut: 2, rows: 2, error: '57014', result }, 1_000)
    const [event] = events
    assert.ok(event?.type === 'outcome')
    const { decisionId, durationMs, rows, error } = event
    assert.deepEqual([decisionId, durationMs, rows, error], ['E', 5, 2, '57014'])
    assert.deepEqual(event.result, isKept ? result : undefined)
  }
})

it('strangers, and those whose session was ended, are recorded up to a rate', async () => {
  const { one, events } = recorder('parameters')
  const failed = new GateError('credentials-expired', 'a wrong password')
  await one.refusal('A', {}, FACTS, failed)
  await one.refusal('B', {}, FACTS, failed)
  await one.refusal('C', { principal: TEST_PRINCIPAL }, FACTS, new GateError('session-revoked', 'ended'))
  await one.refusal('D', { principal: TEST_PRINCIPAL, question: asked() }, FACTS, failed)
  assert.deepEqual(
    events.map(({ id }) => id),
    ['A', 'D'],
  )
  const [, refused] = events
  assert.ok(refused?.type === 'decision')
  assert.equal(refused.denial?.code, 'credentials-expired')
  assert.equal(refused.call?.sql?.target, 'orders')
})

it('an answer that people are still to give is recorded by nobody', async () => {
  const { one } = recorder('parameters')
  const decision = { effect: 'ask', statements: [], obligations: [] } as const
  await assert.rejects(one.decision('E', { principal: TEST_PRINCIPAL, question: asked(), decision }, FACTS), {
    code: 'internal',
  })
})

it('a text that reads like bytes is written as bytes: the two are never the same', () => {
  assert.equal(recordedValue('base64:eA=='), `base64:${Buffer.from('base64:eA==').toString('base64')}`)
  assert.notEqual(recordedValue('base64:eA=='), recordedValue(Buffer.from('x')))
})
