import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TEST_PRINCIPAL } from '../../policy/testing.ts'
import type { RecordedResult } from '../../record/event.ts'
import { keptResultOf } from './own-values.ts'
import type { Engine, SqlParameter, SqlQuestion } from './ports.ts'

function question(
  sql: string,
  parameters: readonly SqlParameter[],
  isSecret: boolean,
  engine: Engine,
): SqlQuestion {
  return {
    request: { principal: TEST_PRINCIPAL, pairs: [], context: new Map() },
    engine,
    place: { region: 'r', account: '1', target: 't', database: 'd' },
    text: { message: 'Query', sql, tags: ['SELECT'], parameters },
    isSecret,
  }
}

function kept(
  sql: string,
  row: readonly SqlParameter[],
  parameters: readonly SqlParameter[] = [],
  isSecret = true,
): unknown {
  const results = (['postgres', 'mysql'] as const).map(engine => {
    const result = keptResultOf(question(sql, parameters, isSecret, engine), { resultBytes: () => 10_000 })
    result.begin(row.map(() => 'c'))
    result.row(row)
    return result.result
  })
  assert.deepEqual(results[0], results[1], sql)
  return (results[0] as RecordedResult | undefined)?.tables[0]?.rows[0]
}

const HIDDEN = '<redacted>'

test('what a client said in secret is not told by a result that repeats it', () => {
  assert.deepEqual(kept("select 'canary-1', 'x'", ['canary-1', 'of canary-1', 'y']), [HIDDEN, HIDDEN, 'y'])
  assert.deepEqual(kept("select 'it''s'", ["it's"]), [HIDDEN])
  assert.deepEqual(kept('select 42', ['42', '420']), [HIDDEN, '420'])
  assert.deepEqual(kept('select ?', ['canary-2', null], ['canary-2']), [HIDDEN, null])
  assert.deepEqual(kept('select ?', ['canary-2'], [Buffer.from('canary-2')]), [HIDDEN])
  const bytes = Buffer.from([255, 254, 253, 252])
  assert.deepEqual(kept('select ?', [bytes], [bytes]), [HIDDEN])
})

test('nor is it told by the name of a column, or by what its digits stand for', () => {
  const secret = question("select concat(a, 'x9'), 0x63616e617279, x'63616e61'", [], true, 'mysql')
  const result = keptResultOf(secret, { resultBytes: () => 10_000 })
  result.begin(["concat(a, 'x9')", '0x63616e617279', 'b', 'c'])
  result.row(['y', 'canary', 'of cana', 'z'])
  assert.deepEqual(result.result?.tables, [
    { columns: [HIDDEN, HIDDEN, 'b', 'c'], rows: [['y', HIDDEN, HIDDEN, 'z']] },
  ])
})

test('what is no secret is kept as it came', () => {
  assert.deepEqual(kept("select 'canary-1'", ['canary-1'], [], false), ['canary-1'])
})

test('a result of what was named in an earlier text is not kept, and it is said so', () => {
  const secret = question('execute p', [], true, 'postgres')
  const result = keptResultOf(
    { ...secret, text: { ...secret.text, tags: ['EXECUTE'] } },
    { resultBytes: () => 10_000 },
  )
  assert.equal(result.isOpen, false)
  assert.match(result.result?.cut ?? '', /not kept: it might repeat/)
})

test('where there are too many constants to tell them from results, no result is kept', () => {
  assert.equal(kept(`select ${'1, '.repeat(300)} 2`, ['3']), undefined)
})
