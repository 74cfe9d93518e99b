import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import pg from 'pg'
import { startPostgres } from '../harness/postgres.ts'
import { startPostgresGate } from '../harness/postgres-gate.ts'

const started = await startPostgres()
const skip = 'missing' in started ? started.missing : false
after(async () => {
  if (!('missing' in started)) await started.stop()
})

interface Connection {
  query(text: string): void
  sendCopyFromChunk(chunk: Buffer): void
  endCopyFrom(): void
}

/** Copies the pieces, each a message of its own; rejects with the server's error. */
function copy(db: pg.Client, text: string, pieces: readonly string[]): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  // As node-postgres takes queries of others, such as pg-copy-streams.
  const query = {
    submit: (connection: Connection) => connection.query(text),
    handleCopyInResponse(connection: Connection) {
      for (const piece of pieces) connection.sendCopyFromChunk(Buffer.from(piece))
      connection.endCopyFrom()
    },
    handleError: reject,
    handleCommandComplete: () => undefined,
    handleReadyForQuery: () => resolve(),
  }
  db.query(query as unknown as pg.Submittable)
  return promise
}

test('a mask that comes back in the data of COPY copies nothing, also in two pieces', { skip }, async () => {
  if ('missing' in started) return
  const gate = await startPostgresGate(started.port)
  const db = new pg.Client({ connectionString: gate.url() })
  await db.connect()
  await db.query('create table people (id int, email text)')
  const count = async (): Promise<unknown> =>
    (await db.query('select count(*)::int as n from people')).rows[0]?.n
  for (const pieces of [
    ['1\tann@x\n2\t~mask~ob@x\n', '3\tann@x\n'],
    ['1\tann@x\n', '2\t~ma', 'sk~ob@x\n', '3\tann@x\n'],
  ]) {
    const copied = copy(db, 'copy people from stdin', pieces)
    await assert.rejects(copied, (error: pg.DatabaseError) => {
      assert.equal(error.code, '57014')
      assert.match(error.message, /the data has a mask in it that the gate made \(mask-carried-back\)/)
      return true
    })
    assert.equal(await count(), 0)
  }
  await copy(db, 'copy people from stdin', ['1\tann@x\n', '2\tbob~mas k~\n'])
  assert.equal(await count(), 2)
  await db.end()
  await gate.stop()
})
