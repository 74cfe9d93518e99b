import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { type SchemaCatalog, type SqlStatement, Unresolved } from '../../src/interpret/sql/model.ts'
import { understand } from '../../src/interpret/sql/postgres/analyse/statement.ts'
import { loadCatalog, type Row } from '../../src/interpret/sql/postgres/catalog/load.ts'
import { openParser } from '../../src/interpret/sql/postgres/parse/parser.ts'
import { CANARY, EXPRESSIONS, SCHEMA, SOURCES } from '../harness/masked-shapes.ts'
import { type Postgres, startPostgres } from '../harness/postgres.ts'

/**
 * What the gate says of a statement, held against what a real server does with it: wherever the canary of a column
 * comes out, the gate must have said that it may come from that column.
 */

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
