import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, test } from 'node:test'
import pg from 'pg'
import { selfSigned } from '../harness/certificate.ts'
import { startPostgres } from '../harness/postgres.ts'
import { GATE_PASSWORD } from '../harness/postgres-gate.ts'
import { ROOT } from '../harness/process.ts'

const IDLE = 1_000
const BUSY = 200
const ROUNDS = 20
/** Clients that connect at once. */
const AT_ONCE = 50
const started = await startPostgres({
  settings: [`max_connections=${IDLE + BUSY + 20}`, 'superuser_reserved_connections=3'],
})
const skip = 'missing' in started ? started.missing : false
const folder = mkdtempSync(join(tmpdir(), 'sallyport-load-'))
after(async () => {
  if (!('missing' in started)) await started.stop()
  rmSync(folder, { recursive: true, force: true })
})

test(`${IDLE} idle and ${BUSY} busy connections over TLS`, { skip }, async t => {
  if ('missing' in started) return
  const tls = await selfSigned()
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')]
  writeFileSync(key, tls.key, { mode: 0o600 })
  writeFileSync(certificate, tls.certificate)
  const program = join(ROOT, 'test/integration/postgres-load.child.ts')
  const child = spawn(process.execPath, [program, `${started.port}`, key, certificate], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const said = createInterface(child.stdout)[Symbol.asyncIterator]()
  const line = async (): Promise<string[]> => `${(await said.next()).value}`.split(' ')
  const [, port = ''] = await line()
  const memory = async (): Promise<{ rss: number; heap: number; external: number }> => {
    child.stdin.write('\n')
    const [, rss, heap, external] = await line()
    return { rss: Number(rss), heap: Number(heap), external: Number(external) }
  }
  const open = async (): Promise<pg.Client> => {
    const db = new pg.Client({
      ...{
        host: 'localhost',
        port: Number(port),
        user: 'agent',
        password: GATE_PASSWORD,
        database: 'postgres',
      },
      ssl: { ca: tls.certificate },
    })
    await db.connect()
    return db
  }
  const many = async (count: number): Promise<pg.Client[]> => {
    const all: pg.Client[] = []
    while (all.length < count) {
      const next = Math.min(AT_ONCE, count - all.length)
      all.push(...(await Promise.all(Array.from({ length: next }, open))))
    }
    return all
  }

  // What the first half makes it load and compile is no part of what each costs.
  const first = await many(IDLE / 2)
  const before = await memory()
  const idle = [...first, ...(await many(IDLE / 2))]
  const during = await memory()
  const perConnection = (during.rss - before.rss) / (IDLE / 2)
  const heap = (during.heap + during.external - before.heap - before.external) / (IDLE / 2)
  t.diagnostic(
    `an idle connection: ${Math.round(perConnection / 1024)} KiB resident, ${Math.round(heap / 1024)} KiB of that in the heap and in buffers`,
  )
  t.diagnostic(`the gate with ${IDLE} of them: ${Math.round(during.rss / 1024 / 1024)} MiB`)
  const busy = await many(BUSY)
  const began = performance.now()
  await Promise.all(
    busy.map(async (db, i) => {
      for (let n = 0; n < ROUNDS; n++) {
        const values = [i, n]
        const { rows } = await db.query({ name: 'sum', text: 'select $1::int + $2::int as sum', values })
        assert.equal(rows[0]?.sum, i + n)
      }
    }),
  )
  const seconds = (performance.now() - began) / 1_000
  t.diagnostic(`${BUSY} busy among them: ${Math.round((BUSY * ROUNDS) / seconds)} statements a second`)
  // Those that idled are still there.
  for (const db of idle.filter((_, i) => i % 50 === 0)) {
    assert.deepEqual((await db.query('select 1 as one')).rows, [{ one: 1 }])
  }
  await Promise.all([...idle, ...busy].map(db => db.end()))
  assert.ok(perConnection < 512 * 1024, `${perConnection} bytes for each idle connection`)
  child.kill()
  await once(child, 'exit')
})
