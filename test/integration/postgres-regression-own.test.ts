import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import pg from 'pg'
import { POSTGRES_PASSWORD } from '../harness/postgres.ts'
import { type ClientsWorld, clientsWorld } from '../harness/postgres-clients.ts'
import { without } from '../harness/postgres-programs.ts'
import { statements } from '../harness/postgres-statements.ts'
import { execute } from '../harness/process.ts'

const started = await clientsWorld()
const world = started as ClientsWorld
const skip = 'missing' in started ? started.missing : false
after(async () => {
  if (!('missing' in started)) await started.stop()
})

async function both(texts: readonly string[]): Promise<void> {
  const heard = await Promise.all(
    [world.straight, world.gate.url()].map(async url => {
      const ssl = url === world.straight ? false : { rejectUnauthorized: false }
      const db = new pg.Client({ connectionString: url, ssl })
      await db.connect()
      const answers: string[] = []
      for (const text of texts) {
        const answer = await db.query({ text, rowMode: 'array' }).then(
          ({ command, rows }) => `${command} ${JSON.stringify(rows)}`,
          (error: pg.DatabaseError) => `${error.code} ${error.message}`,
        )
        answers.push(`${text}: ${answer}`)
      }
      await db.end()
      return answers
    }),
  )
  assert.deepEqual(heard[1], heard[0])
}

test('transactions are set before their first query, whatever came before', { skip }, async () => {
  await both([
    'create temp table t (a int default 1)',
    'insert into t default values',
    'begin',
    'set transaction isolation level serializable',
    'set transaction read only',
    'set transaction read write',
    'set local statement_timeout to 10000',
    'set transaction isolation level repeatable read',
    'select * from t',
    'set transaction isolation level read committed',
    'rollback',
    'begin',
    'savepoint s',
    'set transaction read only',
    'insert into t default values',
    'rollback to s',
    'set transaction read only',
    'set transaction read write',
    'commit',
    'set session characteristics as transaction isolation level serializable',
    'begin',
    'show transaction_isolation',
    'commit',
  ])
})

/** What psql prints of a script, errors where they come. */
async function printed(database: string, env: NodeJS.ProcessEnv, script: string): Promise<string[]> {
  const { stdout } = await execute('sh', ['-c', 'exec psql -X -a 2>&1'], {
    env: { ...world.env, ...env, PGDATABASE: database, LC_ALL: 'C', TZ: 'UTC' },
    input: script,
  })
  return stdout.split('\n')
}

test('statements of all kinds give the same bytes through the gate', {
  skip: skip || without('psql'),
}, async () => {
  const all = statements()
  assert.ok(all.length > 3_000, `${all.length} statements`)
  const script = all.join('\n')
  await world.database('straight')
  await world.database('behind')
  const { port } = new URL(world.straight)
  const straightOn = { PGPORT: port, PGUSER: 'gate', PGPASSWORD: POSTGRES_PASSWORD, PGSSLMODE: 'disable' }
  const straight = await printed('straight', straightOn, script)
  const behind = await printed('behind', {}, script)
  const [at] = straight.flatMap((line, i) => (line === behind[i] ? [] : [i]))
  const around = (lines: string[]): string =>
    lines.slice(Math.max((at ?? 0) - 4, 0), (at ?? 0) + 8).join('\n')
  assert.equal(at === undefined ? '' : around(behind), at === undefined ? '' : around(straight))
  assert.equal(behind.length, straight.length)
})
