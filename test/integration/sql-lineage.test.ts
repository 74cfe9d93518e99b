import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { type SchemaCatalog, type SqlStatement, Unresolved } from '../../src/interpret/sql/model.ts'
import { understand } from '../../src/interpret/sql/postgres/analyse/statement.ts'
import { loadCatalog, type Row } from '../../src/interpret/sql/postgres/catalog/load.ts'
import { openParser } from '../../src/interpret/sql/postgres/parse/parser.ts'
import { type Postgres, startPostgres } from '../harness/postgres.ts'

/**
 * What the gate says of a statement, held against what a real server does with it: wherever the canary of a column
 * comes out, the gate must have said that it may come from that column.
 */

const CANARY = '078-05-1120'
const SCHEMA = `
  create table users (id int primary key, name text, ssn text, boss int);
  insert into users values (1, 'ann', '${CANARY}', null), (2, 'bob', '${CANARY}', 1);
  create table orders (id int primary key, user_id int, note text);
  insert into orders values (1, 1, 'first'), (2, 2, 'second');
  create view people as select id, upper(name) as label, ssn as secret from users;
  create view bosses as select p.secret as hidden, b.label from people p join people b on b.id = p.id;
  create materialized view frozen as select id, ssn from users;
  create table parts (id int, ssn text) partition by range (id);
  create table parts_1 partition of parts for values from (0) to (10);
  insert into parts values (1, '${CANARY}');
  create function peek(int) returns text language sql stable as 'select ssn from users where id = $1';
  create type pair as (a int, b text);
`

const started = await startPostgres({ fsync: false })
const skip = 'missing' in started ? started.missing : false
const parser = openParser({ after: () => () => undefined })
let client: pg.Client
let catalog: SchemaCatalog

before(async () => {
  if (skip !== false) return
  client = new pg.Client((started as Postgres).url)
  await client.connect()
  await client.query(SCHEMA)
  await client.query("set search_path = ''")
  catalog = await loadCatalog(async sql => (await client.query<Row>(sql)).rows, parser)
  await client.query('set search_path = public; set statement_timeout = 5000')
})
after(async () => {
  await parser.close()
  if (skip !== false) return
  await client.end()
  await (started as Postgres).stop()
})

async function read(sql: string): Promise<SqlStatement> {
  const parsed = await parser.parse(sql)
  assert.ok(parsed.kind === 'statements', `${sql}: ${JSON.stringify(parsed)}`)
  const [statement] = parsed.statements
  assert.ok(statement !== undefined)
  return understand(statement.tree, catalog, { searchPath: ['public'] })
}

test('every view of the server itself is understood, with as many columns as it has', { skip }, async () => {
  const { rows } = await client.query<{ name: string }>(
    `select format('%I.%I', n.nspname, c.relname) as name from pg_catalog.pg_class c
       join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.relkind = 'v' order by 1`,
  )
  assert.ok(rows.length > 100)
  for (const { name } of rows) {
    const { output } = await read(`select * from ${name}`)
    const { fields } = await client.query(`select * from ${name} limit 0`)
    assert.deepEqual(
      output?.columns.map(column => column.name),
      fields.map(field => field.name),
      name,
    )
  }
})

/** Expressions over the column `c` of a range `u`. */
const EXPRESSIONS = [
  'u.c',
  'upper(u.c)',
  "u.c || '!'",
  "coalesce(u.c, 'none')",
  'u.c::varchar',
  "nullif(u.c, '')",
  'case when true then u.c end',
  'array[u.c]',
  'row(u.id, u.c)::text',
  'row_to_json(u)',
  'to_jsonb(u)',
  'u',
  'u::text',
  "json_build_object('k', u.c)",
  "concat('a', u.c)",
  'substr(u.c, 1, 20)',
  'reverse(reverse(u.c))',
  "format('%s', u.c)",
  'greatest(u.c, u.c)',
  '(select u.c)',
  '(array[u.c])[1]',
  'array_to_string(array[u.c, u.c], $$,$$)',
  "regexp_replace(u.c, 'x', 'y')",
  'quote_literal(u.c)',
  'c(u)',
  '(u).c',
  "translate(u.c, 'q', 'z')",
  'xmlelement(name x, u.c)::text',
  'max(u.c) over ()',
  'lag(u.c, 0) over (order by u.id)',
  'first_value(u.c) over (order by u.id)',
  "(json_build_object('k', u.c)->>'k')",
  'overlay(u.c placing $$$$ from 1 for 0)',
  "encode(convert_to(u.c, 'UTF8'), 'escape')",
  '(with w as (select u.c as x) select x from w)',
  '(select max(z.c) from (values (u.c)) z(c))',
  'exists(select 1)::text || u.c',
  "string_agg(u.c, ',') over ()",
  'u.*',
  '*',
]

