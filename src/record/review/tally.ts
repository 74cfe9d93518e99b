import type { AccessRequestEvent, DecisionEvent, OutcomeEvent } from '../event.ts'
import { hasFailed } from '../sessions.ts'

/** So many different things of each kind are told apart for a role; beyond it they are only counted. */
export const MOST = {
  actions: 2_000,
  resources: 10_000,
  addresses: 1_000,
  statements: 2_000,
  denials: 1_000,
  places: 200,
} as const
export type Kind = keyof typeof MOST

/** How often something was, and when. Times in ms since the epoch. */
export interface Often {
  readonly count: number
  readonly firstMs: number
  readonly lastMs: number
}

/** Counts things by their name, up to a bound. */
export class Counter {
  readonly #most: number
  readonly #counts = new Map<string, { count: number; firstMs: number; lastMs: number }>()
  /** How often something was counted for which there was no room. */
  beyond = 0

  constructor(most: number) {
    this.#most = most
  }

  add(name: string, timeMs: number, count = 1): void {
    const known = this.#counts.get(name)
    if (known !== undefined) {
      known.count += count
      known.firstMs = Math.min(known.firstMs, timeMs)
      known.lastMs = Math.max(known.lastMs, timeMs)
    } else if (this.#counts.size < this.#most) {
      this.#counts.set(name, { count, firstMs: timeMs, lastMs: timeMs })
    } else {
      this.beyond += count
    }
  }

  has(name: string): boolean {
    return this.#counts.has(name)
  }

  get(name: string): Often | undefined {
    return this.#counts.get(name)
  }

  /** The most frequent first; those that are as frequent by name. */
  entries(): readonly (readonly [string, Often])[] {
    return [...this.#counts].toSorted(([a, x], [b, y]) => y.count - x.count || (a < b ? -1 : 1))
  }
}

/** A denial that comes again and again: what for, and why. */
export interface Denial {
  readonly kind: string
  readonly code?: string
  readonly action: string
  readonly statements: readonly string[]
  readonly reason: string
  /** The id of the first such call. */
  readonly event: string
}

/** What was done in one role within a span of time; of bounded size, however much it was. */
export class RoleTally {
  calls = 0
  allowed = 0
  denied = 0
  failed = 0
  readonly actions: Counter = new Counter(MOST.actions)
  readonly resources: Counter = new Counter(MOST.resources)
  readonly addresses: Counter = new Counter(MOST.addresses)
  /** By `statementKey`. */
  readonly statements: Counter = new Counter(MOST.statements)
  readonly denials: Counter = new Counter(MOST.denials)
  /** What the names in `denials` stand for. */
  readonly denialsByKey: Map<string, Denial> = new Map()
  /** Calls by the hour of the day, UTC. */
  readonly hours: number[] = Array.from({ length: 24 }, () => 0)
  readonly approvals: Partial<Record<AccessRequestEvent['what'], number>> = {}
  maskedCalls = 0
  maskedValues = 0
  readonly places: Counter = new Counter(MOST.places)

  decision(event: DecisionEvent): void {
    const { timeMs, call } = event
    this.calls += 1
    if (event.effect === 'allow') this.allowed += 1
    else this.#denied(event)
    const hour = new Date(timeMs).getUTCHours()
    this.hours[hour] = (this.hours[hour] ?? 0) + 1
    this.addresses.add(event.clientAddress, timeMs)
    for (const ref of [...event.statements, ...(event.masks ?? [])]) {
      this.statements.add(statementKey(ref.policy, ref.statement), timeMs)
    }
    // What was denied was not done.
    if (event.effect !== 'allow') return
    for (const action of new Set(call?.pairs.map(pair => pair.action))) this.actions.add(action, timeMs)
    for (const resource of new Set(call?.pairs.map(pair => pair.resource))) {
      this.resources.add(resource, timeMs)
    }
  }

  #denied(event: DecisionEvent): void {
    this.denied += 1
    const { denial, call, target } = event
    const statements = event.statements.map(({ policy, statement }) => `${statement} in ${policy}`)
    const action = call?.pairs[0]?.action ?? (target === undefined ? '' : target.method)
    const key = JSON.stringify([denial?.kind, denial?.code, action, statements])
    this.denials.add(key, event.timeMs)
    if (!this.denials.has(key) || this.denialsByKey.has(key)) return
    this.denialsByKey.set(key, {
      kind: denial?.kind ?? '',
      ...(denial?.code !== undefined && { code: denial.code }),
      action,
      statements,
      reason: denial?.reason ?? '',
      event: event.id,
    })
  }

  outcome(event: OutcomeEvent): void {
    if (hasFailed(event)) this.failed += 1
    const { masked, timeMs } = event
    if (masked === undefined || masked.count === 0) return
    this.maskedCalls += 1
    this.maskedValues += masked.count
    for (const place of masked.places) this.places.add(place, timeMs)
  }

  accessRequest({ what }: AccessRequestEvent): void {
    this.approvals[what] = (this.approvals[what] ?? 0) + 1
  }

  /** The bounds that were hit, for whoever relies on what is listed. */
  get beyond(): readonly { readonly kind: Kind; readonly most: number; readonly count: number }[] {
    return Object.entries(MOST)
      .map(([kind, most]) => ({ kind: kind as Kind, most, count: this[kind as Kind].beyond }))
      .filter(({ count }) => count > 0)
  }
}

/** The name under which a statement is counted. */
export function statementKey(policy: string, statement: string): string {
  return JSON.stringify([policy, statement])
}
