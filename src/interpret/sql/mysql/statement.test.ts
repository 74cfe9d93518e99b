import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { BaseColumn, Relation, SchemaCatalog, SqlStatement } from '../model.ts'
import { openQueryParser } from './parse/parser.ts'
import { type MysqlStatement, understandText } from './statement.ts'

const parser = openQueryParser({ after: () => () => undefined })
after(() => parser.close())

function table(schema: string, name: string, names: readonly string[]): Relation {
  const columns: BaseColumn[] = names.map(column => ({ schema, relation: name, name: column }))
  return { schema, name, kind: 'table', columns, children: [] }
}

const TABLES = [
  table('shop', 'users', ['id', 'name', 'ssn']),
  table('shop', 'notes', ['id', 'user_id', 'note']),
]
const CATALOG: SchemaCatalog = {
  version: '1',
  relation: (schema, name) => TABLES.find(each => each.schema === schema && each.name === name),
  functions: () => [],
  isOwnOperator: () => false,
  hasSchema: () => true,
}

function read(sql: string): Promise<readonly MysqlStatement[]> {
  const dialect = { mariadb: true, ansiQuotes: false, noBackslashEscapes: false }
  return understandText(sql, {
    dialect,
    catalog: CATALOG,
    session: { database: 'shop', isCaseSensitive: true },
    parser,
  })
}

async function one(sql: string): Promise<SqlStatement> {
  const [first, other] = await read(sql)
  assert.ok(first !== undefined && other === undefined, sql)
  assert.equal(first.doubt, undefined, `${sql}: ${first.doubt}`)
  return first.statement
}

const touchesOf = ({ touches }: SqlStatement): readonly string[] =>
  touches.map(({ action, object }) => `${action} ${object.name}`).sort()
const namesOf = (columns: Iterable<BaseColumn>): readonly string[] =>
  [...columns].map(({ name }) => name).sort()

test('changes say what they touch, whether they have a condition, and what they copy', async () => {
  const cases: readonly (readonly [string, readonly string[], boolean | undefined, readonly string[]])[] = [
    ['update notes set note = 1', ['sql:Select notes', 'sql:Update notes'], false, []],
    [
      'update ignore notes n join users u on u.id = n.user_id set n.note = u.ssn where n.id = 1',
      ['sql:Select notes', 'sql:Select users', 'sql:Update notes'],
      true,
      ['ssn'],
    ],
    [
      'insert into notes (id, note) select id, ssn from users',
      ['sql:Insert notes', 'sql:Select users'],
      undefined,
      ['id', 'ssn'],
    ],
    [
      'insert into notes values (1, 2, 3) on duplicate key update note = (select max(ssn) from users)',
      ['sql:Insert notes', 'sql:Select users', 'sql:Update notes'],
      undefined,
      ['ssn'],
    ],
    [
      'replace into notes set id = 1, note = default',
      ['sql:Delete notes', 'sql:Insert notes'],
      undefined,
      [],
    ],
    [
      'delete n from notes n join users u on u.id = n.user_id',
      ['sql:Delete notes', 'sql:Select notes', 'sql:Select users'],
      false,
      [],
    ],
    ['delete quick from notes where id = 1', ['sql:Delete notes', 'sql:Select notes'], true, []],
    [
      'delete from n using notes as n, users',
      ['sql:Delete notes', 'sql:Select notes', 'sql:Select users'],
      false,
      [],
    ],
  ]
  for (const [sql, touches, hasWhere, copied] of cases) {
    const statement = await one(sql)
    assert.deepEqual(touchesOf(statement), touches, sql)
    assert.equal(statement.hasWhere, hasWhere, sql)
    assert.deepEqual(namesOf(statement.copied), copied, sql)
  }
})

