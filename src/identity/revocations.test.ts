import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ManualClock } from '../core/clock.ts'
import { GateError } from '../core/errors.ts'
import type { KeptRevocation, Revocation } from '../core/revocation.ts'
import { RevocationFeed, STALE_MS } from './revocation-feed.ts'
import { Revocations } from './revocations.ts'
import { principalOf, START_MS } from './testing.ts'

const DAY_MS = 86_400_000

function revocation(change: Partial<Revocation> = {}): Revocation {
  return {
    id: 'R'.padEnd(26, '0'),
    kind: 'session',
    of: principalOf().sessionId,
    issuedUntilMs: START_MS,
    keepUntilMs: START_MS + DAY_MS,
    by: 'okta/ann',
    reason: 'because',
    atMs: START_MS,
    ...change,
  }
}

function knowing(...all: Revocation[]): Revocations {
  const known = new Revocations()
  known.learn(all, START_MS)
  return known
}

test('a session is ended by its whole id and no part of another', () => {
  const { sessionId } = principalOf()
  const known = knowing(revocation())
  assert.ok(known.of(principalOf()))
  // A session's credentials may be of any time: its id is of one session alone.
  assert.ok(known.of(principalOf({ issuedAtMs: START_MS + DAY_MS })))
  for (const other of [
    sessionId.slice(0, 25),
    `${sessionId}0`,
    sessionId.toLowerCase(),
    `session ${sessionId}`,
    '',
  ]) {
    assert.equal(known.of(principalOf({ sessionId: other })), undefined, other)
  }
})

test('a principal or a role is ended up to the moment that is said, that one included', () => {
  const { issuer, subject, roleArn } = principalOf()
  for (const [kind, of] of [
    ['principal', `${issuer}/${subject}`],
    ['role', roleArn],
  ] as const) {
    const known = knowing(revocation({ kind, of }))
    assert.ok(known.of(principalOf({ issuedAtMs: START_MS })), 'issued in the very millisecond')
    assert.equal(known.of(principalOf({ issuedAtMs: START_MS + 1 })), undefined)
    assert.equal(known.of(principalOf({ subject: 'a/b', roleArn: 'arn:aws:iam::1:role/x' })), undefined)
  }
})

test('what one kind is ended by ends nothing of another kind of the same name', () => {
  const { issuer, subject, sessionId, roleArn } = principalOf()
  const names = [sessionId, roleArn, `${issuer}/${subject}`]
  for (const [at, kind] of (['session', 'role', 'principal'] as const).entries()) {
    for (const name of names) {
      const ends = knowing(revocation({ kind, of: name })).of(principalOf()) !== undefined
      assert.equal(ends, names[at] === name, `${kind} ${name}`)
    }
  }
})

test('a chained session dies with any that it hangs on, by the time of that one', () => {
  const parent = { sessionId: 'P'.repeat(26), roleArn: 'arn:aws:iam::1:role/first', issuedAtMs: START_MS - 9 }
  const chained = principalOf({ chainedFrom: [{ ...parent, sessionId: 'M'.repeat(26) }, parent] })
  assert.ok(knowing(revocation({ of: parent.sessionId })).of(chained))
  const later = principalOf({ ...chained, issuedAtMs: START_MS + 500 })
  assert.ok(knowing(revocation({ kind: 'role', of: parent.roleArn })).of(later), 'laundered after the order')
  const fresh = [{ ...parent, issuedAtMs: START_MS + 1 }]
  assert.equal(
    knowing(revocation({ kind: 'role', of: parent.roleArn })).of(principalOf({ chainedFrom: fresh })),
    undefined,
  )
})

test('an older order that comes late takes nothing back', () => {
  const { roleArn } = principalOf()
  const wide = revocation({ kind: 'role', of: roleArn })
  const known = knowing(wide)
  assert.equal(known.learn([{ ...wide, issuedUntilMs: START_MS - 1 }], START_MS), false)
  assert.ok(known.of(principalOf()))
})

/** A store whose answers a test makes. */
function storeOf(rows: KeptRevocation[]) {
  const store = {
    fails: false,
    asked: [] as number[],
    async revocations(from: number, limit: number) {
      if (store.fails) throw new GateError('store-unavailable', 'gone')
      store.asked.push(from)
      return rows.filter(({ number }) => number >= from).slice(0, limit)
    },
  }
  return store
}

function feedOf(rows: KeptRevocation[], known: Revocations = new Revocations()) {
  const store = storeOf(rows)
  const clock = new ManualClock(START_MS)
  const steady = new ManualClock(0)
  const told: unknown[] = []
  const timers: (() => void)[] = []
  const feed = new RevocationFeed({
    store,
    revocations: known,
    clock,
    steady,
    after: (_delayMs, run) => {
      timers.push(run)
      return () => undefined
    },
    learnt: () => told.push('learnt'),
    report: error => told.push(error === undefined ? 'well' : 'ill'),
  })
  return { store, clock, steady, told, timers, feed, known }
}

