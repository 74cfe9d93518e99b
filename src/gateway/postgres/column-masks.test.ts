import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Decision, Obligation } from '../../core/decision.ts'
import { ANY_COLUMN, type Output, type SqlStatement } from '../../interpret/sql/model.ts'
import type { Column } from '../../wire/postgres/messages.ts'
import { withMasks } from '../sql/masks.ts'
import { unknown } from '../sql/understood.ts'
import { columnMasks } from './column-masks.ts'
import { understoodAs } from './understanding.ts'

const PLACE = { region: 'r', account: '1', target: 't', database: 'd' }
const SSN = { schema: 'public', relation: 'people', name: 'ssn' }
const NAME = { schema: 'public', relation: 'people', name: 'name' }
const RULES = [{ columns: ['people.ssn'], as: 'full' }] as const
const KEY = Buffer.alloc(32)
const text = (name: string): Column => ({
  ...{ name, table: 0, attribute: 0, type: 25, typeSize: -1, typeModifier: -1, format: 0 },
})
const masked = (columns: readonly Column[], output: Output | undefined): boolean[] | undefined =>
  columnMasks(columns, output, RULES, KEY)?.map(mask => mask !== undefined)

const STATEMENT: SqlStatement = {
  tag: 'SELECT',
  touches: [],
  functions: new Set(),
  inferred: new Set(),
  copied: new Set(),
  effects: [],
}
const MASK: Obligation = {
  kind: 'mask',
  fields: [],
  columns: ['people.ssn'],
  detect: [],
  as: 'full',
  otherObjects: 'deny',
  from: { policy: 'p', statement: 's', effect: 'Mask' },
}
const ALLOW: Decision = { effect: 'allow', statements: [], obligations: [MASK] }
const decided = (statement: Partial<SqlStatement>, decision = ALLOW): Decision =>
  withMasks(decision, understoodAs({ ...STATEMENT, ...statement }, PLACE), 'postgres')

describe('masks of a result', () => {
  const known: Output = {
    columns: [
      { name: 'a', from: new Set([SSN]) },
      { name: 'b', from: new Set([NAME]) },
    ],
  }

  it('follow where each column comes from', () => {
    assert.deepEqual(masked([text('a'), text('b')], known), [true, false])
    assert.equal(masked([text('b')], { columns: [{ name: 'b', from: new Set([NAME]) }] }), undefined)
  })

  it('are on every column where the server describes another result than was understood', () => {
    assert.deepEqual(masked([text('a')], known), [true])
    assert.deepEqual(masked([text('a'), text('b'), text('c')], known), [true, true, true])
    assert.deepEqual(masked([text('a')], undefined), [true])
  })

  it('are on every column where nobody knows how many there are', () => {
    assert.deepEqual(masked([text('a'), text('b')], { columns: [], open: new Set([SSN]) }), [true, true])
    assert.deepEqual(masked([text('a'), text('b')], { columns: known.columns, open: new Set() }), [
      true,
      true,
    ])
    assert.deepEqual(masked([text('a')], { columns: [], open: new Set([ANY_COLUMN]) }), [true])
    assert.equal(masked([text('a')], { columns: [], open: new Set() }), undefined)
  })
})

describe('a decision with masks', () => {
  it('denies what would tell of a masked value otherwise', () => {
    const select = { action: 'sql:Select', columns: new Set(['ssn']) } as const
    const people = { ...select, object: { kind: 'relation', schema: 'public', name: 'people' } } as const
    const call = {
      action: 'sql:Call',
      object: { kind: 'function', name: 'f' },
      columns: new Set<string>(),
    } as const
    assert.equal(decided({ output: { columns: [{ name: 'a', from: new Set([SSN]) }] } }).effect, 'allow')
    assert.equal(decided({ inferred: new Set([SSN]) }).effect, 'deny')
    assert.equal(decided({ inferred: new Set([NAME]) }).effect, 'allow')
    assert.equal(decided({ copied: new Set([ANY_COLUMN]) }).effect, 'deny')
    assert.equal(
      decided({ tag: 'COPY', output: { columns: [{ name: 'a', from: new Set([SSN]) }] } }).effect,
      'deny',
    )
    assert.equal(decided({ touches: [people] }).effect, 'allow')
    // What functions of PostgreSQL are given is among what is copied; those of MySQL may be given anything.
    const called = understoodAs({ ...STATEMENT, touches: [people, call] }, PLACE)
    assert.equal(withMasks(ALLOW, called, 'mysql').effect, 'deny')
  })

  it('denies where a mask holds that no result of SQL can be held to', () => {
    const fields = { ...ALLOW, obligations: [{ ...MASK, columns: [], fields: ['SecretString'] }] }
    assert.match(decided({}, fields).denial?.reason ?? '', /names fields of replies/)
    const detects = { ...ALLOW, obligations: [{ ...MASK, columns: [], detect: ['email-address'] }] }
    assert.equal(decided({}, detects).effect, 'allow')
    const copy = { tag: 'COPY', output: { columns: [{ name: 'a', from: new Set([SSN]) }] } }
    assert.equal(decided(copy, detects).effect, 'deny')
  })

  it('says why a text cannot be told', () => {
    const denial = { kind: 'implicit', reason: 'nothing allows it' } as const
    const decision = withMasks({ ...ALLOW, effect: 'deny', denial }, unknown('a riddle', PLACE), 'postgres')
    assert.equal(decision.denial?.reason, 'nothing allows it; a riddle')
  })
})
