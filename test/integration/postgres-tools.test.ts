import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { startPostgres } from '../harness/postgres.ts'
import { GATE_PASSWORD, startPostgresGate, type TestGate } from '../harness/postgres-gate.ts'
import { without } from '../harness/postgres-programs.ts'

/*
 * What tools ask of the catalog, by the gate and with masks in force: a mask on one column is no reason to refuse a
 * list of tables.
 */

const started = await startPostgres()
const skip = 'missing' in started ? started.missing : false
let gate: TestGate

before(async () => {
  if ('missing' in started) return
  const owner = new pg.Client({ connectionString: started.url })
  await owner.connect()
  await owner.query(readFileSync(new URL('../bypass/sql/postgres/shop.sql', import.meta.url), 'utf8'))
  await owner.query(`
    create type mood as enum ('a', 'b');
    create domain word as text check (value <> '');
    create sequence numbers;
    create table parts (id int, m mood default 'a', at timestamptz default now()) partition by range (id);
    create table parts_1 partition of parts for values from (0) to (9);
    create index on notes (note);
    create statistics both_columns on id, note from notes;
    create publication all_notes for table notes;
    create policy some_notes on notes using (id > 0);
    alter table ledger add foreign key (id) references people (id);
  `)
  await owner.end()
  gate = await startPostgresGate(started.port)
  gate.policy.masks = [{ columns: ['people.ssn', '*.salary'], as: 'full' }]
})
after(async () => {
  if ('missing' in started) return
  await gate.stop()
  await started.stop()
})

/** What a program of PostgreSQL says. */
async function said(
  command: string,
  ...args: string[]
): Promise<{ readonly code: number; readonly text: string }> {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      PGHOST: '127.0.0.1',
      PGPORT: `${gate.port}`,
      PGUSER: 'agent',
      PGPASSWORD: GATE_PASSWORD,
      PGDATABASE: 'postgres',
      PGSSLMODE: 'disable',
    },
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', chunk => {
      text += chunk
    })
  }
  const [code] = await once(child, 'close')
  return { code: code as number, text }
}

const META = `
  \\l+ \\d+ \\dt+ \\dv+ \\dm+ \\di+ \\ds+ \\df+ \\dn+ \\du+ \\dx+ \\dT+ \\dD+ \\do+ \\da+ \\dC+ \\dc+ \\dd \\ddp \\dE+ \\des+ \\deu+
  \\dew+ \\dF+ \\dFd+ \\dFp+ \\dFt+ \\dL+ \\dO+ \\dp \\drds \\dRp+ \\dRs+ \\dP+ \\dX \\dy+ \\db+ \\dAc+ \\dAf+ \\conninfo \\encoding
`
const OF = 'people notes parts people_view people_frozen numbers ledger'

test("psql's commands on the catalog", {
  skip: skip || without('psql', 'one as new as the server'),
}, async () => {
  const commands = [
    ...META.trim().split(/\s+/),
    ...OF.split(' ').map(name => `\\d+ ${name}`),
    '\\sf peek',
    '\\sv people_view',
  ]
  // The rows of a view are no lists of the catalog, and \d+ of a role's own may be empty: what counts is that nothing is refused.
  const { code, text } = await said(
    'psql',
    '-X',
    '-q',
    '-v',
    'ON_ERROR_STOP=1',
    ...commands.flatMap(each => ['-c', each]),
  )
  assert.equal(code, 0, text.slice(-1000))
})

test('pg_dump of the schema', {
  skip: skip || without('pg_dump', 'one as new as the server'),
}, async () => {
  const { code, text } = await said('pg_dump', '--schema-only')
  assert.equal(code, 0, text.slice(-1000))
  for (const name of OF.split(' ')) assert.match(text, new RegExp(`public\\.${name}\\b`))
})

const QUERIES = readFileSync(new URL('postgres-tools.sql', import.meta.url), 'utf8')
  .split(/;\n+/)
  .map(text => text.trim())
  .filter(text => text !== '')

for (const text of QUERIES) {
  const [, tool = text.slice(0, 60)] = /^-- (.*)/.exec(text) ?? []
  test(`catalog query of ${tool}`, { skip }, async () => {
    const client = new pg.Client({ connectionString: gate.url() })
    await client.connect()
    const straight = new pg.Client({ connectionString: (started as { url: string }).url })
    await straight.connect()
    try {
      const expected = await straight.query({ text, rowMode: 'array' })
      const { rows } = await client.query({ text, rowMode: 'array' })
      assert.equal(rows.length, expected.rows.length)
    } finally {
      await client.end()
      await straight.end()
    }
  })
}
