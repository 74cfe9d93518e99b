import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { DecisionEvent, OutcomeEvent, RecordedResult } from './event.ts'
import { fitEvent } from './fit.ts'

const LIMIT = 16_384

const asked = (text: string, parameters: Record<string, string>, pairs = 1): DecisionEvent => ({
  type: 'decision',
  id: 'd',
  timeMs: 1,
  clientAddress: '192.0.2.1',
  call: {
    service: 'sql',
    operation: 'SELECT',
    region: 'r',
    parameters,
    redacted: [],
    truncated: false,
    pairs: Array.from({ length: pairs }, (_, i) => ({
      action: 'sql:Select',
      resource: `arn:sallyport:sql:r:1:t/d/public.t${i}`,
      certainty: 'exact',
    })),
    sql: {
      engine: 'postgres',
      target: 't',
      database: 'd',
      message: 'Query',
      text,
      normalized: text,
      fingerprint: '0123456789abcdef',
    },
  },
  effect: 'allow',
  statements: [],
})

const ended = (result: RecordedResult): OutcomeEvent => ({
  type: 'outcome',
  id: 'o',
  timeMs: 2,
  decisionId: 'd',
  bytesIn: 1,
  bytesOut: 2,
  durationMs: 3,
  result,
})

test('a decision fits however long its text, its parameters and its objects are, and says so', () => {
  const lengths = fc.integer({ min: 0, max: 400_000 })
  const character = fc.constantFrom('x', 'é', '\u0001', '\u{1f600}', '"')
  fc.assert(
    fc.property(lengths, lengths, fc.integer({ min: 1, max: 2_000 }), character, (a, b, pairs, what) => {
      const event = asked(what.repeat(a), { $1: what.repeat(b) }, pairs)
      const { event: fitted, bytes } = fitEvent(event, LIMIT)
      assert.ok(bytes <= LIMIT)
      assert.ok(fitted.type === 'decision')
      const isCut = JSON.stringify(fitted) !== JSON.stringify(event)
      assert.equal(fitted.call?.truncated, isCut)
      assert.equal(fitted.call?.sql?.fingerprint, '0123456789abcdef')
    }),
    { numRuns: 20 },
  )
})

test('of a text as long as that the beginning is kept, and how much is missing', () => {
  const { event } = fitEvent(asked('select 1 '.repeat(1_000_000), {}), LIMIT)
  assert.ok(event.type === 'decision')
  assert.match(event.call?.sql?.text ?? '', /^select 1 select 1 .*<\d+ characters left out>$/)
})

test('a result fits: its first rows are kept', () => {
  const size = fc.integer({ min: 0, max: 40_000 })
  fc.assert(
    fc.property(
      size,
      fc.integer({ min: 1, max: 3_000 }),
      fc.integer({ min: 1, max: 50 }),
      (long, rows, tables) => {
        const result: RecordedResult = {
          tables: Array.from({ length: tables }, () => ({
            columns: ['a', 'b'],
            rows: Array.from({ length: rows }, () => ['x'.repeat(long / rows), null]),
          })),
        }
        const { event, bytes } = fitEvent(ended(result), LIMIT)
        assert.ok(bytes <= LIMIT)
        assert.ok(event.type === 'outcome' && event.result !== undefined)
        const isCut = JSON.stringify(event.result.tables) !== JSON.stringify(result.tables)
        assert.equal(event.result.cut !== undefined, isCut)
      },
    ),
    { numRuns: 20 },
  )
})
