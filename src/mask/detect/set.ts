import { GateError } from '../../core/errors.ts'
import { nearest } from '../../core/nearest.ts'
import { BUILT_IN } from './built-in.ts'
import type { Detector } from './detector.ts'
import type { Detectors, Masking } from './masking.ts'
import { compileOwn, type OwnPattern } from './own.ts'
import { type Plan, planOf } from './plan.ts'
import { DetectStream } from './stream.ts'
import { type MaskedText, maskWhole } from './text.ts'

export type { Masking } from './masking.ts'

/** The names of the built-in detectors, in the order of their priority. */
export const DETECTOR_NAMES: readonly string[] = BUILT_IN.map(({ name }) => name)

/** Detectors that look together. Immutable; any number of texts and streams may use it at once. */
export class DetectorSet implements Detectors {
  readonly detectors: readonly Detector[]
  readonly own: readonly OwnPattern[]
  readonly #plan: Plan

  constructor(detectors: readonly Detector[], own: readonly OwnPattern[]) {
    this.detectors = detectors
    this.own = own
    this.#plan = planOf(detectors)
  }

  /** Masks what is found in a whole text; `count` is how much was. */
  maskText(text: string, masking: Masking): MaskedText {
    return maskWhole(this, this.#plan, text, masking)
  }

  /** Masks what is found in bytes that come in pieces; as many bytes come out as went in. */
  stream(masking: Masking & { readonly sameLength: true }): DetectStream {
    return new DetectStream(this, this.#plan, masking)
  }

  /** The detector's name, by its place; undefined for none. */
  nameOf(place: number): string | undefined {
    return this.detectors[place]?.name ?? this.own[place - this.detectors.length]?.name
  }
}

/**
 * The detectors of those names: built-in ones, and patterns of the operator's own (name to pattern, all of
 * which must be right). Throws `mask-detector-unknown`, `mask-pattern-invalid`.
 */
export function compileDetectors(names: readonly string[], own: ReadonlyMap<string, string>): DetectorSet {
  const wanted = new Set(names)
  const patterns = compileOwn(own, DETECTOR_NAMES)
  const known = [...DETECTOR_NAMES, ...own.keys()]
  for (const name of wanted) {
    if (known.includes(name)) continue
    const near = nearest(name, known)
    const meant = near === undefined ? '' : `; did you mean \`${near}\`?`
    throw new GateError('mask-detector-unknown', `there is no detector \`${name.slice(0, 64)}\`${meant}`)
  }
  return new DetectorSet(
    BUILT_IN.filter(({ name }) => wanted.has(name)),
    patterns.filter(({ name }) => wanted.has(name)),
  )
}