/** What stands behind FROM, with a range `u` that has an `id`, and the secret as `c`. */
const SOURCES = [
  '(select id, ssn as c from users) u',
  '(select id, ssn from users) u(id, c)',
  '(select id, secret as c from people) u',
  '(select 1 as id, hidden as c from bosses) u',
  '(select id, ssn c from frozen) u',
  '(select id, ssn c from parts) u',
  '(select id, ssn c from users union all select id, note from orders) u',
  '(select o.id, x.ssn c from orders o join users x on x.id = o.user_id) u',
  '(select o.id, x.c from orders o, lateral (select ssn c from users where users.id = o.user_id) x) u',
  '(select id, c from (select id, ssn c from users) i) u',
  '(select id, (select ssn from users y where y.id = users.id) c from users) u',
  '(select * from (values (1, (select min(ssn) from users))) v(id, c)) u',
  '(select id, max(ssn) c from users group by id) u',
  "(select id, string_agg(ssn, '') c from users group by id) u",
  '(select id, v as c from users, unnest(array[ssn]) v) u',
  "(select id, value as c from users, json_each_text(row_to_json(users)) where key = 'ssn') u",
  '(select 1 id, peek(1) c) u',
  '(select i.id, i.c from (select id, ssn c from users) i natural join (select id from orders) j) u',
  '(with w as (select id, ssn from users) select id, ssn c from w) u',
  '(with w(id, c) as (select id, ssn from users) table w) u',
  '(with recursive r(id, c) as (select id, ssn from users union all select id + 10, c from r where id < 5) select * from r) u',
  '(select id, coalesce(ssn, name) c from users) u',
  '(select (q).a id, (q).b c from (select row(id, ssn)::pair q from users) s) u',
  '(select distinct id, ssn c from users) u',
  '(select id, ssn c from users order by id limit 1) u',
  '(select id, ssn c from only users) u',
  "(select j.id, j.c from users, json_to_recordset(json_build_array(json_build_object('id', users.id, 'c', ssn))) as j(id int, c text)) u",
  '(select id, ssn c from users tablesample system (100)) u',
  '(select a.id, b.ssn c from users a left join users b using (id)) u',
]

test('wherever the secret comes out, the gate said that it may: over a thousand shapes', {
  skip,
}, async t => {
  let shown = 0
  let shapes = 0
  for (const source of SOURCES) {
    for (const expression of EXPRESSIONS) {
      const sql = `select ${expression} from ${source}`
      const result = await client.query({ text: sql, rowMode: 'array' }).catch(() => undefined)
      if (result === undefined) continue
      shapes += 1
      const statement = await read(sql).catch((error: unknown) => {
        if (error instanceof Unresolved) return undefined
        throw error
      })
      // What cannot be told is denied.
      if (statement === undefined) {
        t.diagnostic(`denied: ${sql}`)
        continue
      }
      shown += checkRows(sql, statement, result.rows)
    }
  }
  assert.ok(shapes > 1_000, `${shapes} shapes ran`)
  assert.ok(shown > shapes / 2, `${shown} of ${shapes} showed the secret`)
})

/** Fails if a cell with the canary is in a column that is not said to come from a secret; whether there was one. */
function checkRows(sql: string, { output }: SqlStatement, rows: readonly (readonly unknown[])[]): number {
  const width = rows[0]?.length ?? 0
  if (output?.open === undefined && rows.length > 0) assert.equal(output?.columns.length, width, sql)
  let found = 0
  for (const row of rows) {
    for (const [i, cell] of row.entries()) {
      if (!JSON.stringify(cell ?? null).includes(CANARY)) continue
      found = 1
      const from = output?.open ?? output?.columns[i]?.from ?? new Set()
      const isSaid = [...from].some(({ name }) => name === 'ssn' || name === '*')
      assert.ok(isSaid, `${sql}: column ${i + 1} is said to come from ${JSON.stringify([...from])}`)
    }
  }
  return found
}
