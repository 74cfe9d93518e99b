import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { type SqlStatement, Unresolved } from '../../model.ts'
import { openParser } from '../parse/parser.ts'
import { fixtureCatalog } from './catalog.fixture.ts'
import { understand } from './statement.ts'

const parser = openParser({ after: () => () => undefined })
after(() => parser.close())

async function treeOf(sql: string) {
  const parsed = await parser.parse(sql)
  assert.ok(parsed.kind === 'statements', JSON.stringify(parsed))
  const [statement] = parsed.statements
  assert.ok(statement !== undefined)
  return statement.tree
}

const catalog = fixtureCatalog({
  views: {
    'public.people': {
      columns: ['id', 'label', 'secret'],
      definition: await treeOf(
        "select u.id, u.name || '!', u.ssn from public.users u where u.email is not null",
      ),
    },
    'public.nested': { columns: ['x'], definition: await treeOf('select secret from public.people') },
  },
})

async function read(sql: string, searchPath: readonly string[] = ['public']): Promise<SqlStatement> {
  return understand(await treeOf(sql), catalog, { searchPath })
}

/** `column <- origins` for each column of the result, and what is inferred and copied. */
async function lineage(sql: string, searchPath?: readonly string[]): Promise<string> {
  const { output, inferred, copied } = await read(sql, searchPath)
  const of = (set: ReadonlySet<{ schema: string; relation: string; name: string }>): string =>
    [...set]
      .map(({ relation, name }) => `${relation}.${name}`)
      .sort()
      .join(' ')
  const columns = (output?.columns ?? []).map(({ name, from }) => `${name}<-${of(from)}`)
  if (output?.open !== undefined) columns.push(`*<-${of(output.open)}`)
  return `${columns.join(', ')}; inferred: ${of(inferred)}; copied: ${of(copied)}`
}

