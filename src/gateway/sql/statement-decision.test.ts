import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Decision, Demand, StatementRef } from '../../core/decision.ts'
import type { SqlAction, SqlStatement } from '../../interpret/sql/model.ts'
import { TEST_PRINCIPAL } from '../../policy/testing.ts'
import { decideStatement, metBy } from './statement-decision.ts'
import { asked, type Understood } from './understood.ts'

const PLACE = { region: 'r', account: '1', target: 't', database: 'd' }
const ASKS: StatementRef = { policy: 'p', statement: 'Asks', effect: 'RequireApproval' }
const ASKS_MANY: StatementRef = { policy: 'p', statement: 'AsksMany', effect: 'RequireApproval' }
const ALLOW: Decision = { effect: 'allow', statements: [], obligations: [] }
const DENY: Decision = {
  effect: 'deny',
  statements: [],
  obligations: [],
  denial: { kind: 'explicit', reason: 'too many' },
}
const demand = (statement: StatementRef): Demand => {
  return { statement, from: ['group/x'], count: 1, validForMs: 1, uses: 1, holdMs: 1 }
}
const ask = (...statements: StatementRef[]): Decision => {
  return { effect: 'ask', statements, obligations: [], demands: statements.map(demand) }
}

function text(action: SqlAction, tag: string, changes?: number): Understood {
  const statement: SqlStatement = {
    tag,
    touches: [{ action, object: { kind: 'relation', schema: 's', name: 't' }, columns: new Set() }],
    functions: new Set(),
    inferred: new Set(),
    copied: new Set(),
    effects: [],
    ...(changes === undefined ? {} : { changes }),
  }
  return asked([statement], 'nothing', PLACE)
}

const DELETE = text('sql:Delete', 'DELETE', 1)

function decided(answer: (rows: number | undefined) => Decision, more: object = {}, thresholds = [10]) {
  const understood = DELETE
  const request = { principal: TEST_PRINCIPAL, pairs: understood.pairs, context: understood.context }
  return decideStatement(
    { request, understood, engine: 'postgres', ...more },
    {
      decide: ({ context }) => {
        const [rows] = context.get('sql:rowsaffected') ?? []
        return answer(rows === undefined ? undefined : Number(rows))
      },
      rowThresholds: () => thresholds,
    },
  )
}

describe('a decision that hangs on rows', () => {
  it('is not waited for where no policy names them, or nothing is changed', () => {
    assert.equal(decided(() => ALLOW, {}, []).isCounted, false)
    const select = { understood: text('sql:Select', 'SELECT') }
    assert.equal(decided(rows => (rows === undefined ? ALLOW : DENY), select).decision, ALLOW)
  })

  it('is a denial at once where no number would pass', () => {
    const { decision, isCounted } = decided(() => DENY)
    assert.equal(decision.effect, 'deny')
    assert.equal(isCounted, false)
  })

  it('is a denial where nobody tells the number, or the engine cannot hold', () => {
    const few = (rows = 0): Decision => (rows > 10 ? DENY : ALLOW)
    for (const understood of [
      text('sql:Truncate', 'TRUNCATE TABLE'),
      text('sql:Delete', 'SELECT', 1),
      text('sql:Delete', 'DELETE', 2),
      text('sql:Unknown', 'UNKNOWN'),
      asked([...DELETE.statements, ...DELETE.statements], 'nothing', PLACE),
    ]) {
      assert.match(decided(few, { understood }).decision.denial?.reason ?? '', /sql:RowsAffected/)
    }
    assert.equal(decided(few).isCounted, true)
  })

  it('asks before it runs for what every number asks, and behind it for the rest', () => {
    const answer = (rows = 0): Decision => (rows > 10 ? ask(ASKS, ASKS_MANY) : ask(ASKS))
    const { decision } = decided(answer)
    assert.deepEqual(decision.demands, [demand(ASKS)])
    const grant = { requestId: 'r', by: [], kind: 'call' } as const
    const met = metBy({ effect: 'allow', statements: decision.statements, obligations: [], grant })
    assert.equal(decided(answer, { rows: 5, ...(met && { met }) }).decision.effect, 'allow')
    const many = decided(answer, { rows: 11, ...(met && { met }) }).decision
    assert.deepEqual(many.demands, [demand(ASKS_MANY)])
  })

  it('never passes with a number that the policies deny, whatever was said before', () => {
    const any = fc.constantFrom<Decision>(ALLOW, DENY, ask(ASKS), ask(ASKS, ASKS_MANY), ask(ASKS_MANY))
    fc.assert(
      fc.property(any, any, fc.nat({ max: 20 }), (few, many, rows) => {
        const answer = (count = 0): Decision => (count > 10 ? many : few)
        const before = decided(answer).decision
        if (before.effect === 'deny') return
        const grant = { requestId: 'r', by: [], kind: 'call' } as const
        const met = before.effect === 'ask' ? metBy({ ...before, grant }) : undefined
        const after = decided(answer, { rows, ...(met && { met }) }).decision
        const truth = answer(rows)
        if (truth.effect === 'deny') assert.equal(after.effect, 'deny')
        const settled = new Set((before.demands ?? []).map(({ statement }) => statement.statement))
        const open = (truth.demands ?? []).filter(({ statement }) => !settled.has(statement.statement))
        assert.equal(after.effect === 'ask', open.length > 0)
      }),
    )
  })
})
