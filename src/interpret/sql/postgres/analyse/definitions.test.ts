import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { type SqlStatement, Unresolved } from '../../model.ts'
import { openParser } from '../parse/parser.ts'
import { fixtureCatalog } from './catalog.fixture.ts'
import { understand } from './statement.ts'

const parser = openParser({ after: () => () => undefined })
after(() => parser.close())
const catalog = fixtureCatalog()

async function read(sql: string): Promise<SqlStatement> {
  const parsed = await parser.parse(sql)
  assert.ok(parsed.kind === 'statements', JSON.stringify(parsed))
  const [statement] = parsed.statements
  assert.ok(statement !== undefined)
  return understand(statement.tree, catalog, { searchPath: ['public'] })
}

const of = (set: ReadonlySet<{ relation: string; name: string }>): string =>
  [...set]
    .map(({ relation, name }) => `${relation}.${name}`)
    .sort()
    .join(' ')

/** What a statement asks, what it infers, and what it copies. */
const CASES: readonly (readonly [sql: string, asks: string, inferred: string, copied: string])[] = [
  ['create temp table t (a int)', 'Create pg_temp.t', '', ''],
  ['create table users (a int)', 'Create public.users', '', ''],
  ['create table t (a text default price_of(1))', 'Call public.price_of, Create public.t', '', '*.*'],
  ['create table t (a text references users (ssn))', 'Create public.t, Select public.users', 'users.ssn', ''],
  ['create table t (like users)', 'Create public.t, Select public.users', '', ''],
  ['create table t () inherits (users)', 'Alter public.users, Create public.t', '', ''],
  ["create function f() returns int language sql as 'select 1'", 'Create *.f, Do *.*', '', '*.*'],
  ['create index on users (price_of(ssn))', 'Call public.price_of, Create public.users', 'users.ssn', '*.*'],
  ['create index on users (name)', 'Create public.users', 'users.name', ''],
  [
    'create rule r as on insert to orders do also delete from users',
    'Create public.orders, Delete public.users',
    '',
    '',
  ],
  [
    'create rule r as on insert to orders do instead select ssn from users',
    'Create public.orders, Select public.users',
    '',
    'users.ssn',
  ],
  [
    'create trigger t before insert on orders for each row execute function price_of()',
    'Call public.price_of, Create public.orders',
    '',
    '*.*',
  ],
  ['alter table users rename column ssn to x', 'Alter public.users, Select public.users', '', 'users.ssn'],
  [
    'alter table users rename to x',
    'Alter public.users, Select public.users',
    '',
    'users.email users.id users.manager_id users.name users.ssn',
  ],
  ['alter schema public rename to x', 'Alter *.public, Select *.public', '', '*.*'],
  ['alter function price_of set schema pg_catalog', 'Alter *.price_of', '', '*.*'],
  ['alter table users alter ssn set not null', 'Alter public.users', 'users.ssn', ''],
  ['alter table orders inherit users', 'Alter public.orders, Alter public.users', '', ''],
  ["comment on column users.ssn is 'x'", 'Alter public.users', '', ''],
  ['drop trigger t on users', 'Drop public.users', '', ''],
  ['drop table users cascade', 'Drop *.*, Drop public.users', '', ''],
  ['truncate users cascade', 'Truncate *.*, Truncate public.users', '', ''],
  ['call price_of(1)', 'Call public.price_of', '', '*.*'],
  ["copy users from '/x'", 'Copy *./x, Copy public.users, Insert public.users', '', '*.*'],
]

for (const [sql, asks, inferred, copied] of CASES) {
  test(`${sql}: what it asks and tells`, async () => {
    const statement = await read(sql)
    const touches = statement.touches.map(
      ({ action, object: { schema = '*', name } }) => `${action.slice(4)} ${schema}.${name}`,
    )
    assert.equal(touches.sort().join(', '), asks)
    assert.equal(of(statement.inferred), inferred)
    assert.equal(of(statement.copied), copied)
  })
}

for (const sql of [
  'create schema s create table t (a int)',
  "create table t (a text default set_config('search_path', 'x', false))",
]) {
  test(`${sql}: what it does cannot be told`, async () => {
    await assert.rejects(async () => read(sql), Unresolved)
  })
}

for (const [sql, inferred] of [
  ["select case when ssn = 'x' then 1 else 2 end from users", ''],
  ["select substr('abc', 1, case when ssn = 'x' then -1 else 1 end) from users", 'users.ssn'],
  ["select x from (select case when ssn = 'x' then 1 else 2 end x from users) q", 'users.ssn'],
  ["select case when ssn = 'x' then (select count(*) from orders) end from users", 'users.ssn'],
  ["select coalesce(upper(ssn), '') from users", ''],
  ["select to_json(ssn) ->> 'a' from users", ''],
] as const) {
  test(`${sql}: infers ${inferred === '' ? 'nothing' : inferred}`, async () => {
    assert.equal(of((await read(sql)).inferred), inferred)
  })
}