const idOf = (number: number): string => String(number).padStart(26, '0')
const row = (number: number, change: Partial<Revocation> = {}): KeptRevocation => ({
  number,
  revocation: revocation({ id: idOf(number), of: `S${number}`.padEnd(26, 'S'), ...change }),
})

test('before the first reading nothing is known, and all of it after, page by page', async () => {
  const rows = Array.from({ length: 1_201 }, (_, at) => row(at * 2 + 1))
  const { feed, store, known } = feedOf(rows)
  assert.throws(() => feed.check(), { code: 'revocations-unknown' })
  await feed.begin()
  feed.check()
  assert.equal(known.size, 1_201)
  await feed.look()
  assert.deepEqual(store.asked, [0, 1000, 2000, 2401], 'then only from the last one on')
})

test('what cannot be read is reported once, and after half a minute nobody passes until it can', async () => {
  const { feed, store, clock, steady, told } = feedOf([])
  await feed.begin()
  store.fails = true
  for (let second = 0; second < STALE_MS / 1000; second++) {
    clock.advance(1_000)
    steady.advance(1_000)
    await feed.look()
    feed.check()
  }
  clock.advance(1)
  assert.throws(() => feed.check(), { code: 'revocations-unknown' })
  clock.advance(-60_000)
  steady.advance(1)
  assert.throws(() => feed.check(), { code: 'revocations-unknown' }, 'a clock that is set back hides nothing')
  store.fails = false
  await feed.look()
  feed.check()
  assert.deepEqual(told, ['ill', 'well'])
})

test('a first reading that fails lets nobody in', async () => {
  const { feed, store } = feedOf([])
  store.fails = true
  await assert.rejects(feed.begin(), { code: 'store-unavailable' })
  assert.throws(() => feed.check(), { code: 'revocations-unknown' })
})

test('a store that was set back gives its numbers anew: they are read', async () => {
  const rows = [row(1), row(2), row(3)]
  const { feed, known } = feedOf(rows)
  await feed.begin()
  rows.splice(1, 2, row(2, { id: idOf(77), of: 'other' }))
  await feed.look()
  assert.ok(known.of(principalOf({ sessionId: 'other' })))
  assert.ok(known.of(principalOf({ sessionId: 'S3'.padEnd(26, 'S') })), 'what is known stays known')
  rows.splice(0, 2, row(1, { id: idOf(88), of: 'again' }))
  await feed.look()
  assert.ok(known.of(principalOf({ sessionId: 'again' })))
})

test('an order that comes while the store is read is known once it was looked again', async () => {
  const rows: KeptRevocation[] = []
  const { feed, store, known, told } = feedOf(rows)
  await feed.begin()
  let open: () => void = () => undefined
  const gate = new Promise<void>(resolve => {
    open = resolve
  })
  const read = store.revocations.bind(store)
  store.revocations = async (from, limit) => {
    const before = await read(from, limit)
    await gate
    return before
  }
  const first = feed.look()
  rows.push(row(1))
  const second = feed.look()
  open()
  await Promise.all([first, second])
  assert.equal(known.size, 1)
  assert.deepEqual(told, ['learnt'])
})

test('any orders, learnt in any order and portions, end the same sessions as a list of them all would', () => {
  const names = ['a', 'b']
  const parent = fc.record({
    sessionId: fc.constantFrom(...names),
    roleArn: fc.constantFrom(...names),
    issuedAtMs: fc.nat(20),
  })
  const principal = fc.record({
    sessionId: fc.constantFrom(...names),
    roleArn: fc.constantFrom(...names),
    issuer: fc.constantFrom(...names),
    subject: fc.constantFrom(...names),
    issuedAtMs: fc.nat(20),
    chainedFrom: fc.array(parent, { maxLength: 2 }),
  })
  const order = fc
    .record({
      kind: fc.constantFrom('session' as const, 'principal' as const, 'role' as const),
      name: fc.constantFrom(...names),
      subject: fc.constantFrom(...names),
      issuedUntilMs: fc.nat(20),
    })
    .map(({ kind, name, subject, issuedUntilMs }) =>
      revocation({ kind, of: kind === 'principal' ? `${name}/${subject}` : name, issuedUntilMs }),
    )
  fc.assert(
    fc.property(fc.array(order), fc.array(principal), fc.nat(5), (orders, principals, portion) => {
      const known = new Revocations()
      for (let at = 0; at < orders.length; at += portion + 1)
        known.learn(orders.slice(at, at + portion + 1), 0)
      for (const each of principals) {
        const expected = [each, ...each.chainedFrom].some(session =>
          orders.some(({ kind, of, issuedUntilMs }) => {
            if (kind === 'session') return of === session.sessionId
            const fits = kind === 'role' ? of === session.roleArn : of === `${each.issuer}/${each.subject}`
            return fits && session.issuedAtMs <= issuedUntilMs
          }),
        )
        assert.equal(known.of(principalOf(each)) !== undefined, expected)
      }
    }),
  )
})
