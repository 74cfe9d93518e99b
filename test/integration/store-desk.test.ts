import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemRandom } from '../../src/core/clock.ts'
import { Redacted } from '../../src/core/redacted.ts'
import { Approvals } from '../../src/grants/approvals.ts'
import { callQuestion, testRoom } from '../../src/grants/desk.fixture.ts'
import { demand, person, REQUESTER } from '../../src/grants/requests.fixture.ts'
import { openStore, type StoreSettings } from '../../src/store/open.ts'
import { startPostgres } from '../harness/postgres.ts'

const BOB = person('bob')
const MINUTE = 60_000

/** Two replicas, each with a store of its own over one database, and what their journals have. */
async function replicas(settings: StoreSettings) {
  const room = testRoom()
  const stores = [await openStore(settings), await openStore(settings)] as const
  const { clock, timers, journal } = room
  const record = journal.record.bind(journal)
  const desks = stores.map(
    store => new Approvals({ store, clock, record, random: systemRandom, channels: ['ops'], poll: timers }),
  )
  return {
    ...room,
    first: desks[0]!,
    second: desks[1]!,
    stores,
    close: async () => {
      for (const store of stores) await store.close()
    },
  }
}

async function aDay(settings: StoreSettings): Promise<void> {
  const { first, second, stores, clock, journal, close } = await replicas(settings)

  // Of many replicas that are asked the same, one asks on, and all wait for the same answer.
  const uses = 40
  const terminate = callQuestion('d'.repeat(64), { demands: [demand(['group/on-call'], { uses })] })
  const settle = (n: number) => (n % 2 === 0 ? first : second).settle(terminate, `call-${n}`)
  const asked = await Promise.all(Array.from({ length: 16 }, (_, n) => settle(n)))
  const [{ request }] = asked as [(typeof asked)[0]]
  for (const settled of asked) {
    assert.equal(settled.state, 'pending')
    assert.equal(settled.request.id, request.id)
  }
  assert.deepEqual(await second.list({ limit: 10 }), [request])

  // No use is spent twice, and none is lost.
  await second.approve(request.id, BOB, { comment: 'go on' })
  const taken = await Promise.all(Array.from({ length: 60 }, (_, n) => settle(100 + n)))
  assert.equal(taken.filter(({ state }) => state === 'granted').length, uses)
  assert.equal((await first.get(request.id))?.state, 'spent')
  const spent = journal.events.filter(({ what }) => what === 'spent')
  assert.equal(new Set(spent.map(({ decisionId }) => decisionId)).size, uses)
  assert.deepEqual(
    spent.map(({ usesLeft }) => usesLeft ?? -1).toSorted((a, b) => b - a),
    Array.from({ length: uses }, (_, n) => uses - 1 - n),
  )

  // Those that came too late wait for one new request, which is denied, and remembered as such.
  const late = taken.filter(({ state }) => state === 'pending')
  assert.equal(late.length, 60 - uses)
  assert.equal(new Set(late.map(each => each.request.id)).size, 1)
  await first.deny(late[0]!.request.id, BOB, 'enough')
  assert.equal((await settle(200)).state, 'denied')

  // Standing access, break-glass, revocation.
  const scope = await first.requestScope({
    requester: REQUESTER,
    scope: { actions: ['ec2:*'], resources: ['*'] },
    reason: 'a migration',
    validForMs: 5 * MINUTE,
    demands: [demand(['group/on-call'])],
  })
  await second.shown(scope.id, 'channel/ops', 'ops')
  await second.approve(scope.id, BOB, {})
  const start = callQuestion('e'.repeat(64))
  const covered = await first.settle(start, 'call-300')
  assert.ok(covered.state === 'granted' && covered.grant.kind === 'scope')
  await first.revoke(scope.id, BOB, 'done')
  const waiting = await second.settle(start, 'call-301')
  assert.equal(waiting.state, 'pending')
  const passed = await second.brokeGlass(start, 'call-302')
  assert.equal(passed.brokeGlass, true)
  assert.equal((await first.settle(start, 'call-303')).request.id, waiting.request.id)

  // What nobody answers ends by itself, once, whoever sweeps.
  clock.advance(25 * 60 * MINUTE)
  await Promise.all([first.sweep(), second.sweep()])
  assert.equal((await first.get(waiting.request.id))?.state, 'expired')
  assert.equal(journal.said.filter(what => what === 'expired').length, 1)
  assert.deepEqual(await stores[0].unrecorded(Number.MAX_SAFE_INTEGER, 500), [])

  // Each event of each request is to be told to the one channel.
  const told = []
  for (;;) {
    const due = await stores[1].takeDeliveries(clock.now(), clock.now() + MINUTE, 50)
    if (due.length === 0) break
    told.push(...due.map(({ event }) => event.id))
  }
  assert.equal(new Set(told).size, told.length)
  assert.ok(told.length > 6)
  await close()
}

test('a day at two desks over SQLite', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-desk-'))
  try {
    await aDay({ kind: 'sqlite', path: join(folder, 'grants.db') })
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('a day at two desks over PostgreSQL', async t => {
  const postgres = await startPostgres()
  if ('missing' in postgres) return t.skip(postgres.missing)
  try {
    await aDay({ kind: 'postgres', url: new Redacted(postgres.url) })
  } finally {
    await postgres.stop()
  }
})
