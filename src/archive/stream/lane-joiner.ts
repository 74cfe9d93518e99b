import type { Ending, Entry } from '../../record/calls.ts'
import type { DecisionEvent, JournalEvent, OutcomeEvent, RecoveryEvent } from '../../record/event.ts'
import type { LaneCursor } from './cursor.ts'

/** An event as it was read. */
export interface ReadEvent {
  readonly event: JournalEvent
  readonly segment: number
  /** Its number in the lane. */
  readonly number: number
  /** Length of its payload. */
  readonly bytes: number
}

/** Where an event stands. */
type At = Omit<LaneCursor, 'joined'>

interface Held {
  readonly number: number
  readonly bytes: number
  readonly timeMs: number
  /** The event before it. */
  readonly before: At
  readonly content: Entry | Call
}

interface Call {
  readonly kind: 'held'
  readonly decision: DecisionEvent
  ending: Ending | undefined
  /** Number of the outcome; 0 where it is none of its own. */
  endedBy: number
}

/** What is kept in mind of one lane: so many events, and bytes of events. */
export const MAX_HELD = 1_000
export const MAX_HELD_BYTES: number = 8 * 2 ** 20

/**
 * Puts the calls of one lane together with their outcomes, in order: a call waits until it has ended, and what came
 * after it waits with it, but not longer than `holdMs` of the journal's own time and not beyond the limits of memory. A
 * call that takes longer goes as `open`, and its outcome as an entry of its own.
 *
 * It can say at any time from which event on everything has yet to be sent, so that another process can go on there
 * and lose nothing.
 */
export class LaneJoiner {
  readonly #holdMs: number
  readonly #held = new Map<string, Held>()
  readonly #joined: Map<string, number>
  #bytes = 0
  #at: At
  #latestMs = 0

  constructor(holdMs: number, from: LaneCursor) {
    this.#holdMs = holdMs
    const { joined, ...at } = from
    this.#at = at
    this.#joined = new Map(joined)
  }

  /** Everything up to and with this event has been released, or is nothing to send. */
  get cursor(): LaneCursor {
    const [first] = this.#held.values()
    const at = first?.before ?? this.#at
    for (const [id, number] of this.#joined) if (number <= at.event) this.#joined.delete(id)
    return { ...at, joined: new Map(this.#joined) }
  }

  /** Takes the next event of the lane; one with a number that was there before takes that one's place. */
  add(read: ReadEvent): void {
    const { event } = read
    if (read.number <= this.#at.event) this.#takeBack(read)
    this.#latestMs = Math.max(this.#latestMs, event.timeMs)
    const content = this.#contentOf(event, read.number)
    // An access request may be told of twice: the second says nothing new.
    if (content !== undefined && !this.#held.has(event.id)) {
      const { bytes, number } = read
      this.#held.set(event.id, { number, bytes, timeMs: event.timeMs, before: this.#at, content })
      this.#bytes += bytes
    }
    this.#at = { segment: read.segment, event: read.number, id: event.id }
  }

  /** The next entry that is ready. `nowMs` where the lane has been read to its end. */
  next(nowMs?: number): Entry | undefined {
    const [first] = this.#held
    if (first === undefined) return undefined
    const [id, held] = first
    const { content } = held
    if (content.kind === 'held' && content.ending === undefined && !this.#isTooLong(held, nowMs))
      return undefined
    this.#forget(id, held)
    if (content.kind !== 'held') return content
    if (content.endedBy > 0) this.#joined.set(id, content.endedBy)
    return { kind: 'call', decision: content.decision, ending: content.ending ?? { kind: 'open' } }
  }

  #isTooLong({ timeMs }: Held, nowMs: number | undefined): boolean {
    if (this.#held.size > MAX_HELD || this.#bytes > MAX_HELD_BYTES) return true
    return Math.max(this.#latestMs, nowMs ?? 0) - timeMs >= this.#holdMs
  }

  /** What is to be sent of an event; undefined where it only says something of another. */
  #contentOf(event: JournalEvent, number: number): Entry | Call | undefined {
    switch (event.type) {
      case 'decision': {
        const ending: Ending | undefined = event.effect === 'deny' ? { kind: 'denied' } : undefined
        return { kind: 'held', decision: event, ending, endedBy: 0 }
      }
      case 'outcome':
        return this.#outcome(event, number)
      case 'recovery':
        this.#lost(event)
        return undefined
      case 'session':
        return { kind: 'session', session: event }
      case 'access-request':
        return { kind: 'access-request', event }
      case 'session-end':
      case 'revocation':
        return { kind: 'end', event }
      default:
        return undefined
    }
  }

  #outcome(outcome: OutcomeEvent, number: number): Entry | undefined {
    const call = this.#held.get(outcome.decisionId)?.content
    if (call?.kind === 'held') {
      call.ending = { kind: 'outcome', outcome }
      call.endedBy = number
      return undefined
    }
    // Sent together with its call before this process began.
    if (this.#joined.get(outcome.decisionId) === number) return undefined
    return { kind: 'outcome', outcome }
  }

  #lost(recovery: RecoveryEvent): void {
    for (const id of recovery.inFlight) {
      const call = this.#held.get(id)?.content
      if (call?.kind === 'held') call.ending ??= { kind: 'lost', recovery }
    }
  }

  /** The writer took events back that never were durable, from this one on. */
  #takeBack({ number, segment }: ReadEvent): void {
    for (const [id, held] of this.#held) {
      if (held.number >= number) this.#forget(id, held)
      else if (held.content.kind === 'held' && held.content.endedBy >= number) {
        held.content.ending = undefined
        held.content.endedBy = 0
      }
    }
    for (const [id, endedBy] of this.#joined) if (endedBy >= number) this.#joined.delete(id)
    this.#at = { segment, event: number - 1, id: '' }
  }

  #forget(id: string, held: Held): void {
    this.#held.delete(id)
    this.#bytes -= held.bytes
  }
}
