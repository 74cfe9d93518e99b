import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import mysql from 'mysql2/promise'
import { type Lineage, type Output, Unresolved } from '../../src/interpret/sql/model.ts'
import {
  type QueryMeaning,
  readQuery,
  understandQuery,
} from '../../src/interpret/sql/mysql/analyse/query-statement.ts'
import { loadMysqlCatalog, type MysqlCatalog, type Row } from '../../src/interpret/sql/mysql/catalog/load.ts'
import { lex } from '../../src/interpret/sql/mysql/lex/lexer.ts'
import type { Dialect } from '../../src/interpret/sql/mysql/lex/token.ts'
import { openQueryParser } from '../../src/interpret/sql/mysql/parse/parser.ts'
import { type Mariadb, startMariadb } from '../harness/mariadb.ts'

/**
 * What the gate says of a statement, held against what a real server does with it: wherever the canary of a column
 * comes out, the gate must have said that it may come from that column.
 */

const CANARY = '078-05-1120'
const SCHEMA = [
  'create database shop',
  'use shop',
  'create table users (id int primary key, name varchar(40), ssn varchar(40), boss int)',
  `insert into users values (1, 'ann', '${CANARY}', null), (2, 'bob', '${CANARY}', 1)`,
  'create table orders (id int primary key, user_id int, note varchar(40))',
  "insert into orders values (1, 1, 'first'), (2, 2, 'second')",
  'create view people as select id, upper(name) as label, ssn as secret from users',
  'create view bosses as select p.secret as hidden, b.label from people p join people b on b.id = p.id',
  'create view listed (a, b) as select id, ssn from users union all select id, note from orders',
  'create function peek(i int) returns varchar(40) reads sql data return (select ssn from users where id = i)',
  'create database other',
  'create table other.copies (id int, ssn varchar(40))',
  `insert into other.copies values (1, '${CANARY}')`,
]
const DIALECT: Dialect = { mariadb: true, ansiQuotes: false, noBackslashEscapes: false }

const started = await startMariadb()
const skip = 'missing' in started ? started.missing : false
const parser = openQueryParser({ after: () => () => undefined })
let client: mysql.Connection
let catalog: MysqlCatalog

before(async () => {
  if (skip !== false) return
  const { port, user } = started as Mariadb
  client = await mysql.createConnection({ host: '127.0.0.1', port, user, password: '' })
  for (const sql of SCHEMA) await client.query(sql)
  catalog = await loadMysqlCatalog(ask, parser, DIALECT)
})
after(async () => {
  await parser.close()
  if (skip !== false) return
  await client.end()
  await (started as Mariadb).stop()
})

async function ask(sql: string): Promise<readonly Row[]> {
  const [rows] = await client.query<mysql.RowDataPacket[]>(sql)
  return rows as unknown as readonly Row[]
}

async function read(sql: string): Promise<QueryMeaning> {
  const lexed = lex(sql, DIALECT)
  assert.ok(lexed.kind === 'tokens', sql)
  const query = await readQuery(lexed.tokens, parser)
  return understandQuery(query, catalog, { database: 'shop', isCaseSensitive: catalog.isCaseSensitive })
}

async function tried(sql: string): Promise<QueryMeaning | undefined> {
  return read(sql).catch((error: unknown) => {
    if (error instanceof Unresolved) return undefined
    throw error
  })
}

test('tables of the server itself are understood, with as many columns as they have', { skip }, async () => {
  const tables = await ask(
    "select table_name as name from information_schema.tables where table_schema = 'information_schema'",
  )
  assert.ok(tables.length > 50)
  for (const { name } of tables) {
    const { output } = await read(`select * from information_schema.${name}`)
    const [, fields] = await client.query(`select * from information_schema.${name} limit 0`)
    assert.deepEqual(
      output?.columns.map(column => column.name),
      fields.map(field => field.name),
      name ?? '',
    )
  }
})

