import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ManualClock } from '../../core/clock.ts'
import { GateError } from '../../core/errors.ts'
import type { Principal } from '../../core/principal.ts'
import type { KeptRevocation, Revocation, RevocationTarget } from '../../core/revocation.ts'
import { RevocationFeed } from '../../identity/revocation-feed.ts'
import { Revocations } from '../../identity/revocations.ts'
import { countingRandom, principalOf, START_MS } from '../../identity/testing.ts'
import type { JournalEvent } from '../../record/event.ts'
import { CLOCKS_MS, SessionKills } from './kills.ts'
import { type Admission, LiveCalls } from './live-calls.ts'

/** The store of `core/revocation.ts` in the fewest words. */
function memoryStore() {
  let rows: KeptRevocation[] = []
  let last = 0
  return {
    fails: false,
    async revoke(revocation: Revocation) {
      if (this.fails) throw new GateError('store-unavailable', 'away')
      last += 1
      const same = ({ revocation: { kind, of } }: KeptRevocation) =>
        kind === revocation.kind && of === revocation.of
      rows = [...rows.filter(row => !same(row)), { number: last, revocation }]
    },
    async revocations(from: number, limit: number) {
      if (this.fails) throw new GateError('store-unavailable', 'away')
      return rows.filter(({ number }) => number >= from).slice(0, limit)
    },
  }
}

type Store = ReturnType<typeof memoryStore>

/** One process of a gate. */
async function processOver(store: Store, clock: ManualClock, seed = 1) {
  const revocations = new Revocations()
  const journal: JournalEvent[] = []
  const world = { journalFails: false }
  const inside: string[] = []
  const later: JournalEvent[] = []
  const calls = new LiveCalls({
    revokedBy: principal => revocations.of(principal),
    checkKnown: () => feed.check(),
    entered: ({ sessionId }) => void inside.push(sessionId),
    left: ({ sessionId }) => void inside.splice(inside.indexOf(sessionId), 1),
  })
  const feed = new RevocationFeed({
    store,
    revocations,
    clock,
    steady: clock,
    after: () => () => undefined,
    learnt: () => calls.cut(),
    report: () => undefined,
  })
  await feed.begin()
  const kills = new SessionKills({
    clock,
    random: countingRandom(seed),
    store,
    journal: {
      append: async event => {
        if (world.journalFails) throw new GateError('journal-unavailable', 'full')
        journal.push(event)
      },
    },
    take: () => ({ calls: 7, denied: 0, bytesIn: 0, bytesOut: 0 }),
    tell: () => void feed.look(),
    later: end => void later.push(end),
  })
  return { revocations, journal, world, inside, later, calls, feed, kills }
}

const ORDER = { by: 'okta/ann', reason: 'it ran wild', most: 10 }

function passes(calls: LiveCalls, principal: Principal): boolean {
  try {
    calls.admit(principal).leave()
    return true
  } catch (error) {
    assert.ok(error instanceof GateError && error.code === 'session-revoked', String(error))
    return false
  }
}

test('an order ends calls that come and calls on their way, once each', async () => {
  const store = memoryStore()
  const { calls, feed, kills, inside, journal } = await processOver(store, new ManualClock(START_MS))
  const principal = principalOf()
  const admission = calls.admit(principal)
  const other = calls.admit(principalOf({ sessionId: 'other' }))
  admission.check()
  await kills.kill({ ...ORDER, target: { kind: 'session', of: principal.sessionId } })
  await feed.look()
  assert.ok(admission.ended.aborted)
  assert.equal((admission.ended.reason as GateError).code, 'session-revoked')
  assert.throws(() => admission.check(), { code: 'session-revoked' })
  assert.throws(() => calls.admit(principal), { code: 'session-revoked' })
  assert.ok(!other.ended.aborted)
  other.check()
  assert.deepEqual(inside, [principal.sessionId, 'other'])
  admission.leave()
  admission.leave()
  assert.deepEqual(inside, ['other'])
  const [event] = journal
  assert.ok(event?.type === 'session-end' && event.why === 'revoked' && event.calls === 7)
  assert.deepEqual([event.by, event.reason], [ORDER.by, ORDER.reason])
})

test('an order that the store did not take did nothing; one that the journal did not take holds, and is told as failed', async () => {
  const store = memoryStore()
  const one = await processOver(store, new ManualClock(START_MS))
  const order = { ...ORDER, target: { kind: 'session', of: principalOf().sessionId } } as const
  store.fails = true
  await assert.rejects(one.kills.kill(order), { code: 'store-unavailable' })
  store.fails = false
  await one.feed.look()
  assert.ok(passes(one.calls, principalOf()))
  assert.deepEqual(one.journal, [])
  one.world.journalFails = true
  await assert.rejects(one.kills.kill(order), { code: 'journal-unavailable' })
  await one.feed.look()
  assert.ok(!passes(one.calls, principalOf()))
  assert.equal(one.later.length, 1)
  one.world.journalFails = false
  await one.kills.kill(order)
  assert.equal(one.journal.length, 1)
})

