import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { sql } from 'kysely'
import {
  aDelivery,
  anEvent,
  aPerson,
  approved,
  aRequest,
  aScope,
  idOf,
  NOW,
  spent,
} from '../../test/harness/store/samples.ts'
import { MemoryGrantStore } from '../grants/memory-store.fixture.ts'
import type { AccessRequest } from '../grants/model.ts'
import type { Change, GrantStore } from '../grants/port.ts'
import type { Engine } from './engine.ts'
import { SqlGrantStore } from './grant-store.ts'
import { migrate } from './migrate.ts'
import { openSqlite } from './sqlite.ts'

/** What is done to the real store and to the model alike; both must answer the same. */
type Step = (store: GrantStore, world: World) => Promise<unknown>

/** What a step may know: the time, which only goes on, and a number that is new each time. */
interface World {
  readonly nowMs: number
  readonly serial: number
}

const DIGESTS = ['a', 'b', 'c']
const few = fc.nat(7)
const digest = fc.constantFrom(...DIGESTS)
const sorted = (requests: readonly AccessRequest[]): string[] =>
  requests.map(each => JSON.stringify(each)).toSorted()

function told(request: AccessRequest, { nowMs, serial }: World): Change {
  const event = anEvent(request, idOf('E', serial), 'asked', { timeMs: nowMs })
  return { request, events: [event], deliveries: [aDelivery(event, idOf('D', serial))] }
}

const opening: fc.Arbitrary<Step> = fc
  .record({ digest, isScope: fc.boolean(), forMs: fc.integer({ min: -1, max: 20 }) })
  .map(({ digest: asked, isScope, forMs }) => (store, world) => {
    const standsUntilMs = world.nowMs + forMs
    const request = (isScope ? aScope : aRequest)(world.serial, { digest: asked, standsUntilMs })
    return store.open(told(request, world), world.nowMs)
  })

/** Approves, spends or ends the request that stands, from the version that it has or from another. */
const changing: fc.Arbitrary<Step> = fc
  .record({ digest, what: fc.constantFrom('go on', 'end'), lag: fc.constantFrom(0, 0, 0, 1) })
  .map(({ digest: asked, what, lag }) => async (store, world) => {
    const request = await store.standingFor(asked, world.nowMs)
    if (request === undefined) return undefined
    const next = what === 'end' ? ended(request) : request.grant ? spent(request) : approved(request)
    return await store.replace(told({ ...next, version: next.version - lag }, world))
  })

function ended(request: AccessRequest): AccessRequest {
  return { ...request, state: 'revoked', standsUntilMs: 0, version: request.version + 1 }
}

const asking: fc.Arbitrary<Step> = fc.oneof(
  few.map(
    (n): Step =>
      store =>
        store.get(idOf('R', n)),
  ),
  digest.map(
    (asked): Step =>
      (store, { nowMs }) =>
        store.standingFor(asked, nowMs),
  ),
  few.map(
    (n): Step =>
      store =>
        store.states([idOf('R', n), idOf('R', n + 1), idOf('N', n)]),
  ),
  fc
    .record({
      limit: fc.integer({ min: 1, max: 5 }),
      states: fc.option(fc.subarray(['pending', 'approved', 'spent', 'revoked'] as const), {
        nil: undefined,
      }),
      before: fc.option(few, { nil: undefined }),
    })
    .map(
      ({ limit, states, before }): Step =>
        store => {
          const from = before === undefined ? {} : { before: idOf('R', before) }
          return store.list({ limit, ...(states === undefined ? {} : { states }), ...from })
        },
    ),
  fc.constant<Step>(async (store, { nowMs }) => {
    const { principalKey, roleArn } = aRequest(0).requester
    return [
      sorted(await store.scopes(principalKey, roleArn, nowMs)),
      sorted(await store.overdue(nowMs, 500)),
      await store.pendingOf(principalKey, nowMs),
    ]
  }),
)

const telling: fc.Arbitrary<Step> = fc.oneof(
  few.map(
    (n): Step =>
      async (store, { nowMs }) => {
        const events = await store.unrecorded(nowMs, 500)
        await store.recorded(events.slice(0, n).map(({ id }) => id))
        return events
      },
  ),
  fc.record({ limit: fc.integer({ min: 1, max: 4 }), leaseMs: fc.nat(9) }).map(
    ({ limit, leaseMs }): Step =>
      async (store, { nowMs }) => {
        const taken = await store.takeDeliveries(nowMs, nowMs + leaseMs, limit)
        for (const [index, { id, dueMs }] of taken.entries()) {
          if (index % 3 === 0) await store.delivered(id)
          if (index % 3 === 1) await store.failed(id, dueMs % 2 === 0 ? nowMs + 3 : undefined, 'why')
        }
        return taken
      },
  ),
  fc.nat(3).map(
    (n): Step =>
      async (store, { nowMs }) => {
        await store.rememberPerson(aPerson('p', { name: `${n}` }), nowMs + n)
        return [await store.person('p'), await store.secret(`${n}`, Buffer.alloc(32, nowMs % 251))]
      },
  ),
)

async function empty({ db }: Engine): Promise<void> {
  for (const table of ['access_requests', 'request_events', 'deliveries', 'people', 'secrets'] as const) {
    await db.deleteFrom(table).execute()
  }
}

test('whatever is done in whatever order, SQLite answers as the model does', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-store-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const engine = await openSqlite(join(folder, 'grants.db'))
  await migrate(engine, NOW)
  // The question here is what it answers, not what a crash leaves.
  await sql`PRAGMA synchronous = OFF`.execute(engine.db)
  const store = new SqlGrantStore(engine)
  const step = fc.record({
    run: fc.oneof(opening, changing, changing, asking, telling),
    afterMs: fc.constantFrom(0, 1, 5, 30),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60, size: 'max' }), async steps => {
      await empty(engine)
      const model = new MemoryGrantStore()
      let nowMs = NOW
      for (const [serial, { run, afterMs }] of steps.entries()) {
        nowMs += afterMs
        assert.deepEqual(await run(store, { nowMs, serial }), await run(model, { nowMs, serial }))
      }
    }),
    { numRuns: 100 },
  )
  await store.close()
})
