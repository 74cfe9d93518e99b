import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ANY_CHARACTER } from '../../../test/harness/any-character.ts'
import { contextOf, encodeName, pairsOf } from './ask.ts'
import { ANY_COLUMN, type SqlObject, type SqlStatement, type Touch } from './model.ts'

const PLACE = { region: 'eu-west-1', account: '111122223333', target: 'orders', database: 'shop' }
const BASE = 'arn:sallyport:sql:eu-west-1:111122223333:orders/shop'

function statement(touches: readonly Touch[], rest: Partial<SqlStatement> = {}): SqlStatement {
  const nothing = new Set<never>()
  return {
    tag: 'SELECT',
    touches,
    functions: nothing,
    inferred: nothing,
    copied: nothing,
    effects: [],
    ...rest,
  }
}

function touch(
  object: SqlObject,
  action: Touch['action'] = 'sql:Select',
  columns: readonly string[] = [],
): Touch {
  return { action, object, columns: new Set(columns) }
}

test('what a statement touches is asked for, each by its action and resource', () => {
  const pairs = pairsOf(
    statement([
      touch({ kind: 'relation', schema: 'public', name: 'users' }, 'sql:Select', ['ssn', 'id']),
      touch({ kind: 'function', schema: 'public', name: 'f' }, 'sql:Call'),
      touch({ kind: 'setting', name: 'search_path' }, 'sql:Set'),
      touch({ kind: 'program', name: 'rm -rf /' }, 'sql:Copy'),
      touch({ kind: 'database', name: '*' }, 'sql:Do'),
    ]),
    PLACE,
  )
  assert.deepEqual(
    pairs.map(({ action, resource, certainty }) => `${action} ${resource.slice(BASE.length)} ${certainty}`),
    [
      'sql:Select /public.users exact',
      'sql:Call /public.f exact',
      'sql:Set /setting:search_path exact',
      'sql:Copy /program:rm -rf %2F exact',
      'sql:Do  exact',
    ],
  )
  assert.deepEqual(pairs[0]?.context?.get('sql:columns'), ['id', 'ssn'])
})

test('what may be several things is asked for as any of them', () => {
  const [table, schema] = pairsOf(
    statement([
      touch({ kind: 'relation', name: 't' }, 'sql:Drop'),
      touch({ kind: 'schema', name: 's' }, 'sql:Grant'),
    ]),
    PLACE,
  )
  assert.deepEqual([table?.resource, table?.certainty], [`${BASE}/*.t`, 'any'])
  assert.deepEqual([schema?.resource, schema?.certainty], [`${BASE}/s.*`, 'any'])
})

test('a statement that touches nothing asks to be run in the database', () => {
  assert.deepEqual(pairsOf(statement([]), PLACE), [
    { action: 'sql:Select', resource: BASE, certainty: 'exact' },
  ])
})

test('no name reads as a pattern, a border or another name', () => {
  fc.assert(
    fc.property(fc.string({ unit: ANY_CHARACTER }), fc.string({ unit: ANY_CHARACTER }), (a, b) => {
      assert.doesNotMatch(encodeName(a), /[*?./:]/)
      if (a.toWellFormed() !== b.toWellFormed()) assert.notEqual(encodeName(a), encodeName(b))
    }),
  )
})

test('the context names tables, columns, functions, and whether there is a condition', () => {
  const context = contextOf(
    statement([touch({ kind: 'relation', schema: 'public', name: 'users' }, 'sql:Delete', ['id'])], {
      hasWhere: false,
      functions: new Set(['pg_catalog.lower']),
    }),
  )
  assert.deepEqual(Object.fromEntries(context), {
    'sql:haswhere': ['false'],
    'sql:tables': ['public.users'],
    'sql:columns': ['public.users.id'],
    'sql:functions': ['pg_catalog.lower'],
  })
})

test('masks for what may be read hold for calls, changes and what comes from anywhere', () => {
  const shows = (statement: SqlStatement): string[] =>
    pairsOf(statement, PLACE).flatMap(pair =>
      (pair.shows ?? []).map(each => `${each.action} ${each.resource.slice(BASE.length)} ${each.certainty}`),
    )
  const users = { kind: 'relation', schema: 'public', name: 'users' } as const
  const any = new Set([ANY_COLUMN])
  assert.deepEqual(shows(statement([touch(users)])), [])
  assert.deepEqual(shows(statement([touch(users, 'sql:Delete')])), ['sql:Select /public.users exact'])
  const call = touch({ kind: 'function', schema: 'public', name: 'f' }, 'sql:Call')
  assert.deepEqual(shows(statement([call])), ['sql:Select /* any'])
  assert.deepEqual(shows(statement([touch(users)], { output: { columns: [], open: any } })), [
    'sql:Select /* any',
  ])
  assert.deepEqual(shows(statement([], { copied: any })), ['sql:Select /* any'])
})
