import type { MaskForm } from '../core/decision.ts'
import { inLowerCase, type Step, takes } from './pattern.ts'

/** What becomes of a member that a pattern names: a form, or only the signature of a presigned URL goes. */
export type Treatment = MaskForm | 'presigned'

export interface TreatedPattern {
  readonly steps: readonly Step[]
  readonly treatment: Treatment
  /** Names that its first step does not mean, nor a `**` that it begins with. */
  readonly spares?: ReadonlySet<string>
}

/** The more it hides, the further back. */
const STRICTNESS: readonly Treatment[] = ['presigned', 'partial', 'hash', 'full', 'null']

/** Of two treatments the one that hides more. */
export function stricter<T extends Treatment>(one: T | undefined, other: T | undefined): T | undefined {
  if (one === undefined) return other
  if (other === undefined) return one
  return STRICTNESS.indexOf(one) < STRICTNESS.indexOf(other) ? other : one
}

/** How far one pattern has come. */
interface Progress {
  readonly pattern: TreatedPattern
  /** Steps behind it. */
  readonly at: number
}

/**
 * A place in an output, as far as patterns tell places apart: how far each has come, and what becomes of
 * what is there. Places are kept with the rules and shared by all replies.
 */
export class Place {
  /** What is to be done with everything here and beneath. */
  readonly treatment: Treatment | undefined
  readonly #progress: readonly Progress[]
  readonly #members = new Map<string, Place>()
  #beneath: Place | undefined

  private constructor(progress: readonly Progress[], inherited: Treatment | undefined) {
    this.#progress = progress
    this.treatment = progress
      .filter(({ pattern, at }) => at === pattern.steps.length)
      .reduce<Treatment | undefined>((sum, { pattern }) => stricter(sum, pattern.treatment), inherited)
  }

  /** The place from which all patterns start: the output itself. */
  static root(patterns: readonly TreatedPattern[]): Place {
    return new Place(
      patterns.flatMap(pattern => reached(pattern, 0)),
      undefined,
    )
  }

  /** The place of a structure's member; of a name that the catalog has, so that few are kept. */
  member(name: string): Place {
    if (this.#progress.length === 0) return this
    const known = this.#members.get(name)
    if (known !== undefined) return known
    const place = this.key(name)
    this.#members.set(name, place)
    return place
  }

  /** The place of a map's value. Not kept: a reply may have any keys. */
  key(name: string): Place {
    return this.#next(one => goesOn(one, name))
  }

  /** As `key`, where the map travels in headers, whose names have no case. */
  header(name: string): Place {
    const lowerCase = name.toLowerCase()
    return this.#next(({ pattern, at }) => {
      const step = pattern.steps[at]
      return step !== undefined && (step.kind === 'any' || takes(inLowerCase(step), lowerCase))
    })
  }

  #next(goes: (one: Progress) => boolean): Place {
    if (this.#progress.length === 0) return this
    const going = this.#progress.filter(goes)
    // Nothing can be named beneath any more: one place for all that is there.
    if (going.length === 0) {
      this.#beneath ??= new Place([], this.treatment)
      return this.#beneath
    }
    const next = unique(
      going.flatMap(({ pattern, at }) => reached(pattern, pattern.steps[at]?.kind === 'any' ? at : at + 1)),
    )
    // Beneath a `**` every place is the same.
    return isSame(next, this.#progress) ? this : new Place(next, this.treatment)
  }

  /** The place of a map's value whose key could be any: each step that takes a name is taken. */
  anyKey(): Place {
    const progress = this.#progress.flatMap(({ pattern, at }) => {
      const step = pattern.steps[at]
      if (step === undefined) return []
      return reached(pattern, step.kind === 'any' ? at : at + 1)
    })
    return new Place(unique(progress), this.treatment)
  }

  /** Whether a pattern could still name something beneath. */
  get open(): boolean {
    return this.#progress.some(({ pattern, at }) => at < pattern.steps.length)
  }

  /** Tells the places of one single pattern apart, for a walk that must not visit one twice. */
  get id(): string {
    return this.#progress.map(({ at }) => at).join()
  }
}

/** Whether the next step of a pattern takes a name. */
function goesOn({ pattern, at }: Progress, name: string): boolean {
  const step = pattern.steps[at]
  if (step === undefined || (at === 0 && pattern.spares?.has(name))) return false
  return step.kind === 'any' || takes(step, name)
}

/** `**` may stand for no step at all, so that what follows it is reached as well. */
function reached(pattern: TreatedPattern, at: number): readonly Progress[] {
  const here: Progress = { pattern, at }
  return pattern.steps[at]?.kind === 'any' ? [here, ...reached(pattern, at + 1)] : [here]
}

function isSame(one: readonly Progress[], other: readonly Progress[]): boolean {
  return (
    one.length === other.length &&
    one.every(({ pattern, at }, i) => other[i]?.pattern === pattern && other[i]?.at === at)
  )
}

function unique(progress: readonly Progress[]): readonly Progress[] {
  if (progress.length < 2) return progress
  return progress.filter(
    (one, i) => progress.findIndex(other => other.pattern === one.pattern && other.at === one.at) === i,
  )
}
