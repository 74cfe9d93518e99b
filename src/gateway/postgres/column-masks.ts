import type { Output } from '../../interpret/sql/model.ts'
import type { ColumnRule } from '../../mask/sql/columns.ts'
import { detectingMask } from '../../mask/sql/detect.ts'
import { type ValueMask, valueMask } from '../../mask/sql/row.ts'
import type { Column } from '../../wire/postgres/messages.ts'
import { columnForms } from '../sql/masks.ts'
import type { TextDetector } from '../sql/ports.ts'

/** The masks of a result's columns, by their lineage and by what is found in their values; undefined where there is none. */
export function columnMasks(
  columns: readonly Column[],
  output: Output | undefined,
  rules: readonly ColumnRule[],
  hashKey: Buffer,
  detector?: TextDetector,
): readonly (ValueMask | undefined)[] | undefined {
  const forms = columnForms(columns.length, output, rules)
  if (forms === undefined && detector === undefined) return undefined
  const masks = columns.map((column, i) => {
    const form = forms?.[i]
    if (form !== undefined) return valueMask(column, form, hashKey)
    return detector && detectingMask(column, detector)
  })
  return masks.some(mask => mask !== undefined) ? masks : undefined
}
