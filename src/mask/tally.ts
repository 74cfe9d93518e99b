import type { MaskSummary } from './port.ts'

/** Paths that a summary names; masks of others are counted in `values` alone. */
const MAX_PATHS = 100

/** Where a walk is, for the journal: no key of a map and no number of a list, for those could be secrets. */
export interface Trail {
  readonly parent: Trail | undefined
  readonly step: string
}

/** Counts what was masked in one reply. */
export class Tally {
  readonly #fields = new Map<string, number>()
  readonly #detected = new Map<string, number>()
  #values = 0

  /** A value was masked because of where it stands. */
  field(trail: Trail | undefined): void {
    this.#values++
    count(this.#fields, pathOf(trail), 1)
  }

  /** A detector found so many matches in one text. */
  detected(detector: string, matches: number): void {
    this.#values += matches
    count(this.#detected, detector, matches)
  }

  summary(): MaskSummary {
    return { fields: listOf(this.#fields), detected: listOf(this.#detected), values: this.#values }
  }
}

function count(counts: Map<string, number>, name: string, more: number): void {
  const before = counts.get(name)
  if (before === undefined && counts.size >= MAX_PATHS) return
  counts.set(name, (before ?? 0) + more)
}

function listOf(counts: ReadonlyMap<string, number>): MaskSummary['fields'] {
  return [...counts].map(([name, count]) => ({ name, count }))
}

/** `Reservations[].Instances[].KeyName`, `Environment.Variables.*`. */
export function pathOf(trail: Trail | undefined): string {
  let path = ''
  for (let at = trail; at !== undefined; at = at.parent) {
    path = path === '' || path.startsWith('[]') ? at.step + path : `${at.step}.${path}`
  }
  return path
}