/** Expressions over the column `c` of a range `u`. */
const EXPRESSIONS = [
  'u.c',
  'U.C',
  '`u`.`c`',
  'c',
  '(c)',
  'upper(u.c)',
  "concat(u.c, '!')",
  "concat_ws(',', 'a', u.c)",
  "coalesce(u.c, 'none')",
  'cast(u.c as char(20))',
  'convert(u.c using utf8mb4)',
  'convert(u.c, char)',
  'binary u.c',
  'u.c collate utf8mb4_bin',
  "nullif(u.c, '')",
  'case when true then u.c end',
  "case u.id when 1 then u.c else 'x' end",
  'if(1, u.c, 0)',
  'ifnull(null, u.c)',
  'json_array(u.c)',
  "json_object('k', u.c)",
  "json_value(json_object('k', u.c), '$.k')",
  "json_unquote(json_extract(json_array(u.c), '$[0]'))",
  'json_quote(u.c)',
  'substr(u.c, 1, 20)',
  'substring(u.c from 1 for 20)',
  'left(u.c, 20)',
  'mid(u.c, 1)',
  'trim(u.c)',
  "trim(leading 'x' from u.c)",
  'reverse(reverse(u.c))',
  "replace(u.c, 'x', 'y')",
  "regexp_replace(u.c, 'x', 'y')",
  "insert(u.c, 1, 0, '')",
  "lpad(u.c, 30, ' ')",
  "elt(1, u.c, 'b')",
  'greatest(u.c, u.c)',
  "least(u.c, 'z')",
  'quote(u.c)',
  'unhex(hex(u.c))',
  'from_base64(to_base64(u.c))',
  "export_set(1, u.c, 'n', ',', 1)",
  'make_set(1, u.c)',
  "substring_index(u.c, '#', 1)",
  '(select u.c)',
  '(select max(z.c) from (select u.c as c) z)',
  '(with w as (select 1 as n) select u.c from w)',
  'max(u.c) over ()',
  'lag(u.c, 0) over (order by u.id)',
  'first_value(u.c) over w',
  'exists(select 1) or u.c',
  "concat(u.c, 'a' 'b')",
  "group_concat(u.c order by u.c separator '')",
  'json_arrayagg(u.c)',
  'json_objectagg(u.id, u.c)',
  'min(u.c)',
  'any_value(u.c)',
  'u.*',
  '*',
  'u.c as id, (select id)',
  "u.c 'q', (select q)",
]

/** What stands behind FROM, with a range `u` that has an `id`, and the secret as `c`. */
const SOURCES = [
  '(select id, ssn as c from users) u',
  '(select id, ssn as c from shop.users) u',
  "(select id, ssn 'c' from`users`) u",
  '(select id, secret as c from people) u',
  '(select 1 as id, hidden as c from bosses) u',
  '(select a as id, b as c from listed) u',
  '(select id, ssn c from other.copies) u',
  '(select id, ssn c from users union all select id, note from orders) u',
  '(select id, note c from orders union select id, ssn from users) u',
  '((select id, note c from orders) union (select id, ssn from users) order by 1) u',
  '(select o.id, x.ssn c from orders o join users x on x.id = o.user_id) u',
  '(select o.id, x.ssn c from orders o straight_join users x on x.id = o.user_id) u',
  '(select id, c from (select id, ssn c from users) i) u',
  '(select id, (select ssn from users y where y.id = users.id) c from users) u',
  '(select id, max(ssn) c from users group by id) u',
  '(select id, group_concat(ssn) c from users group by id with rollup) u',
  '(select 1 id, peek(1) c) u',
  '(select 1 id, shop.peek(1) c) u',
  '(select i.id, i.c from (select id, ssn c from users) i natural join (select id from orders) j) u',
  '(select j.id, i.c from (select id, ssn c from users) i join orders j using (id)) u',
  '(with w as (select id, ssn from users) select id, ssn c from w) u',
  '(with w(id, c) as (select id, ssn from users) select * from w) u',
  '(with recursive r(id, c) as (select id, ssn from users union all select id + 10, c from r where id < 5) select * from r) u',
  '(select id, coalesce(ssn, name) c from users) u',
  '(select distinct id, ssn c from users) u',
  '(select id, ssn c from users order by id limit 1) u',
  '(select id, ssn c from users for update) u',
  '(select a.id, b.ssn c from users a left join users b using (id)) u',
  "(select 1 id, t.c from users, json_table(json_array(ssn), '$[*]' columns (c varchar(40) path '$')) t) u",
  '(select id, `max(ssn)` c from (select id, max(ssn) from users group by id) z) u',
  "(select id, `concat(ssn,'')` c from (select id, concat(ssn,'') from users) z) u",
  '(select Z.ID id, z.SSN c from users Z, users z limit 1) u',
  '(select id, ssn as c from users use index (primary)) u',
  '(values (1, (select max(ssn) from users))) u',
]

