import type { MaskForm } from '../../core/decision.ts'
import type { Detector } from './detector.ts'
import type { OwnPattern } from './own.ts'

/** How what is found is masked. */
export interface Masking {
  readonly form: MaskForm
  /** The key of the form `hash`. */
  readonly hashKey: Buffer
  /** Name of the member or column that the text is of: what looks for context counts it. */
  readonly context?: string
}

/** Detectors that look together; the place of one counts the built-in ones first. */
export interface Detectors {
  readonly detectors: readonly Detector[]
  readonly own: readonly OwnPattern[]
  /** The detector's name, by its place; undefined for none. */
  nameOf(place: number): string | undefined
}
