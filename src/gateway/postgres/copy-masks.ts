import { GateError } from '../../core/errors.ts'
import type { CopyForm, Output } from '../../interpret/sql/model.ts'
import { maskText } from '../../mask/form.ts'
import { type ColumnRule, formFor } from '../../mask/sql/columns.ts'
import { type FieldMask, maskCopyRow } from '../../mask/sql/copy-row.ts'
import { columnForms, linesOf } from '../sql/masks.ts'
import type { TextDetector } from '../sql/ports.ts'

export interface CopyMasksParts {
  /** How the rows are written; undefined where nothing of them can be masked. */
  readonly form: CopyForm | undefined
  readonly output: Output | undefined
  readonly rules: readonly ColumnRule[]
  readonly hashKey: Buffer
  readonly detector: TextDetector | undefined
}

/**
 * Masks what COPY gives. Its rows do not tell their types: every mask is written as text, but for `null`. The server sends
 * each row in a message of its own; anything else is no row, and nothing of it passes.
 */
export class CopyMasks {
  readonly #parts: CopyMasksParts
  readonly #byCount = new Map<number, readonly (FieldMask | undefined)[]>()
  #isHeader: boolean

  constructor(parts: CopyMasksParts) {
    this.#parts = parts
    this.#isHeader = parts.form?.header === true
  }

  /** The data of one message as the client may see them. Throws `postgres-reply-malformed`. */
  mask(data: Buffer): { readonly data: Buffer; readonly count: number } {
    const { form, output, rules, detector } = this.#parts
    if (this.#isHeader) {
      this.#isHeader = false
      return { data, count: 0 }
    }
    if (form === undefined) {
      // Then it was decided that nothing of it is masked.
      const isClear = output !== undefined && formFor(linesOf(output), rules) === undefined
      if (isClear && detector === undefined) return { data, count: 0 }
      throw malformed('data of COPY that the gate cannot mask')
    }
    const masked = maskCopyRow(data.toString('utf8'), form, count => this.#masks(count))
    if (masked === undefined) throw malformed('data of COPY that are no row')
    return masked.count === 0 ? { data, count: 0 } : { data: Buffer.from(masked.line), count: masked.count }
  }

  #masks(count: number): readonly (FieldMask | undefined)[] {
    const known = this.#byCount.get(count)
    if (known !== undefined) return known
    const { output, rules, hashKey, detector } = this.#parts
    const forms = columnForms(count, output, rules)
    const detect = detector && ((text: string): string => detector.mask(text).text)
    const masks = Array.from({ length: count }, (_, i): FieldMask | undefined => {
      const form = forms?.[i]
      if (form === undefined) return detect
      return form === 'null' ? () => null : text => maskText(text, form, hashKey)
    })
    this.#byCount.set(count, masks)
    return masks
  }
}

function malformed(what: string): GateError {
  return new GateError('postgres-reply-malformed', `the server sends ${what}`)
}
