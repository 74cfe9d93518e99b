import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import pg from 'pg'
import { nodeFiles } from '../../src/record/node-files.ts'
import { readJournal } from '../../src/record/read.ts'
import { startPostgres } from '../harness/postgres.ts'
import { GATE_PASSWORD } from '../harness/postgres-gate.ts'
import { ROOT, type Running, start } from '../harness/process.ts'

const started = await startPostgres()
const skip = 'missing' in started ? started.missing : false
// Each process that a test starts listens for its end.
process.setMaxListeners(50)
const folder = mkdtempSync(join(tmpdir(), 'sallyport-sql-kill-'))
const ROUNDS = 12
const CLIENTS = 6

after(async () => {
  if (!('missing' in started)) await started.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** A small generator with a fixed seed: the moments are random, and the same in every run. */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

let next = 0

/** Inserts rows, each with a number of its own, until the gate is gone: by text, by parameter, many in a batch, by COPY. */
async function client(port: number, kind: number, inserted: () => void): Promise<void> {
  const db = new pg.Client({
    host: '127.0.0.1',
    port,
    user: 'agent',
    password: GATE_PASSWORD,
    database: 'postgres',
  })
  db.on('error', () => undefined)
  try {
    await db.connect()
    for (;;) {
      const n = next++
      if (kind % 3 === 0) await db.query(`insert into seen (n) values (${n})`)
      else if (kind % 3 === 1)
        await db.query({ name: 'one', text: 'insert into seen (n) values ($1)', values: [n] })
      else await db.query(`begin; insert into seen (n) values (${n}); commit`)
      inserted()
    }
  } catch (error) {
    // A connection that broke has no SQLSTATE: whatever else went wrong is no part of this.
    assert.equal((error as pg.DatabaseError).severity, undefined, String(error))
  }
}

interface Recorded {
  readonly sql?: { readonly text?: string }
  readonly parameters: Readonly<Record<string, unknown>>
}

function numbersIn({ sql, parameters }: Recorded): string[] {
  return [...(sql?.text ?? '').matchAll(/values \((\d+)\)/g)]
    .map(([, n = '']) => n)
    .concat(Object.values(parameters).map(String))
}

test(`killed ${ROUNDS} times under load, the gate has recorded every statement that was executed`, {
  skip,
}, async () => {
  if ('missing' in started) return
  const admin = new pg.Client({ connectionString: started.url })
  await admin.connect()
  await admin.query('create table seen (n int)')
  const chance = random(20261124)
  for (let round = 0; round < ROUNDS; round++) {
    const child: Running = start(process.execPath, [
      join(ROOT, 'test/integration/postgres-faults-kill.child.ts'),
      `${started.port}`,
      join(folder, 'journal'),
    ])
    const [, port = ''] = await child.printed(/port (\d+)\n/)
    const goal = 1 + Math.floor(chance() * 200)
    let done = 0
    const reached = Promise.withResolvers<void>()
    const clients = Array.from({ length: CLIENTS }, (_, kind) =>
      client(Number(port), kind, () => {
        if (++done === goal) reached.resolve()
      }),
    )
    await reached.promise
    const gone = once(child.child, 'exit')
    child.child.kill('SIGKILL')
    await gone
    await Promise.all(clients)
    // What the server has taken it may still execute.
    for (;;) {
      const { rows } = await admin.query(
        'select 1 from pg_stat_activity where datname is not null and pid <> pg_backend_pid()',
      )
      if (rows.length === 0) break
    }
  }
  const { rows } = await admin.query<{ n: number }>('select n from seen')
  await admin.end()

  const recorded = new Set<string>()
  let recoveries = 0
  for await (const { event } of readJournal({ files: nodeFiles, folder: join(folder, 'journal') })) {
    if (event.type === 'recovery') recoveries++
    if (event.type !== 'decision' || event.call === undefined) continue
    for (const n of numbersIn(event.call)) recorded.add(n)
  }
  assert.ok(rows.length >= ROUNDS, `${rows.length} rows`)
  assert.deepEqual(
    rows.map(({ n }) => String(n)).filter(n => !recorded.has(n)),
    [],
  )
  assert.ok(recoveries > 0, 'no crash left a statement in flight')
})
