import type { Ending } from '../calls.ts'
import type { DecisionEvent, JournalEvent, RecoveryEvent } from '../event.ts'
import { FRAME_PREFIX_BYTES, readPayload } from '../frame.ts'
import type { Matcher } from './match.ts'
import { outlineOf } from './outline.ts'
import type { Findable } from './values.ts'
import type { Uninteresting } from './walk.ts'

/** Something that was searched for, and its number in the lane. */
export interface Found {
  readonly entry: Findable
  readonly number: number
}

interface Candidate {
  /** Of the decision. */
  readonly frame: Buffer
  readonly number: number
}

/** So many calls may be on their way at once; beyond it the oldest count as without an outcome. */
export const MAX_OPEN = 20_000

const NO_OUTCOME = Buffer.alloc(0)
const DENY = Buffer.from('"effect":"deny"')

/**
 * Puts calls of one lane together with their outcomes and gives those that match. What can be ruled out by
 * its bytes is never parsed, and what cannot be wanted is not even looked at.
 */
export class SearchJoin {
  readonly #matcher: Matcher
  readonly #found: (found: Found) => void
  /** Calls that may match and have no outcome yet. */
  readonly #open = new Map<string, Candidate>()
  /** What happened to an access request may have been recorded twice, with one id. */
  readonly #said = new Set<string>()

  constructor(matcher: Matcher, found: (found: Found) => void) {
    this.#matcher = matcher
    this.#found = found
  }

  /** Number of the oldest call that has no outcome yet. */
  get oldestOpen(): number | undefined {
    const [first] = this.#open.values()
    return first?.number
  }

  /** What of a segment `add` would do nothing about. */
  get uninteresting(): Uninteresting {
    const { needle } = this.#matcher
    return needle === undefined ? {} : { without: { needle, idle: () => this.#open.size === 0 } }
  }

  /** Takes an event; `frame` may change afterwards. */
  add(frame: Buffer, number: number): void {
    const mayMatch = this.#matcher.mayMatch(frame.subarray(FRAME_PREFIX_BYTES))
    if (!mayMatch && this.#open.size === 0) return
    const { type, id, decisionId } = outlineOf(frame)
    switch (type) {
      case 'decision':
        if (mayMatch) this.#decision(frame, number, id)
        return
      case 'outcome':
        this.#ended(decisionId, frame)
        return
      case 'recovery':
        this.#recovered(frame)
        return
      default:
        if (mayMatch) this.#offer(entryOf(readPayload(frame).event), number)
    }
  }

  /** Takes an event of which only how calls ended is of interest; `frame` may change afterwards. */
  addEnding(frame: Buffer): void {
    const { type, decisionId } = outlineOf(frame)
    if (type === 'outcome') this.#ended(decisionId, frame)
    else if (type === 'recovery') this.#recovered(frame)
  }

  /** Nothing more comes: what is still open ended as `ending` says. */
  finish(ending: Ending): void {
    for (const candidate of this.#open.values()) this.#complete(candidate, NO_OUTCOME, ending)
    this.#open.clear()
  }

  #decision(frame: Buffer, number: number, id: string): void {
    if (frame.includes(DENY) && decisionOf(frame)?.effect === 'deny') {
      this.#complete({ frame, number }, NO_OUTCOME)
      return
    }
    this.#open.set(id, { frame: copyOf(frame), number })
    if (this.#open.size <= MAX_OPEN) return
    for (const [oldest, candidate] of this.#open) {
      this.#open.delete(oldest)
      this.#complete(candidate, NO_OUTCOME, { kind: 'later' })
      return
    }
  }

  #ended(decisionId: string, frame: Buffer): void {
    const candidate = this.#open.get(decisionId)
    if (candidate === undefined) return
    this.#open.delete(decisionId)
    this.#complete(candidate, frame)
  }

  #recovered(frame: Buffer): void {
    for (const lost of recoveryOf(frame)?.inFlight ?? []) this.#ended(lost, frame)
  }

  /** `ended`: the frame that says how it ended; empty if none does. */
  #complete({ frame, number }: Candidate, ended: Buffer, otherwise: Ending = { kind: 'open' }): void {
    if (!this.#matcher.mayMatchWith(frame.subarray(FRAME_PREFIX_BYTES), ended)) return
    const decision = decisionOf(frame)
    if (decision === undefined) return
    this.#offer({ kind: 'call', decision, ending: endingOf(decision, ended) ?? otherwise }, number)
  }

  #offer(entry: Findable | undefined, number: number): void {
    if (entry === undefined || !this.#matcher.matches(entry)) return
    if (entry.kind === 'access-request') {
      if (this.#said.has(entry.event.id)) return
      if (this.#said.size >= MAX_OPEN) this.#said.clear()
      this.#said.add(entry.event.id)
    }
    this.#found({ entry, number })
  }
}

function copyOf(frame: Buffer): Buffer {
  const copy = Buffer.allocUnsafe(frame.length)
  frame.copy(copy)
  return copy
}

function decisionOf(frame: Buffer): DecisionEvent | undefined {
  const { event } = readPayload(frame)
  return event.type === 'decision' ? event : undefined
}

function recoveryOf(frame: Buffer): RecoveryEvent | undefined {
  const { event } = readPayload(frame)
  return event.type === 'recovery' ? event : undefined
}

function endingOf(decision: DecisionEvent, ended: Buffer): Ending | undefined {
  if (decision.effect === 'deny') return { kind: 'denied' }
  const event = ended.length === 0 ? undefined : readPayload(ended).event
  if (event?.type === 'outcome') return { kind: 'outcome', outcome: event }
  return event?.type === 'recovery' ? { kind: 'lost', recovery: event } : undefined
}

function entryOf(event: JournalEvent): Findable | undefined {
  if (event.type === 'session') return { kind: 'session', session: event }
  return event.type === 'access-request' ? { kind: 'access-request', event } : undefined
}
