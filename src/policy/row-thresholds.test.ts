import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Context, Pair } from '../core/decision.ts'
import { compile } from './compile.ts'
import { decide, type PolicyLayer } from './decide.ts'
import { parsePolicy } from './parse.ts'
import { ROWS_KEY, rowThresholds } from './row-thresholds.ts'

function layer(kind: 'role' | 'boundary', ...statements: object[]): PolicyLayer {
  const text = JSON.stringify({ Version: '2012-10-17', Statement: statements })
  return { kind, name: `the ${kind}`, policies: compile([parsePolicy({ name: `${kind}.json`, text })]) }
}

const TABLE = 'arn:sallyport:sql:r:1:orders/shop/public.orders'
const CHANGE: Pair = { action: 'sql:Delete', resource: TABLE, certainty: 'exact' }
const ALLOW = { Effect: 'Allow', Action: 'sql:*', Resource: 'arn:sallyport:sql:*' }
const NO_KEYS: Context = new Map()

function denyAbove(...rows: (number | string)[]): object {
  return {
    Effect: 'Deny',
    Action: 'sql:Delete',
    Resource: 'arn:sallyport:sql:*',
    Condition: { NumericGreaterThan: { 'sql:RowsAffected': rows.map(String) } },
  }
}

function thresholds(layers: PolicyLayer[], pair: Partial<Pair> = {}): readonly number[] {
  return rowThresholds({ pairs: [{ ...CHANGE, ...pair }], context: NO_KEYS }, layers)
}

describe('the thresholds of rows', () => {
  it('are none where no statement names the key', () => {
    assert.deepEqual(thresholds([layer('role', ALLOW)]), [])
  })

  it('are those of every layer, ascending and once each', () => {
    const layers = [layer('role', ALLOW, denyAbove(100, 7)), layer('boundary', ALLOW, denyAbove(7, 1000))]
    assert.deepEqual(thresholds(layers), [7, 100, 1000])
  })

  it('are none for what the statement is not about', () => {
    const layers = [
      layer('role', ALLOW, { ...denyAbove(5), Resource: 'arn:sallyport:sql:*:*:orders/shop/private.*' }),
    ]
    assert.deepEqual(thresholds(layers), [])
    assert.deepEqual(thresholds(layers, { action: 'sql:Select' }), [])
    const unknown = { resource: 'arn:sallyport:sql:r:1:orders/shop/*.orders', certainty: 'any' } as const
    assert.deepEqual(thresholds(layers, unknown), [5])
  })

  it('count what is no number as 0, the key in any case, in conditions and in variables', () => {
    const withCondition = (Condition: object): PolicyLayer[] => [
      layer('role', ALLOW, { ...denyAbove(1), Condition }),
    ]
    assert.deepEqual(thresholds(withCondition({ Null: { 'SQL:rowsaffected': 'false' } })), [0])
    assert.deepEqual(thresholds(withCondition({ StringLike: { 'sql:RowsAffected': '1??' } })), [0])
    const inVariable = { StringEquals: { 'aws:PrincipalTag/most': '${sql:RowsAffected}' } }
    assert.deepEqual(thresholds(withCondition(inVariable)), [0])
  })

  it('with their neighbours and 0 tell every answer that there can be', () => {
    const conditions = fc.array(
      fc.record({
        operator: fc.constantFrom(
          'NumericGreaterThan',
          'NumericLessThanEquals',
          'NumericEquals',
          'NumericNotEquals',
        ),
        rows: fc.integer({ min: 0, max: 30 }),
        effect: fc.constantFrom('Allow', 'Deny'),
      }),
      { minLength: 1, maxLength: 5 },
    )
    fc.assert(
      fc.property(conditions, fc.integer({ min: 0, max: 40 }), (all, rows) => {
        const statements = all.map(({ operator, rows: bound, effect }) => ({
          Effect: effect,
          Action: 'sql:Delete',
          Resource: '*',
          Condition: { [operator]: { 'sql:RowsAffected': String(bound) } },
        }))
        const layers = [layer('role', ...statements)]
        const answer = (count: number): string =>
          decide({ pairs: [CHANGE], context: new Map([[ROWS_KEY, [String(count)]]]) }, layers).effect
        const candidates = [0, ...thresholds(layers).flatMap(t => [t - 1, t, t + 1])].filter(
          count => count >= 0,
        )
        assert.ok(candidates.some(count => answer(count) === answer(rows)))
      }),
    )
  })
})
