import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { BaseColumn, SqlStatement } from '../../interpret/sql/model.ts'
import type { MysqlCatalog } from '../../interpret/sql/mysql/catalog/load.ts'
import { openQueryParser } from '../../interpret/sql/mysql/parse/parser.ts'
import type { Names } from './session-names.ts'
import { meansTheSame, runsForeign, Understanding } from './understanding.ts'

const parser = openQueryParser({ after: () => () => undefined })
after(() => parser.close())

function catalog(columns: readonly string[]): MysqlCatalog {
  const made = columns.map((name): BaseColumn => ({ schema: 'shop', relation: 'users', name }))
  const users = { schema: 'shop', name: 'users', kind: 'table', columns: made, children: [] } as const
  return {
    version: columns.join(),
    isCaseSensitive: true,
    relation: (schema, name) => (schema === 'shop' && name === 'users' ? users : undefined),
    functions: () => [],
    isOwnOperator: () => false,
    isOwnType: () => false,
    hasSchema: () => true,
  }
}

const NAMES: Names = {
  database: 'shop',
  dialect: { mariadb: true, ansiQuotes: false, noBackslashEscapes: false },
  charset: 'utf8mb4',
  catalog: catalog(['id', 'ssn']),
  hasForeignVariables: false,
}
const PLACE = { region: 'r', account: '1', target: 't', database: 'shop' }
const understanding = new Understanding(parser, PLACE)
const read = (sql: string, names: Names = NAMES, inner?: SqlStatement) =>
  understanding.read(sql, names, async () => inner)

test('behind what may change what texts mean the rest is not told', async () => {
  for (const sql of [
    'use other; select 1',
    "set sql_mode = ''; select 1",
    'set names latin1; select 1',
    'create table x (a int); select 1',
    'call p(); select 1',
    'select 1; kill 7',
    "prepare s from 'select 1'; execute s",
  ]) {
    assert.notEqual((await read(sql)).understood.unclear, undefined, sql)
  }
  for (const sql of [
    'set autocommit = 0; select 1',
    'set @a = 1; select 1',
    'create table x (a int); commit',
  ]) {
    assert.equal((await read(sql)).understood.unclear, undefined, sql)
  }
})

test('what a text changes is told', async () => {
  const changes = {
    'select 1': 'nothing',
    'set autocommit = 0': 'nothing',
    "set sql_mode = 'ANSI'": 'names',
    'use other': 'names',
    'drop table users': 'catalog',
    'create temporary table x (a int)': 'catalog',
    xyzzy: 'catalog',
  }
  for (const [sql, change] of Object.entries(changes))
    assert.equal((await read(sql)).understood.change, change, sql)
})

test('what was understood is remembered, as long as names mean the same', async () => {
  const first = await read('select ssn from users where id = 1')
  assert.equal(await read('select ssn from users where id = 1'), first)
  assert.notEqual(await read('select ssn from users where id = 2'), first)
  for (const other of [
    { ...NAMES, database: 'other' },
    { ...NAMES, dialect: { ...NAMES.dialect, ansiQuotes: true } },
    { ...NAMES, catalog: catalog(['id', 'ssn']) },
    { ...NAMES, hasForeignVariables: true },
  ]) {
    assert.notEqual(await read('select ssn from users where id = 1', other), first)
  }
  assert.ok(
    meansTheSame(
      first.understood,
      (await read('select ssn from users where id = 1', { ...NAMES, catalog: catalog(['id', 'ssn']) }))
        .understood,
    ),
  )
  const wider = (await read('select * from users', { ...NAMES, catalog: catalog(['id', 'ssn', 'x']) }))
    .understood
  assert.ok(!meansTheSame((await read('select * from users')).understood, wider))
})

test('EXECUTE is what it executes, and never remembered', async () => {
  const [inner] = (await read('select ssn from users')).understood.statements
  assert.ok(inner !== undefined)
  const { understood } = await read('execute s', NAMES, inner)
  assert.deepEqual(understood.tags, ['EXECUTE'])
  assert.equal(understood.statements[0]?.output?.columns.length, 1)
  assert.match((await read('execute s')).understood.unclear ?? '', /does not know what `s` stands for/)
})

test('variables that others may have set may hold anything', async () => {
  const foreign = { ...NAMES, hasForeignVariables: true }
  const isOpen = async (sql: string, names: Names): Promise<boolean> =>
    (await read(sql, names)).understood.statements.some(({ copied }) =>
      [...copied].some(({ name }) => name === '*'),
    )
  assert.ok(await isOpen('select @a', foreign))
  assert.ok(!(await isOpen('select @a', NAMES)))
  assert.ok(!(await isOpen('set @a = @b', foreign)))
  assert.ok(await isOpen('set sql_mode = @a', foreign))
  for (const sql of ['call p()', 'update users set ssn = 1', 'xyzzy']) {
    assert.ok(runsForeign((await read(sql)).understood), sql)
  }
  for (const sql of ['select 1', 'select sleep(1)', 'set @a = 1']) {
    assert.ok(!runsForeign((await read(sql)).understood), sql)
  }
})