test('commands are told by their words', async () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['drop table if exists notes, other.users', ['sql:Drop notes', 'sql:Drop users']],
    ['truncate`notes`', ['sql:Truncate notes']],
    ['alter table notes add column b int, add column c int', ['sql:Alter notes']],
    ['create table x (a int) engine=innodb', ['sql:Create x']],
    ['start transaction', ['sql:Transaction *']],
    ['set autocommit = 0, sql_mode = "ANSI_QUOTES"', ['sql:Set autocommit', 'sql:Set sql_mode']],
    ['set names utf8mb4', ['sql:Set character_set']],
    ['use other', ['sql:Set *']],
    ['explain select ssn from users', ['sql:Explain *', 'sql:Select users']],
    ['select * from users for update', ['sql:Lock users', 'sql:Select users']],
    ['select * from users lock in share mode', ['sql:Lock users', 'sql:Select users']],
  ]
  for (const [sql, touches] of cases) assert.deepEqual(touchesOf(await one(sql)), touches, sql)
})

test('stacked statements are each read by themselves', async () => {
  const statements = await read("select 1; drop table notes;; select 'a;b' -- x;\n; ")
  assert.deepEqual(
    statements.map(({ statement }) => statement.tag),
    ['SELECT', 'DROP TABLE', 'SELECT'],
  )
})

test('what cannot be told is sql:Unknown, and may hold anything', async () => {
  const texts = [
    'select /*! ssn, */ 1 from users',
    'select ssn into @a from users',
    "select ssn from users into outfile '/tmp/x'",
    'set @a = (select ssn from users)',
    'select @a := ssn from users',
    "prepare s from 'select ssn from users'",
    'execute s',
    'handler users read first',
    'do (select ssn from users)',
    'call p()',
    "load data infile '/etc/passwd' into table notes",
    'create view v as select ssn from users',
    'create view v as table users',
    'create table t2 as table users',
    'create table t2 select ssn from users',
    'create table t2 (a int) engine=merge union=(users)',
    'create procedure p() begin delete from notes; end; drop table notes',
    'begin not atomic drop table notes; end',
    'table users',
    'select * from users procedure analyse()',
    'set names sjis',
    "select _gbk'x'",
    'set statement max_statement_time=1 for delete from notes',
    'show tables where (select 1)',
    'select nothing_known(ssn) from users',
    'select sys_exec(1)',
    'explain for connection 1',
    'kill 1',
    'update v set a = 1',
    'xyzzy',
  ]
  for (const sql of texts) {
    for (const { statement, doubt } of await read(sql)) {
      if (statement.tag !== 'UNKNOWN') continue
      assert.ok(doubt !== undefined)
      assert.deepEqual(namesOf(statement.output?.open ?? []), ['*'], sql)
    }
    assert.ok(
      (await read(sql)).some(({ statement }) =>
        statement.touches.some(({ action }) => action === 'sql:Unknown'),
      ),
      sql,
    )
  }
})

test('an alias, a quote or a case does not take a column from under its mask', async () => {
  const texts = [
    'select*from`users`',
    'select u.SSN from users u',
    "select x.`the name` from (select ssn as 'the name' from users) x",
    'select `q` from (select ssn "q" from users) d',
    'select (select q from (select ssn as q from users) d limit 1) from (select 1 as q) z',
    'select group_concat(ssn) from users',
    'select json_arrayagg(ssn) from users',
    'select .5, u.* from users u',
    'select ssn as id, (select id) from users',
    'select 1--1, ssn from users',
  ]
  for (const sql of texts) {
    const { output } = await one(sql)
    assert.ok(
      output?.columns.some(({ from }) => namesOf(from).includes('ssn')),
      sql,
    )
  }
})

test('LOAD_FILE may be any file, and what fails on a value infers it', async () => {
  const loaded = await one("select load_file('/etc/passwd')")
  assert.deepEqual(touchesOf(loaded), ['sql:Call load_file', 'sql:Copy *'])
  for (const sql of [
    'select ssn + 0 from users',
    'select id from users where ssn > 1',
    'select id from users order by ssn',
  ]) {
    assert.deepEqual(namesOf((await one(sql)).inferred), ['ssn'], sql)
  }
})
