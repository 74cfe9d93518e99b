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
  isOwnType: () => false,
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
    "select ssn from users into outfile '/tmp/x'",
    'set @a = (select ssn from users)',
    'select @a := ssn from users',
    'handler users read first',
    'create view v as table users',
    'create table t2 as table users',
    'create table t2 (a int) engine=merge union=(users)',
    'create procedure p() begin delete from notes; end; drop table notes',
    'begin not atomic drop table notes; end',
    'select * from users procedure analyse()',
    'set names sjis',
    "select _gbk'x'",
    'set statement max_statement_time=1 for delete from notes',
    'show tables where (select 1)',
    'select nothing_known(ssn) from users',
    'select sys_exec(1)',
    'explain for connection 1',
    'update v set a = 1',
    'call p((select ssn from users))',
    'call p(peek(1))',
    "prepare s from 'select 1; select 2'",
    'prepare s from @a',
    "prepare `é` from 'select 1'",
    "prepare s from 'execute t'",
    "execute immediate 'select 1'",
    'kill (select 1)',
    "load data infile 'x' into table notes (id, @a) set note = (select ssn from users)",
    'select ssn into @a, b from users',
    'show processlist',
    'show binlog events',
    'show create user root',
    'set password = password(1)',
    'set sql_mode = oracle',
    'set character_set_results = utf16',
    'set default_storage_engine = connect',
    'set @a = peek(1)',
    'set @a = shop.peek(1)',
    'create table t2 as table users',
    'create view v as table users',
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

test('commands with queries in them say what these do', async () => {
  const cases: readonly (readonly [string, readonly string[], 'copied' | 'nothing copied'])[] = [
    ['select ssn into @a from users', ['sql:Select users'], 'copied'],
    ['select id, ssn from users limit 1 into @a, @b', ['sql:Select users'], 'copied'],
    ['table users', ['sql:Select users'], 'nothing copied'],
    ['do sleep(1)', ['sql:Call sleep', 'sql:Do *'], 'nothing copied'],
    ['do (select ssn from users)', ['sql:Do *', 'sql:Select users'], 'nothing copied'],
    ['call p(1, @a)', ['sql:Call p'], 'copied'],
    ['create table t2 select ssn from users', ['sql:Create t2', 'sql:Select users'], 'copied'],
    [
      'create temporary table t2 (id int) as (select id from users)',
      ['sql:Create t2', 'sql:Select users'],
      'nothing copied',
    ],
    [
      'create or replace algorithm=merge definer=`a`@`b` sql security definer view v as select ssn from users',
      ['sql:Create v', 'sql:Select users'],
      'nothing copied',
    ],
    [
      'create view v as select id from users with cascaded check option',
      ['sql:Create v', 'sql:Select users'],
      'nothing copied',
    ],
    [
      "prepare s from 'delete from notes where id = ?'",
      ['sql:Delete notes', 'sql:Select notes'],
      'nothing copied',
    ],
    [
      "load data local infile 'x' replace into table notes",
      ['sql:Delete notes', 'sql:Insert notes'],
      'nothing copied',
    ],
    [
      "load data infile '/etc/passwd' into table notes fields terminated by ','",
      ['sql:Copy /etc/passwd', 'sql:Insert notes'],
      'nothing copied',
    ],
    ['start transaction with consistent snapshot', ['sql:Transaction *'], 'nothing copied'],
    [
      "set sql_mode = concat(@@sql_mode, ',STRICT_TRANS_TABLES'), autocommit = 1",
      ['sql:Set autocommit', 'sql:Set sql_mode'],
      'nothing copied',
    ],
    [
      'set @@global.max_connections = 1, @a = -1',
      ['sql:Set @a', 'sql:Set global.max_connections'],
      'nothing copied',
    ],
    ['set character_set_results = null', ['sql:Set character_set_results'], 'nothing copied'],
    ['desc users', [], 'nothing copied'],
    ["describe shop.users 'n%'", [], 'nothing copied'],
    ['show full columns from users', [], 'nothing copied'],
    ["show session variables like 'sql_mode'", [], 'nothing copied'],
    ['show create table users', [], 'nothing copied'],
    ['analyze format=json select ssn from users', ['sql:Explain *', 'sql:Select users'], 'nothing copied'],
    ['kill query 7', [], 'nothing copied'],
  ]
  for (const [sql, touches, copied] of cases) {
    const statement = await one(sql)
    assert.deepEqual(touchesOf(statement), touches, sql)
    const isCopied = namesOf(statement.copied).some(name => name === 'ssn' || name === '*')
    assert.equal(isCopied, copied === 'copied', sql)
  }
})

test('what a statement does to its session is told', async () => {
  const effects = async (sql: string): Promise<unknown> => (await one(sql)).effects
  assert.deepEqual(await effects('kill query 7'), [{ kind: 'kill', what: 'query', id: 7 }])
  assert.deepEqual(await effects('execute S using @a, @b'), [{ kind: 'execute', name: 's' }])
  assert.deepEqual(await effects('drop prepare s'), [{ kind: 'deallocate', name: 's' }])
  assert.deepEqual(await effects('create temporary table x (a int)'), [
    { kind: 'temporary', schema: 'shop', name: 'x' },
  ])
  assert.deepEqual(await effects('use other'), [
    { kind: 'set', name: 'database', values: ['other'], local: false },
  ])
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
