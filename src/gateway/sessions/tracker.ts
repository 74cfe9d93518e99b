import type { Clock, Random } from '../../core/clock.ts'
import { newId } from '../../core/id.ts'
import type { Principal } from '../../core/principal.ts'
import type { Revocation } from '../../core/revocation.ts'
import type { Journal, JournalEvent, SessionEndEvent } from '../../record/event.ts'
import type { EndsWriter } from './ends-writer.ts'

/** What of a principal is kept for each session. */
export type SessionFacts = Pick<
  Principal,
  'sessionId' | 'issuer' | 'subject' | 'roleArn' | 'issuedAtMs' | 'expiresAtMs' | 'chainedFrom'
>

/** What a session did in this lane. */
export type SessionTotals = Pick<SessionEndEvent, 'calls' | 'denied' | 'bytesIn' | 'bytesOut'>

export interface SessionTrackerOptions {
  readonly clock: Clock
  readonly random: Random
  /** Without a call for so long, a session counts as ended. */
  readonly idleMs: number
  revokedBy(principal: SessionFacts): Revocation | undefined
  readonly ends: Pick<EndsWriter, 'write' | 'flush'>
  /** Runs something later; gives what takes it back. */
  after(delayMs: number, run: () => void): () => void
  /** Sessions that are kept in mind. */
  readonly most?: number
}

const MAX_SESSIONS = 100_000
/** How often it is looked which sessions have ended. */
const SWEEP_MS = 5_000
/** How long the outcomes of the last calls are waited for when the gate stops. */
const SETTLE_MS = 1_000

interface Tracked {
  readonly facts: SessionFacts
  /** The latest of its credentials' ends: those of S3 Express end sooner. */
  expiresAtMs: number
  /** Calls on their way, held ones included. */
  live: number
  lastMs: number
  totals: SessionTotals
  /** The order that ended it while calls of it were on their way. */
  revocation?: Revocation
  /** It was said to have ended, and did nothing since. */
  isSaid: boolean
}

/**
 * The sessions that this process sees, and when each of them ends. It stands beside the data path: whatever fails
 * here, no call waits for it. Totals are of what this process recorded.
 */
export class SessionTracker {
  readonly #options: SessionTrackerOptions
  /** Least recently used first. */
  readonly #sessions = new Map<string, Tracked>()
  readonly #most: number
  #live = 0
  #cancel: (() => void) | undefined
  #settled: (() => void) | undefined

  constructor(options: SessionTrackerOptions) {
    this.#options = options
    this.#most = options.most ?? MAX_SESSIONS
    this.#sweepLater()
  }

  get size(): number {
    return this.#sessions.size
  }

  /** A credential was exchanged. */
  began(facts: SessionFacts): void {
    this.#touch(facts)
  }

  /** A call was let in; `left` follows. */
  entered(facts: SessionFacts): void {
    this.#touch(facts).live += 1
    this.#live += 1
  }

