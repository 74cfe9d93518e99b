import { GateError } from '../core/errors.ts'
import { timeOfId } from '../core/id.ts'
import type { Begin } from './begin.ts'
import type {
  AccessRequestEvent,
  DecisionEvent,
  JournalEvent,
  OutcomeEvent,
  RecoveryEvent,
  RevocationEvent,
  SessionEndEvent,
  SessionEvent,
} from './event.ts'
import { type JournalSource, readJournal, type Wanted } from './read.ts'

/** How a call ended, as far as the journal knows. */
export type Ending =
  /** It was not let through. */
  | { readonly kind: 'denied' }
  | { readonly kind: 'outcome'; readonly outcome: OutcomeEvent }
  /** The gate ended while the call was on its way: AWS may have carried it out. */
  | { readonly kind: 'lost'; readonly recovery: RecoveryEvent }
  /** No outcome yet. */
  | { readonly kind: 'open' }
  /** The outcome is too far behind to wait for; it comes as an entry of its own. */
  | { readonly kind: 'later' }

/** What a recording shows, in order of time. */
export type Entry =
  | { readonly kind: 'session'; readonly session: SessionEvent }
  | { readonly kind: 'call'; readonly decision: DecisionEvent; readonly ending: Ending }
  /** A person was asked, or answered. */
  | { readonly kind: 'access-request'; readonly event: AccessRequestEvent }
  /** A session ended, or all of a principal or a role were. */
  | { readonly kind: 'end'; readonly event: SessionEndEvent | RevocationEvent }
  /** The outcome of a call that was shown long before. */
  | { readonly kind: 'outcome'; readonly outcome: OutcomeEvent }

/** Which calls: those of one session, or those that were refused without one. */
export type Selection = { readonly sessionId: string } | 'refused'

/** A recording, or all of them together. */
export type Scope = Selection | 'all'

/** Calls that are held back for the sake of order while an older one has no outcome. */
export const MAX_HELD_CALLS = 10_000

/** A call with its ending if it has one by now; or what stands between calls, and has ended. */
type Held =
  | { readonly kind: 'call'; readonly decision: DecisionEvent; ending: Ending | undefined }
  | Extract<Entry, { readonly kind: 'access-request' | 'end' }>

/**
 * The entries of one recording, or of all: each call once, together with how it ended, in order of the decisions.
 * Memory is bounded: a call with no outcome holds back at most `heldCalls` others. Throws
 * `journal-corrupt` where the chain breaks, after what stands before the break.
 */
export async function* readEntries(
  source: JournalSource,
  selection: Scope,
  heldCalls: number = MAX_HELD_CALLS,
): AsyncGenerator<Entry, void> {
  const held = new Map<string, Held>()
  const said = new Said()
  for await (const { event } of readJournal(source, wantedFor(selection), beginFor(selection))) {
    if (event.type === 'recovery') {
      markLost(held, event)
    } else if (!isSelected(event, selection)) {
      continue
    } else if (event.type === 'session') {
      yield { kind: 'session', session: event }
    } else if (event.type === 'decision') {
      const ending: Ending | undefined = event.effect === 'deny' ? { kind: 'denied' } : undefined
      held.set(event.id, { kind: 'call', decision: event, ending })
    } else if (event.type === 'access-request') {
      if (said.isNew(event.id)) held.set(event.id, { kind: 'access-request', event })
    } else if (event.type === 'session-end' || event.type === 'revocation') {
      held.set(event.id, { kind: 'end', event })
    } else if (event.type === 'outcome') {
      const call = held.get(event.decisionId)
      if (call?.kind === 'call') call.ending = { kind: 'outcome', outcome: event }
      else yield { kind: 'outcome', outcome: event }
    }
    yield* release(held, heldCalls)
  }
  for (const each of held.values()) yield entryOf(each, 'open')
}

/** What of the same event was seen already; as many as a session can have in mind. */
class Said {
  readonly #ids = new Set<string>()

