import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, test } from 'node:test'
import fc from 'fast-check'
import { Redacted } from '../../src/core/redacted.ts'
import type { RequestEvent } from '../../src/grants/model.ts'
import type { GrantStore } from '../../src/grants/port.ts'
import { openStore } from '../../src/store/open.ts'
import { startPostgres } from '../harness/postgres.ts'
import { NOW } from '../harness/store/samples.ts'

const CHILD = new URL('./store-crash.child.ts', import.meta.url).pathname
/** Writers at a time; each round kills them all. */
const WRITERS = 2
const SQLITE_ROUNDS = 16
/** When each round strikes, in acknowledged changes: the same in every run. */
const [MOMENTS = []] = fc.sample(
  fc.array(fc.integer({ min: 1, max: 120 }), { minLength: SQLITE_ROUNDS, maxLength: SQLITE_ROUNDS }),
  { numRuns: 1, seed: 3 },
)

interface Acknowledged {
  readonly what: string
  readonly id: string
  readonly version: number
}

/** Those that run: none outlives its test, or this process. */
const living = new Set<ChildProcess>()
const killAll = (): void => {
  for (const child of living) child.kill('SIGKILL')
}
afterEach(killAll)
process.once('exit', killAll)

class Writer {
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown>
  #text = ''

  constructor(place: string, questions: string) {
    this.#child = spawn(process.execPath, [CHILD, place, questions], { stdio: ['ignore', 'pipe', 'inherit'] })
    living.add(this.#child)
    this.#ended = once(this.#child, 'close').finally(() => living.delete(this.#child))
    this.#child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      this.#text += chunk
      this.#child.emit('line')
    })
  }

  /** Everything that it has said in whole lines. */
  get acknowledged(): Acknowledged[] {
    const lines = this.#text.split('\n').slice(0, -1)
    return lines.map(line => {
      const [what = '', id = '', version = ''] = line.split(' ')
      return { what, id, version: Number(version) }
    })
  }

  async until(count: number): Promise<void> {
    while (this.acknowledged.length < count) {
      const isOver = await Promise.race([
        this.#ended.then(() => true),
        once(this.#child, 'line').then(() => false),
      ])
      assert.ok(!isOver, 'the writer ended by itself')
    }
  }

  async kill(): Promise<void> {
    assert.equal(this.#child.exitCode, null, 'the writer ended by itself')
    this.#child.kill('SIGKILL')
    await this.#ended
    assert.equal(this.#child.signalCode, 'SIGKILL')
  }
}

/** Takes every event out of the store, as the journal would. */
async function drain(store: GrantStore): Promise<RequestEvent[]> {
  const all: RequestEvent[] = []
  for (;;) {
    const some = await store.unrecorded(NOW + 1, 500)
    if (some.length === 0) return all
    all.push(...some)
    await store.recorded(some.map(({ id }) => id))
  }
}

/**
 * What must hold whenever the store is opened: each acknowledged change is there, each was acknowledged to one
 * writer alone, and each change has come with its event and each event with its change.
 */
async function check(
  store: GrantStore,
  acknowledged: readonly Acknowledged[],
  events: RequestEvent[],
): Promise<void> {
  events.push(...(await drain(store)))
  const changes = acknowledged.map(({ id, version }) => `${id} ${version}`)
  assert.equal(new Set(changes).size, changes.length, 'a version was acknowledged to two')
  const told = Map.groupBy(events, ({ requestId }) => requestId)
  for (const { id, version } of acknowledged) {
    const request = await store.get(id)
    assert.ok(
      request && request.version >= version,
      `version ${version} of ${id} was acknowledged and is gone`,
    )
  }
  for (const [id, ofOne] of told) {
    const request = await store.get(id)
    assert.ok(request, `${id} was told of and is not there`)
    assert.equal(ofOne.length, request.version, `${id} has changes without events, or events without changes`)
    const left = ofOne.filter(({ what }) => what === 'spent').map(({ usesLeft }) => usesLeft)
    assert.equal(new Set(left).size, left.length, `a use of ${id} was spent twice`)
    if (request.grant) assert.equal(left.length, request.grant.uses - request.grant.usesLeft)
  }
}

test('killed at any moment, writers of SQLite leave every change that was acknowledged, once', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-store-crash-'))
  const path = join(folder, 'grants.db')
  const acknowledged: Acknowledged[] = []
  const events: RequestEvent[] = []
  try {
    for (const [round, moment] of MOMENTS.entries()) {
      const writers = Array.from({ length: WRITERS }, () => new Writer(path, `round ${round >> 1} lane `))
      await Promise.race(writers.map(writer => writer.until(moment)))
      await Promise.all(writers.map(writer => writer.kill()))
      acknowledged.push(...writers.flatMap(writer => writer.acknowledged))
      const database = new DatabaseSync(path)
      assert.deepEqual({ ...database.prepare('PRAGMA integrity_check').get() }, { integrity_check: 'ok' })
      database.close()
      const store = await openStore({ kind: 'sqlite', path })
      await check(store, acknowledged, events)
      await store.close()
    }
    assert.ok(acknowledged.some(({ what }) => what === 'spent'))
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('PostgreSQL: clients are killed, and the server is stopped as by a crash, and nothing acknowledged is lost', async t => {
  const postgres = await startPostgres({ fsync: true })
  if ('missing' in postgres) return t.skip(postgres.missing)
  const acknowledged: Acknowledged[] = []
  const events: RequestEvent[] = []
  try {
    for (const [round, moment] of MOMENTS.slice(0, 4).entries()) {
      const writers = Array.from({ length: WRITERS }, () => new Writer(postgres.url, `round ${round} lane `))
      const race = (count: number) => Promise.race(writers.map(writer => writer.until(count)))
      await race(moment)
      if (round % 2 === 1) {
        await postgres.halt()
        const before = writers.map(writer => writer.acknowledged.length)
        await postgres.resume()
        // Both go on by themselves.
        await Promise.all(writers.map((writer, n) => writer.until((before[n] ?? 0) + 1)))
      }
      await Promise.all(writers.map(writer => writer.kill()))
      acknowledged.push(...writers.flatMap(writer => writer.acknowledged))
      const store = await openStore({ kind: 'postgres', url: new Redacted(postgres.url) })
      await check(store, acknowledged, events)
      await store.close()
    }
    assert.ok(acknowledged.some(({ what }) => what === 'spent'))
  } finally {
    await postgres.stop()
  }
})