test('while nobody can say who was ended, nobody passes; who is known to be ended is told that', async () => {
  const store = memoryStore()
  const clock = new ManualClock(START_MS)
  const { calls, feed, kills } = await processOver(store, clock)
  await kills.kill({ ...ORDER, target: { kind: 'session', of: 'ended' } })
  await feed.look()
  const admission = calls.admit(principalOf())
  store.fails = true
  clock.advance(30_001)
  await feed.look()
  assert.throws(() => calls.admit(principalOf()), { code: 'revocations-unknown' })
  assert.throws(() => admission.check(), { code: 'revocations-unknown' })
  assert.throws(() => calls.admit(principalOf({ sessionId: 'ended' })), { code: 'session-revoked' })
})

type Step =
  | { readonly what: 'issue' | 'look' | 'time' | 'begin'; readonly pick: number }
  | { readonly what: 'chain'; readonly pick: number; readonly role: number }
  | { readonly what: 'kill'; readonly kind: RevocationTarget['kind']; readonly pick: number }

const ROLES = ['arn:aws:iam::1:role/a', 'arn:aws:iam::1:role/b'] as const
const pick = fc.nat(7)
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ what: fc.constantFrom('issue', 'look', 'time', 'begin'), pick }),
  fc.record({ what: fc.constant('chain'), pick, role: fc.nat(1) }),
  fc.record({ what: fc.constant('kill'), kind: fc.constantFrom('session', 'principal', 'role'), pick }),
) as fc.Arbitrary<Step>

/** A session as the test knows it: it is over if an order was about it or about what it hangs on. */
interface Modelled {
  readonly principal: Principal
  readonly parent: Modelled | undefined
}

test('whatever two processes issue, chain, and are ordered: after a look nothing passes that was ended, and all else does', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 40 }),
      fc.integer({ min: -900, max: 900 }),
      async (steps, skewMs) => {
        const store = memoryStore()
        const clocks = [new ManualClock(START_MS), new ManualClock(START_MS + skewMs)] as const
        const processes = [
          await processOver(store, clocks[0], 1),
          await processOver(store, clocks[1], 2),
        ] as const
        const sessions: Modelled[] = []
        const ended: { readonly target: RevocationTarget; readonly untilMs: number }[] = []
        const live: { readonly session: Modelled; readonly admission: Admission; readonly at: number }[] = []
        const isOver = ({ principal, parent }: Modelled): boolean =>
          (parent !== undefined && isOver(parent)) ||
          ended.some(({ target: { kind, of }, untilMs }) => {
            const { sessionId, issuer, subject, roleArn, issuedAtMs } = principal
            if (kind === 'session') return of === sessionId
            return (kind === 'role' ? of === roleArn : of === `${issuer}/${subject}`) && issuedAtMs <= untilMs
          })
        for (const { what, pick: at, ...more } of steps) {
          const side = at % 2 === 0 ? 0 : 1
          const known = sessions[at % Math.max(sessions.length, 1)]
          const nowMs = clocks[side].now()
          if (what === 'issue') {
            const change = { subject: `s${at % 2}`, roleArn: ROLES[at % 2 === 0 ? 0 : 1], issuedAtMs: nowMs }
            sessions.push({
              principal: principalOf({ ...change, sessionId: `S${sessions.length}` }),
              parent: undefined,
            })
          } else if (what === 'chain' && known !== undefined) {
            // A process that has not looked lets it through: that is the race.
            if (!passes(processes[side].calls, known.principal)) continue
            const { sessionId, roleArn, issuedAtMs, chainedFrom = [] } = known.principal
            const principal = {
              ...known.principal,
              sessionId: `S${sessions.length}`,
              roleArn: ROLES['role' in more && more.role === 1 ? 1 : 0],
              issuedAtMs: nowMs,
              chainedFrom: [{ sessionId, roleArn, issuedAtMs }, ...chainedFrom],
            }
            sessions.push({ principal, parent: known })
          } else if (
            what === 'begin' &&
            known !== undefined &&
            passes(processes[side].calls, known.principal)
          ) {
            live.push({ session: known, admission: processes[side].calls.admit(known.principal), at: side })
          } else if (what === 'kill' && known !== undefined && 'kind' in more) {
            const { kind } = more
            const { sessionId, issuer, subject, roleArn } = known.principal
            const of = kind === 'session' ? sessionId : kind === 'role' ? roleArn : `${issuer}/${subject}`
            await processes[side].kills.kill({ ...ORDER, target: { kind, of } })
            ended.push({ target: { kind, of }, untilMs: nowMs + CLOCKS_MS })
          } else if (what === 'look') {
            await processes[side].feed.look()
          } else if (what === 'time') {
            for (const clock of clocks) clock.advance(at * 400)
          }
        }
        for (const [at, { feed, calls }] of processes.entries()) {
          await feed.look()
          for (const session of sessions) assert.equal(passes(calls, session.principal), !isOver(session))
          for (const call of live.filter(each => each.at === at)) {
            assert.equal(call.admission.ended.aborted, isOver(call.session))
          }
        }
      },
    ),
  )
})
