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
import { JOINED, joinQueries } from '../harness/mysql-joins.ts'
import { CANARY, EXPRESSIONS, SCHEMA, SOURCES, TELLING } from '../harness/mysql-shapes.ts'

/**
 * What the gate says of a statement, held against what a real server does with it: wherever the canary of a column
 * comes out, the gate must have said that it may come from that column.
 */

const DIALECT: Dialect = { mariadb: true, ansiQuotes: false, noBackslashEscapes: false }

const started = await startMariadb()
const skip = 'missing' in started ? started.missing : false
const parser = openQueryParser({ after: () => () => undefined })
let client: mysql.Connection
let catalog: MysqlCatalog

before(async () => {
  if (skip !== false) return
  const { port, user } = started as Mariadb
  client = await mysql.createConnection({ connectTimeout: 0, host: '127.0.0.1', port, user, password: '' })
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

interface Where {
  readonly catalog: MysqlCatalog
  readonly database: string
}

async function read(sql: string, where: Where = { catalog, database: 'shop' }): Promise<QueryMeaning> {
  const lexed = lex(sql, DIALECT)
  assert.ok(lexed.kind === 'tokens', sql)
  const query = await readQuery(lexed.tokens, parser)
  const { database, catalog: known } = where
  return understandQuery(query, known, { database, isCaseSensitive: known.isCaseSensitive })
}

async function tried(sql: string, where?: Where): Promise<QueryMeaning | undefined> {
  return read(sql, where).catch((error: unknown) => {
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

test('joins by names have the columns that the server gives them, in its order', { skip }, async t => {
  for (const sql of JOINED) await client.query(sql)
  const joined = await loadMysqlCatalog(ask, parser, DIALECT)
  let [ran, denied] = [0, 0]
  for (const sql of joinQueries(7)) {
    if (ran === 1_500) break
    const fields = await client.query(sql).then(
      ([, all]) => all,
      () => undefined,
    )
    if (fields === undefined) continue
    ran += 1
    const statement = await tried(sql, { catalog: joined, database: 'joined' })
    if (statement === undefined) denied += 1
    else checkColumns(sql, statement.output?.columns ?? [], fields)
  }
  await client.query('use shop')
  t.diagnostic(`${ran} joins ran, ${denied} were denied`)
  assert.ok(denied < ran / 4)
})

/** What the server tells of a column where it has it from a table itself, and not from a query that it kept. */
function checkColumns(sql: string, columns: Output['columns'], fields: readonly mysql.FieldPacket[]): void {
  assert.equal(columns.length, fields.length, sql)
  for (const [i, { orgTable, orgName }] of fields.entries()) {
    if (orgName === '' || /^t[0-9]/.test(orgTable)) continue
    const from = [...(columns[i]?.from ?? [])]
    assert.ok(
      from.some(({ relation, name }) => relation === orgTable && name === orgName),
      `${sql}: column ${i + 1}`,
    )
  }
}

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