test('wherever the secret comes out, the gate said that it may: over 500 shapes', { skip }, async t => {
  let [shown, shapes, denied] = [0, 0, 0]
  for (const source of SOURCES) {
    for (const expression of EXPRESSIONS) {
      const window = expression.includes('over w') ? ' window w as (order by u.id)' : ''
      const sql = `select ${expression} from ${source}${window}`
      const rows = await client
        .query<mysql.RowDataPacket[][]>({ sql, rowsAsArray: true })
        .then(([all]) => all as unknown as readonly (readonly unknown[])[])
        .catch(() => undefined)
      if (rows === undefined) continue
      shapes += 1
      const statement = await tried(sql)
      // What cannot be told is denied.
      if (statement === undefined) {
        denied += 1
        continue
      }
      shown += checkRows(sql, statement.output, rows)
    }
  }
  t.diagnostic(`${shapes} shapes ran, ${shown} showed the secret, ${denied} were denied`)
  assert.ok(shapes > 500, `${shapes} shapes ran`)
  assert.ok(shown > shapes / 2, `${shown} of ${shapes} showed the secret`)
})

/** What fails, or warns, over some values alone: each tells of them beside its value. */
const TELLING = [
  'u.c + 0',
  'u.c = 0',
  'u.c and 1',
  'not u.c',
  '-u.c',
  'u.c between 1 and 2',
  'u.c in (1, 2)',
  'cast(u.c as signed)',
  'cast(u.c as char(3))',
  'cast(u.c as binary(3))',
  'cast(u.c as date)',
  'convert(u.c using ascii)',
  'sum(u.c)',
  'avg(u.c)',
  'if(u.c, 1, 2)',
  'case u.c when 1 then 2 end',
  'case when u.c then 2 end',
  "left('abc', u.c)",
  "repeat('x', u.c)",
  'nullif(u.c, 1)',
  'greatest(u.c, 1)',
  'abs(u.c)',
  'date(u.c)',
  'extract(year from u.c)',
  'floor(u.c)',
  'inet6_ntoa(u.c)',
  "json_extract(u.c, '$.x')",
  "extractvalue(1, concat('~', u.c))",
  "updatexml(1, concat('~', u.c), 1)",
  "regexp_replace('x', concat('[', u.c), 'y')",
  'exp(u.c)',
  'elt(u.c, 1)',
  'u.c is true',
  'unhex(u.c)',
  "date_add('2020-01-01', interval u.c day)",
]

test('wherever a warning or an error quotes the secret, the gate said that it is inferred', {
  skip,
}, async t => {
  let quoted = 0
  for (const source of SOURCES.slice(0, 8)) {
    for (const expression of [...EXPRESSIONS, ...TELLING]) {
      const sql = `select ${expression} from ${source}`
      const text = await messagesOf(sql)
      if (!text.includes(CANARY)) continue
      quoted += 1
      const statement = await tried(sql)
      if (statement !== undefined) assert.ok(isSecret(statement.analysis.inferred), `${sql}: ${text}`)
    }
  }
  t.diagnostic(`${quoted} shapes quoted the secret`)
  assert.ok(quoted > 50)
})

/** All that the server says beside rows. */
async function messagesOf(sql: string): Promise<string> {
  const error = await client.query(sql).then(
    () => '',
    (thrown: unknown) => String(thrown),
  )
  return error + JSON.stringify(await ask('show warnings'))
}

const isSecret = (lineage: Lineage): boolean =>
  [...lineage].some(({ name }) => name === 'ssn' || name === '*')

/** Fails if a cell with the canary is in a column that is not said to come from a secret; whether there was one. */
function checkRows(sql: string, output: Output | undefined, rows: readonly (readonly unknown[])[]): number {
  if (rows.length > 0) assert.equal(output?.columns.length, rows[0]?.length, sql)
  let found = 0
  for (const row of rows) {
    for (const [i, cell] of row.entries()) {
      const written = Buffer.isBuffer(cell) ? cell.toString() : JSON.stringify(cell ?? null)
      if (!written.includes(CANARY)) continue
      found = 1
      const from = output?.columns[i]?.from ?? new Set()
      assert.ok(isSecret(from), `${sql}: column ${i + 1} is said to come from ${JSON.stringify([...from])}`)
    }
  }
  return found
}
