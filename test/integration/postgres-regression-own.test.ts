import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import pg from 'pg'
import { type ClientsWorld, clientsWorld } from '../harness/postgres-clients.ts'

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
