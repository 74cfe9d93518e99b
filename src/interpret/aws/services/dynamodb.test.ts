import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { asked, lines } from './asked.fixture.ts'
import { readPartiql } from './partiql.ts'

const table = (name: string): string => `arn:aws:dynamodb:us-east-1:111122223333:table/${name}`

test('a table goes by its name or its ARN, a read through an index by the index', () => {
  assert.deepEqual(lines('dynamodb', 'GetItem', { TableName: 'orders' }), [
    `dynamodb:GetItem ${table('orders')}`,
  ])
  assert.deepEqual(lines('dynamodb', 'Query', { TableName: 'orders', IndexName: 'by-day' }), [
    `dynamodb:Query ${table('orders')}/index/by-day`,
  ])
  const far = 'arn:aws:dynamodb:eu-west-1:444455556666:table/orders'
  assert.deepEqual(lines('dynamodb', 'Scan', { TableName: far }), [`dynamodb:Scan ${far}`])
  assert.deepEqual(lines('dynamodb', 'Scan', { TableName: 'orders/index/x' }), ['dynamodb:Scan * (any)'])
})

test('batches and transactions ask for every table', () => {
  assert.deepEqual(lines('dynamodb', 'BatchGetItem', { RequestItems: { a: {}, b: {} } }), [
    `dynamodb:BatchGetItem ${table('a')}`,
    `dynamodb:BatchGetItem ${table('b')}`,
  ])
  const items = [
    { Put: { TableName: 'a' } },
    { ConditionCheck: { TableName: 'b' } },
    { Delete: { TableName: 'a' } },
  ]
  assert.deepEqual(lines('dynamodb', 'TransactWriteItems', { TransactItems: items }), [
    `dynamodb:PutItem ${table('a')}`,
    `dynamodb:ConditionCheckItem ${table('b')}`,
    `dynamodb:DeleteItem ${table('a')}`,
  ])
  const [pair] = asked('dynamodb', 'TransactWriteItems', { TransactItems: items }).pairs
  assert.deepEqual(pair?.context?.get('dynamodb:enclosingoperation'), ['TransactWriteItems'])
})

test('a transaction of nothing is not mapped', () => {
  assert.throws(() => lines('dynamodb', 'TransactGetItems', { TransactItems: [] }), {
    code: 'operation-unmapped',
  })
})

test('PartiQL asks for what its statements do', () => {
  const cases: readonly (readonly [statement: string, pair: string])[] = [
    ['SELECT * FROM orders', `dynamodb:PartiQLSelect ${table('orders')}`],
    [
      `select a, b from "orders"."by-day" where x = 'FROM secrets'`,
      `dynamodb:PartiQLSelect ${table('orders')}/index/by-day`,
    ],
    [`INSERT INTO "orders" VALUE {'id': '1', 'n': 2.5}`, `dynamodb:PartiQLInsert ${table('orders')}`],
    [`UPDATE orders SET a = 'it''s' WHERE id = ?`, `dynamodb:PartiQLUpdate ${table('orders')}`],
    [`DELETE FROM orders WHERE id = '1';`, `dynamodb:PartiQLDelete ${table('orders')}`],
    [
      `EXISTS(SELECT * FROM orders WHERE id = '1' AND size(x) > 1)`,
      `dynamodb:PartiQLSelect ${table('orders')}`,
    ],
  ]
  for (const [statement, pair] of cases) {
    assert.deepEqual(lines('dynamodb', 'ExecuteStatement', { Statement: statement }), [pair], statement)
  }
})

test('PartiQL that could mean more than one table or statement is refused', () => {
  const statements = [
    '',
    'SELECT 1',
    'SELECT * FROM a, b',
    'SELECT * FROM a b',
    'SELECT * FROM a JOIN b ON 1 = 1',
    'SELECT * FROM a WHERE id IN (SELECT id FROM b)',
    'SELECT * FROM a; DELETE FROM b WHERE id = 1',
    'SELECT (SELECT x FROM b) FROM a',
    'SELECT * FROM a -- FROM b',
    'SELECT * /* x */ FROM a',
    'SELECT * FROM "a',
    `SELECT * FROM 'a'`,
    'SELECT * FROM a.b.c',
    'SELECT * FROM `a`',
    'DELETE a WHERE id = 1',
    'UPDATE a.b SET x = 1',
    'WITH x AS (SELECT * FROM b) SELECT * FROM a',
    'EXISTS(DELETE FROM a WHERE id = 1)',
    'EXISTS(SELECT * FROM a',
    'DROP TABLE a',
    'SELECT * FROM a\u00a0b',
  ]
  for (const statement of statements) {
    assert.throws(() => readPartiql(statement), { code: 'partiql-unclear' }, statement)
  }
})

test('whatever is in a text value, the table stays the one that is named', () => {
  fc.assert(
    fc.property(fc.string(), text => {
      fc.pre(text.length < 2000)
      const statement = `SELECT * FROM orders WHERE id = '${text.replaceAll("'", "''")}'`
      assert.deepEqual(readPartiql(statement), { kind: 'Select', table: 'orders' })
    }),
  )
})

test('any text is read or refused, and never anything else', () => {
  const piece = fc.constantFrom(
    'SELECT',
    'FROM',
    '*',
    'a',
    '"b"',
    "'c'",
    '(',
    ')',
    ';',
    '--',
    ',',
    '.',
    'EXISTS',
    'DELETE',
  )
  fc.assert(
    fc.property(fc.array(piece), pieces => {
      try {
        readPartiql(pieces.join(' '))
      } catch (error) {
        assert.equal(error instanceof Error && 'code' in error && error.code, 'partiql-unclear')
      }
    }),
  )
})
