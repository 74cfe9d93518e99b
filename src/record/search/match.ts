import { needleOf, patternMatcher } from './pattern.ts'
import type { Query, Term, TextKey } from './query.ts'
import { type Findable, valuesOf } from './values.ts'

/** A query, ready to be asked of many entries. */
export interface Matcher {
  /** Whether the entry is what was searched for. */
  readonly matches: (entry: Findable) => boolean
  /**
   * Rules out by the bytes of its JSON an event that begins an entry (a decision, a session, what happened to
   * an access request); true where they say nothing. The event is of the entry that `matches` decides on.
   */
  readonly mayMatch: (payload: Buffer) => boolean
  /** Bytes without which `mayMatch` is false; undefined where there are none. */
  readonly needle: Buffer | undefined
  /** Text that one of the two must hold where there is an outcome: the event, or the call's outcome. */
  readonly mayMatchWith: (payload: Buffer, outcome: Buffer) => boolean
}

/** Keys whose values the outcome of a call may hold. */
const OF_OUTCOMES: ReadonlySet<TextKey> = new Set(['error', 'status', 'masked'])
/** Keys whose values do not stand in the event as they are. */
const MADE_UP: ReadonlySet<TextKey> = new Set(['type'])

export function compileQuery(query: Query): Matcher {
  const tests = query.map(testOf)
  const needles: Buffer[] = []
  const anywhere: Buffer[] = []
  for (const term of query) {
    if (!('pattern' in term) || term.not || MADE_UP.has(term.key)) continue
    const needle = needleFor(term)
    if (needle.length > 0) (OF_OUTCOMES.has(term.key) ? anywhere : needles).push(needle)
  }
  // The longest are the rarest, as far as can be told without looking.
  needles.sort((a, b) => b.length - a.length)
  return {
    needle: needles[0],
    matches: entry => tests.every(holds => holds(entry)),
    mayMatch: payload => needles.every(needle => payload.includes(needle)),
    mayMatchWith: (payload, outcome) =>
      anywhere.every(needle => payload.includes(needle) || outcome.includes(needle)),
  }
}

function needleFor({ key, pattern }: Extract<Term, { readonly pattern: unknown }>): Buffer {
  if (key === 'masked') {
    // `yes` and `no` stand in no event.
    const fits = patternMatcher(pattern)
    if (fits('no')) return Buffer.alloc(0)
    if (fits('yes')) return Buffer.from('"masked":')
  }
  return Buffer.from(needleOf(pattern))
}

function testOf(term: Term): (entry: Findable) => boolean {
  if (!('pattern' in term)) {
    const { key, timeMs } = term
    return key === 'since' ? entry => timeOf(entry) >= timeMs : entry => timeOf(entry) < timeMs
  }
  const { key, not } = term
  const fits = patternMatcher(term.pattern, key === 'text')
  return entry => valuesOf(entry, key).some(fits) !== not
}

/** When the entry began, ms since the epoch. */
export function timeOf(entry: Findable): number {
  switch (entry.kind) {
    case 'call':
      return entry.decision.timeMs
    case 'session':
      return entry.session.timeMs
    case 'access-request':
      return entry.event.timeMs
  }
}
