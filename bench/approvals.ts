/**
 * Approvals a second at the desk, durable in SQLite and, where it is installed, in PostgreSQL on this machine's
 * disk: a call is asked for, a person approves it, and its use is taken. Each of the three is a commit, and
 * one more that marks its event as recorded. Without the journal itself, which is measured apart.
 * `node bench/approvals.ts [SECONDS]`
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock, systemRandom } from '../src/core/clock.ts'
import { newId } from '../src/core/id.ts'
import { Redacted } from '../src/core/redacted.ts'
import { Approvals } from '../src/grants/approvals.ts'
import type { CallQuestion, Settled } from '../src/grants/desk.ts'
import { CALL, demand, person, REQUESTER } from '../src/grants/requests.fixture.ts'
import { openStore, type StoreSettings } from '../src/store/open.ts'
import { startPostgres } from '../test/harness/postgres.ts'

const AT_A_TIME = [1, 32] as const
const ANN = person('ann')

const seconds = Number(process.argv[2] ?? 2)
const folder = await mkdtemp(join(process.env['BENCH_FOLDER'] ?? tmpdir(), 'sallyport-bench-'))
try {
  await measure('SQLite', { kind: 'sqlite', path: join(folder, 'grants.db') })
} finally {
  await rm(folder, { recursive: true })
}
const server = await startPostgres({ fsync: true, settings: ['shared_buffers=128MB'] })
if ('missing' in server) console.log(`approvals PostgreSQL: skipped, ${server.missing}`)
else {
  try {
    await measure('PostgreSQL', { kind: 'postgres', url: new Redacted(server.url) })
  } finally {
    await server.stop()
  }
}

async function measure(name: string, settings: StoreSettings): Promise<void> {
  const store = await openStore(settings)
  const desk = new Approvals({
    store,
    clock: systemClock,
    random: systemRandom,
    channels: [],
    record: () => Promise.resolve(),
    poll: { every: 500, after: () => () => undefined },
  })
  for (const lanes of AT_A_TIME) {
    const until = performance.now() + seconds * 1_000
    const start = performance.now()
    const waits: number[] = []
    const lane = async (): Promise<void> => {
      while (performance.now() < until) {
        const began = performance.now()
        await cycle(desk)
        waits.push(performance.now() - began)
      }
    }
    await Promise.all(Array.from({ length: lanes }, lane))
    const perSecond = (waits.length * 1_000) / (performance.now() - start)
    const p50 = waits.sort((a, b) => a - b)[waits.length >> 1] ?? 0
    console.log(`approvals ${name}, ${lanes} at a time: ${Math.round(perSecond)}/s p50 ${p50.toFixed(2)} ms`)
  }
  await store.close()
}

/** Asked, approved, and the one use taken. */
async function cycle(desk: Approvals): Promise<void> {
  const id = newId(systemClock, systemRandom)
  const question: CallQuestion = {
    digest: id,
    // Each of another principal: of one, requests are asked one after the other, at a bounded rate.
    requester: { ...REQUESTER, subject: id, principalKey: id },
    demands: [demand(['group/on-call'])],
    pairs: CALL.pairs,
    describe: () => Promise.resolve(CALL),
  }
  const asked = await settle(desk, question, 'pending')
  await desk.approve(asked.request.id, ANN, {})
  await settle(desk, question, 'granted')
}

async function settle(desk: Approvals, question: CallQuestion, state: Settled['state']): Promise<Settled> {
  const settled = await desk.settle(question, newId(systemClock, systemRandom))
  if (settled.state !== state) throw new Error(`a request is ${settled.state} that should be ${state}`)
  return settled
}
