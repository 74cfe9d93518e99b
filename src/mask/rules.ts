import type { MaskForm } from '../core/decision.ts'
import { readPattern } from './pattern.ts'
import { Place, stricter, type TreatedPattern, type Treatment } from './place.ts'
import type { MaskRule } from './port.ts'
import type { Tally } from './tally.ts'
import type { TextMasks } from './walk/walk.ts'

/** How texts are masked: what `form.ts` and `detect/` do, as a parameter. */
export interface TextTools {
  /** A text in a form; undefined for `null`. */
  inForm(text: string, form: MaskForm): string | undefined
  /** @throws GateError `mask-rule-invalid` for a name that is no detector's */
  detector(names: readonly string[], form: MaskForm): TextDetector
}

/** Some detectors with the form in which they mask what they find. */
export interface TextDetector {
  /** The text as it was, the very same, where nothing was found. */
  mask(text: string, context: string | undefined, found: (detector: string, matches: number) => void): string
}

/** The rules of one plan, ready. */
export interface CompiledRules {
  readonly patterns: readonly TreatedPattern[]
  readonly root: Place
  readonly masks: TextMasks
}

/** The detector that takes the signature out of a presigned URL. */
const PRESIGNED = 'presigned-url'

/**
 * Compiles rules.
 * @param presigned the patterns of the built-in set of which only the signature is masked
 * @throws GateError `mask-rule-invalid`
 */
export function compileRules(
  rules: readonly MaskRule[],
  presigned: ReadonlySet<string>,
  tools: TextTools,
): CompiledRules {
  const patterns = rules.flatMap(rule =>
    rule.fields.map((field): TreatedPattern => {
      const treatment: Treatment = rule.builtIn === true && presigned.has(field) ? 'presigned' : rule.as
      return { steps: readPattern(field), treatment }
    }),
  )
  return { patterns, root: Place.root(patterns), masks: new RuleMasks(rules, patterns, tools) }
}

interface FormedDetector {
  readonly form: MaskForm
  readonly detector: TextDetector
}

class RuleMasks implements TextMasks {
  readonly detects: boolean
  readonly hasFields: boolean
  readonly passBinary: boolean
  readonly #tools: TextTools
  /** The strictest form first: what one has masked, the next does not see. */
  readonly #detectors: readonly FormedDetector[]
  readonly #signatures: TextDetector | undefined

  constructor(rules: readonly MaskRule[], patterns: readonly TreatedPattern[], tools: TextTools) {
    const detecting = rules.filter(({ detect }) => detect.length > 0)
    this.#tools = tools
    this.detects = detecting.length > 0
    this.hasFields = patterns.some(({ treatment }) => treatment !== 'presigned')
    this.passBinary = detecting.every(({ otherObjects }) => otherObjects === 'pass')
    this.#detectors = [...Map.groupBy(detecting, ({ as }) => as)]
      .map(([form, same]) => {
        const names = [...new Set(same.flatMap(({ detect }) => detect))]
        return { form, detector: tools.detector(names, form) }
      })
      .sort((one, other) => (stricter(one.form, other.form) === one.form ? -1 : 1))
    const signed = patterns.some(({ treatment }) => treatment === 'presigned')
    this.#signatures = signed ? tools.detector([PRESIGNED], 'full') : undefined
  }

  inForm(text: string, form: MaskForm): string | undefined {
    return this.#tools.inForm(text, form)
  }

  detect(text: string, context: string | undefined, tally: Tally): string {
    return this.#detectors.reduce(
      (rest, { detector }) => detector.mask(rest, context, (name, matches) => tally.detected(name, matches)),
      text,
    )
  }

  detectedForm(text: string, context: string | undefined): MaskForm | undefined {
    return this.#detectors.find(({ detector }) => detector.mask(text, context, () => undefined) !== text)
      ?.form
  }

  withoutSignatures(text: string, tally: Tally): string {
    if (this.#signatures === undefined) return text
    return this.#signatures.mask(text, undefined, (name, matches) => tally.detected(name, matches))
  }
}