  left({ sessionId }: Pick<SessionFacts, 'sessionId'>): void {
    this.#live -= 1
    if (this.#live === 0) this.#settled?.()
    const session = this.#sessions.get(sessionId)
    if (session === undefined) return
    session.live -= 1
    session.lastMs = this.#options.clock.now()
    if (session.live === 0 && session.revocation !== undefined) this.#end(session, 'revoked')
  }

  /** The journal, with what is written to it counted. */
  counting(journal: Journal): Journal {
    return {
      append: event => {
        const appended = journal.append(event)
        // What was not recorded is told to whoever wrote it, and counts as nothing.
        appended.then(
          () => this.#count(event),
          () => undefined,
        )
        return appended
      },
      get trouble() {
        return journal.trouble
      },
      close: () => journal.close(),
    }
  }

  /** Sessions were ended by a person: those without a call on its way are over now, the others when it is. */
  revoked(): void {
    for (const session of [...this.#sessions.values()]) {
      const revocation = this.#options.revokedBy(session.facts)
      if (revocation === undefined) continue
      session.revocation = revocation
      if (session.live === 0) this.#end(session, 'revoked')
    }
  }

  /** What a session did until now, for somebody who says themselves that it has ended. */
  take(sessionId: string): SessionTotals {
    const session = this.#sessions.get(sessionId)
    if (session === undefined) return NOTHING
    const { totals } = session
    session.totals = NOTHING
    session.isSaid = true
    return totals
  }

  /** Says of every session that the gate has stopped, once the last calls have ended. */
  async stop(): Promise<void> {
    this.#cancel?.()
    await this.#lastCalls()
    for (const session of [...this.#sessions.values()]) this.#end(session, 'stopped')
    await this.#options.ends.flush()
  }

  async #lastCalls(): Promise<void> {
    if (this.#live === 0) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#settled = resolve
    const cancel = this.#options.after(SETTLE_MS, resolve)
    await promise
    cancel()
  }

  #touch(facts: SessionFacts): Tracked {
    const { sessionId, expiresAtMs } = facts
    const known = this.#sessions.get(sessionId)
    if (known === undefined) this.#makeRoom()
    const session = known ?? newSession(facts)
    session.lastMs = this.#options.clock.now()
    session.expiresAtMs = Math.max(session.expiresAtMs, expiresAtMs)
    this.#sessions.delete(sessionId)
    this.#sessions.set(sessionId, session)
    return session
  }

  #makeRoom(): void {
    if (this.#sessions.size < this.#most) return
    for (const session of this.#sessions.values()) {
      if (session.live > 0) continue
      this.#end(session, 'idle')
      return
    }
  }

  #count(event: JournalEvent): void {
    if (event.sessionId === undefined) return
    const session = this.#sessions.get(event.sessionId)
    if (session === undefined) return
    const { calls, denied, bytesIn, bytesOut } = session.totals
    if (event.type === 'decision') {
      session.isSaid = false
      session.totals = {
        calls: calls + 1,
        denied: denied + (event.effect === 'deny' ? 1 : 0),
        bytesIn,
        bytesOut,
      }
    } else if (event.type === 'outcome') {
      session.isSaid = false
      session.totals = {
        calls,
        denied,
        bytesIn: bytesIn + event.bytesIn,
        bytesOut: bytesOut + event.bytesOut,
      }
    }
  }

  #sweep(): void {
    const nowMs = this.#options.clock.now()
    for (const session of [...this.#sessions.values()]) {
      if (session.live > 0) continue
      if (nowMs >= session.expiresAtMs) this.#end(session, 'expired')
      else if (nowMs - session.lastMs >= this.#options.idleMs) this.#end(session, 'idle')
    }
    this.#options.ends.write()
  }

  #sweepLater(): void {
    this.#cancel = this.#options.after(SWEEP_MS, () => {
      this.#sweep()
      this.#sweepLater()
    })
  }

  #end({ facts, totals, revocation, isSaid }: Tracked, why: SessionEndEvent['why']): void {
    const { clock, random, ends } = this.#options
    this.#sessions.delete(facts.sessionId)
    if (isSaid) return
    ends.write({
      type: 'session-end',
      id: newId(clock, random),
      timeMs: clock.now(),
      sessionId: facts.sessionId,
      why,
      ...(why === 'revoked' && revocation ? { by: revocation.by, reason: revocation.reason } : {}),
      ...totals,
    })
  }
}

const NOTHING: SessionTotals = { calls: 0, denied: 0, bytesIn: 0, bytesOut: 0 }

/** A copy: a principal holds claims and policies, which would add up. */
function newSession(principal: SessionFacts): Tracked {
  const { sessionId, issuer, subject, roleArn, issuedAtMs, expiresAtMs, chainedFrom } = principal
  return {
    facts: {
      sessionId,
      issuer,
      subject,
      roleArn,
      issuedAtMs,
      expiresAtMs,
      ...(chainedFrom === undefined ? {} : { chainedFrom }),
    },
    expiresAtMs,
    live: 0,
    lastMs: 0,
    totals: NOTHING,
    isSaid: false,
  }
}
