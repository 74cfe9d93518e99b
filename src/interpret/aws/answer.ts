import type { Certainty, Context, Pair } from '../../core/decision.ts'
import { GateError } from '../../core/errors.ts'

/** A request that touches more resources than this is refused: each pair costs a decision. */
export const MAX_PAIRS = 2_000
/** A request that yields more condition values than this is refused. */
export const MAX_CONTEXT_VALUES = 200_000

/** What a pair may carry beside its action and resource. */
export interface PairDetails {
  readonly certainty?: Certainty
  readonly context?: Context
  /** Other names of the same resource, patterns included; a Deny on one of them holds. */
  readonly orAs?: readonly string[]
}

/**
 * Collects what a call asks for. Equal pairs are kept once; the limits hold while it grows, so that a
 * request of a million names costs no more than one at the limit.
 */
export class Answer {
  readonly #pairs = new Map<string, Pair>()
  readonly #context = new Map<string, string[]>()
  #values = 0

  /** Asks for `action` on `resource`, which is `*` for actions that take none. */
  pair(action: string, resource: string, details: PairDetails = {}): void {
    const certainty = details.certainty ?? 'exact'
    const key =
      details.context === undefined
        ? `${action} ${certainty} ${resource}`
        : contextKey(action, resource, details)
    if (this.#pairs.has(key)) return
    if (this.#pairs.size >= MAX_PAIRS) {
      throw new GateError('too-many-resources', `the request names more than ${MAX_PAIRS} resources`)
    }
    this.#pairs.set(key, {
      action,
      resource,
      certainty,
      ...(details.context === undefined ? {} : { context: details.context }),
      ...(details.orAs === undefined ? {} : { orAs: details.orAs }),
    })
  }

  /** Adds values to a condition key of the whole request; the key's case does not matter. */
  key(name: string, ...values: readonly string[]): void {
    const lower = name.toLowerCase()
    this.#values += values.length
    if (this.#values > MAX_CONTEXT_VALUES) {
      throw new GateError('too-many-values', `the request holds more than ${MAX_CONTEXT_VALUES} values`)
    }
    const known = this.#context.get(lower)
    if (known === undefined) this.#context.set(lower, [...values])
    else known.push(...values)
  }

  /** Sets a key that holds one value, replacing what was there. */
  setKey(name: string, value: string): void {
    this.#context.set(name.toLowerCase(), [value])
  }

  get isEmpty(): boolean {
    return this.#pairs.size === 0
  }

  get pairs(): readonly Pair[] {
    return [...this.#pairs.values()]
  }

  get context(): Context {
    return this.#context
  }
}

function contextKey(action: string, resource: string, details: PairDetails): string {
  const entries = [...(details.context ?? [])].map(([name, values]) => [name, ...values])
  return JSON.stringify([action, details.certainty ?? 'exact', resource, entries])
}

/** A pair's own context, from plain values; names are lowered, absent values left out. */
export function pairContext(values: Readonly<Record<string, string | undefined>>): Context {
  const context = new Map<string, readonly string[]>()
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined) context.set(name.toLowerCase(), [value])
  }
  return context
}
