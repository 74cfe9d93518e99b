import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pg from 'pg'
import type { SchemaCatalog } from '../../src/interpret/sql/model.ts'
import { understand } from '../../src/interpret/sql/postgres/analyse/statement.ts'
import { loadCatalog, type Row } from '../../src/interpret/sql/postgres/catalog/load.ts'
import { openParser, type SqlParser } from '../../src/interpret/sql/postgres/parse/parser.ts'
import { startPostgres } from '../harness/postgres.ts'

/*
 * Columns without a name are called by the gate as by the server: by such a name a query around may mean them, or something
 * else.
 */
const started = await startPostgres()
const skip = 'missing' in started ? started.missing : false
let db: pg.Client
let parser: SqlParser
let catalog: SchemaCatalog

before(async () => {
  if ('missing' in started) return
  db = new pg.Client({ connectionString: started.url })
  await db.connect()
  await db.query(`create type pair as (a int, b text); create table t (a int, b text, c int[], p pair)`)
  parser = openParser({
    after: (delayMs, run) => {
      const timer = setTimeout(run, delayMs)
      return () => clearTimeout(timer)
    },
  })
  await db.query(`set search_path = ''`)
  catalog = await loadCatalog(async sql => (await db.query<Row>(sql)).rows, parser)
  await db.query('reset search_path')
})
after(async () => {
  if ('missing' in started) return
  await db.end()
  await parser.close()
  await started.stop()
})

const EXPRESSIONS = [
  ...['a', 't.a', 'public.t.a', 't', '1', `'x'`, 'null', 'a + 1', '-a', 'not true', 'a is null', 'c[1]'],
  ...[
    '(p).b',
    '(p).a::text',
    'c[1]::text',
    '(array[1, 2])[1]',
    'array[a]',
    'row(a, b)',
    '(a, b)',
    'nullif(a, 1)',
  ],
  ...['coalesce(a, 1)', 'greatest(a, 1)', 'least(a, 1)', 'a::int', 'a::text', '1::int', '1::int::text'],
  ...[
    `(b || '')::text::varchar`,
    `cast('x' as varchar)`,
    `date '2020-01-01'`,
    `interval '1 day'`,
    `b collate "C"`,
  ],
  ...[
    'case when true then a end',
    'case when true then 1 else a end',
    `case when true then b else ''::text end`,
  ],
  ...['case when true then 1 else coalesce(a, 1) end', `case when true then '' else b::text end`],
  ...['case a when 1 then 2 end::text', 'upper(b)', 'pg_catalog.upper(b)', 'count(*) over ()', 'b like b'],
  ...['a between 1 and 2', 'a in (1, 2)', 'a = any(c)', 'a is distinct from 1', 'b similar to b'],
  ...[
    'extract(year from now())',
    'substring(b from 1)',
    'trim(b)',
    `position('a' in b)`,
    `overlay(b placing 'x' from 1)`,
  ],
  ...[
    `now() at time zone 'UTC'`,
    'current_date',
    'current_timestamp',
    'current_time(2)',
    'localtime',
    'localtimestamp(1)',
  ],
  ...['current_user', 'user', 'session_user', 'current_role', 'current_catalog', 'current_schema'],
  ...[
    'exists (select 1)',
    'array(select 1)',
    '(select 1)',
    '(select a)',
    '(select a as n)',
    '(select 1 + 1)',
  ],
  ...['(values (1))', '(values (1) union select 2 limit 1)', '(select 1 as l union all select 2 limit 1)'],
  ...[
    'a in (select 1)',
    'a = all (select 1)',
    '(select (select b))',
    '(with w as (select 1 as n) select n from w)',
  ],
  ...[
    '(select a)::text',
    '(select 1)::text',
    'xmlelement(name x, a)',
    'xmlconcat(null, null)',
    'xmlforest(a)',
  ],
  ...[`xmlparse(content '<x/>')`, `xmlpi(name x)`, `xmlroot(xml '<x/>', version no value)`, 'true is true'],
  ...[`xml '<x/>' is document`, `xmlserialize(content xml '<x/>' as text)`, `json_build_object('a', 1)`],
  ...[
    `normalize(b)`,
    `b is normalized`,
    `(p).a + 1`,
    `(row(1, 2)).f1`,
    `count(*) filter (where true) over ()`,
  ],
]

for (const expression of EXPRESSIONS) {
  test(`\`${expression}\` is called as by the server`, { skip }, async () => {
    const sql = `select ${expression} from t`
    const answer = await db.query({ text: sql, rowMode: 'array' }).catch((error: Error) => error)
    if (answer instanceof Error) throw answer
    const parsed = await parser.parse(sql)
    assert.ok(parsed.kind === 'statements')
    const [statement] = parsed.statements
    assert.ok(statement)
    const { output } = understand(statement.tree, catalog, { searchPath: ['public'] })
    assert.deepEqual(
      output?.columns.map(({ name }) => name),
      answer.fields.map(({ name }) => name),
    )
  })
}