const CASES: readonly (readonly [string, string])[] = [
  ['select ssn from users', 'ssn<-users.ssn; inferred: ; copied: '],
  ['select u.ssn x from users u', 'x<-users.ssn; inferred: ; copied: '],
  ['select 1', '?column?<-; inferred: ; copied: '],
  [
    'select id, upper(ssn), name || ssn y from users',
    'id<-users.id, upper<-users.ssn, y<-users.name users.ssn; inferred: ; copied: ',
  ],
  [
    'select * from orders',
    'id<-orders.id, user_id<-orders.user_id, total<-orders.total, note<-orders.note; inferred: ; copied: ',
  ],
  [
    'select u.* from users u where false',
    'id<-users.id, name<-users.name, email<-users.email, ssn<-users.ssn, manager_id<-users.manager_id; inferred: ; copied: ',
  ],
  [
    'select u from users u',
    'u<-users.email users.id users.manager_id users.name users.ssn; inferred: ; copied: ',
  ],
  [
    'select row_to_json(u) from users u',
    'row_to_json<-users.email users.id users.manager_id users.name users.ssn; inferred: ; copied: ',
  ],
  [
    'select ssn(u) from users u',
    'ssn<-users.email users.id users.manager_id users.name users.ssn; inferred: ; copied: ',
  ],
  [
    'select (u).ssn from users u',
    'ssn<-users.email users.id users.manager_id users.name users.ssn; inferred: ; copied: ',
  ],
  ['select id from users where ssn = $1', 'id<-users.id; inferred: users.ssn; copied: '],
  ['select id from users order by ssn', 'id<-users.id; inferred: users.ssn; copied: '],
  ['select ssn s from users order by s', 's<-users.ssn; inferred: users.ssn; copied: '],
  [
    'select name, ssn from users order by 2',
    'name<-users.name, ssn<-users.ssn; inferred: users.ssn; copied: ',
  ],
  ['select count(*) from users group by ssn', 'count<-; inferred: users.ssn; copied: '],
  ['select count(*) from users group by 1 having max(ssn) > $1', 'count<-; inferred: users.ssn; copied: '],
  ['select distinct ssn from users', 'ssn<-users.ssn; inferred: users.ssn; copied: '],
  ['select distinct on (ssn) id from users', 'id<-users.id; inferred: users.ssn; copied: '],
  [
    'select ssn from users union all select note from orders',
    'ssn<-orders.note users.ssn; inferred: ; copied: ',
  ],
  ['select ssn from users intersect select $1', 'ssn<-users.ssn; inferred: users.ssn; copied: '],
  ['select ssn::int from users', 'ssn<-users.ssn; inferred: users.ssn; copied: '],
  ['select ssn::text from users', 'ssn<-users.ssn; inferred: ; copied: '],
  [
    "select case when ssn like '1%' then 1 / 0 end from users",
    'case<-users.ssn; inferred: users.ssn; copied: ',
  ],
  [
    "select case when ssn = '1' then 'a' else name end c from users",
    'c<-users.name users.ssn; inferred: ; copied: ',
  ],
  ['select (select ssn from users limit 1) from orders', 'ssn<-users.ssn; inferred: ; copied: '],
  [
    'select exists(select from users u where u.ssn = o.note) from orders o',
    'exists<-; inferred: orders.note users.ssn; copied: ',
  ],
  ['select array(select ssn from users)', 'array<-users.ssn; inferred: ; copied: '],
  [
    'select id from orders where note in (select ssn from users)',
    'id<-orders.id; inferred: orders.note users.ssn; copied: ',
  ],
  ['with w as (select ssn x from users) select w.x from w', 'x<-users.ssn; inferred: ; copied: '],
  [
    'with w(a, b) as (select id, ssn from users) select b, a from w',
    'b<-users.ssn, a<-users.id; inferred: ; copied: ',
  ],
  [
    'with recursive r(i, s) as (select id, name from users union all select r.i, u.ssn from r join users u on true) select s from r',
    's<-users.name users.ssn; inferred: ; copied: ',
  ],
  [
    'with recursive r(a, b) as (select id, ssn from users union all select b, a from r) select a from r',
    'a<-users.id users.ssn; inferred: ; copied: ',
  ],
  [
    'with w as (delete from users where id = 1 returning ssn) select * from w',
    'ssn<-users.ssn; inferred: users.id; copied: ',
  ],
  ['select x from (select ssn from users) t(x)', 'x<-users.ssn; inferred: ; copied: '],
  [
    'select t.y from (values (1, $1), (2, (select ssn from users))) t(x, y)',
    'y<-users.ssn; inferred: ; copied: ',
  ],
  [
    'select l.s from orders o, lateral (select ssn s from users u where u.id = o.user_id) l',
    's<-users.ssn; inferred: orders.user_id users.id; copied: ',
  ],
  [
    'select * from users join orders using (id)',
    'id<-orders.id users.id, name<-users.name, email<-users.email, ssn<-users.ssn, manager_id<-users.manager_id, user_id<-orders.user_id, total<-orders.total, note<-orders.note; inferred: orders.id users.id; copied: ',
  ],
  [
    'select j.ssn from (users u join orders o on u.id = o.user_id) j',
    'ssn<-users.ssn; inferred: orders.user_id users.id; copied: ',
  ],
  [
    'select secret, label from people',
    'secret<-people.secret users.ssn, label<-people.label users.name; inferred: ; copied: ',
  ],
  ['select x from nested', 'x<-nested.x people.secret users.ssn; inferred: ; copied: '],
  [
    'select key, value from users u, json_each(row_to_json(u))',
    'key<-users.email users.id users.manager_id users.name users.ssn, value<-users.email users.id users.manager_id users.name users.ssn; inferred: users.email users.id users.manager_id users.name users.ssn; copied: ',
  ],
  [
    'select v from users u, unnest(array[u.ssn, u.name]) v',
    'v<-users.name users.ssn; inferred: users.name users.ssn; copied: ',
  ],
  [
    'select ssn, row_number() over (order by ssn) from users',
    'ssn<-users.ssn, row_number<-users.ssn; inferred: users.ssn; copied: ',
  ],
  ['insert into orders (note) select ssn from users', '; inferred: ; copied: users.ssn'],
  [
    'update orders o set note = u.ssn from users u where u.id = o.user_id',
    '; inferred: orders.user_id users.id; copied: users.ssn',
  ],
  ['update users set name = ssn', '; inferred: ; copied: users.ssn'],
  [
    'update users set name = $1 where id = 1 returning ssn, users.*',
    'ssn<-users.ssn, id<-users.id, name<-users.name, email<-users.email, ssn<-users.ssn, manager_id<-users.manager_id; inferred: users.id; copied: ',
  ],
  [
    'update users set name = $1 returning old.ssn, new.ssn',
    'ssn<-users.ssn, ssn<-users.ssn; inferred: ; copied: ',
  ],
  ['create table t as select ssn from users', '; inferred: ; copied: users.ssn'],
  ['select ssn into temp t from users', '; inferred: ; copied: users.ssn'],
  ['create view v as select ssn from users', '; inferred: ; copied: users.ssn'],
  ['copy users (id, ssn) to stdout', 'id<-users.id, ssn<-users.ssn; inferred: ; copied: '],
  ["copy (select ssn from users) to '/tmp/x'", 'ssn<-users.ssn; inferred: ; copied: users.ssn'],
  ['select price_of(ssn) from users', 'price_of<-*.* users.ssn; inferred: *.* users.ssn; copied: users.ssn'],
  [
    "select query_to_xml('select ssn from users', true, false, '')",
    'query_to_xml<-*.*; inferred: *.*; copied: ',
  ],
  ['select ssn <->> name from users', '?column?<-*.*; inferred: *.* users.name users.ssn; copied: '],
  [
    'merge into orders o using users u on u.id = o.user_id when matched then update set note = u.ssn',
    '; inferred: orders.user_id users.id; copied: users.ssn',
  ],
  ['explain analyze select id from users where ssn = $1', 'QUERY PLAN<-; inferred: users.ssn; copied: '],
  ['select users.region from sales.users', 'region<-users.region; inferred: ; copied: '],
  ['select a from scratch', 'a<-scratch.a; inferred: ; copied: '],
  [
    'table users',
    'id<-users.id, name<-users.name, email<-users.email, ssn<-users.ssn, manager_id<-users.manager_id; inferred: ; copied: ',
  ],
]

for (const [sql, expected] of CASES) {
  test(sql, async () => assert.equal(await lineage(sql), expected))
}

test('names are looked for in the order of the path, and its change changes what a statement means', async () => {
  assert.equal(
    await lineage('select * from users', ['sales', 'public']),
    'id<-users.id, region<-users.region; inferred: ; copied: ',
  )
})

for (const sql of [
  'select ssn from nowhere',
  'select nothing from users',
  'select u.x from users u',
  'select x.ssn from users u',
  'select nosuch(ssn) from users',
  'select * from otherdb.public.users',
  'with recursive a as (select * from b), b as (select ssn from users) select * from a',
  'select * from users natural join json_each($1)',
]) {
  test(`${sql}: what it reads cannot be told`, async () => {
    await assert.rejects(async () => read(sql), Unresolved)
  })
}