  isNew(id: string): boolean {
    if (this.#ids.has(id)) return false
    if (this.#ids.size >= MAX_HELD_CALLS) this.#ids.clear()
    this.#ids.add(id)
    return true
  }
}

function entryOf(held: Held, unended: 'open' | 'later'): Entry {
  if (held.kind !== 'call') return held
  return { kind: 'call', decision: held.decision, ending: held.ending ?? { kind: unended } }
}

/** Lets go of the oldest calls: those that have ended, and those beyond `most`. */
function* release(held: Map<string, Held>, most: number): Generator<Entry, void> {
  for (const [id, each] of held) {
    if (each.kind === 'call' && each.ending === undefined && held.size <= most) return
    held.delete(id)
    yield entryOf(each, 'later')
  }
}

function markLost(held: Map<string, Held>, recovery: RecoveryEvent): void {
  for (const id of recovery.inFlight) {
    const call = held.get(id)
    if (call?.kind === 'call') call.ending ??= { kind: 'lost', recovery }
  }
}

function isSelected(event: JournalEvent, selection: Scope): boolean {
  if (selection === 'all') return true
  // What is said of many sessions at once was not refused.
  if (event.type === 'revocation') return false
  return event.sessionId === (selection === 'refused' ? undefined : selection.sessionId)
}

const RECOVERY = Buffer.from('"type":"recovery"')

/** Rules out by its bytes what cannot belong to the selection; `isSelected` decides on the rest. */
function wantedFor(selection: Scope): Wanted | undefined {
  if (selection === 'all') return undefined
  if (selection === 'refused') return payload => !payload.includes('"sessionId":"')
  const needle = Buffer.from(`"sessionId":${JSON.stringify(selection.sessionId)}`)
  return payload => payload.includes(needle) || payload.includes(RECOVERY)
}

function beginFor(selection: Scope): Begin | undefined {
  if (typeof selection === 'string') return undefined
  return beginOf(selection.sessionId, Buffer.from(JSON.stringify(selection.sessionId)))
}

/** Nothing that an id is about is older than it, or stands before the first event that names it. */
function beginOf(id: string, needle: Buffer): Begin {
  const fromMs = timeOfId(id)
  return { needle, ...(fromMs === undefined ? {} : { fromMs }) }
}

/** What an id of the journal stands for. */
export type Found =
  | { readonly kind: 'session'; readonly sessionId: string }
  | { readonly kind: 'call'; readonly decision: DecisionEvent; readonly ending: Ending }

/**
 * What an id stands for: a session, or a call, by the id of its decision (which a denied client sees) or
 * of its outcome. Throws `session-unknown` if it stands for nothing.
 */
export async function findById(source: JournalSource, id: string): Promise<Found> {
  const needle = Buffer.from(JSON.stringify(id))
  let decision: DecisionEvent | undefined
  let ending: Ending | undefined
  for await (const { event } of readJournal(
    source,
    payload => payload.includes(needle),
    beginOf(id, needle),
  )) {
    if (event.sessionId === id) return { kind: 'session', sessionId: id }
    if (event.type === 'outcome' && event.id === id) return findById(source, event.decisionId)
    const isOfSession = event.type === 'session' || event.type === 'session-end'
    if (isOfSession && event.id === id && event.sessionId !== undefined) {
      return { kind: 'session', sessionId: event.sessionId }
    }
    if (event.type === 'decision' && event.id === id) {
      if (event.effect === 'deny') return { kind: 'call', decision: event, ending: { kind: 'denied' } }
      decision = event
    }
    if (event.type === 'outcome' && event.decisionId === id) ending = { kind: 'outcome', outcome: event }
    if (event.type === 'recovery' && event.inFlight.includes(id)) {
      ending ??= { kind: 'lost', recovery: event }
    }
  }
  if (decision === undefined) throw new GateError('session-unknown', `the journal has no \`${id}\``)
  return { kind: 'call', decision, ending: ending ?? { kind: 'open' } }
}
