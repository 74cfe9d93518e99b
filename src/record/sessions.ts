import type { JournalEvent, OutcomeEvent, RecordedPrincipal, SessionEndEvent, SessionEvent } from './event.ts'
import { type JournalSource, readJournal } from './read.ts'
import { type Withheld, whyWithheld } from './seal/withheld.ts'

/** What a recording amounts to. Counts are of events that the journal has, so a live one still grows. */
export interface Tally {
  /** Time of the first and the last event, ms since the epoch. */
  readonly firstMs: number
  readonly lastMs: number
  readonly allowed: number
  readonly denied: number
  /** Forwarded calls that ended with an error of AWS's (status 400 and up) or of the gate's. */
  readonly failed: number
  /** Allowed calls that have no outcome: they are on their way, or were when the gate ended. */
  readonly open: number
  /** Bytes of bodies from clients, and of replies to them. */
  readonly bytesIn: number
  readonly bytesOut: number
}

/** One session of the journal. */
export interface SessionSummary extends Tally {
  readonly id: string
  /** Absent where only outcomes of the session are in the journal. */
  readonly principal?: RecordedPrincipal
  /** How it began; absent where its beginning is not in this journal: another replica recorded it. */
  readonly began?: Pick<SessionEvent, 'timeMs' | 'by' | 'expiresAtMs' | 'clientAddress'>
  /**
   * How it ended: by a person, or else as the last process says that saw it. Absent where it went on after that, and
   * where no process could say so.
   */
  readonly ended?: Pick<SessionEndEvent, 'timeMs' | 'why' | 'by' | 'reason'>
  /** What was recorded of it, or a part, cannot be read: nothing of that is counted but calls and decisions. */
  readonly withheld?: Withheld
}

/** What the journal holds. */
export interface Overview {
  /** In order of their first event. */
  readonly sessions: readonly SessionSummary[]
  /** What was refused before a session was known: nobody, or nobody that could prove it. */
  readonly refused?: Tally
  /** How often a gate was started after one that had not closed the journal. */
  readonly recoveries: number
}

/**
 * Sums the journal up, in memory for its sessions but not for its events. Throws `journal-corrupt` where
 * the chain breaks.
 */
export async function listSessions(source: JournalSource): Promise<Overview> {
  const sessions = new Map<string, SessionCount>()
  let refused: Count | undefined
  let recoveries = 0
  for await (const { event } of readJournal(source)) {
    if (event.type === 'recovery') {
      recoveries++
    } else if (event.sessionId === undefined) {
      // What else is said outside of any session (standing access, orders, removals) was not refused.
      if (event.type !== 'decision' && event.type !== 'outcome') continue
      refused ??= new Count(event.timeMs)
      refused.add(event)
    } else {
      const known = sessions.get(event.sessionId) ?? new SessionCount(event.sessionId, event.timeMs)
      sessions.set(event.sessionId, known)
      known.add(event)
    }
  }
  const summaries = [...sessions.values()].map(session => session.summary())
  return { sessions: summaries, recoveries, ...(refused === undefined ? {} : { refused: refused.tally() }) }
}

/** Counts the calls of one recording. */
class Count {
  readonly #firstMs: number
  #lastMs: number
  #allowed = 0
  #denied = 0
  #failed = 0
  #ended = 0
  #bytesIn = 0
  #bytesOut = 0

  constructor(firstMs: number) {
    this.#firstMs = firstMs
    this.#lastMs = firstMs
  }

  add(event: JournalEvent): void {
    // That a session has ended is found out later.
    if (event.type === 'session-end') return
    this.#lastMs = Math.max(this.#lastMs, event.timeMs)
    if (event.type === 'decision') {
      if (event.effect === 'allow') this.#allowed++
      else this.#denied++
    }
    if (event.type === 'outcome') this.#addOutcome(event)
  }

  #addOutcome(event: OutcomeEvent): void {
    this.#ended++
    this.#bytesIn += event.bytesIn
    this.#bytesOut += event.bytesOut
    if (hasFailed(event)) this.#failed++
  }

  tally(): Tally {
    return {
      firstMs: this.#firstMs,
      lastMs: this.#lastMs,
      allowed: this.#allowed,
      denied: this.#denied,
      failed: this.#failed,
      open: Math.max(this.#allowed - this.#ended, 0),
      bytesIn: this.#bytesIn,
      bytesOut: this.#bytesOut,
    }
  }
}

/** Counts one session, and keeps who it was. */
class SessionCount {
  readonly #id: string
  readonly #count: Count
  #principal: RecordedPrincipal | undefined
  #began: SessionSummary['began']
  #withheld: SessionSummary['withheld']
  #ended: SessionSummary['ended']

  constructor(id: string, firstMs: number) {
    this.#id = id
    this.#count = new Count(firstMs)
  }

  add(event: JournalEvent): void {
    this.#count.add(event)
    if (event.type === 'session-end') this.#end(event)
    const withheld = whyWithheld(event)
    this.#withheld ??= withheld
    if (withheld !== undefined) return
    if (event.type === 'session' || event.type === 'decision') this.#principal ??= event.principal
    if (event.type !== 'session') return
    const { timeMs, by, expiresAtMs, clientAddress } = event
    this.#began ??= { timeMs, by, expiresAtMs, clientAddress }
  }

  /** What a person has ended stays so, whatever processes say of it later; of several orders the first counts. */
  #end({ timeMs, why, by, reason }: SessionEndEvent): void {
    const before = this.#ended
    if (before?.why === 'revoked') return
    if (why !== 'revoked' && before !== undefined && before.timeMs > timeMs) return
    this.#ended = {
      timeMs,
      why,
      ...(by === undefined ? {} : { by }),
      ...(reason === undefined ? {} : { reason }),
    }
  }

  summary(): SessionSummary {
    const tally = this.#count.tally()
    const ended = this.#ended
    const isOver = ended !== undefined && (ended.why === 'revoked' || ended.timeMs >= tally.lastMs)
    return {
      id: this.#id,
      ...tally,
      ...(this.#principal === undefined ? {} : { principal: this.#principal }),
      ...(this.#began === undefined ? {} : { began: this.#began }),
      ...(this.#withheld === undefined ? {} : { withheld: this.#withheld }),
      ...(isOver ? { ended } : {}),
    }
  }
}

/** True if a call was let through and then did not end well; false where nobody can tell any more. */
export function hasFailed(outcome: OutcomeEvent): boolean {
  if (whyWithheld(outcome) !== undefined) return false
  if (outcome.error !== undefined) return true
  return outcome.status === undefined ? outcome.protocol === undefined : outcome.status >= 400
}
