import type { Ending, Entry } from '../calls.ts'
import type { DecisionEvent, JournalEvent } from '../event.ts'

interface HeldCall {
  readonly kind: 'held'
  readonly decision: DecisionEvent
  readonly sinceMs: number
  ending: Ending | undefined
}

/** So many calls and outcomes are kept in mind. */
const MAX_KEPT = 10_000

/**
 * Puts calls of one lane together with their outcomes while they happen: a call is held back until it has
 * ended, but not longer than `holdMs`, and with it what came after it. A call that took longer is
 * shown without its outcome, which comes as an entry of its own.
 */
export class CallJoiner {
  readonly #holdMs: number
  readonly #held = new Map<string, HeldCall | Entry>()
  /** Ids of calls that were shown before they had ended. */
  readonly #shown = new Set<string>()

  constructor(holdMs: number) {
    this.#holdMs = holdMs
  }

  /** Takes an event that was read at `nowMs`. */
  add(event: JournalEvent, nowMs: number): void {
    switch (event.type) {
      case 'decision':
        this.#held.set(event.id, {
          kind: 'held',
          decision: event,
          sinceMs: nowMs,
          ending: event.effect === 'deny' ? { kind: 'denied' } : undefined,
        })
        return
      case 'outcome': {
        const call = this.#held.get(event.decisionId)
        if (call?.kind === 'held') call.ending = { kind: 'outcome', outcome: event }
        else if (this.#shown.delete(event.decisionId))
          this.#held.set(event.id, { kind: 'outcome', outcome: event })
        return
      }
      case 'recovery':
        for (const id of event.inFlight) {
          const call = this.#held.get(id)
          if (call?.kind === 'held') call.ending ??= { kind: 'lost', recovery: event }
        }
        return
      case 'session':
        this.#held.set(event.id, { kind: 'session', session: event })
        return
      case 'access-request':
        this.#held.set(event.id, { kind: 'access-request', event })
        return
      case 'session-end':
      case 'revocation':
        this.#held.set(event.id, { kind: 'end', event })
    }
  }

  /** The entries that are ready at `nowMs`, in order; `all` of them where nothing more is waited for. */
  *release(nowMs: number, all = false): Generator<Entry, void> {
    for (const [id, held] of this.#held) {
      if (held.kind !== 'held') {
        this.#held.delete(id)
        yield held
        continue
      }
      const tooLong = all || nowMs - held.sinceMs >= this.#holdMs || this.#held.size > MAX_KEPT
      if (held.ending === undefined && !tooLong) return
      this.#held.delete(id)
      if (held.ending === undefined) this.#remember(id)
      yield { kind: 'call', decision: held.decision, ending: held.ending ?? { kind: 'open' } }
    }
  }

  #remember(id: string): void {
    const [oldest] = this.#shown
    if (this.#shown.size >= MAX_KEPT && oldest !== undefined) this.#shown.delete(oldest)
    this.#shown.add(id)
  }
}
