import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Relation, SchemaCatalog } from '../../interpret/sql/model.ts'
import { unknown } from '../sql/understood.ts'
import { leadsElsewhere, mergedCatalog, sameMeaning } from './meaning.ts'

const PLACE = { region: 'r', account: '1', target: 't', database: 'd' }

function table(name: string, ...columns: string[]): Relation {
  const schema = 'public'
  return {
    ...{ schema, name, kind: 'table', children: [] },
    columns: columns.map(column => ({ schema, relation: name, name: column })),
  }
}

function catalogOf(...relations: Relation[]): SchemaCatalog {
  return {
    version: '1',
    relation: (_schema, name) => relations.find(each => each.name === name),
    functions: () => [],
    isOwnOperator: () => false,
    isOwnType: () => false,
    hasSchema: () => true,
  }
}

test('what means the same was written the same, whatever it was read by', () => {
  assert.equal(sameMeaning(unknown('a', PLACE), unknown('a', PLACE)), true)
  assert.equal(sameMeaning(unknown('a', PLACE), unknown('b', PLACE)), false)
  const plain = unknown('a', PLACE)
  const [statement] = plain.statements
  assert.ok(statement)
  const inferring = { ...statement, inferred: new Set([{ schema: 's', relation: 't', name: 'c' }]) }
  assert.equal(sameMeaning(plain, { ...plain, statements: [inferring] }), false)
})

test('what a session has of its own stays, and the rest is as others have made it', () => {
  const own = catalogOf(table('mine', 'a'), table('changed', 'mine'), table('both', 'a'))
  const before = catalogOf(table('changed', 'a'), table('gone', 'a'), table('both', 'a'))
  const now = catalogOf(table('changed', 'theirs'), table('both', 'b'), table('gone', 'a'), table('new', 'a'))
  const merged = mergedCatalog(own, before, now)
  const columns = (name: string): string | undefined =>
    merged
      .relation('public', name)
      ?.columns.map(column => column.name)
      .join()
  assert.equal(columns('mine'), 'a')
  assert.equal(columns('changed'), 'mine')
  assert.equal(columns('both'), 'b')
  assert.equal(columns('new'), 'a')
  assert.equal(columns('gone'), undefined)
})

test('a path leads elsewhere where a schema is another that it may name', () => {
  const paths = (schemas: object): string => JSON.stringify({ '': '2026-01-01', ...schemas })
  const before = paths({ public: '1', evil: '2' })
  assert.equal(leadsElsewhere('a, public me', before, before), false)
  assert.equal(leadsElsewhere('a, public me', before, paths({ public: '1', evil: '2', fresh: '3' })), false)
  assert.equal(
    leadsElsewhere('FRESH, public me', before, paths({ public: '1', evil: '2', fresh: '3' })),
    true,
  )
  assert.equal(leadsElsewhere('"$user", public me', before, paths({ public: '1', evil: '2', me: '3' })), true)
  assert.equal(leadsElsewhere('"a""b" me', before, paths({ public: '1', evil: '2', 'a"b': '3' })), true)
  assert.equal(leadsElsewhere('evil me', before, paths({ public: '1' })), true)
  assert.equal(leadsElsewhere('evil me', before, paths({ public: '1', evil: '2 revoked' })), true)
  assert.equal(
    leadsElsewhere('evil me', before, JSON.stringify({ '': 'later', public: '1', evil: '2' })),
    false,
  )
})
